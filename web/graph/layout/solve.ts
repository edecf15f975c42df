// Numbers in, numbers out: mirrors `solve` of introspect/graph/layout/container.py.

import { findGrid, type Grid, gridWires, reduced } from "./grid";
import { LEFT, pack, RIGHT } from "./pack";
import { type Items, toMesh } from "./rank";
import { route, type Routing, tidy } from "./route";

export interface Solution {
  across: number[];
  routing: Routing;
}

/** Places across and along the flow, and the polylines between them. */
export function solve(items: Items, labelsAcross: boolean, skipsLeft = false): Solution {
  const grid = findGrid(items, labelsAcross);
  if (grid) return withGrid(items, grid, labelsAcross, skipsLeft);
  const mesh = toMesh(items);
  const across = pack(mesh, skipsLeft ? LEFT : RIGHT);
  return { across, routing: route(mesh, across, labelsAcross) };
}

/** Solve with the grid as one item, then put its boxes and wires where it stands. */
function withGrid(items: Items, grid: Grid, labelsAcross: boolean, skipsLeft: boolean): Solution {
  const { small, number, whole } = reduced(items, grid);
  const { across: outer, routing } = solve(small, labelsAcross, skipsLeft);
  const [dx, dy] = [outer[whole]! - grid.axis, routing.along[whole]!];
  const across = number.map((k) => outer[k] ?? 0);
  const along = number.map((k) => routing.along[k] ?? 0);
  grid.chains.forEach((chain, k) => chain.forEach((item, depth) => {
    across[item] = dx + grid.column[k % grid.columns]!;
    along[item] = dy + grid.tops[Math.floor(k / grid.columns)]![depth]!;
  }));
  const into = routing.wires[small.edges.findIndex((edge) => edge.target === whole)] ?? [];
  const out = routing.wires[small.edges.findIndex((edge) => edge.source === whole)] ?? [];
  const inside = gridWires(items, grid, dx, dy, into, out);
  let next = 0;
  const wires = items.edges.map((edge) => {
    const points = inside.get(edge);
    return points ? tidy(points) : routing.wires[next++]!;
  });
  return { across, routing: { ...routing, along, wires } };
}
