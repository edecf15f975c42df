// Placed boxes -> strokes of a pen. Mirrors introspect/graph/layout/shapes.py for open groups;
// what shut boxes look like comes ready from Python.

import { across, type Theme } from "./data";
import { type Arranger, type Link, sizeOf, type Stroke } from "./layout/container";
import type { Point } from "./layout/route";
import { DETAIL, EDGE, GROUP, STACK } from "./layout/sizes";
import type { Box, Model } from "./model";
import { arrowHead, type Anchor, type Pen, type Run, trace } from "./pen";

const GROUP_RADIUS = 8;
const BADGE_HEIGHT = 13;
const LINE = 1.2;
const BEND = 7;
const MARGIN = 8;
const TOGETHER = 200; // wires in one path

// what is smaller than this on the screen, in pixels, is left out or drawn plainly
const LEAST_BOX = 2;
const LEAST_ROUND = 9;
const LEAST_RIM = 3.2;
const LEAST_TEXT = 4.2;

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
}

interface OnTop {
  x: number;
  y: number;
  box: Box;
  depth: number;
  label: string;
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
    for (const { box, x, y, depth, label } of onTop) {
      pen.fade(look.isLit && !look.isLit(box) ? FADED : 1);
      if (label) this.edgeLabel(pen, look, x, y, depth, label);
      else this.title(pen, look, box, x, y);
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
        pen.rect(left + off, top + off, width, height, GROUP_RADIUS, fill, rim, 1, 15);
      }
    }
    if (zoom * LINE > 0.05) this.wires(pen, look, view, group, x, y);
    if (zoom * EDGE > LEAST_TEXT) {
      const labelled = new Set<number>();
      links.forEach(({ source }, k) => {
        const label = source < 0 ? "" : plan.labels[source]!;
        if (!label || labelled.has(source)) return;
        labelled.add(source);
        const [dx, dy] = plan.wires[k]![0]!;
        if (x + dx < view.x || x + dx > right + 80 || y + dy < view.y - 20 || y + dy > foot) return;
        onTop.push({ x: x + dx, y: y + dy, box: group.children[source]!, depth, label });
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
      }
    }
  }

  /** Plain wires of a group in one stroke, where the pen is a canvas; then the marked ones. */
  private wires(pen: Pen, look: Look, view: Area, group: Box, x: number, y: number): void {
    const { plan, links } = group.placed!;
    const color = look.theme.roles["line"]!;
    const marked = look.marked.get(group);
    pen.fade(look.isLit ? FADED : 1);
    if ("context" in pen) {
      const { context } = pen as { context: CanvasRenderingContext2D };
      plan.strokes ??= strokesOf(group);
      context.translate(x, y);
      context.strokeStyle = context.fillStyle = color;
      context.lineWidth = Math.max(LINE, 0.35 / look.zoom);
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
        if (marked?.has(links[k]!) || bounds.left + x > seen.right || bounds.right + x < seen.left) return;
        if (bounds.top + y > seen.foot || bounds.foot + y < seen.top) return;
        pen.line(moved(points, x, y), color, LINE, BEND, hasArrow(group, links[k]!));
      });
    }
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
    const { zoom } = look;
    const card = data.card(box.head);
    const color = this.colors(look, box);
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
        pen.rect(
          x + left, y + s[at + 1]!, wide, s[at + 3]!, s[at + 4]!,
          color(s[at + 5]!), color(s[at + 6]!), s[at + 7]!, s[at + 8]!,
        );
        at += 9;
      } else if (kind === 1) {
        const points: Point[] = [];
        const [stroke, lineWidth, radius, arrow, count] = s.slice(at, at + 5) as
          [number, number, number, number, number];
        for (at += 5; points.length < count; at += 2) {
          points.push([x + across(s[at]!, width), y + s[at + 1]!]);
        }
        pen.line(points, color(stroke), lineWidth, radius, arrow === 1);
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
    return (role) => {
      const name = roles[role]!;
      if (name.startsWith("embedding/") || !name.includes("/")) return theme.roles[name] ?? "";
      if (name.endsWith("/fill")) return theme.heat[step]!;
      return name.endsWith("/text") ? theme.heatText[step]! : theme.roles["line"]!;
    };
  }

  /** Name and class of an open group, beside the main path that enters through its border. */
  private title(pen: Pen, look: Look, box: Box, x: number, y: number): void {
    const { plan, portsIn } = box.placed!;
    const { name, module, badge, nameWidth, moduleWidth, badgeWidth } = box.data.title(box.head);
    const { roles } = look.theme;
    const spine = this.isDown && portsIn.size ? plan.axis : Infinity;
    const taken = badge ? badgeWidth + 16 : 4;
    const ink = (text: string): Run => ({ text, size: GROUP, color: roles["ink"]!, bold: true });
    const soft = (text: string): Run => ({ text, size: GROUP, color: roles["soft"]!, bold: false });
    if (8 + nameWidth + moduleWidth <= Math.min(spine - 5, plan.width - taken)) {
      const runs = name ? [ink(name)] : [];
      if (module) runs.push(soft((name ? "\xa0" : "") + module));
      if (runs.length) pen.text(x + 8, y + 13, 0, "", runs);
    } else {
      if (name) pen.text(x + 8, y + 13, 0, "", [ink(name)]);
      if (module && spine + 8 + moduleWidth < plan.width - taken) {
        pen.text(x + spine + 8, y + 13, 0, "", [soft(module)]);
      }
    }
    if (!badge) return;
    const width = badgeWidth + 11;
    const right = x + plan.width - 6;
    const page = roles["page"]!;
    pen.rect(right - width, y + 4, width, BADGE_HEIGHT, BADGE_HEIGHT / 2, roles["ink"]!, "", 0, 15);
    pen.text(right - width / 2, y + 13.8, 1, "", [{ text: badge, size: DETAIL, color: page, bold: true }]);
  }

  private edgeLabel(pen: Pen, look: Look, x: number, y: number, depth: number, text: string): void {
    const { theme } = look;
    const last = theme.groups.length - 1;
    const halo = depth ? theme.groups[Math.min(depth - 1, last)]! : theme.roles["page"]!;
    const run = { text, size: EDGE, color: theme.roles["soft"]!, bold: false };
    if (this.isDown) pen.text(x - 5, y + 11, 2, halo, [run]);
    else pen.text(x + 4, y - 4, 0, halo, [run]);
  }
}

const FADED = 0.22;

function hasArrow(group: Box, link: Link): boolean {
  return link.target >= 0 && !group.children[link.target]!.isOpen;
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
