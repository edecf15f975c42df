// A pen that writes SVG and takes pictures of pixels, too.

import { SvgPen } from "../graph/svg_pen";

export class PicturePen extends SvgPen {
  image(canvas: HTMLCanvasElement, x: number, y: number, width: number, height: number): void {
    const [left, top, wide, tall] = [x, y, width, height].map((value) => Math.round(value * 100) / 100);
    this.parts.push(
      `<image x="${left}" y="${top}" width="${wide}" height="${tall}" preserveAspectRatio="none" ` +
        `image-rendering="pixelated" href="${canvas.toDataURL()}"/>`,
    );
  }
}
