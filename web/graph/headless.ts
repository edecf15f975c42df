// What needs no page: for the tests that compare the layout with Python's.

import { readFileSync } from "node:fs";
import { Data } from "./data";
import { Arranger } from "./layout/container";
import type { Edge, Items } from "./layout/rank";
import { solve } from "./layout/solve";
import { Model } from "./model";
import { Scene } from "./scene";

type Plain = Omit<Items, "first" | "last" | "edges"> & {
  first: number[];
  last: number[];
  edges: Edge[];
  labelsAcross: boolean;
  skipsLeft: boolean;
};

/** Cases of `solve` as JSON -> their places. */
export function solved(cases: Plain[]): unknown {
  return cases.map(({ labelsAcross, skipsLeft, ...items }) => {
    const sets = { first: new Set(items.first), last: new Set(items.last) };
    const { across, routing } = solve({ ...items, ...sets }, labelsAcross, skipsLeft);
    return { across, along: routing.along, wires: routing.wires };
  });
}

/** The tables of a page -> [path, name, x, y, width, height] of every shown box. */
export function places(document: never): unknown {
  const model = new Model(new Data(document));
  const scene = new Scene(model, new Arranger(model.data.raw.direction));
  scene.arranger.arrange(model.root);
  return [...model.shown()].map((box) => {
    const { x, y, width, height } = scene.areaOf(box);
    return [box.path, box.name, x, y, width, height];
  });
}

const input = JSON.parse(readFileSync(0, "utf8")) as { solve?: Plain[]; document?: never };
const output = input.solve ? solved(input.solve) : places(input.document!);
process.stdout.write(JSON.stringify(output));
