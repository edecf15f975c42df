// Log-magnitudes over time as small pictures: x is the record, y is log |x|, ink is density.
//
// A row is half an octave, so shares are densities; where there are few values it is a whole one, or
// there would be holes. Full ink is a quarter of all values in one row, in every picture. The last
// row, apart, is what has no logarithm: zeros. Values that are not finite are a red strip on top.


import type { Course, Store } from "./store";

const FULL = 0.25;
const FEW = 2000;
const ROOT = Math.SQRT2;

/** Of one kind of one box: rows by records. */
export interface Strip {
  records: number;
  rows: number;
  /** Shares of the values, row by row from the largest magnitudes down; then a row for zeros. */
  shares: Float32Array;
  /** Record -> whether anything was recorded. */
  isThere: boolean[];
  /** Record -> whether it has values that are not finite. */
  isBroken: boolean[];
}

export function stripOf(store: Store, courses: Course[], kind: number): Strip {
  const [from, to] = store.document.spans[kind]!;
  const records = store.document.records.length;
  const rows = 2 * (to - from);
  const shares = new Float32Array((rows + 1) * records);
  const split = splits(store, from, to);
  const column = new Float64Array(rows);
  const isThere: boolean[] = [];
  const isBroken: boolean[] = [];
  for (let record = 0; record < records; record++) {
    column.fill(0);
    let [finite, zeros, broken, found] = [0, 0, 0, 0];
    for (const { sketch } of courses) {
      const k = sketch[record]!;
      if (k < 0) continue;
      found++;
      finite += store.finite[k]!;
      zeros += store.zeros(k);
      broken += store.broken(k);
      for (let at = store.starts[k]!; at < store.starts[k + 1]!; at++) {
        const size = Math.abs(store.bins[at]!);
        if (!size) continue;
        const [row, part] = [split.row[size]!, split.part[size]!];
        column[row]! += store.counts[at]! * part;
        if (part < 1) column[Math.max(0, row - 1)]! += store.counts[at]! * (1 - part);
      }
    }
    isThere.push(found > 0);
    isBroken.push(broken > 0);
    if (!finite) continue;
    const isFew = finite < FEW;
    for (let row = 0; row < rows; row++) {
      const value = isFew ? (column[row & ~1]! + column[row | 1]!) / 2 : column[row]!;
      shares[row * records + record] = value / finite;
    }
    shares[rows * records + record] = zeros / finite;
  }
  return { records, rows, shares, isThere, isBroken };
}

/** Magnitude bin -> the row that it begins in, and its part there; the rest is in the row above. */
function splits(store: Store, from: number, to: number): { row: Uint16Array; part: Float32Array } {
  const { bits } = store.document;
  const rows = 2 * (to - from);
  const steps = 1 << bits;
  const row = new Uint16Array(store.last + 2);
  const part = new Float32Array(store.last + 2).fill(1);
  for (let bin = 1; bin <= store.last; bin++) {
    const low = 1 + (bin & (steps - 1)) / steps;
    const high = low + 1 / steps;
    const half = 2 * ((bin >> bits) - 127 - from) + (low >= ROOT ? 1 : 0);
    row[bin] = Math.min(rows - 1, Math.max(0, rows - 1 - half));
    if (low < ROOT && high > ROOT && half >= 0 && half < rows - 1) part[bin] = (ROOT - low) / (high - low);
  }
  return { row, part };
}

export interface Inks {
  ramp: string[];
  surface: string;
  bad: string;
}

/** A strip as a picture of one pixel a record and row; two rows for the foot. */
export function paint({ records, rows, shares, isThere, isBroken }: Strip, inks: Inks): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [records, rows + 2];
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(records, rows + 2);
  const ramp = inks.ramp.map(bytesOf);
  const [surface, bad] = [bytesOf(inks.surface), bytesOf(inks.bad)];
  const put = (record: number, row: number, color: number[]) => image.data.set([...color, 255], 4 * (row * records + record));
  for (let record = 0; record < records; record++) {
    for (let row = 0; row < rows + 2; row++) {
      const share = row < rows ? shares[row * records + record]! / FULL : row > rows ? shares[rows * records + record]! : 0;
      const ink = Math.min(1, Math.sqrt(share)) * (ramp.length - 1);
      const color = row === rows || !isThere[record] ? surface : ramp[Math.max(share > 0 ? 1 : 0, Math.round(ink))]!;
      put(record, row, color);
      if (isBroken[record] && row < 2) put(record, row, bad);
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

export function bytesOf(color: string): number[] {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

