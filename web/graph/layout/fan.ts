// Equal branches of one fork and one join; mirrors introspect/graph/layout/fan.py.

import { isReal, type Mesh } from "./rank";

const EQUAL_PAIR = 0.75;
const NOT_TINY = 0.25;
export const FORK = 0.4;
export const JOIN = 0.6;

/** A connected rest beside a spine, before it is placed. */
export interface Body {
  items: number[];
  real: number[];
  weight: number;
  span: number;
  first: number;
  sources: Set<number>;
  targets: Set<number>;
  joints: number[];
  top: number;
  bottom: number;
  firstRow: number;
  lastRow: number;
}

export interface Fan {
  start: number;
  end: number;
  branches: number[][];
}

export function crossings(body: Body, outside: Body): number {
  let count = 0;
  for (const joint of outside.joints) if (body.top < joint && joint < body.bottom) count++;
  return count;
}

export function findFans(mesh: Mesh, path: number[], bodies: Body[]): Fan[] {
  const between = new Map<string, { start: number; end: number; bodies: Body[] }>();
  for (const body of bodies) {
    const ends = endsOf(body, path.length);
    if (!ends) continue;
    const key = ends.join();
    const known = between.get(key);
    if (known) known.bodies.push(body);
    else between.set(key, { start: ends[0], end: ends[1], bodies: [body] });
  }
  const fans: Fan[] = [];
  const sorted = [...between.values()].sort(
    (a, b) => a.start - a.end - (b.start - b.end) || a.start - b.start || a.end - b.end,
  );
  for (const { start, end, bodies: beside } of sorted) {
    if (fans.some((fan) => start < fan.end && fan.start < end)) continue;
    const found = fanOf(mesh, path, bodies, beside, start, end);
    if (found) fans.push(found);
  }
  return fans;
}

function endsOf(body: Body, length: number): [number, number] | null {
  if (!body.real.length || body.sources.size > 1 || body.targets.size > 1) return null;
  if (!body.sources.size && !body.targets.size) return null;
  const [start = -1] = body.sources;
  const [end = length] = body.targets;
  return end - start >= 2 ? [start, end] : null;
}

function fanOf(
  mesh: Mesh, path: number[], bodies: Body[], beside: Body[], start: number, end: number,
): Fan | null {
  const stretch = path.slice(start + 1, end);
  const real = stretch.filter((item) => isReal(mesh, item));
  if (!real.length) return null;
  const inside = insideOf(bodies, beside, start, end);
  if (!inside) return null;
  let weight = 0;
  for (const item of real) weight += mesh.items.weight[item]!;
  for (const body of inside) weight += body.weight;
  if (!areEqual([weight, ...beside.map((body) => body.weight)])) return null;
  const above = start >= 0 ? mesh.row[path[start]!]! : -1;
  const below = end < path.length ? mesh.row[path[end]!]! : mesh.rows;
  const reaches = (body: Body) => body.firstRow <= above || body.lastRow >= below;
  if (beside.some(reaches) || inside.some(reaches)) return null;
  const others = bodies.filter(
    (b) => b.real.length && !beside.includes(b) && !inside.includes(b),
  );
  if (beside.length === 1 && others.some((body) => body.sources.has(start))) return null;
  const first = Math.min(
    ...real.map((item) => mesh.items.order[item]!), ...inside.map((body) => body.first),
  );
  const members = [...stretch, ...inside.flatMap((body) => body.items)];
  const branches: [number, number[]][] = [
    [first, members],
    ...beside.map((body): [number, number[]] => [body.first, [...body.items]]),
  ];
  branches.sort((a, b) => a[0] - b[0] || a[1][0]! - b[1][0]!);
  return { start, end, branches: branches.map(([, items]) => items) };
}

function insideOf(bodies: Body[], beside: Body[], start: number, end: number): Body[] | null {
  const found: Body[] = [];
  for (const body of bodies) {
    if (beside.includes(body)) continue;
    const joined = [...body.sources, ...body.targets];
    if (joined.some((place) => start < place && place < end)) {
      if (joined.some((place) => place < start || place > end)) return null;
      found.push(body);
    }
  }
  return found;
}

function areEqual(weights: number[]): boolean {
  const heaviest = Math.max(...weights);
  if (weights.length === 2) return Math.min(...weights) >= EQUAL_PAIR * heaviest;
  return weights.filter((weight) => weight >= NOT_TINY * heaviest).length >= 3;
}
