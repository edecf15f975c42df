// Arrays and pictures: coloured here, nearest pixel, one shared range.

import { el, s, textWidth } from "./dom";
import { LABEL, words } from "./chart";
import { ceil, floor, max, min, round } from "./math";
import { valueText } from "./numbers";
import { Stepped } from "./stepped";
import type { Shot } from "./store";
import { ramp, type Ramp } from "./tokens";

const GAP = 6;

/** A picture as pixels. */
interface Tile {
  canvas: HTMLCanvasElement;
  captions: [string, string];
  /** The value at a pixel in words; "" where there is none. */
  at(x: number, y: number): string;
}

const GREY: Ramp = Uint8Array.from({ length: 768 }, (_, k) => floor(k / 3));

function colored(shape: number[], color: (pixel: number, into: Uint8ClampedArray) => void): HTMLCanvasElement {
  const [height = 1, width = 1] = shape, canvas = el("canvas", { width, height });
  const pen = canvas.getContext("2d")!, image = pen.createImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) color(pixel, image.data);
  pen.putImageData(image, 0, 0);
  return canvas;
}

function bytesTile(bytes: ArrayLike<number>, shape: number[], table: Ramp): HTMLCanvasElement {
  const channels = shape[2] ?? 1;
  return colored(shape, (pixel, into) => {
    const k = 4 * pixel, from = channels === 1 ? 3 * bytes[pixel]! : channels * pixel, source = channels === 1 ? table : bytes;
    for (let c = 0; c < 3; c++) into[k + c] = source[from + c]!;
    into[k + 3] = channels === 4 ? bytes[from + 3]! : 255;
  });
}

abstract class Pictures extends Stepped {
  private tiles: Tile[] = [];
  private places: [number, number, number, number][] = [];

  protected table(shot: Shot): Ramp {
    const name = shot["ramp"] as string;
    return (shot.arrays["lut"] as Uint8Array | undefined) ?? (name === "ink" || name === "diverging" ? ramp(name, this.mode) : GREY);
  }

  protected layOut(tiles: Tile[], columns: number | null, pairs: boolean): void {
    this.tiles = tiles;
    this.places = [];
    const width = this.width, most = this.isFull ? this.height : tiles.length > 1 ? 128 : min(this.height, 280);
    const aspect = min(8, max(0.2, ...tiles.map(({ canvas }) => canvas.width / canvas.height)));
    const count = pairs ? tiles.length / 2 : tiles.length;
    const smallest = max(28, min(most, 64 * Math.sqrt(aspect)));
    const per = columns ?? goodColumns(count, max(1, floor((width + GAP) / ((pairs ? 2 : 1) * smallest * (tiles.length > 12 ? 1 : 1.4) + GAP))));
    const across = per * (pairs ? 2 : 1);
    let wide = min((width - GAP * (across - 1)) / across, most * aspect);
    if (tiles[0] && wide > tiles[0].canvas.width) wide = tiles[0].canvas.width * max(1, floor(wide / tiles[0].canvas.width));
    const high = wide / aspect, lines = max(0, ...tiles.map(({ captions }) => captions.filter(Boolean).length));
    const rows = ceil(tiles.length / across), step = high + GAP + 14 * lines + (lines ? 4 : 0);
    const svg = s("svg", { width, height: max(1, rows * step - GAP), class: "tiles" });
    tiles.forEach((tile, k) => {
      const row = floor(k / across), column = k % across;
      const own = min(wide / tile.canvas.width, high / tile.canvas.height);
      const [x, y, w, h] = [column * (wide + GAP) + (pairs && column % 2 ? -GAP + 2 : 0), row * step, tile.canvas.width * own, tile.canvas.height * own];
      this.places.push([x, y, w, h]);
      svg.append(s("image", { x, y, width: w, height: h, href: tile.canvas.toDataURL(), style: null, "image-rendering": "pixelated", preserveAspectRatio: "none" }));
      let below = y + high + 14;
      tile.captions.forEach((text, which) => {
        if (!text) return;
        svg.append(s("g", {}, s("title", {}, text), words({ text: cut(text, wide + (pairs ? wide : 0)), x, y: below, fill: which === 0 && tile.captions[1] ? "var(--bad)" : "var(--ink-3)" })));
        below += 14;
      });
    });
    const tip = el("div", { class: "tip", hidden: true });
    svg.addEventListener("pointermove", (event) => this.hover(event, svg, tip));
    svg.addEventListener("pointerleave", () => (tip.hidden = true));
    this.plot.replaceChildren(svg, tip);
  }

  private hover(event: PointerEvent, svg: SVGElement, tip: HTMLElement): void {
    const box = svg.getBoundingClientRect(), left = event.clientX - box.left, top = event.clientY - box.top;
    const k = this.places.findIndex(([x, y, w, h]) => left >= x && left < x + w && top >= y && top < y + h);
    tip.hidden = true;
    if (k < 0) return;
    const [x, y, w, h] = this.places[k]!, { canvas, at } = this.tiles[k]!;
    const text = at(floor(((left - x) / w) * canvas.width), floor(((top - y) / h) * canvas.height));
    if (!text) return;
    tip.hidden = false;
    tip.textContent = text;
    tip.style.left = `${min(left + 12, this.width - tip.offsetWidth)}px`;
    tip.style.top = `${top + 12}px`;
  }

  rows(): (string | number)[][] {
    const rows: (string | number)[][] = [["picture", "row", "column", "value"]];
    this.tiles.forEach(({ canvas, at }, k) => {
      for (let y = 0; y < canvas.height; y++) for (let x = 0; x < canvas.width; x++) rows.push([k, y, x, at(x, y).split(": ")[1] ?? ""]);
    });
    return rows;
  }
}

/** The newest arrays or Images side by side. */
export class Images extends Pictures {
  protected paint(shot: Shot): void {
    const shots = this.upTo(this.shots.length > 1 ? ((this.spec["limit"] as number) ?? 1) : 1).filter((one) => !one["empty"] && !one["fault"]);
    const low = min(...shots.map((one) => one["low"] as number)), high = max(...shots.map((one) => one["high"] as number));
    const isShared = shots.length > 1 && shots.every((one) => one["ramp"] === shot["ramp"] && !one.arrays["bytes"]);
    this.layOut(shots.map((one, k) => {
      const label = shots.length > 1 ? this.stepLabel(one, this.shots).replace(k ? /^step / : /^$/, "") : "";
      return this.tile(one, isShared ? [low, high] : [one["low"] as number, one["high"] as number], [label, one["caption"] as string].filter(Boolean).join("  "));
    }), shots.length > 1 ? shots.length : null, false);
    if (isShared && (low !== shot["low"] || high !== shot["high"])) this.say((shot["how"] as string).split(",")[0], `range ${valueText(low)} to ${valueText(high)}`);
  }

  private tile(shot: Shot, [low, high]: [number, number], caption: string): Tile {
    const { bytes, values, codes, blank } = shot.arrays, table = this.table(shot);
    const captions: [string, string] = ["", caption];
    if (bytes) {
      const shape = shot.shapes["bytes"]!, channels = shape[2] ?? 1;
      return { canvas: bytesTile(bytes, shape, table), captions, at: (x, y) => `${y}, ${x}: ${[...bytes.subarray(channels * (y * shape[1]! + x), channels * (y * shape[1]! + x + 1))].join(" ")}` };
    }
    const shape = (shot.shapes["values"] ?? shot.shapes["codes"])!, [first, last] = [shot["low"] as number, shot["high"] as number];
    const value = (k: number): number => (values ? values[k]! : codes![k] === 255 ? NaN : first + ((last - first) * codes![k]!) / 254);
    const bad = this.view.color("--bad"), fault = [1, 3, 5].map((at) => parseInt(bad.slice(at, at + 2), 16));
    const canvas = colored(shape, (pixel, into) => {
      if (blank?.[pixel]) return; // between the kernels of a grid
      const share = (value(pixel) - low) / (high - low || 1), k = 4 * pixel;
      const from = 3 * round(255 * min(1, max(0, share)));
      for (let c = 0; c < 3; c++) into[k + c] = Number.isNaN(share) ? fault[c]! : table[from + c]!;
      into[k + 3] = 255;
    });
    return { canvas, captions, at: (x, y) => (blank?.[y * shape[1]! + x] ? "" : `${y}, ${x}: ${valueText(value(y * shape[1]! + x))}`) };
  }
}

/** A batch as a grid, each beside its target where there is one. */
export class Grid extends Pictures {
  protected paint(shot: Shot): void {
    const table = this.table({ ...shot, ramp: "" } as Shot), tiles: Tile[] = [], captions = shot["captions"] as [string, string][];
    let pairs = false;
    for (let k = 0; shot.arrays[`tile${k}`]; k++) {
      for (const name of [`tile${k}`, `target${k}`]) {
        const bytes = shot.arrays[name], shape = shot.shapes[name];
        if (!bytes || !shape) continue;
        pairs ||= name.startsWith("target");
        const channels = shape[2] ?? 1;
        tiles.push({ canvas: bytesTile(bytes, shape, table), captions: name.startsWith("tile") ? captions[k]! : ["", ""], at: (x, y) => `${y}, ${x}: ${[...bytes.subarray(channels * (y * shape[1]! + x), channels * (y * shape[1]! + x + 1))].join(" ")}` });
      }
    }
    this.layOut(tiles, shot["columns"] as number | null, pairs);
  }
}

/** Pictures a row: a divisor of their number if one is near, so that rows are full. */
function goodColumns(count: number, most: number): number {
  if (count <= most) return max(1, count);
  for (let n = most; 2 * n > most; n--) if (count % n === 0) return n;
  return most;
}

function cut(text: string, width: number): string {
  let size = text.length;
  while (size > 1 && textWidth(size < text.length ? `${text.slice(0, size)}…` : text, LABEL) > width + 8) size--;
  return size < text.length ? `${text.slice(0, size)}…` : text;
}
