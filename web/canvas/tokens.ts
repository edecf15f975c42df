// Colours and type: introspect/tokens.json, of which build.mjs keeps what a chart needs.

import { floor, max, min, round } from "./math";

export type Mode = "light" | "dark";
type Shades = Record<Mode, string[]>;

interface Tokens {
  color: Record<Mode, Record<string, string>>;
  line: Shades;
  text: Shades;
  /** 33 of the 256 entries; those between are mixed. */
  ramp: Record<"ink" | "diverging" | "epoch", Shades>;
  sans: string;
  mono: string;
}

declare const TOKENS: Tokens;

export const SANS = TOKENS.sans;

/** Every colour as a custom property, by the name it has in the tokens: --ink-2, --s0 (line), --t0 (text). */
export function properties(mode: Mode): Record<string, string> {
  const found: Record<string, string> = { "--sans": TOKENS.sans, "--mono": TOKENS.mono, "--heat0": TOKENS.ramp.ink[mode][0]! };
  for (const [name, color] of Object.entries(TOKENS.color[mode])) found[`--${name.replace("_", "-")}`] = color;
  TOKENS.line[mode].forEach((color, k) => (found[`--s${k}`] = color));
  TOKENS.text[mode].forEach((color, k) => (found[`--t${k}`] = color));
  return found;
}

export type RGB = [number, number, number];
/** 256 colours, three bytes each. */
export type Ramp = Uint8Array;

const made = new Map<string, Ramp>();

export function ramp(name: "ink" | "diverging" | "epoch", mode: Mode): Ramp {
  const key = name + mode;
  const known = made.get(key);
  if (known) return known;
  const stops = TOKENS.ramp[name][mode].map(rgb), table = new Uint8Array(768);
  for (let k = 0; k < 256; k++) {
    const place = (k / 255) * (stops.length - 1), below = min(floor(place), stops.length - 2);
    for (let c = 0; c < 3; c++) table[3 * k + c] = round(stops[below]![c]! + (stops[below + 1]![c]! - stops[below]![c]!) * (place - below));
  }
  made.set(key, table);
  return table;
}

export function rgb(hex: string): RGB {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The colour at 0 to 1 of a ramp. */
export function at(table: Ramp, share: number): RGB {
  const k = 3 * round(min(1, max(0, share)) * 255);
  return [table[k]!, table[k + 1]!, table[k + 2]!];
}

export function css(color: RGB): string {
  return `rgb(${color.join(",")})`;
}

/** Black or white, whichever reads better on a colour. */
export function readable(color: RGB): string {
  const [red, green, blue] = color.map((part) => (part <= 10.3 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue! > 0.179 ? "#000" : "#fff";
}
