// What pictures are painted with: a canvas or an SVG. Lengths are points.

import type { Point } from "./layout/route";

export interface Run {
  text: string;
  size: number;
  color: string;
  bold: boolean;
}

export type Anchor = 0 | 1 | 2; // start, middle, end

/** Lines over a fill: their path in a tile of 5 points, their width, their colour. */
export type Hatch = [string, number, string];

export const TILE = 5;
export const DASHED = 16; // beside the bits of the round corners
export const DASH = [3, 2];

export interface Pen {
  rect(
    x: number, y: number, width: number, height: number, radius: number,
    fill: string, stroke: string, lineWidth: number, corners: number,
  ): void;
  line(
    points: Point[], stroke: string, lineWidth: number, radius: number, arrow: boolean, dashed?: boolean,
  ): void;
  text(x: number, y: number, anchor: Anchor, halo: string, runs: Run[]): void;
  /** What `rect` takes as the fill of a hatch. */
  paint(hatch: Hatch): string;
  /** From here on everything is this opaque. */
  fade(opacity: number): void;
}

export const FONT = '"DejaVu Sans", Verdana, Helvetica, Arial, sans-serif';

const ARROW_LENGTH = 5.5;
const ARROW_HALF_WIDTH = 2.9;

/** Where commands of a path go: a Path2D, a context, or text. */
export interface Track {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  quadraticCurveTo(cx: number, cy: number, x: number, y: number): void;
}

/** A polyline with rounded bends. */
export function trace(track: Track, points: Point[], radius: number): void {
  const [[x0, y0], last] = [points[0]!, points.at(-1)!];
  track.moveTo(x0, y0);
  for (let k = 1; k < points.length - 1; k++) {
    const [[ax, ay], [bx, by], [cx, cy]] = [points[k - 1]!, points[k]!, points[k + 1]!];
    const before = Math.hypot(bx - ax, by - ay);
    const after = Math.hypot(cx - bx, cy - by);
    const reach = Math.min(radius, before / 2, after / 2);
    const back = reach / (before || 1);
    const on = reach / (after || 1);
    track.lineTo(bx - (bx - ax) * back, by - (by - ay) * back);
    track.quadraticCurveTo(bx, by, bx + (cx - bx) * on, by + (cy - by) * on);
  }
  track.lineTo(last[0], last[1]);
}

/** The line shortened to end inside its arrow head, and the head's corners. */
export function arrowHead(points: Point[]): { points: Point[]; head: [Point, Point, Point] } {
  const [x0, y0] = points.at(-2)!;
  const [x1, y1] = points.at(-1)!;
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const tip: Point = [x1 - ux * 0.5, y1 - uy * 0.5];
  const base: Point = [tip[0] - ux * ARROW_LENGTH, tip[1] - uy * ARROW_LENGTH];
  const side = (sign: number): Point => [
    base[0] - sign * uy * ARROW_HALF_WIDTH, base[1] + sign * ux * ARROW_HALF_WIDTH,
  ];
  return {
    points: [...points.slice(0, -1), [base[0] + ux, base[1] + uy]],
    head: [tip, side(1), side(-1)],
  };
}
