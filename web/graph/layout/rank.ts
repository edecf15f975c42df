// One container as rows; mirrors introspect/graph/layout/rank.py, function by function.

/** An edge between two items; `start` and `end` are offsets from the items' axes. */
export interface Edge {
  source: number;
  target: number;
  start: number;
  end: number;
  /** Equal for edges that carry the same value. */
  producer: number;
}

/** The items of one container: children first, then border ports. Every list has one entry an item. */
export interface Items {
  left: number[];
  right: number[];
  reach: number[];
  length: number[];
  weight: number[];
  order: number[];
  overhang: number[];
  label: number[];
  takesSideEntry: boolean[];
  first: Set<number>;
  last: Set<number>;
  edges: Edge[];
}

/** Items and virtual items in rows. */
export interface Mesh {
  items: Items;
  count: number;
  row: number[];
  rows: number;
  chains: number[][];
  fromSide: boolean[];
  below: number[][];
  before: number[][];
  after: number[][];
}

export function isReal(mesh: Mesh, item: number): boolean {
  return item < mesh.count && !mesh.items.first.has(item) && !mesh.items.last.has(item);
}

export function toMesh(items: Items): Mesh {
  const count = items.left.length;
  const after: number[][] = lists(count);
  const before: number[][] = lists(count);
  for (const edge of items.edges) {
    after[edge.source]!.push(edge.target);
    before[edge.target]!.push(edge.source);
  }
  const row = rank(items, before, after);
  let rows = 1;
  for (const level of row) rows = Math.max(rows, level + 1);
  const { chains, fromSide } = virtualItems(items, row);
  const below: Set<number>[] = row.map(() => new Set());
  items.edges.forEach((edge, k) => {
    let upper = edge.source;
    for (const lower of chains[k]!) {
      below[upper]!.add(lower);
      upper = lower;
    }
    if (!fromSide[k]) below[upper]!.add(edge.target);
  });
  return {
    items, count, row, rows, chains, fromSide, before, after,
    below: below.map((readers) => [...readers]),
  };
}

function lists(count: number): number[][] {
  return Array.from({ length: count }, () => []);
}

function rank(items: Items, before: number[][], after: number[][]): number[] {
  const count = items.left.length;
  if (!items.edges.length) return items.left.map((_, k) => k);
  const top = items.first.size ? 1 : 0;
  const row: number[] = items.left.map((_, item) => (items.first.has(item) ? 0 : top));
  const missing = before.map((sources) => sources.length);
  const sequence: number[] = [];
  for (let item = 0; item < count; item++) if (!missing[item]) sequence.push(item);
  for (let next = 0; next < sequence.length; next++) {
    const item = sequence[next]!;
    for (const reader of after[item]!) {
      row[reader] = Math.max(row[reader]!, row[item]! + 1);
      if (!--missing[reader]!) sequence.push(reader);
    }
  }
  for (const item of sequence.reverse()) {
    if (before[item]!.length || items.first.has(item) || !after[item]!.length) continue;
    let nearest = Infinity;
    for (const reader of after[item]!) nearest = Math.min(nearest, row[reader]!);
    row[item] = Math.max(top, nearest - 1);
  }
  let bottom = 1;
  for (let item = 0; item < count; item++) {
    if (!items.last.has(item)) bottom = Math.max(bottom, row[item]! + 1);
  }
  for (const item of items.last) row[item] = bottom;
  return row;
}

function virtualItems(items: Items, row: number[]): { chains: number[][]; fromSide: boolean[] } {
  const shared = new Map<string, number>();
  const chains: number[][] = [];
  const fromSide: boolean[] = [];
  for (const edge of items.edges) {
    const span = row[edge.target]! - row[edge.source]!;
    const side = items.takesSideEntry[edge.target]! && span > 1;
    const chain: number[] = [];
    for (let level = row[edge.source]! + 1; level < row[edge.target]! + (side ? 1 : 0); level++) {
      const key = `${edge.source},${edge.producer},${level}`;
      let item = shared.get(key);
      if (item === undefined) {
        item = row.length;
        shared.set(key, item);
        row.push(level);
      }
      chain.push(item);
    }
    chains.push(chain);
    fromSide.push(side);
  }
  return { chains, fromSide };
}
