// A pen that paints on a canvas.

import { type Anchor, arrowHead, DASH, DASHED, FONT, type Hatch, type Pen, type Run, TILE, trace } from "./pen";
import type { Point } from "./layout/route";

const SHARP = 8; // pixels a point in the tile of a hatch
const hatches = new Map<string, CanvasPattern>();
const widths = new Map<string, number>();

export class CanvasPen implements Pen {
  private font = "";

  constructor(readonly context: CanvasRenderingContext2D) {
    context.textBaseline = "alphabetic";
    context.lineJoin = "round";
  }

  rect(
    x: number, y: number, width: number, height: number, radius: number,
    fill: string, stroke: string, lineWidth: number, corners: number,
  ): void {
    const c = this.context;
    c.beginPath();
    if ((corners & 15) === 15) c.roundRect(x, y, width, height, radius);
    else c.roundRect(x, y, width, height, [1, 2, 4, 8].map((bit) => (corners & bit ? radius : 0)));
    if (fill) {
      c.fillStyle = fill;
      c.fill();
    }
    if (stroke) this.stroke(stroke, lineWidth, corners & DASHED);
  }

  line(
    points: Point[], stroke: string, lineWidth: number, radius: number, arrow: boolean, dashed = false,
  ): void {
    const c = this.context;
    const ended = arrow ? arrowHead(points) : { points, head: null };
    c.beginPath();
    trace(c, ended.points, radius);
    this.stroke(stroke, lineWidth, dashed);
    if (!ended.head) return;
    c.beginPath();
    for (const [x, y] of ended.head) c.lineTo(x, y);
    c.fillStyle = stroke;
    c.fill();
  }

  text(x: number, y: number, anchor: Anchor, halo: string, runs: Run[]): void {
    const c = this.context;
    let left = x;
    if (anchor) {
      let total = 0;
      for (const run of runs) total += this.width(run);
      left -= anchor === 1 ? total / 2 : total;
    }
    for (const run of runs) {
      this.setFont(run);
      if (halo) {
        c.strokeStyle = halo;
        c.lineWidth = 3;
        c.strokeText(run.text, left, y);
      }
      c.fillStyle = run.color;
      c.fillText(run.text, left, y);
      if (runs.length > 1) left += this.width(run);
    }
  }

  /** A canvas takes a pattern wherever it takes a colour. */
  paint(hatch: Hatch): string {
    const [path, width, color] = hatch;
    const key = hatch.join();
    let made = hatches.get(key);
    if (!made) {
      const tile = document.createElement("canvas");
      tile.width = tile.height = TILE * SHARP;
      const c = tile.getContext("2d")!;
      c.scale(SHARP, SHARP);
      c.strokeStyle = color;
      c.lineWidth = width;
      c.stroke(new Path2D(path));
      made = this.context.createPattern(tile, "repeat")!;
      made.setTransform(new DOMMatrix().scale(1 / SHARP));
      hatches.set(key, made);
    }
    return made as unknown as string;
  }

  fade(opacity: number): void {
    this.context.globalAlpha = opacity;
  }

  private stroke(color: string, lineWidth: number, dashed: unknown): void {
    const c = this.context;
    c.strokeStyle = color;
    c.lineWidth = lineWidth;
    c.setLineDash(dashed ? DASH : []);
    c.stroke();
    c.setLineDash([]);
  }

  private setFont(run: Run): void {
    const font = `${run.bold ? "bold " : ""}${run.size}px ${FONT}`;
    if (font !== this.font) this.context.font = this.font = font;
  }

  /** Measured once at 100 px, so that it does not depend on the zoom. */
  private width(run: Run): number {
    const key = (run.bold ? "b" : "r") + run.text;
    let width = widths.get(key);
    if (width === undefined) {
      this.context.font = this.font = `${run.bold ? "bold " : ""}100px ${FONT}`;
      width = this.context.measureText(run.text).width / 100;
      if (widths.size > 20000) widths.clear();
      widths.set(key, width);
    }
    return width * run.size;
  }
}
