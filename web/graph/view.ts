// Which part of the plane is on the screen, at which size.

import type { Area } from "./scene";

export const LEAST_ZOOM = 0.002;
export const MOST_ZOOM = 8;
const READABLE = 0.62;
const MARGIN = 20;

export class View {
  zoom = 1;
  /** Where the point (0, 0) of the plane is on the screen, in pixels. */
  x = 0;
  y = 0;
  width = 1;
  height = 1;

  /** What is seen, in points. */
  get area(): Area {
    const { zoom } = this;
    return { x: -this.x / zoom, y: -this.y / zoom, width: this.width / zoom, height: this.height / zoom };
  }

  toPlane(screenX: number, screenY: number): [number, number] {
    return [(screenX - this.x) / this.zoom, (screenY - this.y) / this.zoom];
  }

  pan(dx: number, dy: number): void {
    this.x += dx;
    this.y += dy;
  }

  /** Zoom so that the plane under a point of the screen stays there. */
  zoomAt(factor: number, screenX = this.width / 2, screenY = this.height / 2): void {
    const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, this.zoom * factor));
    const by = zoom / this.zoom;
    this.x = screenX - (screenX - this.x) * by;
    this.y = screenY - (screenY - this.y) * by;
    this.zoom = zoom;
  }

  /** The whole picture; `readable` shows its beginning if the whole would be too small. */
  fit(area: Area, readable = false): void {
    const [width, height] = [this.width - 2 * MARGIN, this.height - 2 * MARGIN];
    let zoom = Math.min(width / area.width, height / area.height, 1.4);
    if (readable && zoom < READABLE) {
      zoom = Math.min(1, Math.max(READABLE, width / area.width, height / area.height));
    }
    this.zoom = Math.max(LEAST_ZOOM, zoom);
    const free = (screen: number, size: number, start: number) =>
      Math.max(MARGIN, (screen - size * this.zoom) / 2) - start * this.zoom;
    this.x = free(this.width, area.width, area.x);
    this.y = free(this.height, area.height, area.y);
    // a picture wider than the screen: its middle, where the main path is
    if (area.width * this.zoom > width) this.x = (this.width - area.width * this.zoom) / 2 - area.x * this.zoom;
    if (area.height * this.zoom > height) this.y = MARGIN - area.y * this.zoom;
  }

  centre(x: number, y: number): void {
    this.x = this.width / 2 - x * this.zoom;
    this.y = this.height / 2 - y * this.zoom;
  }

  /** Move as little as needed to see an area, beside `right` pixels that something covers. */
  reveal(area: Area, right = 0): void {
    const nudge = (start: number, size: number, screen: number) => {
      if (start + size > screen - MARGIN) start = screen - MARGIN - size;
      return Math.max(MARGIN, start);
    };
    const [left, top] = [area.x * this.zoom + this.x, area.y * this.zoom + this.y];
    this.x += nudge(left, area.width * this.zoom, this.width - right) - left;
    this.y += nudge(top, area.height * this.zoom, this.height) - top;
  }
}
