// Sketches over each other, on one linear axis: the first as a grey area, the later ones as lines.
//
// The axis reaches from the 0.1 % to the 99.9 % point of all that is shown. Heights are square roots of
// densities, so that tails are seen; zeros stand in words beside it, since a point has no density.

import type { Theme } from "../graph/data";
import { massOf, reach, shareAt, type Sketch } from "./sketch";
import { powerText } from "./words";

const WIDTH = 420;
const HEIGHT = 176;
const FOOT = 20;
const BINS = 64;
const XMLNS = "http://www.w3.org/2000/svg";

function s(tag: string, attributes: Record<string, string | number>, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS(XMLNS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

export function chart(sketches: Sketch[], colors: string[], theme: Theme): Element {
  const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-label": "densities over each other" });
  const there = sketches.map((sketch, k) => ({ sketch, color: colors[k]!, k })).filter(({ sketch }) => sketch.finite > 0);
  const masses = there.map(({ sketch }) => massOf(withoutZeros(sketch)));
  const ends = masses.filter((mass) => mass.knots.length);
  const low = Math.min(...ends.map((mass) => reach(mass, 0.001)));
  const high = Math.max(...ends.map((mass) => reach(mass, 0.999)));
  if (!(low <= high)) return svg;
  const room = (high - low) * 0.03 || Math.abs(low) * 0.1 || 1;
  const [from, to] = [low - room, high + room];
  const edges = Array.from({ length: BINS + 1 }, (_, k) => from + ((to - from) * k) / BINS);
  const densities = masses.map((mass, k) => {
    const shares = shareAt(mass, edges);
    const kept = 1 - there[k]!.sketch.zeros / there[k]!.sketch.finite;
    return shares.slice(1).map((share, at) => Math.max(0, share - shares[at]!) * kept);
  });
  const top = Math.max(...densities.flat(), 1e-12);
  const base = HEIGHT - FOOT;
  const x = (value: number) => ((value - from) / (to - from)) * WIDTH;
  const y = (share: number) => base - Math.sqrt(share / top) * (base - 8);
  densities.forEach((row, k) => {
    const { color } = there[k]!;
    let path = "";
    row.forEach((share, at) => {
      path += `${at ? "L" : "M"}${x(edges[at]!).toFixed(1)} ${y(share).toFixed(1)}L${x(edges[at + 1]!).toFixed(1)} ${y(share).toFixed(1)}`;
    });
    if (there[k]!.k === 0) {
      svg.append(s("path", { d: `${path}L${WIDTH} ${base}L0 ${base}Z`, fill: color }));
    } else {
      const isLast = k === densities.length - 1;
      svg.append(s("path", { d: path, fill: "none", stroke: color, "stroke-width": isLast ? 1.9 : 1.3, "stroke-linejoin": "round" }));
    }
  });
  svg.append(s("line", { x1: 0, x2: WIDTH, y1: base, y2: base, stroke: theme.chrome["rule_strong"]! }));
  const words = { "font-size": 11, fill: theme.chrome["ink_3"]! };
  for (const tick of ticks(from, to)) {
    const anchor = x(tick) < 20 ? "start" : x(tick) > WIDTH - 20 ? "end" : "middle";
    svg.append(s("line", { x1: x(tick), x2: x(tick), y1: base, y2: base + 4, stroke: theme.chrome["rule_strong"]! }));
    svg.append(s("text", { ...words, x: x(tick), y: HEIGHT - 4, "text-anchor": anchor }, powerText(tick).replace(/\.?0+(?=\u00d7)/, "")));
  }
  svg.append(s("text", { ...words, x: WIDTH, y: 11, "text-anchor": "end" }, "√ density; zeros in the table"));
  return svg;
}

/** A point of no width would be as high as the bin is narrow. */
function withoutZeros(sketch: Sketch): Sketch {
  const dense = sketch.dense.slice();
  dense[(dense.length - 1) / 2] = 0;
  const finite = sketch.finite - sketch.zeros;
  return { ...sketch, dense, finite };
}

function ticks(low: number, high: number): number[] {
  const power = 10 ** Math.floor(Math.log10((high - low) / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => (high - low) / one <= 5)!;
  const found: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(Number((k * step).toPrecision(10)));
  return found;
}
