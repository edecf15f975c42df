// Numbers, steps and durations to text; ranges to ticks. The same rules as introspect/canvas/ticks.py.

import { abs, ceil, floor, log10, max, min, round } from "./math";

const THIN = "\u202f";
const SUPER = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Three significant digits, trailing zeros kept. */
export function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const [, power] = abs(value).toExponential(2).split("e");
  const exponent = Number(power);
  if (exponent < -3 || exponent >= 6) return powerText(value.toExponential(2), exponent);
  return grouped(value.toFixed(max(0, 2 - exponent)));
}

export function countText(count: number): string {
  return grouped(count.toFixed(0));
}

export function percentText(value: number): string {
  return Number.isFinite(value) ? `${(value * 100).toFixed(1)}%`.replace("-", "−") : valueText(value);
}

/** The two units that matter. */
export function durationText(seconds: number): string {
  if (seconds < 9.95) return `${max(seconds, 0).toFixed(1)} s`;
  const whole = round(seconds), two = (n: number): string => String(n).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${floor(whole / 3600)} h ${two(floor((whole % 3600) / 60))} min`;
}

/** At most `most` round positions, at 1, 2 or 5 times a power of ten. */
export function niceTicks(low: number, high: number, most = 4): number[] {
  const span = high - low;
  if (!(Number.isFinite(span) && span > 0)) return Number.isFinite(low) ? [low] : [];
  const power = 10 ** floor(log10(span / most)), slack = span * 1e-9;
  for (const factor of [1, 2, 5, 10, 20, 50]) {
    const step = factor * power;
    const first = ceil((low - slack) / step), last = floor((high + slack) / step);
    if (last - first + 1 > most) continue;
    return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
  }
  return [low];
}

/** Ticks of a logarithmic axis: round values, 1-2-5, 1-3 or powers, by how much it spans; as line_axes.py. */
export function logTicks(low: number, high: number, most = 5): number[] {
  const decades = log10(high / low);
  if (decades < 0.5) return niceTicks(low, high, most).filter((tick) => tick > 0);
  const factors = decades < 1.6 ? [1, 2, 5] : decades < 2.2 ? [1, 3] : [1], found: number[] = [];
  for (let power = floor(log10(low) + 1e-9); power <= ceil(log10(high) - 1e-9); power++) {
    for (const factor of factors) {
      const tick = Number(`${factor}e${power}`);
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) found.push(tick);
    }
  }
  const stride = factors.length > 1 ? 1 : ceil(found.length / most);
  return found.filter((tick) => round(log10(tick)) % stride === 0 || stride === 1);
}

/** A tick of an axis of so many decades as text. */
export function logText(tick: number, decades: number): string {
  const exponent = floor(log10(tick) + 1e-9), factor = round(tick / 10 ** exponent);
  if (decades < 2.2 && tick >= 1e-3 && tick < 1e6) return grouped(String(Number(tick.toPrecision(10))));
  const power = exponent === 0 ? "1" : exponent === 1 ? "10" : `10${superscript(exponent)}`;
  return factor === 1 ? power : `${factor}×${power}`;
}

/** The fewest digits that tell ticks apart. */
export function tickTexts(ticks: number[], percent = false): string[] {
  if (percent) return tickTexts(ticks.map((tick) => tick * 100)).map((text) => `${text}%`);
  const largest = max(0, ...ticks.map(abs));
  if (largest && (largest < 1e-3 || largest >= 1e6)) return ticks.map(scientific);
  const step = ticks.length > 1 ? min(...ticks.slice(1).map((tick, k) => tick - ticks[k]!)) : largest;
  const digits = step > 0 ? min(20, max(0, -floor(log10(step) + 1e-9))) : 0;
  return ticks.map((tick) => grouped(stripped(tick.toFixed(digits))));
}

/** A step, or (epoch, step). */
export type Step = number | [number, number] | null;

export function stepText(step: Step): string {
  if (step === null) return "";
  return typeof step === "number" ? `step ${countText(step)}` : `epoch ${countText(step[0])}, step ${countText(step[1])}`;
}

function scientific(value: number): string {
  if (value === 0) return "0";
  const [mantissa, power] = value.toExponential(6).split("e");
  return powerText(stripped(mantissa!), Number(power));
}

function powerText(text: string, exponent: number): string {
  return `${text.split("e")[0]!.replace("-", "−")}×10${superscript(exponent)}`;
}

function superscript(exponent: number): string {
  return (exponent < 0 ? "⁻" : "") + [...String(abs(exponent))].map((digit) => SUPER[Number(digit)]).join("");
}

function stripped(text: string): string {
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return short === "-0" ? "0" : short;
}

function grouped(text: string): string {
  const [whole, decimals] = text.replace("-", "").split(".");
  const thousands = whole!.replace(/\B(?=(\d{3})+$)/g, THIN);
  return (text.startsWith("-") ? "−" : "") + thousands + (decimals === undefined ? "" : `.${decimals}`);
}
