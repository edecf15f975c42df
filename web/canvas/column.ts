// Columns that grow, and the exact extremes of any rows of them.

import { ceil, floor, max, min } from "./math";
import type { Numbers } from "./message";

type Floats = Float64Array | Float32Array;

/** Numbers that are appended. Kept as float32 for as long as that is what arrives. */
export class Column {
  data: Floats = new Float32Array(0);
  length = 0;

  /** Puts values in at a row; at 0 they replace everything. */
  put(at: number, values: Numbers): void {
    const wide = this.data instanceof Float64Array && at > 0;
    const Kind = wide || !(values instanceof Float32Array) ? Float64Array : Float32Array;
    const end = at + values.length;
    if (at === 0) this.length = 0;
    if (end > this.data.length || !(this.data instanceof Kind)) {
      const grown = new Kind(max(end, at === 0 ? 0 : 2 * this.data.length, 256));
      grown.set(this.data.subarray(0, this.length));
      this.data = grown;
    }
    this.data.set(values, at);
    this.length = end;
  }

  view(): Floats {
    return this.data.subarray(0, this.length);
  }
}

const FAN = 16;

/** Least and greatest finite value of every 16, 256, 4096, ... rows. 20 ns a row to build, once. */
export class Pyramid {
  private lows: Float64Array[] = [];
  private highs: Float64Array[] = [];
  private counts: number[] = [];
  private rows = 0;

  clear(): void {
    this.counts = [];
    this.rows = 0;
  }

  /** Takes in rows that are new since the last call. */
  grow(data: Floats): void {
    if (data.length < this.rows) this.clear();
    this.rows = data.length;
    let whole = floor(data.length / FAN);
    for (let level = 0; whole > 0; level++, whole = floor(whole / FAN)) {
      const known = this.counts[level] ?? 0;
      const lows = (this.lows[level] = roomFor(this.lows[level], whole));
      const highs = (this.highs[level] = roomFor(this.highs[level], whole));
      const below = level ? this.lows[level - 1]! : data, above = level ? this.highs[level - 1]! : data;
      for (let block = known; block < whole; block++) {
        let low = Infinity, high = -Infinity;
        for (let row = block * FAN, end = row + FAN; row < end; row++) {
          const least = below[row]!, most = above[row]!;
          if (least < low && least > -Infinity) low = least; // NaN is neither
          if (most > high && most < Infinity) high = most;
        }
        lows[block] = low;
        highs[block] = high;
      }
      this.counts[level] = whole;
    }
  }

  /** Of rows `first` to before `end`, into `into[0]` and `into[1]`; Infinity, -Infinity if none is finite. */
  extremes(data: Floats, first: number, end: number, into: Float64Array): void {
    let low = Infinity, high = -Infinity, from = first, to = end;
    for (let level = -1; from < to; level++) {
      const lows = level < 0 ? data : this.lows[level]!, highs = level < 0 ? data : this.highs[level]!;
      const up = ceil(from / FAN), down = floor(to / FAN);
      const top = up >= down || (this.counts[level + 1] ?? 0) < down;
      for (let edge = 0; edge < 2; edge++) {
        const start = edge ? down * FAN : from, stop = edge ? to : top ? to : up * FAN;
        for (let row = start; row < stop; row++) {
          const least = lows[row]!, most = highs[row]!;
          if (least < low && least > -Infinity) low = least;
          if (most > high && most < Infinity) high = most;
        }
        if (top) break;
      }
      if (top) break;
      from = up;
      to = down;
    }
    into[0] = low;
    into[1] = high;
  }
}

function roomFor(known: Float64Array | undefined, size: number): Float64Array {
  if (known && known.length >= size) return known;
  const grown = new Float64Array(max(size, 2 * (known?.length ?? 8)));
  if (known) grown.set(known);
  return grown;
}

/** The first row whose x is at least `wanted`. */
export function rowAt(x: Floats, wanted: number): number {
  let low = 0, high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface Curve {
  x: number[];
  /** NaN breaks the line. */
  y: number[];
}

/** NaN breaks a line; beyond 1e300 differences of two values overflow. */
function drawable(value: number): number {
  return Number.isFinite(value) ? max(-1e300, min(1e300, value)) : NaN;
}

/** What a line needs in so many pixel columns: of each the first, least, greatest and last value, exactly.
 * `edges` are the x of the columns' borders. */
export function thinned(x: Floats, y: Floats, pyramid: Pyramid, edges: Float64Array): Curve {
  const first = max(0, rowAt(x, edges[0]!) - 1);
  const end = min(x.length, rowAt(x, edges[edges.length - 1]!) + 1);
  const curve: Curve = { x: [], y: [] };
  if (end - first <= 4 * edges.length) {
    for (let row = first; row < end; row++) {
      curve.x.push(x[row]!);
      curve.y.push(drawable(y[row]!));
    }
    return curve;
  }
  const found = new Float64Array(2);
  // Columns of thousands of rows begin at a block: at most an eighth of a pixel off, and a third of the time.
  let block = 1, start = first;
  while ((end - first) / edges.length / (block * FAN) >= 8) block *= FAN;
  for (let column = 1; column <= edges.length && start < end; column++) {
    const stop = column === edges.length ? end : min(end, ceil(rowAt(x, edges[column]!) / block) * block);
    if (stop <= start) continue;
    pyramid.extremes(y, start, stop, found);
    const [low, high] = found as unknown as [number, number];
    const left = x[start]!, right = x[stop - 1]!, middle = (left + right) / 2;
    if (low > high) {
      curve.x.push(middle);
      curve.y.push(NaN);
    } else {
      const begin = Number.isFinite(y[start]!) ? y[start]! : low, last = Number.isFinite(y[stop - 1]!) ? y[stop - 1]! : low;
      curve.x.push(left, middle, middle, right);
      curve.y.push(drawable(begin), drawable(low), drawable(high), drawable(last));
    }
    start = stop;
  }
  return curve;
}
