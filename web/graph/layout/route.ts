// Rows and places across -> places along the flow and polylines; mirrors layout/route.py.

import { Lanes } from "./lanes";
import { type Edge, isReal, type Items, type Mesh } from "./rank";
import { GAP, LABELLED_GAP, LANE, PORT_GAP } from "./sizes";

export type Point = [number, number];

const SAME = 0.5;
const FORK = 7;
const FORK_AT_BORDER = 4;
const FORK_BELOW_LABEL = 17;
const FORK_AFTER_LABEL = 10;
const JOIN = 12;
const JOIN_AT_BORDER = 5;

interface Bend {
  row: number;
  isFork: boolean;
  lane: string;
}

export interface Routing {
  along: number[];
  wires: Point[][];
  low: number;
  high: number;
  length: number;
}

/** Halves go to the even neighbour, as Python rounds. */
function round(value: number): number {
  const up = Math.round(value);
  return up - value === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

class Router {
  items: Items;
  height: number[];
  inRow: number[][];
  passing: number[][];
  anyLabel: boolean;
  forks: Lanes[];
  joins: Lanes[];
  top: number[];
  gap: number[];
  firstFork: number[];
  along: number[];

  constructor(readonly mesh: Mesh, readonly across: number[], readonly labelsAcross: boolean) {
    this.items = mesh.items;
    const rows = new Array<number>(mesh.rows + 1).fill(0);
    this.height = [...rows];
    this.inRow = rows.map(() => []);
    this.items.length.forEach((length, item) => {
      const level = mesh.row[item]!;
      this.inRow[level]!.push(item);
      this.height[level] = Math.max(this.height[level]!, length);
    });
    this.passing = rows.map(() => []);
    for (let item = mesh.count; item < mesh.row.length; item++) {
      this.passing[mesh.row[item]!]!.push(item);
    }
    this.anyLabel = this.items.label.some((width) => width > 0);
    this.forks = rows.map(() => new Lanes());
    this.joins = rows.map(() => new Lanes());
    this.top = [...rows];
    this.gap = [...rows];
    this.firstFork = [];
    this.along = this.items.left.map(() => 0);
  }

  route(): Routing {
    const { items, across } = this;
    this.allowSideEntries();
    const bends = items.edges.map((edge, k) => this.bends(k, edge));
    for (const lanes of [...this.forks, ...this.joins]) lanes.assign();
    const length = this.placeRows();
    this.placeItems(length);
    this.slideLoneBranches();
    const wires = items.edges.map((edge, k) => this.wire(k, edge, bends[k]!));
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < this.mesh.count; i++) {
      low = Math.min(low, across[i]! - items.left[i]!);
      high = Math.max(high, across[i]! + items.right[i]!);
    }
    if (!this.mesh.count) low = high = 0;
    for (const wire of wires) {
      for (const [place] of wire) {
        low = Math.min(low, place - 2);
        high = Math.max(high, place + 2);
      }
    }
    return { along: this.along, wires, low, high, length };
  }

  /** From the side only if nothing stands between in that row; else from above. */
  allowSideEntries(): void {
    const { mesh, items, across } = this;
    items.edges.forEach((edge, k) => {
      if (!mesh.fromSide[k]) return;
      const [low, high] = sorted(across[mesh.chains[k]!.at(-1)!]!, across[edge.target]!);
      const blocked = this.inRow[mesh.row[edge.target]!]!.some(
        (i) =>
          i !== edge.target &&
          across[i]! + items.right[i]! > low &&
          across[i]! - items.left[i]! < high,
      );
      if (blocked) {
        mesh.fromSide[k] = false;
        mesh.chains[k] = mesh.chains[k]!.slice(0, -1);
      }
    });
  }

  /** Where the edge is across the flow: at its source, in each row, at its target. */
  columns(k: number, edge: Edge): number[] {
    return [
      this.across[edge.source]! + edge.start,
      ...this.mesh.chains[k]!.map((item) => this.across[item]!),
      this.across[edge.target]! + edge.end,
    ];
  }

  bends(k: number, edge: Edge): (Bend | null)[] {
    const { row, chains, below } = this.mesh;
    const columns = this.columns(k, edge);
    const rows = [row[edge.source]!, ...chains[k]!.map((i) => row[i]!), row[edge.target]!];
    const bends: (Bend | null)[] = [];
    for (let j = 0; j < columns.length - 1; j++) {
      const start = columns[j]!;
      const end = columns[j + 1]!;
      if (Math.abs(start - end) <= SAME || rows[j + 1]! <= rows[j]!) {
        bends.push(null);
        continue;
      }
      const isDirect = columns.length === 2;
      const isFork = j === 0 && (!isDirect || below[edge.source]!.length > 1);
      const lane = isFork ? `${edge.producer},${edge.source}` : `${edge.target},${round(edge.end)}`;
      (isFork ? this.forks : this.joins)[rows[j]!]!.add(lane, start, end);
      bends.push({ row: rows[j]!, isFork, lane });
    }
    return bends;
  }

  /** Start of every row; returns the length of the whole. */
  placeRows(): number {
    let place = 0;
    for (let row = 0; row < this.mesh.rows; row++) {
      this.top[row] = place;
      place += this.height[row]!;
      if (row < this.mesh.rows - 1) {
        this.firstFork[row] = this.forkBelow(row);
        this.gap[row] = this.gapBelow(row);
        place += this.gap[row]!;
      }
    }
    return place;
  }

  /** How far below a row the first fork runs: below the shapes that it would cross. */
  forkBelow(row: number): number {
    if (this.height[row] === 0) return FORK_AT_BORDER;
    let first = FORK;
    for (const item of this.inRow[row]!) {
      const width = this.items.label[item]!;
      const place = this.across[item]!;
      const low = this.labelsAcross ? place - 5 - width : place - 11;
      const crosses = [...this.forks[row]!.spans.values()].some(([a, b]) => a < place - 2 && b > low);
      if (!width || !crosses) continue;
      first = Math.max(first, this.labelsAcross ? FORK_BELOW_LABEL : FORK_AFTER_LABEL + width);
    }
    return first;
  }

  gapBelow(row: number): number {
    const above = this.height[row] === 0;
    const below = this.height[row + 1] === 0;
    const forks = this.forks[row]!.count;
    const joins = this.joins[row]!.count;
    let gap = above || below ? PORT_GAP : GAP;
    if (forks || joins) {
      gap = this.firstFork[row]! - (above ? 0 : 1) + LANE * forks;
      gap += joins ? LANE * joins + 3 : 0;
      gap += (below ? JOIN_AT_BORDER : JOIN - 1) + (forks && joins ? 5 : 0);
    }
    if (this.labelsAcross && this.anyLabel && !(above || below)) {
      gap = Math.max(gap, LABELLED_GAP - 2);
    }
    let widest = 0;
    for (const i of this.inRow[row]!) {
      const label = this.items.label[i]!;
      if (label > widest && !(this.labelsAcross && this.isLoneBranch(i))) widest = label;
    }
    if (widest && this.labelsAcross) {
      gap = Math.max(gap, (below ? 20 : LABELLED_GAP) + LANE * joins + (forks ? 3 : 0));
    } else if (widest) {
      gap = Math.max(gap, 16 + widest + (joins ? LANE * joins + 3 : 0));
    }
    return gap;
  }

  /** Beside the spine, with one source and one target and rows to spare between. */
  isLoneBranch(item: number): boolean {
    const { row } = this.mesh;
    const before = this.mesh.before[item]!;
    const after = this.mesh.after[item]!;
    if (before.length !== 1 || after.length !== 1 || Math.abs(this.across[item]!) <= 20) return false;
    return row[after[0]!]! - row[before[0]!]! > 2;
  }

  /** Cards start at the top of their row; small things stand in its middle. */
  placeItems(length: number): void {
    const { items, mesh } = this;
    const crowd = new Array<number>(mesh.rows).fill(0);
    for (let item = 0; item < mesh.count; item++) {
      if (items.length[item]! > 0) crowd[mesh.row[item]!]!++;
    }
    for (let item = 0; item < mesh.count; item++) {
      const row = mesh.row[item]!;
      const spare = this.height[row]! - items.length[item]!;
      const isSmall = items.takesSideEntry[item]! || items.length[item]! < 25;
      const centred = crowd[row]! < 2 || isSmall || !this.labelsAcross;
      this.along[item] = this.top[row]! + (centred ? spare / 2 : 0);
      if (items.first.has(item)) this.along[item] = 0;
      else if (items.last.has(item)) this.along[item] = length;
    }
  }

  /** A lone branch beside a longer path (downsample) moves to the middle of its slack. */
  slideLoneBranches(): void {
    if (!this.labelsAcross) return;
    const { mesh, items } = this;
    for (let item = 0; item < mesh.count; item++) {
      if (!isReal(mesh, item) || !this.isLoneBranch(item)) continue;
      const source = mesh.before[item]![0]!;
      const start = mesh.row[source]!;
      const end = mesh.row[mesh.after[item]![0]!]!;
      const isPair = new Set(mesh.after[source]).size === 2;
      if (!isPair || mesh.row[item] !== start + 1 || !this.isFree(item, start, end)) continue;
      const low = this.top[start]! + this.height[start]! + this.gap[start]!;
      const high = this.top[end]! - this.gap[end - 1]! - items.length[item]!;
      this.along[item] = Math.max(low, Math.min(high, (low + high) / 2));
    }
  }

  /** Whether nothing stands or passes in the item's column between two rows. */
  isFree(item: number, start: number, end: number): boolean {
    const { items, across, mesh } = this;
    const low = across[item]! - items.left[item]!;
    const high = across[item]! + items.right[item]!;
    for (let r = start + 1; r < end; r++) {
      for (const other of this.inRow[r]!) {
        if (other === item) continue;
        const starts = across[other]! - items.left[other]!;
        if (across[other]! + items.right[other]! >= low && starts <= high) return false;
      }
    }
    const own = new Set<number>();
    for (const [k, edge] of items.edges.entries()) {
      if (item === edge.source || item === edge.target) mesh.chains[k]!.forEach((i) => own.add(i));
      const row = mesh.row[edge.target]!;
      if (!mesh.fromSide[k] || row <= start || row >= end) continue;
      const reach = sorted(across[mesh.chains[k]!.at(-1)!]!, across[edge.target]!);
      if (reach[0] < across[item]! && across[item]! < reach[1]) return false;
    }
    for (let r = start + 1; r < end; r++) {
      for (const i of this.passing[r]!) {
        if (!own.has(i) && low <= across[i]! && across[i]! <= high) return false;
      }
    }
    for (let r = start; r < end; r++) {
      for (const table of [this.forks, this.joins]) {
        for (const [a, b] of table[r]!.spans.values()) {
          if (a < low - 4 && b > high + 4) return false;
        }
      }
    }
    return true;
  }

  wire(k: number, edge: Edge, bends: (Bend | null)[]): Point[] {
    const { items } = this;
    const { source } = edge;
    const columns = this.columns(k, edge);
    const leave = this.along[source]! + items.length[source]! - items.overhang[source]!;
    const points: Point[] = [[columns[0]!, leave]];
    for (const [j, bend] of bends.entries()) {
      if (this.mesh.fromSide[k] && j === bends.length - 1) {
        return tidy([...points, ...this.sideEntry(edge, points.at(-1)![0])]);
      }
      if (bend) {
        const at = this.lanePlace(bend);
        points.push([columns[j]!, at], [columns[j + 1]!, at]);
      }
    }
    points.push([columns.at(-1)!, this.along[edge.target]!]);
    return tidy(points);
  }

  sideEntry(edge: Edge, column: number): Point[] {
    const { target } = edge;
    const middle = this.along[target]! + this.items.length[target]! / 2;
    const isRight = column > this.across[target]!;
    const reach = isRight ? this.items.right[target]! : -this.items.reach[target]!;
    return [[column, middle], [this.across[target]! + reach, middle]];
  }

  lanePlace(bend: Bend): number {
    const { row } = bend;
    const bottom = this.top[row]! + this.height[row]!;
    if (bend.isFork) {
      return bottom + this.firstFork[row]! + LANE * this.forks[row]!.lane.get(bend.lane)!;
    }
    const last = this.height[row + 1] === 0 ? JOIN_AT_BORDER : JOIN;
    return bottom + this.gap[row]! - last - LANE * this.joins[row]!.lane.get(bend.lane)!;
  }
}

function sorted(a: number, b: number): [number, number] {
  return a < b ? [a, b] : [b, a];
}

export function route(mesh: Mesh, across: number[], labelsAcross: boolean): Routing {
  return new Router(mesh, across, labelsAcross).route();
}

/** The same line without repeated points and without bends of no angle. */
export function tidy(points: Point[]): Point[] {
  const kept: Point[] = [points[0]!];
  for (const point of points.slice(1)) {
    const last = kept.at(-1)!;
    if (Math.abs(point[0] - last[0]) < SAME && Math.abs(point[1] - last[1]) < SAME) continue;
    const before = kept.at(-2);
    if (before && (isStraight(before, last, point, 0) || isStraight(before, last, point, 1))) {
      kept[kept.length - 1] = point;
    } else {
      kept.push(point);
    }
  }
  return kept;
}

function isStraight(a: Point, b: Point, c: Point, axis: 0 | 1): boolean {
  return Math.abs(a[axis] - b[axis]) < SAME && Math.abs(b[axis] - c[axis]) < SAME;
}
