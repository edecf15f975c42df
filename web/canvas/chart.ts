// What all charts share: scales, grid, ticks, labels that keep their distance; as SVG elements.

import { s, textWidth } from "./dom";
import { abs, ceil, log10, max, min, round } from "./math";
import { logText, logTicks, niceTicks, tickTexts } from "./numbers";
import { SANS } from "./tokens";
import type { Tick } from "./timeline";

export interface Scale {
  low: number;
  high: number;
  log: boolean;
  from: number;
  to: number;
}

export type Range = [number, number];

/** A value to pixels. */
export function px(scale: Scale, value: number): number {
  const { low, high, from, to } = scale;
  const share = scale.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return from + share * (to - from);
}

/** Pixels to a value. */
export function valueAt(scale: Scale, pixel: number): number {
  const share = (pixel - scale.from) / (scale.to - scale.from);
  return scale.log ? scale.low * (scale.high / scale.low) ** share : scale.low + share * (scale.high - scale.low);
}

export const TICK = `400 11px ${SANS}`;
export const LABEL = `500 12px ${SANS}`;

export type Words = { text: string; x: number; y: number; anchor?: string; size?: number; weight?: number; fill?: string; halo?: boolean; mono?: boolean };

export function words({ text, x, y, anchor = "start", size = 11, weight = 400, fill = "var(--ink-3)", halo = false, mono = false }: Words): SVGTextElement {
  const made = s("text", { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": anchor, "font-size": size, "font-weight": weight, fill, "font-family": mono ? "var(--mono)" : "var(--sans)" }, text);
  if (halo) for (const [name, value] of [["paint-order", "stroke"], ["stroke", "var(--surface)"], ["stroke-width", "4"], ["stroke-linejoin", "round"]]) made.setAttribute(name!, value!);
  return made;
}

export function rule(x1: number, y1: number, x2: number, y2: number, stroke = "var(--rule)", more: Record<string, string | number> = {}): SVGLineElement {
  const crisp = (v: number): number => round(v) + 0.5;
  const flat = y1 === y2, steep = x1 === x2;
  return s("line", { x1: steep ? crisp(x1) : x1, y1: flat ? crisp(y1) : y1, x2: steep ? crisp(x2) : x2, y2: flat ? crisp(y2) : y2, stroke, ...more });
}

/** Ticks of an axis of values. */
export function valueTicks(low: number, high: number, log: boolean, most: number, percent = false): Tick[] {
  if (log) return logTicks(low, high, most + 1).map((at) => ({ at, text: logText(at, log10(high / low)) }));
  let marks = niceTicks(low, high, most);
  if (marks.length < 3) marks = niceTicks(low, high, most + 1);
  return tickTexts(marks, percent).map((text, k) => ({ at: marks[k]!, text }));
}

/** How much room the labels of a y axis need. */
export function leftRoom(ticks: Tick[]): number {
  return ceil(max(16, ...ticks.map((tick) => textWidth(tick.text, TICK)))) + 8;
}

/** Grid and labels of y, base line, ticks and labels of x. */
export function axes(into: Element, x: Scale, y: Scale, xTicks: Tick[], yTicks: Tick[]): void {
  for (const tick of yTicks) {
    const at = px(y, tick.at);
    into.append(rule(x.from, at, x.to, at));
    into.append(words({ text: tick.text, x: x.from - 8, y: at + 4, anchor: "end" }));
  }
  into.append(rule(x.from, y.from, x.to, y.from, "var(--axis)"));
  let free = -Infinity;
  for (const tick of xTicks) {
    const at = px(x, tick.at);
    into.append(rule(at, y.from, at, y.from + 4, "var(--axis)"));
    if (!tick.text) continue;
    const half = textWidth(tick.text, TICK) / 2, middle = max(half, min(at, x.to + 24 - half));
    if (middle - half < free) continue;
    free = middle + half + 10;
    into.append(words({ text: tick.text, x: middle, y: y.from + 17, anchor: "middle" }));
  }
}

/** Positions as near as possible to the wanted ones, at least `gap` apart, within bounds if they fit. */
export function spread(wanted: number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, k) => k).sort((a, b) => wanted[a]! - wanted[b]!);
  const clamped = (middle: number, count: number): number => max(low + (gap * (count - 1)) / 2, min(middle, high - (gap * (count - 1)) / 2));
  const groups: { middle: number; members: number[] }[] = [];
  for (const index of order) {
    let group = { middle: clamped(wanted[index]!, 1), members: [index] };
    for (let last = groups[groups.length - 1]; last; last = groups[groups.length - 1]) {
      if (group.middle - (gap * (group.members.length - 1)) / 2 >= last.middle + (gap * (last.members.length - 1)) / 2 + gap - 1e-9) break;
      groups.pop();
      const count = group.members.length + last.members.length;
      const mean = (group.middle * group.members.length + last.middle * last.members.length) / count;
      group = { middle: clamped(mean, count), members: [...last.members, ...group.members] };
    }
    groups.push(group);
  }
  const placed = new Array<number>(wanted.length).fill(0);
  for (const group of groups) group.members.forEach((index, rank) => (placed[index] = group.middle + gap * (rank - (group.members.length - 1) / 2)));
  return placed;
}

/** Points as the `d` of a path; NaN breaks it. */
export function pathData(points: Iterable<[number, number]>): string {
  let data = "", pen = "M";
  for (const [x, y] of points) {
    if (Number.isNaN(y)) {
      pen = "M";
      continue;
    }
    data += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  }
  return data;
}

/** Ends with some air; zero is the bottom where values are positive and reach far down. */
export function padded(low: number, high: number): Range {
  if (!(high > low)) {
    const pad = abs(low) * 0.1 || 0.5;
    return Number.isFinite(low) ? [low - pad, low + pad] : [0, 1];
  }
  if (low >= 0 && low < high / 3) return [0, high * 1.06];
  return [low - 0.06 * (high - low), high + 0.06 * (high - low)];
}

export function logPadded(low: number, high: number): Range {
  if (!(low > 0 && high > 0)) return [0.1, 1];
  const pad = high > low ? (high / low) ** 0.05 : 2;
  return [low / pad, high * pad];
}

/** Ends that a user fixed, and the data's for the others. */
export function fixed(ends: [number | null, number | null] | null | undefined, range: Range): Range {
  return [ends?.[0] ?? range[0], ends?.[1] ?? range[1]];
}
