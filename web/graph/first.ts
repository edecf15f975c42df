// The places of the first view, as Python found them -> the boxes. See introspect/graph/formats/html_places.py.

import type { Link, Placed } from "./layout/container";
import type { Point } from "./layout/route";
import type { Box } from "./model";

/** Give every open group its places, if all of them are as they were at first. */
export function firstView(root: Box): void {
  const { first } = root.data.raw;
  if (!first?.length) return;
  const groups: Box[] = [];
  const boxes: Box[] = [];
  const visit = (box: Box): void => {
    (box.isOpen ? groups : boxes).push(box);
    if (box.isOpen) box.children.forEach(visit);
  };
  visit(root);
  groups.forEach((group, k) => (group.placed = read(group, first[k]!, boxes, k)));
}

function read(group: Box, numbers: number[], boxes: Box[], k: number): Placed {
  let at = 0;
  const next = () => numbers[at++]!;
  const [width, height, axis, enters] = [next(), next(), next(), next()];
  const places = group.children.map((): Point => [next(), next()]);
  const [x, y] = [places.map((place) => place[0]), places.map((place) => place[1])];
  const links: Link[] = [];
  const wires: Point[][] = [];
  const counts: number[] = [];
  const named = new Set<number>();
  for (let count = next(); wires.length < count; ) {
    const [source, target, producer] = [next() - 1, next() - 1, boxes[next()]!];
    links.push({ source, target, producer });
    counts.push(next());
    if (next()) named.add(wires.length);
    let [px, py] = [0, 0];
    wires.push(Array.from({ length: next() }, (): Point => [(px += next()), (py += next())]));
  }
  const labels = group.children.map((child) => (child.isOpen ? "" : child.edgeLabel().text));
  const plan = { id: -1 - k, width, height, axis, x, y, wires, ports: [], labels, counts, named };
  // What enters matters to the title alone, and only whether anything does.
  return { plan, links, portsIn: new Map(enters ? [[group, 0]] : []), portsOut: new Map() };
}
