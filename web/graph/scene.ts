// Placed boxes -> strokes of a pen. Mirrors introspect/graph/layout/shapes.py for open groups;
// what shut boxes look like comes ready from Python.

import { across, MADE, type Theme } from "./data";
import { type Arranger, type Link, type Plan, sizeOf, stackOf, type Stroke } from "./layout/container";
import type { Point } from "./layout/route";
import { DETAIL, EDGE, GROUP, STACK } from "./layout/sizes";
import type { Box, Model } from "./model";
import { arrowHead, type Anchor, type Pen, type Run, trace } from "./pen";

const GROUP_RADIUS = 8;
const BADGE_HEIGHT = 13;
const LINE = 1.2;
const BUNDLE = 2.6;
const BEND = 7;
const MARGIN = 8;
const UPRIGHT = 24; // a stretch along the flow that is long enough for a bundle's mark
const TOGETHER = 200; // wires in one path

// what is smaller than this on the screen, in pixels, is left out or drawn plainly
const LEAST_BOX = 2;
const LEAST_ROUND = 9;
const LEAST_RIM = 3.2;
const LEAST_TEXT = 4.2;
const LEAST_WORD = 26; // points: a name that is cut shorter says nothing

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** How a picture is painted. */
export interface Look {
  theme: Theme;
  /** Place of a box on the scale of the measure that colours it, 0 to 1; null for its family. */
  heat: (box: Box) => number | null;
  /** Whether a box, or a wire, keeps its full strength. Null: all do. */
  isLit: ((box: Box) => boolean) | null;
  /** Wires drawn in the accent colour. */
  marked: Map<Box, Set<Link>>;
  /** Pixels to a point; infinite draws everything. */
  zoom: number;
  /** Paints what stands beside a shut box whose upper left corner is there. */
  beside?: (pen: Pen, box: Box, x: number, y: number) => void;
}

interface OnTop {
  x: number;
  y: number;
  box: Box;
  depth: number;
  label: string;
  anchor?: Anchor;
  bold?: boolean;
}

export class Scene {
  constructor(readonly model: Model, readonly arranger: Arranger) {}

  get isDown(): boolean {
    return this.arranger.direction === "TB";
  }

  /** The part of the plane that the picture takes. */
  area(): Area {
    const { width, height } = this.arranger.arrange(this.model.root);
    return { x: -MARGIN, y: -MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  }

  /** Where a shown box is. */
  areaOf(box: Box): Area {
    let x = 0;
    let y = 0;
    for (let at = box; at.parent; at = at.parent) {
      const { plan } = at.parent.placed!;
      x += plan.x[at.index]!;
      y += plan.y[at.index]!;
    }
    const { width, height } = sizeOf(box);
    return { x, y, width, height };
  }

  /** The innermost shown box at a point; the root if there is none. */
  at(x: number, y: number): Box {
    let group = this.model.root;
    for (;;) {
      const { plan } = group.placed!;
      const found = group.children.findLast((child, k) => {
        const { width, height } = sizeOf(child);
        const [dx, dy] = [x - plan.x[k]!, y - plan.y[k]!];
        return dx >= 0 && dy >= 0 && dx <= width && dy <= height;
      });
      if (!found) return group;
      if (!found.isOpen) return found;
      x -= plan.x[found.index]!;
      y -= plan.y[found.index]!;
      group = found;
    }
  }

  paint(pen: Pen, look: Look, view: Area): void {
    this.arranger.arrange(this.model.root);
    const onTop: OnTop[] = [];
    this.group(pen, look, view, this.model.root, 0, 0, 0, onTop);
    for (const one of onTop) {
      pen.fade(look.isLit && !look.isLit(one.box) ? FADED : 1);
      if (one.label) this.edgeLabel(pen, look, one);
      else this.title(pen, look, one.box, one.x, one.y);
    }
    pen.fade(1);
  }

  private group(
    pen: Pen, look: Look, view: Area, group: Box, x: number, y: number, depth: number, onTop: OnTop[],
  ): void {
    const { plan, links } = group.placed!;
    const { zoom, theme } = look;
    const inside: number[] = [];
    const [right, foot] = [view.x + view.width, view.y + view.height];
    for (let k = 0; k < group.children.length; k++) {
      const child = group.children[k]!;
      const { width, height } = sizeOf(child);
      const [left, top] = [x + plan.x[k]!, y + plan.y[k]!];
      if (left > right || top > foot || left + width + BADGE_HEIGHT < view.x) continue;
      if (top + height + BADGE_HEIGHT < view.y) continue;
      if (height * zoom < LEAST_BOX && width * zoom < 4 * LEAST_BOX) continue;
      inside.push(k);
      if (!child.isOpen) continue;
      pen.fade(look.isLit && !look.isLit(child) ? FADED + 0.35 : 1);
      const fill = theme.groups[Math.min(depth, theme.groups.length - 1)]!;
      const rim = zoom * width < LEAST_ROUND ? "" : theme.roles["rim"]!;
      for (let card = Math.min(child.count - 1, 2); card >= 0; card--) {
        const off = STACK * card;
        pen.rect(left + off, top + off, width, height, GROUP_RADIUS, fill, rim, theme.thick, 15);
      }
    }
    if (zoom * LINE > 0.05) this.wires(pen, look, view, group, x, y);
    if (zoom * EDGE > LEAST_TEXT) {
      const labelled = new Set<number | Box>();
      links.forEach(({ source, producer }, k) => {
        const points = moved(plan.wires[k]!, x, y);
        const count = plan.counts?.[k] ?? 1;
        const isNamed = plan.named?.has(k);
        if (count > 1 && source >= 0 && !labelled.has(producer)) {
          labelled.add(producer);
          const place = middleOf(points, true);
          onTop.push({ ...place, box: producer, depth, label: `\xd7${count}`, bold: true });
        }
        let label = source < 0 ? "" : plan.labels[source]!;
        if (isNamed) label = producer.data.label(producer.head).text;
        if (!label || (!isNamed && labelled.has(source))) return;
        if (!isNamed) labelled.add(source);
        const place = isNamed ? middleOf(points, false) : startOf(points, stackOf(producer));
        if (place.x < view.x || place.x > right + 80) return;
        if (place.y < view.y || place.y > foot + 20) return;
        onTop.push({ ...place, box: producer, depth, label });
      });
    }
    for (const k of inside) {
      const child = group.children[k]!;
      const [left, top] = [x + plan.x[k]!, y + plan.y[k]!];
      if (child.isOpen) {
        this.group(pen, look, view, child, left, top, depth + 1, onTop);
        if (zoom * GROUP > LEAST_TEXT) onTop.push({ x: left, y: top, box: child, depth, label: "" });
      } else {
        pen.fade(look.isLit && !look.isLit(child) ? FADED : 1);
        this.card(pen, look, child, left, top);
        look.beside?.(pen, child, left, top);
      }
    }
  }

  /** Plain wires of a group in one stroke, where the pen is a canvas; then the marked ones. */
  private wires(pen: Pen, look: Look, view: Area, group: Box, x: number, y: number): void {
    const { plan, links } = group.placed!;
    const color = look.theme.roles["line"]!;
    const marked = look.marked.get(group);
    const { thick } = look.theme;
    const gone = look.theme.roles["removed/accent"];
    pen.fade(look.isLit ? FADED : 1);
    if ("context" in pen) {
      const { context } = pen as { context: CanvasRenderingContext2D };
      plan.strokes ??= strokesOf(group);
      context.translate(x, y);
      context.strokeStyle = context.fillStyle = color;
      context.lineWidth = Math.max(LINE * thick, 0.35 / look.zoom);
      const { left, top, right, foot } = edgesOf(view);
      for (const part of plan.strokes) {
        if (part.left + x > right || part.right + x < left) continue;
        if (part.top + y > foot || part.foot + y < top) continue;
        context.stroke(part.lines);
        if (look.zoom * BEND > 1.5) context.fill(part.heads);
      }
      context.translate(-x, -y);
    } else {
      plan.wires.forEach((points, k) => {
        const bounds = boundsOf([points]);
        const seen = edgesOf(view);
        if (marked?.has(links[k]!) || isGhost(group, links[k]!) || bounds.left + x > seen.right || bounds.right + x < seen.left) return;
        if (bounds.top + y > seen.foot || bounds.foot + y < seen.top) return;
        pen.line(moved(points, x, y), color, LINE * thick, BEND, hasArrow(group, links[k]!));
      });
    }
    if (gone) {
      links.forEach((link, k) => {
        if (!isGhost(group, link)) return;
        pen.line(moved(plan.wires[k]!, x, y), gone, LINE * thick, BEND, hasArrow(group, link), true);
      });
    }
    plan.counts?.forEach((count, k) => {
      const bundle = () => pen.line(moved(plan.wires[k]!, x, y), color, BUNDLE, BEND, hasArrow(group, links[k]!));
      if (count > 1) bundle();
    });
    if (!marked) return;
    pen.fade(1);
    const accent = look.theme.chrome["accent"]!;
    links.forEach((link, k) => {
      if (!marked.has(link)) return;
      pen.line(moved(plan.wires[k]!, x, y), accent, LINE * 1.7, BEND, hasArrow(group, link));
    });
  }

  /** A shut box: its skeleton, in the colours of its family or of its heat. */
  private card(pen: Pen, look: Look, box: Box, x: number, y: number): void {
    const { data } = box;
    const { zoom, theme } = look;
    const card = data.card(box.head);
    const color = this.colors(look, box);
    const heat = !box.isIo && look.heat(box) !== null;
    if (card.height * zoom < LEAST_ROUND) {
      const family = data.number(box.head, "family");
      const accent = data.roles.indexOf(data.roles[family]!.replace("/fill", "/accent"));
      const rim = accent > 0 && card.height * zoom > LEAST_RIM ? color(accent) : "";
      pen.rect(x, y, card.width, card.height, 0, color(rim || accent < 1 ? family : accent), rim, 0.6 / zoom, 15);
      return;
    }
    const s = card.skeleton;
    const { width } = card;
    let word = 0;
    for (let at = 0; at < s.length; ) {
      const kind = s[at++];
      if (kind === 0) {
        const left = across(s[at]!, width);
        const wide = across(s[at + 2]!, width);
        const place = [x + left, y + s[at + 1]!, wide, s[at + 3]!, s[at + 4]!] as const;
        const lines = heat ? undefined : theme.patterns?.[data.roles[s[at + 5]!]!];
        const corners = s[at + 8]!;
        if (lines) {
          pen.rect(...place, color(s[at + 5]!), "", 0, corners);
          pen.rect(...place, pen.paint([...lines, theme.hatch]), "", 0, corners);
        }
        const fill = lines ? "" : color(s[at + 5]!);
        pen.rect(...place, fill, color(s[at + 6]!), s[at + 7]! * theme.thick, corners);
        at += 9;
      } else if (kind === 1) {
        const points: Point[] = [];
        const [stroke, lineWidth, radius, arrow, count] = s.slice(at, at + 5) as
          [number, number, number, number, number];
        for (at += 5; points.length < count; at += 2) {
          points.push([x + across(s[at]!, width), y + s[at + 1]!]);
        }
        pen.line(points, color(stroke), lineWidth * theme.thick, radius, arrow === 1);
      } else {
        const [left, base, anchor, halo, count] = s.slice(at, at + 5) as
          [number, number, Anchor, number, number];
        const runs: Run[] = [];
        for (at += 5; runs.length < count; at += 3) {
          const [size, ink, bold] = s.slice(at, at + 3) as [number, number, number];
          runs.push({ text: card.words[word++]!, size, color: color(ink), bold: bold === 1 });
        }
        if (runs[0]!.size * zoom < LEAST_TEXT) continue;
        pen.text(x + across(left, width), y + base, anchor, halo ? color(halo) : "", runs);
      }
    }
  }

  /** Role number -> colour, for one box. */
  private colors(look: Look, box: Box): (role: number) => string {
    const { roles } = box.data;
    const { theme } = look;
    const heat = box.isIo ? null : look.heat(box);
    if (heat === null) return (role) => theme.roles[roles[role]!] ?? "";
    const step = Math.round(heat * (theme.heat.length - 1));
    const family = box.data.number(box.head, "family");
    return (role) => {
      const [of, part] = roles[role]!.split("/");
      // parameters that enter from the side keep their colour, but an embedding itself does not
      if (!part || (of === "embedding" && !roles[family]!.startsWith(of))) return theme.roles[roles[role]!] ?? "";
      if (part === "fill") return theme.heat[step]!;
      return part === "text" ? theme.heatText[step]! : theme.roles["line"]!;
    };
  }

  /** Name, class and badge of an open group, between the wires there; mirrors layout/title.py. */
  private title(pen: Pen, look: Look, box: Box, x: number, y: number): void {
    const { plan } = box.placed!;
    const { name, module, badge, nameWidth, moduleWidth, badgeWidth } = box.data.title(box.head);
    const { roles } = look.theme;
    const free = this.isDown ? freeStretches(plan) : [[8, plan.width - 6] as Point];
    if (badge) {
      const width = badgeWidth + 11;
      const fits = free.filter(([a, b]) => b - a >= width);
      const beside = box.data.flag(box.head, MADE) && fits.find(([a]) => a > plan.axis);
      const stretch = beside || (fits.at(-1) ?? free.at(-1)!);
      const right = beside ? stretch[0] + width : stretch[1];
      if (beside) stretch[0] = right + 8;
      else stretch[1] = right - width - 8;
      pen.rect(x + right - width, y + 4, width, BADGE_HEIGHT, BADGE_HEIGHT / 2, roles["ink"]!, "", 0, 15);
      const run = { text: badge, size: DETAIL, color: roles["page"]!, bold: true };
      pen.text(x + right - width / 2, y + 13.8, 1, "", [run]);
    }
    const runs: Run[][] = free.map(() => []);
    let at = 0;
    const write = (text: string, width: number, color: string, bold: boolean) => {
      let k = free.findIndex(([a, b], n) => n >= at && a + width <= b + (bold ? 3.2 : 0));
      if (!text || (k < 0 && !bold)) return;
      if (k < 0) {
        const room = free.map(([a, b]) => b - a);
        const most = Math.max(...room);
        if (most < LEAST_WORD) return;
        k = room.indexOf(most);
        text = text.slice(0, (text.length * most) / width - 1) + "\u2026";
        width = most;
      }
      at = k;
      runs[k]!.push({ text: (runs[k]!.length ? "\xa0" : "") + text, size: GROUP, color, bold });
      if (runs[k]!.length === 1) starts[k] = free[k]![0];
      free[k]![0] += width;
    };
    const starts: number[] = [];
    write(name, nameWidth, roles["ink"]!, true);
    write(module, moduleWidth, roles["soft"]!, false);
    runs.forEach((words, k) => words.length && pen.text(x + starts[k]!, y + 13, 0, "", words));
  }

  private edgeLabel(pen: Pen, look: Look, { x, y, depth, label, anchor = 0, bold = false }: OnTop): void {
    const { theme } = look;
    const last = theme.groups.length - 1;
    const halo = depth ? theme.groups[Math.min(depth - 1, last)]! : theme.roles["page"]!;
    pen.text(x, y, anchor, halo, [{ text: label, size: EDGE, color: theme.roles["soft"]!, bold }]);
  }
}

const FADED = 0.22;

/** Where nothing crosses the row of the title, from left to right. */
function freeStretches({ wires, width }: Plan): Point[] {
  const ends = new Set(wires.flatMap((points) => [points[0]!, points.at(-1)!]));
  const found: Point[] = [];
  let left = 8;
  for (const x of [...ends].filter(([, y]) => y <= 0.5).map(([x]) => x).sort((a, b) => a - b)) {
    if (x < left - 8) continue;
    found.push([left, x - 5]);
    left = x + 8;
  }
  return [...found, [left, width - 6]];
}

interface Spot {
  x: number;
  y: number;
  anchor: Anchor;
}

/** A shape where its value leaves: left of a line down or up, above a line to the right. */
function startOf(points: Point[], behind: number): Spot {
  const [[x, y], [x1, y1]] = points as [Point, Point];
  if (Math.abs(x1 - x) > Math.abs(y1 - y)) return { x: x + 4 + behind, y: y - 4, anchor: 0 };
  return { x: x - 5, y: y1 >= y ? y + 11 + behind : y - 5, anchor: 2 };
}

/** Above the middle of the longest stretch across, or right of the longest along. */
function middleOf(points: Point[], prefersUpright: boolean): Spot {
  let best = -1;
  let spot: Spot = { x: 0, y: 0, anchor: 0 };
  points.slice(1).forEach(([x1, y1], k) => {
    const [x0, y0] = points[k]!;
    const [wide, tall] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
    const length = wide + tall + (prefersUpright && !wide && tall > UPRIGHT ? 1e6 : 0);
    if (length <= best) return;
    best = length;
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
    spot = wide >= tall ? { x, y: y - 4.5, anchor: 1 } : { x: x + 6, y: y + 3, anchor: 0 };
  });
  return spot;
}

function hasArrow(group: Box, link: Link): boolean {
  return link.target >= 0 && !group.children[link.target]!.isOpen;
}

/** Whether a wire comes from or goes to a box that is there no more. */
function isGhost(group: Box, { producer, target }: Link): boolean {
  return [producer, group.children[target]].some((box) => box?.isGone);
}

function moved(points: Point[], dx: number, dy: number): Point[] {
  return points.map(([x, y]): Point => [x + dx, y + dy]);
}

function edgesOf({ x, y, width, height }: Area) {
  return { left: x, top: y, right: x + width, foot: y + height };
}

function boundsOf(wires: Point[][]) {
  let [left, top, right, foot] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const points of wires) {
    for (const [x, y] of points) {
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      foot = Math.max(foot, y);
    }
  }
  return { left, top, right, foot };
}

/** The wires of a group, a few hundred to a path, so that few are stroked that are not seen. */
function strokesOf(group: Box): Stroke[] {
  const { plan, links } = group.placed!;
  const strokes: Stroke[] = [];
  for (let start = 0; start < links.length; start += TOGETHER) {
    const [lines, heads] = [new Path2D(), new Path2D()];
    const wires = plan.wires.slice(start, start + TOGETHER);
    wires.forEach((points, k) => {
      if (isGhost(group, links[start + k]!)) return;
      if (!hasArrow(group, links[start + k]!)) return trace(lines, points, BEND);
      const ended = arrowHead(points);
      trace(lines, ended.points, BEND);
      const [tip, left, right] = ended.head;
      heads.moveTo(...tip);
      heads.lineTo(...left);
      heads.lineTo(...right);
      heads.closePath();
    });
    strokes.push({ lines, heads, ...boundsOf(wires) });
  }
  return strokes;
}

/** The wires along which a value goes from one shown box to another, by the group they are in. */
export function wiresBetween(from: Box, to: Box, found: Map<Box, Set<Link>>): void {
  const around = new Map<Box, Box>(); // group around the reader -> its child on the way
  for (let at = to; at.parent; at = at.parent) around.set(at.parent, at);
  const add = (group: Box, fits: (link: Link) => boolean) => {
    for (const link of group.placed?.links ?? []) {
      if (link.producer !== from || !fits(link)) continue;
      if (!found.has(group)) found.set(group, new Set());
      found.get(group)!.add(link);
    }
  };
  let group: Box | null = from.parent;
  for (; group && !around.has(group); group = group.parent) add(group, (link) => link.target < 0);
  for (; group && around.has(group); ) {
    const child: Box = around.get(group)!;
    add(group, (link) => link.target === child.index);
    group = child === to ? null : child;
  }
}
