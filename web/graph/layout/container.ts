// One group after another, innermost first; mirrors introspect/graph/layout/container.py.

import { SIDE_ENTRY } from "../data";
import type { Box } from "../model";
import type { Items } from "./rank";
import type { Point, Routing } from "./route";
import { solve, type Solution } from "./solve";
import { PADDING, STACK, TITLE_ROW } from "./sizes";

const WIDEST_NAME_SHIFT = 60;
const PORT_ORDER = 1e9;
const BESIDE_LABEL = 8; // from the axis to a shape, and from the shape to what stands left of it
const SPACE = 3.13; // of bold letters in a title: the measured names end in one

/** One edge inside one group; `source` and `target` are children, -1 for the border. */
export interface Link {
  source: number;
  target: number;
  producer: Box;
}

/** Where everything in one group is; equal groups share `plan`. */
export interface Placed {
  plan: Plan;
  links: Link[];
  portsIn: Map<Box, number>;
  portsOut: Map<Box, number>;
}

/** Sizes and places that depend on numbers alone. */
export interface Plan {
  id: number;
  width: number;
  height: number;
  axis: number;
  x: number[];
  y: number[];
  wires: Point[][];
  ports: number[];
  labels: string[];
  /** Of each wire, how many values it carries. Of the first view alone, as is `named`. */
  counts?: number[];
  /** Wires that bear the shape in their middle. */
  named?: Set<number>;
  /** Made by the canvas and kept with the plan. */
  strokes?: Stroke[];
}

/** Some wires of a group as one path, and the area that they take. */
export interface Stroke {
  lines: Path2D;
  heads: Path2D;
  left: number;
  top: number;
  right: number;
  foot: number;
}

export type Direction = "TB" | "LR";

/** Lays out groups and remembers every solution. */
export class Arranger {
  private readonly plans = new Map<string, Plan>();

  constructor(readonly direction: Direction) {}

  /** Place the children of an open group, and of every open group below it. */
  arrange(group: Box): Plan {
    if (group.placed) return group.placed.plan;
    for (const child of group.children) if (child.isOpen) this.arrange(child);
    const wiring = connect(group);
    const labels = group.children.map((child) => (child.isOpen ? NONE : child.edgeLabel()));
    const key = this.key(group, wiring, labels);
    let plan = this.plans.get(key);
    if (!plan) {
      plan = this.plan(group, wiring, labels, this.plans.size);
      this.plans.set(key, plan);
    }
    const { ports } = plan;
    const ins = wiring.portsIn.length;
    group.placed = {
      plan,
      links: wiring.links,
      portsIn: new Map(wiring.portsIn.map((box, k) => [box, ports[k]!])),
      portsOut: new Map(wiring.portsOut.map((box, k) => [box, ports[ins + k]!])),
    };
    return plan;
  }

  /** Equal for groups whose plans will be equal. */
  private key(group: Box, wiring: Wiring, labels: Label[]): string {
    const parts: (string | number)[] = [
      group.body!.id, group.data.number(group.head, "title"), group.parent ? 1 : 0,
      wiring.enters.join(), "",
    ];
    group.children.forEach((child, k) => {
      parts.push(child.isOpen ? "p" + child.placed!.plan.id : 2 * child.beside + (labels[k]!.width && 1));
    });
    return parts.join();
  }

  private plan(group: Box, wiring: Wiring, labels: Label[], id: number): Plan {
    const items = this.items(group, wiring, labels);
    const solution = solve(items, this.direction === "TB");
    return this.apply(group, wiring, solution, labels, id);
  }

  private items(group: Box, wiring: Wiring, labels: Label[]): Items {
    const down = this.direction === "TB";
    const ports = wiring.portsIn.length + wiring.portsOut.length;
    const zeros = new Array<number>(ports).fill(0);
    const count = group.children.length;
    const firstOut = count + wiring.portsIn.length;
    const columns: number[][] = [];
    group.children.forEach((child, k) => {
      const { width, height, axis } = sizeOf(child);
      const [across, along] = down ? [width, height] : [height, width];
      const sideWidth = child.isOpen ? 0 : child.data.number(child.head, "side");
      const side = down ? sideWidth : sideWidth && 30;
      const middle = down || child.isOpen ? axis : across / 2;
      const stacked = stackOf(child);
      const label = labels[k]!.width;
      const beside = label && down ? label + BESIDE_LABEL : 0;
      columns.push([Math.max(middle + side, beside), across - middle + stacked, along + stacked, stacked, middle + side, label]);
    });
    const producers = new Map<Box, number>();
    const column = (k: number) => [...columns.map((child) => child[k]!), ...zeros];
    return {
      left: column(0),
      right: column(1),
      reach: column(4),
      length: column(2),
      overhang: column(3),
      label: column(5),
      weight: [...group.children.map((c) => c.data.number(c.head, "weight")), ...zeros],
      order: [...group.body!.ranks, ...zeros.map(() => PORT_ORDER)],
      takesSideEntry: [
        ...group.children.map((c) => !c.isOpen && c.data.flag(c.head, SIDE_ENTRY)),
        ...zeros.map(() => false),
      ],
      first: new Set(wiring.portsIn.map((_, k) => count + k)),
      last: new Set(wiring.portsOut.map((_, k) => firstOut + k)),
      edges: wiring.links.map(({ source, target, producer }) => {
        if (!producers.has(producer)) producers.set(producer, producers.size);
        const from = group.children[source];
        const into = group.children[target];
        return {
          source: source < 0 ? count + wiring.portsIn.indexOf(producer) : source,
          target: target < 0 ? firstOut + wiring.portsOut.indexOf(producer) : target,
          start: from?.isOpen ? (from.placed!.portsOut.get(producer) ?? 0) : 0,
          end: into?.isOpen ? (into.placed!.portsIn.get(producer) ?? 0) : 0,
          producer: producers.get(producer)!,
        };
      }),
    };
  }

  /** Add the border around what was routed, and move everything inside it. */
  private apply(
    group: Box, wiring: Wiring, { across, routing }: Solution, labels: Label[], id: number,
  ): Plan {
    const down = this.direction === "TB";
    let { low, high, length } = routing;
    let lead = 0;
    let tail = 0;
    const hasIn = wiring.portsIn.length > 0;
    if (group.parent) {
      low -= PADDING;
      high += PADDING;
      const ins = wiring.portsIn.map((_, k) => across[group.children.length + k]!);
      [low, high, length] = makeRoomForTitle(group, ins, low, high, length, down);
      [lead, tail] = leadAndTail(hasIn, wiring.portsOut.length > 0, down);
    }
    const whole = lead + length + tail;
    const [width, height] = down ? [high - low, whole] : [whole, high - low];
    const x: number[] = [];
    const y: number[] = [];
    group.children.forEach((child, k) => {
      const place = across[k]! - low;
      const at = routing.along[k]! + lead;
      const size = sizeOf(child);
      const axis = down || child.isOpen ? size.axis : size.height / 2;
      x.push(down ? place - axis : at);
      y.push(down ? at : place - axis);
    });
    const count = group.children.length;
    const ports = [...wiring.portsIn, ...wiring.portsOut].map((_, k) => across[count + k]!);
    const wires = this.wires(wiring.links, routing, low, lead, whole);
    const words = labels.map((label) => label.text);
    return { id, width, height, axis: -low, x, y, wires, ports, labels: words };
  }

  /** Polylines moved into the group; their ends at border ports lie on the border. */
  private wires(links: Link[], routing: Routing, low: number, lead: number, whole: number): Point[][] {
    return routing.wires.map((points, k) => {
      const moved = points.map(([place, at]): Point => [place - low, at + lead]);
      if (links[k]!.source < 0) moved[0]![1] = 0;
      if (links[k]!.target < 0) moved.at(-1)![1] = whole;
      return this.direction === "TB" ? moved : moved.map(([a, b]): Point => [b, a]);
    });
  }
}

interface Label {
  text: string;
  width: number;
}

const NONE: Label = { text: "", width: 0 };

interface Wiring {
  links: Link[];
  portsIn: Box[];
  portsOut: Box[];
  /** For each value that enters, its port. */
  enters: number[];
}

/** The edges between the children of an open group, and its border ports, one a producer. */
function connect(group: Box): Wiring {
  const body = group.body!;
  const portsIn: Box[] = [];
  const enters: number[] = [];
  const producers: Box[] = [];
  for (let value = 0; value < body.owner.length; value++) {
    const producer = group.producer(value);
    producers.push(producer);
    if (value >= body.enters) continue;
    let port = portsIn.indexOf(producer);
    if (port < 0) port = portsIn.push(producer) - 1;
    enters.push(port);
  }
  const links: Link[] = [];
  const portsOut: Box[] = [];
  const source = (value: number) => (value < body.enters ? -1 : body.owner[value]!);
  body.parts.forEach((part, target) => {
    const seen = new Set<Box>();
    for (const value of part.reads) {
      const producer = producers[value]!;
      if (seen.has(producer) || source(value) === target) continue;
      seen.add(producer);
      links.push({ source: source(value), target, producer });
    }
  });
  for (const value of body.leaves) {
    const producer = producers[value]!;
    if (portsOut.includes(producer)) continue;
    portsOut.push(producer);
    links.push({ source: source(value), target: -1, producer });
  }
  return { links, portsIn, portsOut, enters };
}

/** Size of a box as it is drawn now. */
export function sizeOf(box: Box): { width: number; height: number; axis: number } {
  if (box.isOpen && box.placed) return box.placed.plan;
  const { width, height } = box.data.card(box.head);
  return { width: width + box.beside, height, axis: width / 2 };
}

/** How far the cards behind a box reach beyond it. */
export function stackOf(box: Box): number {
  return box.count > 1 ? 2 * STACK : 0;
}

/** A wider group, if its name or badge would meet a wire that crosses the row of the title. */
function makeRoomForTitle(
  group: Box, ins: number[], low: number, high: number, length: number, down: boolean,
): [number, number, number] {
  const words = group.data.title(group.head);
  const badge = words.badge ? words.badgeWidth + 18 : 0;
  const title = words.nameWidth - SPACE + words.moduleWidth + 26 + badge;
  if (!down) return [low - TITLE_ROW, high, Math.max(length, title - 2 * PADDING)];
  const name = words.nameWidth + 16;
  if (ins.length) {
    const first = Math.min(...ins);
    if (first - low < name && name < first - low + WIDEST_NAME_SHIFT) low = first - name;
    if (badge) high = Math.max(high, Math.max(...ins) + badge + 8);
  }
  if (high - low < title) {
    const spare = (title - (high - low)) / 2;
    low -= spare;
    high += spare;
  }
  return [low, high, length];
}

/** Free space between the border where the flow enters and the first row; after the last. */
function leadAndTail(hasIn: boolean, hasOut: boolean, down: boolean): [number, number] {
  if (!down) return [hasIn ? 4 : PADDING, hasOut ? 4 : PADDING];
  return [TITLE_ROW + (hasIn ? 0 : 0.6 * PADDING), hasOut ? 2 : PADDING];
}
