// A pen that paints on a canvas.

import { type Anchor, arrowHead, FONT, type Pen, type Run, trace } from "./pen";
import type { Point } from "./layout/route";

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
    if (corners === 15) c.roundRect(x, y, width, height, radius);
    else c.roundRect(x, y, width, height, [1, 2, 4, 8].map((bit) => (corners & bit ? radius : 0)));
    if (fill) {
      c.fillStyle = fill;
      c.fill();
    }
    if (stroke) {
      c.strokeStyle = stroke;
      c.lineWidth = lineWidth;
      c.stroke();
    }
  }

  line(points: Point[], stroke: string, lineWidth: number, radius: number, arrow: boolean): void {
    const c = this.context;
    const ended = arrow ? arrowHead(points) : { points, head: null };
    c.beginPath();
    trace(c, ended.points, radius);
    c.strokeStyle = stroke;
    c.lineWidth = lineWidth;
    c.stroke();
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

  fade(opacity: number): void {
    this.context.globalAlpha = opacity;
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
