// Rows -> places across the flow; mirrors introspect/graph/layout/pack.py, function by function.

import { type Body, crossings, type Fan, findFans, FORK, JOIN } from "./fan";
import { BETWEEN } from "./sizes";
import { isReal, type Mesh } from "./rank";

const ALMOST_ALIGNED = 24;
const VIRTUAL_ORDER = 1e9;
const MOST_COMPARED = 300;
export const LEFT = -1;
export const RIGHT = 1;
type Side = -1 | 1;

/** Items placed relative to each other: their axes, and the extent taken in each row. */
class Block {
  across = new Map<number, number>();
  low = new Map<number, number>();
  high = new Map<number, number>();

  add(inner: Block, shift: number): void {
    for (const [item, place] of inner.across) this.across.set(item, place + shift);
    for (const [row, innerLow] of inner.low) {
      const low = innerLow + shift;
      const high = inner.high.get(row)! + shift;
      this.low.set(row, Math.min(this.low.get(row) ?? low, low));
      this.high.set(row, Math.max(this.high.get(row) ?? high, high));
    }
  }
}

/** The axis position of every item, virtual ones included; the spine is at 0. */
export function pack(mesh: Mesh, skips: Side = RIGHT): number[] {
  const packer = new Packer(mesh, skips);
  const across: number[] = mesh.row.map(() => 0);
  const whole = new Block();
  const bodies = packer.bodies(mesh.row.map((_, item) => item));
  const total = new Map(bodies.map((items) => [items, sum(items, packer.weight)]));
  bodies.sort((a, b) => total.get(b)! - total.get(a)!);
  for (const items of bodies) {
    const block = packer.pack(items);
    let shift: number | null = null;
    for (const [row, low] of block.low) {
      const high = whole.high.get(row);
      if (high !== undefined) shift = Math.max(shift ?? -Infinity, high + BETWEEN - low);
    }
    whole.add(block, shift ?? 0);
  }
  for (const [item, place] of whole.across) across[item] = place;
  return across;
}

function sum(items: number[], of: number[]): number {
  let total = 0;
  for (const item of items) total += of[item]!;
  return total;
}

function counted(numbers: number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return counts;
}

class Packer {
  weight: number[];
  order: number[];
  left: number[];
  right: number[];
  above: number[][];
  sideTargets: number[][];
  sideSources: number[][];

  constructor(readonly mesh: Mesh, readonly skips: Side) {
    const { items } = mesh;
    const virtual = new Array<number>(mesh.row.length - mesh.count);
    this.weight = [...items.weight.map((w) => 1000 * w + 1), ...virtual.fill(0)];
    this.left = [...items.left, ...virtual];
    this.right = [...items.right, ...virtual];
    this.order = [...items.order, ...virtual.fill(VIRTUAL_ORDER)];
    this.above = mesh.row.map(() => []);
    mesh.below.forEach((lower, upper) => lower.forEach((item) => this.above[item]!.push(upper)));
    this.sideTargets = mesh.row.map(() => []);
    this.sideSources = mesh.row.map(() => []);
    items.edges.forEach((edge, k) => {
      if (!mesh.fromSide[k]) return;
      const last = mesh.chains[k]!.at(-1)!;
      this.sideTargets[last]!.push(edge.target);
      this.sideSources[edge.target]!.push(last);
    });
  }

  /** Connected components, each from its lowest item on. */
  bodies(items: number[]): number[][] {
    const rest = new Set(items);
    const found: number[][] = [];
    for (const seed of items) {
      if (!rest.delete(seed)) continue;
      const body = [seed];
      const todo = [seed];
      while (todo.length) {
        const item = todo.pop()!;
        for (const near of [
          this.above[item]!, this.mesh.below[item]!,
          this.sideSources[item]!, this.sideTargets[item]!,
        ]) {
          for (const other of near) {
            if (rest.delete(other)) {
              body.push(other);
              todo.push(other);
            }
          }
        }
      }
      found.push(body);
    }
    return found;
  }

  /** The heaviest path; at a fork of equals, through the child nearest the middle. */
  spine(items: number[]): number[] {
    const { row, below } = this.mesh;
    const inside = new Set(items);
    const best = new Map<number, number>();
    const follows = new Map<number, number>();
    const fed = new Set<number>();
    for (const item of [...items].sort((a, b) => row[b]! - row[a]!)) {
      const lower = below[item]!.filter((i) => inside.has(i));
      best.set(item, this.weight[item]!);
      if (!lower.length) continue;
      lower.forEach((i) => fed.add(i));
      let chosen = lower[0]!;
      if (lower.length > 1) {
        lower.sort((a, b) => this.order[a]! - this.order[b]!);
        chosen = this.nearestMiddle(lower, best);
      }
      follows.set(item, chosen);
      best.set(item, best.get(item)! + (best.get(chosen) ?? 0));
    }
    let start = -1;
    for (const item of items) {
      if (fed.has(item)) continue;
      const more = start < 0 ? 1
        : best.get(item)! - best.get(start)! || row[start]! - row[item]! || start - item;
      if (more > 0) start = item;
    }
    const path = [start < 0 ? items[0]! : start];
    for (let next = follows.get(path[0]!); next !== undefined; next = follows.get(next)) {
      path.push(next);
    }
    return path;
  }

  nearestMiddle(lower: number[], best: Map<number, number>): number {
    let heaviest = -Infinity;
    for (const item of lower) heaviest = Math.max(heaviest, best.get(item)!);
    const real = lower.filter((item) => item < this.mesh.count);
    const middle = (real.length - 1) / 2;
    let chosen = -1;
    let least = Infinity;
    for (const item of lower) {
      if (best.get(item) !== heaviest) continue;
      const place = real.indexOf(item);
      const distance = place < 0 ? lower.length : Math.abs(place - middle);
      if (distance < least) [least, chosen] = [distance, item];
    }
    return chosen;
  }

  /** Spine at 0, fans around it, bodies beside it. */
  pack(items: number[]): Block {
    const { row } = this.mesh;
    const path = this.spine(items);
    const onPath = new Map(path.map((item, number) => [item, number]));
    const rest = this.bodies(items.filter((item) => !onPath.has(item)));
    let bodies = rest.map((body) => this.body(body, onPath));
    const block = new Block();
    for (let level = row[path[0]!]!; level <= row[path.at(-1)!]!; level++) {
      block.low.set(level, 0);
      block.high.set(level, 0);
    }
    const inFans = new Set<number>();
    for (const fan of findFans(this.mesh, path, bodies)) {
      for (const branch of fan.branches) for (const item of branch) inFans.add(item);
      this.placeFan(fan, path, block);
    }
    for (const item of path) {
      if (inFans.has(item)) continue;
      const level = row[item]!;
      block.across.set(item, 0);
      block.low.set(level, Math.min(block.low.get(level)!, -this.left[item]!));
      block.high.set(level, Math.max(block.high.get(level)!, this.right[item]!));
    }
    bodies = bodies.filter((body) => !inFans.has(body.items[0]!));
    this.placeBodies(bodies, path, block);
    return block;
  }

  body(items: number[], onPath: Map<number, number>): Body {
    const { row, below } = this.mesh;
    const real = items.filter((item) => isReal(this.mesh, item));
    const sources = new Set<number>();
    const targets = new Set<number>();
    const joints: number[] = [];
    const join = (item: number, into: Set<number>, offset: number) => {
      const place = onPath.get(item);
      if (place === undefined) return;
      into.add(place);
      joints.push(row[item]! + offset);
    };
    let low = Infinity;
    let high = -Infinity;
    let lastRow = 0;
    for (const item of items) {
      if (below[item]!.length || !this.sideTargets[item]!.length) lastRow = Math.max(lastRow, row[item]!);
      this.above[item]!.forEach((upper) => join(upper, sources, FORK));
      below[item]!.forEach((lower) => join(lower, targets, JOIN - 1));
      this.sideTargets[item]!.forEach((target) => join(target, targets, 0));
      low = Math.min(low, row[item]!);
      high = Math.max(high, row[item]!);
    }
    let first = VIRTUAL_ORDER;
    if (real.length) {
      first = Infinity;
      for (const item of real) first = Math.min(first, this.order[item]!);
    }
    return {
      items, real, first, sources, targets, joints, lastRow, firstRow: low,
      weight: sum(real, this.mesh.items.weight),
      span: high - low,
      top: Math.min(low, ...joints),
      bottom: Math.max(high, ...joints),
    };
  }

  /** Branches side by side, centred on 0; the middle one of an odd number is straight. */
  placeFan(fan: Fan, path: number[], block: Block): void {
    if (fan.end < path.length) this.enterFromAbove(fan, path[fan.end]!);
    const inner = fan.branches.map((branch) => this.pack(branch));
    const axes: number[] = [];
    let edge = 0;
    for (const branch of inner) {
      axes.push(axes.length ? edge + BETWEEN - Math.min(...branch.low.values()) : 0);
      edge = axes.at(-1)! + Math.max(...branch.high.values());
    }
    const half = axes.length >> 1;
    const centre = axes.length % 2 ? axes[half]! : (axes[0]! + axes.at(-1)!) / 2;
    inner.forEach((branch, k) => block.add(branch, axes[k]! - centre));
  }

  /** All branches of a fan join their merge on one bus, so none enters from the side. */
  enterFromAbove(fan: Fan, target: number): void {
    const { mesh } = this;
    const inside = fan.branches.map((branch) => new Set(branch));
    mesh.items.edges.forEach((edge, k) => {
      if (edge.target !== target || !mesh.fromSide[k]) return;
      fan.branches.forEach((branch, number) => {
        const members = inside[number]!;
        if (!members.has(edge.source)) return;
        const last = mesh.chains[k]!.pop()!;
        mesh.fromSide[k] = false;
        if (members.delete(last)) branch.splice(branch.indexOf(last), 1);
      });
    });
  }

  placeBodies(bodies: Body[], path: number[], block: Block): void {
    bodies.sort(
      (a, b) =>
        Number(!a.real.length) - Number(!b.real.length) ||
        a.span - b.span || a.first - b.first || a.items[0]! - b.items[0]!,
    );
    const side = this.sides(bodies, path);
    bodies.forEach((body, number) => this.place(body, block, side[number]!));
    for (const one of [LEFT, RIGHT] as Side[]) {
      this.alignSkips(bodies.filter((b, n) => side[n] === one && !b.real.length), block, one);
    }
  }

  /** For each body its side; what enters through the border chooses first. */
  sides(bodies: Body[], path: number[]): Side[] {
    const { row, items } = this.mesh;
    const onSpine = new Map(path.map((item) => [row[item]!, item]));
    const starting = counted(bodies.flatMap((body) => body.real.map((i) => row[i]!)));
    const enters = bodies.map((body) => body.items.some((item) => items.first.has(item)));
    const side: (Side | 0)[] = bodies.map(() => 0);
    const crowd = bodies.length <= MOST_COMPARED;
    const numbers = bodies.map((_, n) => n);
    numbers.sort((a, b) => Number(!enters[a]) - Number(!enters[b]) || a - b);
    for (const number of numbers) {
      const own = this.side(bodies[number]!, starting, onSpine);
      let here = 0;
      let there = 0;
      for (let other = 0; crowd && other < bodies.length; other++) {
        if (!side[other] || other === number) continue;
        const inner = bodies[Math.min(number, other)]!;
        const crossed = crossings(inner, bodies[Math.max(number, other)]!);
        if (side[other] === own) here += crossed;
        else there += crossed;
      }
      side[number] = there < here ? (-own as Side) : own;
    }
    return side as Side[];
  }

  /** Left, if it ran before the spine's box beside it and another body shares the row. */
  side(body: Body, starting: Map<number, number>, onSpine: Map<number, number>): Side {
    const { mesh } = this;
    if (!body.real.length) return this.skips;
    if (body.items.every((i) => isReal(mesh, i) && !mesh.before[i]!.length)) return LEFT;
    let earliest = body.real[0]!;
    for (const item of body.real) {
      if (this.order[item]! < this.order[earliest]!) earliest = item;
    }
    const level = mesh.row[earliest]!;
    const beside = onSpine.get(level);
    const own = body.real.filter((item) => mesh.row[item] === level).length;
    const ranFirst = beside !== undefined && body.first < this.order[beside]!;
    return ranFirst && (starting.get(level) ?? 0) > own ? LEFT : RIGHT;
  }

  place(body: Body, block: Block, side: Side): void {
    const inner = this.pack(body.items);
    const rows = [...inner.low.keys()];
    if (inner.across.size === rows.length) {
      // one item in every row: it may slide along the flow, so its widest extent counts
      const low = Math.min(...inner.low.values());
      const high = Math.max(...inner.high.values());
      for (const r of rows) {
        inner.low.set(r, low);
        inner.high.set(r, high);
      }
    }
    let shift = side === LEFT ? Infinity : -Infinity;
    for (const r of rows) {
      shift = side === LEFT
        ? Math.min(shift, (block.low.get(r) ?? 0) - BETWEEN - inner.high.get(r)!)
        : Math.max(shift, (block.high.get(r) ?? 0) + BETWEEN - inner.low.get(r)!);
    }
    for (const r of rows) {
      if (!block.low.has(r)) block.low.set(r, 0);
      if (!block.high.has(r)) block.high.set(r, 0);
    }
    block.add(inner, shift);
  }

  /** Bare skips that almost share a line, and share no row, share the outermost. */
  alignSkips(skips: Body[], block: Block, side: Side): void {
    const { row } = this.mesh;
    let furthest = -Infinity;
    for (const { items } of skips) {
      furthest = Math.max(furthest, side * block.across.get(items[0]!)!);
    }
    const crowd = counted(skips.flatMap((body) => body.items.map((item) => row[item]!)));
    for (const { items } of skips) {
      if (!items.every((item) => crowd.get(row[item]!) === 1)) continue;
      if (furthest - side * block.across.get(items[0]!)! >= ALMOST_ALIGNED) continue;
      for (const item of items) {
        const level = row[item]!;
        block.across.set(item, side * furthest);
        block.low.set(level, Math.min(block.low.get(level)!, side * furthest));
        block.high.set(level, Math.max(block.high.get(level)!, side * furthest));
      }
    }
  }
}
