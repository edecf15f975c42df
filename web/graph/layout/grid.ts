// Many equal branches of one fork or one join -> rows and columns; mirrors layout/grid.py.

import type { Edge, Items } from "./rank";
import type { Point } from "./route";
import { BETWEEN, GAP, LABELLED_GAP } from "./sizes";

const LEAST = 6;
const WIDEST = 1000;
const TRUNK = 14;
const ENTER = 2;
const ARROW = 12;
const BELOW = 7;
const BELOW_LABEL = 18;
const APART = 10;

type Chain = number[];

export interface Grid {
  chains: Chain[];
  columns: number;
  fork: Edge[];
  gather: Edge[];
  axis: number;
  column: number[];
  tops: number[][];
  enter: number[];
  leave: number[];
  low: number;
  high: number;
  length: number;
}

/** The first set of branches of a container that is to be a grid. */
export function findGrid(items: Items, labelsAcross: boolean): Grid | null {
  const { edges, left, right, order } = items;
  const into: Edge[][] = left.map(() => []);
  const out: Edge[][] = left.map(() => []);
  for (const edge of edges) {
    into[edge.target]!.push(edge);
    out[edge.source]!.push(edge);
  }
  const groups = new Map<string, Chain[]>();
  left.forEach((_, item) => {
    const chain = chainFrom(item, items, into, out);
    if (!chain) return;
    const [from] = into[item]!;
    const [to] = out[chain.at(-1)!]!;
    if (!from && !to) return;
    const key = [from?.source, from?.producer, from?.start, to?.target, to?.end].join();
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key)!.push(chain);
  });
  for (const chains of groups.values()) {
    if (chains.length < LEAST) continue;
    let wide = BETWEEN * (chains.length - 1);
    for (const chain of chains) wide += most(left, chain) + most(right, chain);
    if (wide <= WIDEST) continue;
    chains.sort((a, b) => order[a[0]!]! - order[b[0]!]!);
    const columns = Math.max(2, Math.ceil(chains.length / Math.ceil(wide / WIDEST)));
    const fork = chains.flatMap((chain) => into[chain[0]!]!);
    const join = chains.flatMap((chain) => out[chain.at(-1)!]!);
    return placed(items, chains, columns, fork, join, labelsAcross);
  }
  return null;
}

function most(values: number[], chosen: number[]): number {
  return Math.max(...chosen.map((item) => values[item]!));
}

/** The branch that begins with an item; null if none does, or it has another way in or out. */
function chainFrom(item: number, items: Items, into: Edge[][], out: Edge[][]): Chain | null {
  const [from, second] = into[item]!;
  if (second || items.first.has(item) || items.last.has(item)) return null;
  if (from && out[from.source]!.length === 1) return null;
  const chain = [item];
  for (let next = out[item]!; next.length; next = out[chain.at(-1)!]!) {
    if (next.length > 1) return null;
    const { target } = next[0]!;
    if (into[target]!.length > 1 || items.last.has(target)) break;
    chain.push(target);
  }
  return chain;
}

function placed(
  items: Items, chains: Chain[], columns: number, fork: Edge[], join: Edge[], labelsAcross: boolean,
): Grid {
  const column: number[] = [];
  let place = 0;
  for (let k = 0; k < columns; k++) {
    const members = chains.filter((_, n) => n % columns === k).flat();
    column.push((place += most(items.left, members)));
    place += most(items.right, members) + BETWEEN;
  }
  const wide = place - BETWEEN;
  const room = (label: number, free: number) => (!label ? 0 : labelsAcross ? free : 16 + label);
  const [tops, enter, leave]: [number[][], number[], number[]] = [[], [], []];
  let at = 0;
  for (let start = 0; start < chains.length; start += columns) {
    const row = chains.slice(start, start + columns);
    enter.push(at + ENTER);
    if (fork.length) at += ENTER + ARROW;
    const places: number[] = [];
    let label = 0;
    for (let depth = 0; depth < Math.max(...row.map((chain) => chain.length)); depth++) {
      const members = row.filter((chain) => depth < chain.length).map((chain) => chain[depth]!);
      if (depth) at += Math.max(GAP, room(label, LABELLED_GAP));
      places.push(at);
      at += most(items.length, members);
      label = most(items.label, members);
    }
    tops.push(places);
    at += room(label, BELOW_LABEL) || BELOW;
    leave.push(at);
    at += APART;
  }
  return {
    chains, columns, fork, gather: join, column, tops, enter, leave,
    axis: columns % 2 ? column[(columns - 1) / 2]! : wide / 2,
    low: -TRUNK,
    high: wide + TRUNK,
    length: leave.at(-1)! + (join.length ? ENTER : -BELOW),
  };
}

/** The container with the grid as one item; for each old item its new number, -1 in the grid. */
export function reduced(items: Items, grid: Grid): { small: Items; number: number[]; whole: number } {
  const inside = new Set(grid.chains.flat());
  const head = Math.min(...inside);
  const kept = items.left.map((_, k) => k).filter((k) => k === head || !inside.has(k));
  const number = items.left.map(() => -1);
  kept.forEach((old, k) => (number[old] = k));
  const whole = number[head]!;
  number[head] = -1;
  const { fork: [fork], gather: [join], axis, low, high } = grid;
  const edges = items.edges
    .filter((edge) => !inside.has(edge.source) && !inside.has(edge.target))
    .map((edge) => ({ ...edge, source: number[edge.source]!, target: number[edge.target]! }));
  if (fork) edges.push({ ...fork, source: number[fork.source]!, target: whole, end: 0 });
  if (join) edges.push({ ...join, source: whole, target: number[join.target]!, start: 0 });
  const all = [...inside];
  const left = axis - low;
  const own: Record<string, number | boolean> = {
    left, reach: left, right: high - axis, length: grid.length, overhang: 0, label: 0, takesSideEntry: false,
    weight: all.reduce((sum, k) => sum + items.weight[k]!, 0), order: Math.min(...all.map((k) => items.order[k]!)),
  };
  const small = { ...items, edges } as Items & Record<string, (number | boolean)[]>;
  for (const name in own) {
    const column = small[name]!;
    small[name] = kept.map((k) => (k === head ? own[name]! : column[k]!));
  }
  small.first = new Set([...items.first].map((k) => number[k]!));
  small.last = new Set([...items.last].map((k) => number[k]!));
  return { small, number, whole };
}

/** The wires of the grid, whose upper left box is at (dx, dy), by the edges that they belong to. */
export function gridWires(
  items: Items, grid: Grid, dx: number, dy: number, into: Point[], out: Point[],
): Map<Edge, Point[]> {
  const found = new Map<Edge, Point[]>();
  const [left, right, axis] = [grid.low + dx, grid.high + dx, grid.axis + dx];
  const [head, foot] = [grid.enter[0]! + dy, grid.leave.at(-1)! + dy];
  grid.chains.forEach((chain, k) => {
    const row = Math.floor(k / grid.columns);
    const x = grid.column[k % grid.columns]! + dx;
    const [enter, leave] = [grid.enter[row]! + dy, grid.leave[row]! + dy];
    const tops = grid.tops[row]!.map((place) => place + dy);
    const feet = chain.map((item, n) => tops[n]! + items.length[item]! - items.overhang[item]!);
    const fork = grid.fork[k];
    if (fork) {
      const trunk: Point[] = row ? [[left, head], [left, enter]] : [];
      const goal = x + fork.end;
      found.set(fork, [...into, [axis, head], ...trunk, [goal, enter], [goal, tops[0]!]]);
    }
    const join = grid.gather[k];
    if (join) {
      const trunk: Point[] = leave < foot ? [[right, leave], [right, foot]] : [];
      const begin = x + join.start;
      found.set(join, [[begin, feet.at(-1)!], [begin, leave], ...trunk, [axis, foot], ...out]);
    }
    for (const edge of items.edges) {
      const n = chain.indexOf(edge.source);
      if (n < 0 || edge === join) continue;
      const [begin, goal, end] = [x + edge.start, x + edge.end, tops[n + 1]!];
      found.set(edge, [[begin, feet[n]!], [begin, end - ARROW], [goal, end - ARROW], [goal, end]]);
    }
  });
  return found;
}
