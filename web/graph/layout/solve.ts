// Numbers in, numbers out: mirrors `solve` of introspect/graph/layout/container.py.

import { LEFT, pack, RIGHT } from "./pack";
import { type Items, toMesh } from "./rank";
import { route, type Routing } from "./route";

export interface Solution {
  across: number[];
  routing: Routing;
}

/** Places across and along the flow, and the polylines between them. */
export function solve(items: Items, labelsAcross: boolean, skipsLeft = false): Solution {
  const mesh = toMesh(items);
  const across = pack(mesh, skipsLeft ? LEFT : RIGHT);
  return { across, routing: route(mesh, across, labelsAcross) };
}
