// The whole picture, small, with a frame around what is seen.

import { CanvasPen } from "./canvas_pen";
import { el, on } from "./dom";
import type { Area, Look, Scene } from "./scene";

const WIDTH = 168;
const HEIGHT = 132;

export class Minimap {
  readonly frame = el("div", { class: "frame" });
  readonly canvas = el("canvas", { "aria-hidden": "true" });
  readonly element = el("div", { class: "minimap", "aria-hidden": "true" }, this.canvas, this.frame);
  private scale = 1;
  private area: Area = { x: 0, y: 0, width: 1, height: 1 };

  constructor(private readonly scene: Scene, go: (x: number, y: number) => void) {
    const move = (event: PointerEvent) => {
      const box = this.canvas.getBoundingClientRect();
      go(
        (event.clientX - box.left) / this.scale + this.area.x,
        (event.clientY - box.top) / this.scale + this.area.y,
      );
    };
    on(this.element, "pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      move(event);
    });
    on(this.element, "pointermove", (event) => event.buttons && move(event));
  }

  /** Paint again: the picture, not the view, has changed. */
  draw(look: Look): void {
    const area = (this.area = this.scene.area());
    const scale = (this.scale = Math.min(WIDTH / area.width, HEIGHT / area.height));
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(16, area.width * scale);
    const height = Math.max(16, area.height * scale);
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const context = this.canvas.getContext("2d")!;
    context.scale(scale * ratio, scale * ratio);
    context.translate(-area.x, -area.y);
    const plain = { ...look, zoom: Math.min(scale, 0.3), isLit: null, marked: new Map() };
    this.scene.paint(new CanvasPen(context), plain, area);
  }

  /** Move the frame to what is seen; hidden while everything is. */
  follow(view: Area): void {
    const { area, scale } = this;
    const left = Math.max(view.x, area.x);
    const top = Math.max(view.y, area.y);
    const right = Math.min(view.x + view.width, area.x + area.width);
    const foot = Math.min(view.y + view.height, area.y + area.height);
    const { style } = this.frame;
    style.left = `${(left - area.x) * scale}px`;
    style.top = `${(top - area.y) * scale}px`;
    style.width = `${Math.max(3, (right - left) * scale)}px`;
    style.height = `${Math.max(3, (foot - top) * scale)}px`;
    const seen = (right - left) * (foot - top);
    this.element.hidden = seen > 0.98 * area.width * area.height;
  }
}
