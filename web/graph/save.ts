// What is seen -> an SVG or PNG file, made in the browser.

import { CanvasPen } from "./canvas_pen";
import { el } from "./dom";
import type { Area, Look, Scene } from "./scene";
import { SvgPen } from "./svg_pen";

const MOST_PIXELS = 64e6;
const LONGEST_SIDE = 16000;

/** A part of the picture as an SVG document. */
export function toSvg(scene: Scene, look: Look, area: Area): string {
  const pen = new SvgPen();
  scene.paint(pen, { ...look, zoom: Infinity }, area);
  const { x, y, width, height } = area;
  return pen.document(x, y, width, height, scene.model.data.raw.title, look.theme.roles["page"]!);
}

/** A part of the picture as PNG, as sharp as asked for and as canvases allow. */
export function toPng(scene: Scene, look: Look, area: Area, scale: number): Promise<Blob | null> {
  const most = Math.min(
    Math.sqrt(MOST_PIXELS / (area.width * area.height)), LONGEST_SIDE / area.width, LONGEST_SIDE / area.height,
  );
  const zoom = Math.min(scale, most);
  const canvas = el("canvas");
  canvas.width = Math.max(1, Math.round(area.width * zoom));
  canvas.height = Math.max(1, Math.round(area.height * zoom));
  const context = canvas.getContext("2d")!;
  context.fillStyle = look.theme.roles["page"]!;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(zoom, zoom);
  context.translate(-area.x, -area.y);
  scene.paint(new CanvasPen(context), { ...look, zoom }, area);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

/** Hand a file to the user. */
export function download(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** A title as the name of a file. */
export function fileName(title: string, ending: string): string {
  return `${title.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|-+$/g, "") || "model"}.${ending}`;
}
