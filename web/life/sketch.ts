// Sketches of many tensors as one, what can be read off it, and how far two are apart.
// The same as introspect/nouns/sketch.py and mass.py.

import type { Course, Store } from "./store";

const BEYOND = 1e39; // stands for all float64 that float32 has no number for

export interface Sketch {
  bits: number;
  /** Counts by bin; bin 0 in the middle. */
  dense: Float64Array;
  finite: number;
  zeros: number;
  low: number;
  high: number;
  mean: number;
  std: number;
  nans: number;
  infinities: number;
  /** Finite, but beyond float32: below, above. */
  beyond: [number, number];
}

/** The sketch of some tensors at one record; null if none was recorded. */
export function merged(store: Store, courses: Course[], record: number): Sketch | null {
  const there = courses.map((course) => course.sketch[record]!).filter((sketch) => sketch >= 0);
  if (!there.length) return null;
  const dense = new Float64Array(2 * store.last + 1);
  const beyond: [number, number] = [0, 0];
  let [low, high, finite, sum, nans, infinities] = [Infinity, -Infinity, 0, 0, 0, 0];
  const [mins, maxs, means, stds] = store.moments as [Float32Array, Float32Array, Float32Array, Float32Array];
  for (const sketch of there) {
    const [nan = 0, minus = 0, plus = 0, below = 0, above = 0] = store.odd.get(sketch) ?? [];
    nans += nan;
    infinities += minus + plus;
    beyond[0] += below;
    beyond[1] += above;
    for (let at = store.starts[sketch]!; at < store.starts[sketch + 1]!; at++) {
      dense[store.bins[at]! + store.last]! += store.counts[at]!;
    }
    const count = store.finite[sketch]!;
    if (!count) continue;
    finite += count;
    sum += count * means[sketch]!;
    low = Math.max(-BEYOND, Math.min(low, mins[sketch]!));
    high = Math.min(BEYOND, Math.max(high, maxs[sketch]!));
  }
  const mean = sum / finite;
  let squares = 0; // of the distances from the mean of all: two sums would cancel
  for (const sketch of there) {
    const count = store.finite[sketch]!;
    if (count) squares += count * (stds[sketch]! ** 2 + (means[sketch]! - mean) ** 2);
  }
  const zeros = dense[store.last]!;
  const std = Math.sqrt(squares / finite);
  return { bits: store.document.bits, dense, finite, zeros, low, high, mean, std, nans, infinities, beyond };
}

/** Where a magnitude bin begins. */
export function edge(bin: number, bits: number): number {
  const steps = 1 << bits;
  const exponent = bin >> bits;
  const part = (bin & (steps - 1)) / steps;
  return exponent ? (1 + part) * 2 ** (exponent - 127) : part * 2 ** -126;
}

/** Shares on intervals: a chain of straight pieces and jumps. */
export interface Mass {
  knots: number[];
  below: number[];
}

export function massOf({ bits, dense, finite, low, high, beyond }: Sketch): Mass {
  const knots: number[] = [];
  const below: number[] = [];
  let sum = 0;
  const add = (from: number, to: number, count: number) => {
    knots.push(Math.min(high, Math.max(low, from)), Math.min(high, Math.max(low, to)));
    below.push(sum / finite, (sum += count) / finite);
  };
  const middle = (dense.length - 1) / 2;
  if (beyond[0]) add(low, -(2 ** 128), beyond[0]);
  dense.forEach((count, k) => {
    if (!count) return;
    const bin = k - middle;
    if (!bin) add(0, 0, count);
    else if (bin > 0) add(edge(bin, bits), edge(bin + 1, bits), count);
    else add(-edge(1 - bin, bits), -edge(-bin, bits), count);
  });
  if (beyond[1]) add(2 ** 128, high, beyond[1]);
  return { knots, below };
}

/** The share up to each of some ascending points; at a jump without it if `isBefore`. */
export function shareAt({ knots, below }: Mass, points: number[], isBefore = false): number[] {
  let k = 0; // the first knot after the point, or at it if the jump is left out
  return points.map((point) => {
    while (k < knots.length && (isBefore ? knots[k]! < point : knots[k]! <= point)) k++;
    if (!k) return 0;
    if (k === knots.length) return below[k - 1]!;
    const [left, right] = [knots[k - 1]!, knots[k]!];
    const part = right > left ? (point - left) / (right - left) : 0;
    return below[k - 1]! + (below[k]! - below[k - 1]!) * Math.min(1, Math.max(0, part));
  });
}

/** The point up to which a share lies. */
export function reach({ knots, below }: Mass, share: number): number {
  let k = below.findIndex((value) => value >= share);
  if (k < 0) k = below.length - 1;
  if (k === 0) return knots[0]!;
  const [from, to] = [below[k - 1]!, below[k]!];
  const part = to > from ? (share - from) / (to - from) : 1;
  return knots[k - 1]! + (knots[k]! - knots[k - 1]!) * part;
}

/** The 1-Wasserstein distance: the area between the two chains. */
export function distance(first: Sketch, second: Sketch): number {
  if (!first.finite || !second.finite) return NaN;
  const [one, two] = [massOf(first), massOf(second)];
  const knots = [...one.knots, ...two.knots].sort((a, b) => a - b);
  const gaps = (isBefore: boolean) => {
    const other = shareAt(two, knots, isBefore);
    return shareAt(one, knots, isBefore).map((share, k) => share - other[k]!);
  };
  const [after, before] = [gaps(false), gaps(true)];
  let area = 0;
  for (let k = 1; k < knots.length; k++) {
    const [start, stop] = [after[k - 1]!, before[k]!];
    const total = Math.abs(start) + Math.abs(stop);
    const tall = start * stop < 0 ? (start ** 2 + stop ** 2) / total : total;
    area += ((knots[k]! - knots[k - 1]!) * tall) / 2;
  }
  return area;
}
