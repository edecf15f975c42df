// Numbers of boxes -> places on a colour scale.

import { HEAT, type Column } from "./data";
import { duration, figures } from "./dom";
import type { Box, Model } from "./model";

/** From least to most, and where a number lies between. */
export interface Scale {
  title: string;
  low: string;
  high: string;
  note: string;
  heat: (box: Box) => number | null;
}

const COLUMN: Record<string, Column> = {
  flops: "flops", parameters: "parameters", memory: "memory", time: "time", given: "number",
};

/** What a measure says about one box. */
export function written(key: string, value: number): string {
  if (key === "time") return duration(value);
  return figures(value, key === "flops" ? "FLOPs" : key === "memory" ? "B" : "");
}

/** A scale over the leaves of the whole graph, so that opening a box recolours nothing. */
export function scaleOf(model: Model, key: string, title: string): Scale {
  const column = COLUMN[key]!;
  const of = (box: Box): number | null => {
    if (box.isIo || (key === "given" && !box.data.flag(box.head, HEAT))) return null;
    return box.data.number(box.head, column);
  };
  let [low, high, least] = [Infinity, -Infinity, Infinity];
  const seen = new Set<number>();
  for (const box of model.everything()) {
    if (box === model.root || seen.has(box.head)) continue;
    seen.add(box.head);
    const value = of(box);
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    if (value > 0) least = Math.min(least, value);
  }
  if (low > high) [low, high] = [0, 0];
  const isLog = low >= 0 && high > 100 * least;
  if (key !== "given" && !isLog) low = Math.min(low, 0);
  const place = (value: number): number => {
    if (high === low) return 0.5;
    if (!isLog) return (value - low) / (high - low);
    return value <= 0 ? 0 : 0.08 + (0.92 * Math.log(value / least)) / Math.log(high / least);
  };
  return {
    title,
    low: written(key, isLog ? least : low),
    high: written(key, high),
    note: isLog ? "log scale" : "",
    heat: (box) => {
      const value = of(box);
      return value === null ? null : Math.min(1, Math.max(0, place(value)));
    },
  };
}
