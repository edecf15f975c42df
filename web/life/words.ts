// Numbers and records as text.

const SUPER = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const THIN = "\u202f";

export function superscript(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPER[Number(digit)]).join("");
  return (exponent < 0 ? "⁻" : "") + digits;
}

/** Three significant digits; a power of ten where there would be too many zeros. */
export function powerText(value: number): string {
  if (!value) return "0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text: string;
  if (size >= 1e-3 && size < 1e5) {
    text = size < 1000 ? String(Number(size.toPrecision(3))) : size.toFixed(0);
  } else {
    const [digits, power] = size.toExponential(2).split("e");
    text = `${digits}×10${superscript(Number(power))}`;
  }
  return (value < 0 ? "−" : "") + text;
}

export function countText(value: number): string {
  return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, THIN);
}

export function percentText(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)}%` : "–";
}

export type RecordStep = number | [number, number];

export function recordText(record: RecordStep): string {
  return typeof record === "number" ? `step ${countText(record)}` : `epoch ${record[0]}, step ${countText(record[1])}`;
}

export function shortRecord(record: RecordStep): string {
  return typeof record === "number" ? countText(record) : `${record[0]}:${record[1]}`;
}
