// Steps to positions on an x axis, and positions to ticks: the rules of introspect/canvas/timeline.py,
// kept up to date row by row.

import type { Column } from "./column";
import { ceil, floor, max, min, round } from "./math";
import { countText, niceTicks, type Step } from "./numbers";

const MOST_GAPS = 1000;

/** Where (epoch, step) steps lie: an epoch is as wide as the widest seen, or steps count through epochs. */
export class Timeline {
  private spans = new Map<number, [number, number]>();
  private gaps: number[] = [];
  private firstEpoch = Infinity;
  private firstStep = Infinity;
  private lastStep = -Infinity;
  private settled = false;
  private through = false;
  private starts: [number, number][] = [];
  width = 1;
  /** Changes when positions that were given before are no longer right. */
  version = 0;

  get countsEpochs(): boolean {
    return this.spans.size > 0;
  }

  /** Rows of (epoch, step) pairs from `first` on; `gap` steps lie between two of them if not all are there. */
  add(pairs: Column, first: number, gap?: number): void {
    if (gap) this.gaps = [gap]; // NaN: the one that is known stays
    const rows = pairs.view();
    for (let row = first; row < rows.length / 2; row++) {
      const epoch = rows[2 * row]!, step = rows[2 * row + 1]!;
      const span = this.spans.get(epoch);
      if (!span) this.spans.set(epoch, [step, step]);
      else if (step < span[0]) span[0] = step;
      else if (step > span[1]) span[1] = step;
      if (epoch < this.firstEpoch) this.firstEpoch = epoch;
      if (step < this.firstStep) this.firstStep = step;
      if (step > this.lastStep) this.lastStep = step;
      if (gap === undefined && row > 0 && this.gaps.length < MOST_GAPS && rows[2 * row - 2] === epoch) this.gaps.push(step - rows[2 * row - 1]!);
    }
    this.settled = false;
    this.settle();
  }

  private settle(): void {
    if (this.settled) return;
    this.settled = true;
    const before = [this.through, this.width, this.firstEpoch, this.firstStep].join();
    const spans = [...this.spans].sort((a, b) => a[0] - b[0]);
    this.through = spans.length > 1 && spans.every(([, span], k) => k === 0 || span[0] > spans[k - 1]![1][1]);
    this.starts = this.through ? spans.map(([epoch, span]) => [epoch, span[0]]) : [];
    const gaps = [...this.gaps].sort((a, b) => a - b);
    this.width = this.through ? 1 : this.lastStep - this.firstStep + max(1, gaps[gaps.length >> 1] ?? 1);
    // While there is one epoch its width moves nothing.
    const after = [this.through, this.width, this.firstEpoch, this.firstStep].join();
    if (after !== before && spans.length > 1) this.version++;
  }

  position(epoch: number, step: number): number {
    return this.through ? step : (epoch - this.firstEpoch) * this.width + (step - this.firstStep);
  }

  /** Where an epoch begins; half epochs lie between. */
  ofEpoch(epoch: number): number {
    if (!this.through) return (epoch - this.firstEpoch) * this.width;
    const { starts } = this, k = max(0, min(starts.length - 2, starts.findLastIndex(([known]) => known <= epoch)));
    const [[before, from], [after, to]] = [starts[k]!, starts[k + 1]!];
    return from + ((epoch - before) / (after - before)) * (to - from);
  }

  /** The step that lies at a position, as far as it can be known. */
  step(position: number): Step {
    if (!this.through) {
      const epoch = floor(position / this.width + 1e-9);
      return [this.firstEpoch + epoch, round(position - epoch * this.width + this.firstStep)];
    }
    const epoch = this.starts.findLast(([, start]) => start <= position) ?? this.starts[0]!;
    return [epoch[0], round(position)];
  }

  /** Begins of epochs within a range. */
  epochs(low: number, high: number): [number, number][] {
    const slack = (high - low) * 1e-9 + 1e-9;
    if (this.through) return this.starts.map(([epoch, at]) => [at, epoch] as [number, number]).filter(([at]) => at >= low - slack && at <= high + slack);
    return evenMarks(low, high, this.width, this.firstEpoch, slack);
  }
}

function evenMarks(low: number, high: number, width: number, firstEpoch: number, slack: number): [number, number][] {
  const first = ceil((low - slack) / width), last = floor((high + slack) / width);
  const stride = max(1, floor((last - first) / 1000)); // never a list of a million epochs
  const marks: [number, number][] = [];
  for (let k = first; k <= last; k += stride) marks.push([k * width, firstEpoch + k]);
  return marks;
}

export interface Tick {
  at: number;
  text: string;
}

/** Epochs of int steps: so many steps each, or the steps at which they end. */
export type EpochMarks = number | number[] | null;

/** Ticks of a step axis; the first carries the unit. */
export function stepTicks(low: number, high: number, most: number, line: Timeline | null, epochs: EpochMarks): Tick[] {
  let marks: [number, number][] = [];
  if (line) marks = line.epochs(low, high);
  else if (typeof epochs === "number") marks = evenMarks(low, high, epochs, 0, (high - low) * 1e-9);
  else if (epochs) marks = [0, ...epochs].map((at, epoch) => [at, epoch] as [number, number]).filter(([at]) => at >= low && at <= high);
  if (marks.length > 1 || (marks.length && line)) {
    const stride = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6].find((s) => marks.length <= most * s) ?? 1e7;
    return marks.map(([at, epoch], k) => ({ at, text: k % stride ? "" : `${k ? "" : "epoch "}${countText(epoch)}` }));
  }
  let whole: number[] = [];
  for (let count = most; whole.length < 2 && count < most + 4; count++) whole = niceTicks(low, high, count).filter((at) => at === round(at));
  return (whole.length ? whole : [low]).map((at, k) => ({ at, text: `${k ? "" : "step "}${countText(at)}` }));
}
