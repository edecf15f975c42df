// One line of a line chart: its columns, their positions, the smoothed column, and where it breaks.

import { Column, Pyramid, thinned, type Curve } from "./column";
import { abs, floor, log10, max, min, round } from "./math";
import type { Timeline } from "./timeline";

/** The least number of values that are smoothed. */
const LEAST = 50;

export class Line {
  readonly x = new Column();
  readonly pyramid = new Pyramid();
  private readonly soft = new Column();
  private readonly softPyramid = new Pyramid();
  private halfLife = 0;
  private sum = 0;
  private weight = 0;
  private placed = 0;
  private version = -1;
  /** Positions of NaN and infinity, as pairs of begin and end rows. */
  readonly faults: [number, number][] = [];
  private checked = 0;
  private givenIsBuilt = false;

  /** `given` are values that the sender smoothed, on all points. */
  constructor(
    readonly pairs: boolean,
    readonly steps = new Column(),
    readonly values = new Column(),
    readonly gaps: Column | undefined,
    readonly low: Column | undefined,
    readonly high: Column | undefined,
    private readonly given: Column | undefined,
  ) {}

  get length(): number {
    return min(this.values.length, this.pairs ? this.steps.length / 2 : this.steps.length);
  }

  /** Takes in what came. */
  settle(timeline: Timeline): void {
    if (this.length < this.placed || this.values.length < this.checked) this.restart();
    if (this.pairs && this.version !== timeline.version) {
      this.version = timeline.version;
      this.placed = 0;
      this.halfLife = 0;
    }
    if (this.pairs) {
      const rows = this.steps.view(), fresh = new Float64Array(this.length - this.placed);
      for (let k = 0; k < fresh.length; k++) {
        const row = 2 * (this.placed + k);
        fresh[k] = timeline.position(rows[row]!, rows[row + 1]!);
      }
      if (fresh.length) this.x.put(this.placed, fresh);
    }
    this.placed = this.length;
    this.pyramid.grow(this.y());
    this.check();
  }

  private restart(): void {
    this.placed = this.checked = this.halfLife = 0;
    this.faults.length = 0;
    this.pyramid.clear();
    this.x.length = 0;
  }

  /** Forgets what was derived from columns that were replaced. */
  replaced(): void {
    this.restart();
    this.version = -1;
  }

  positions(): Float64Array | Float32Array {
    return (this.pairs ? this.x : this.steps).data.subarray(0, this.length);
  }

  y(): Float64Array | Float32Array {
    return this.values.data.subarray(0, this.length);
  }

  private check(): void {
    const y = this.y(), gaps = this.gaps;
    for (let row = this.checked; row < y.length; row++) {
      if (Number.isFinite(y[row]!) || (gaps && row < gaps.length && gaps.data[row])) continue;
      const last = this.faults[this.faults.length - 1];
      if (last && last[1] === row) last[1] = row + 1;
      else this.faults.push([row, row + 1]);
    }
    this.checked = y.length;
  }

  /** The half-life in steps that "auto" means: 1/80 of the span; 0 for none. Rounded while it grows, for all rows
   * are smoothed anew when it changes. */
  usualHalfLife(span: number, isGrowing: boolean): number {
    if (!this.isNoisy()) return 0;
    const wanted = span / 80, power = 10 ** floor(log10(wanted));
    return isGrowing ? power * [1, 2, 5, 10].find((factor) => factor * power >= wanted * 0.999)! : wanted;
  }

  /** Whether a trend says more than the values: no schedule, no constant, no value an epoch. As introspect/canvas/trend.py. */
  private isNoisy(): boolean {
    const y = this.y(), count = y.length;
    if (this.given) return true;
    if (count < LEAST) return false;
    if (this.pairs) {
      let epochs = 1;
      for (let row = 1, rows = min(count, 1000); row < rows; row++) if (this.steps.data[2 * row] !== this.steps.data[2 * row - 2]) epochs++;
      if (2 * epochs > min(count, 1000)) return false;
    }
    const bends: number[] = [], sample: number[] = [];
    for (let row = 1, stride = max(1, floor(count / 2000)); row < count - 1; row += stride) {
      const bend = abs(y[row]! - y[row - 1]! / 2 - y[row + 1]! / 2);
      if (Number.isFinite(y[row]!)) sample.push(y[row]!);
      if (Number.isFinite(bend)) bends.push(bend);
    }
    const at = (values: number[], share: number): number => values.sort((a, b) => a - b)[round(share * (values.length - 1))] ?? 0;
    const range = at(sample, 0.95) - at(sample, 0.05);
    return range > 0 && at(bends, 0.5) > 0.005 * range;
  }

  /** Smoothed values; on all points, past only, corrected for the start, begun anew after NaN. */
  smoothed(halfLife: number, isUsual = false): [Float64Array | Float32Array, Pyramid] {
    if (isUsual && this.given && this.given.length === this.length) {
      if (!this.givenIsBuilt) this.softPyramid.clear();
      this.givenIsBuilt = true;
      this.halfLife = 0;
      this.softPyramid.grow(this.given.view());
      return [this.given.view(), this.softPyramid];
    }
    this.givenIsBuilt = false;
    const x = this.positions(), y = this.y();
    if (halfLife !== this.halfLife || this.soft.length > y.length) {
      this.halfLife = halfLife;
      this.soft.length = this.sum = this.weight = 0;
      this.softPyramid.clear();
    }
    const first = this.soft.length, fresh = new Float64Array(y.length - first);
    let last = first ? x[first - 1]! : 0;
    for (let k = 0; k < fresh.length; k++) {
      const value = y[first + k]!, at = x[first + k]!;
      if (!Number.isFinite(value)) {
        this.sum = this.weight = 0;
        fresh[k] = NaN;
      } else {
        const kept = 2 ** ((last - at) / halfLife);
        this.sum = this.sum * kept + value;
        this.weight = this.weight * kept + 1;
        fresh[k] = this.sum / this.weight;
      }
      last = at;
    }
    if (fresh.length) this.soft.put(first, fresh);
    this.softPyramid.grow(this.soft.view());
    return [this.soft.view(), this.softPyramid];
  }

  curve(edges: Float64Array, halfLife = 0, isUsual = false): Curve {
    const [y, pyramid] = halfLife ? this.smoothed(halfLife, isUsual) : [this.y(), this.pyramid];
    return thinned(this.positions(), y, pyramid, edges);
  }

  private readonly edgePyramids = new Map<Column, Pyramid>();

  /** One edge of the band. */
  edge(column: Column, edges: Float64Array): Curve {
    let pyramid = this.edgePyramids.get(column);
    if (!pyramid) this.edgePyramids.set(column, (pyramid = new Pyramid()));
    const y = column.view().subarray(0, this.length);
    pyramid.grow(y);
    return thinned(this.positions().subarray(0, y.length), y, pyramid, edges);
  }
}
