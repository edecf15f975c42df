// Matrices: heat maps, confusion, magnitudes layer by layer.

import { TICK, words } from "./chart";
import { s, textWidth } from "./dom";
import { abs, ceil, floor, max, min, round } from "./math";
import { percentText, valueText } from "./numbers";
import { Stepped } from "./stepped";
import type { Shot } from "./store";
import { at, css, ramp, readable, rgb, type Ramp } from "./tokens";

/** A matrix as a picture of one pixel a cell. */
function picture(shape: number[], color: (cell: number) => number[]): string {
  const [rows = 1, columns = 1] = shape, canvas = document.createElement("canvas");
  Object.assign(canvas, { width: columns, height: rows });
  const pen = canvas.getContext("2d")!, image = pen.createImageData(columns, rows);
  for (let cell = 0; cell < rows * columns; cell++) image.data.set([...color(cell), 255], 4 * cell);
  pen.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

const longest = (names: string[]): number => max(0, ...names.map((name) => textWidth(name, TICK)));

export class Matrix extends Stepped {
  private table: (string | number)[][] = [];

  protected paint(shot: Shot): void {
    const view = shot as unknown as { texts: string[][]; rowNames: string[]; columnNames: string[]; ramp: "ink" | "diverging"; square: boolean; limits: [number, number]; diagonal: boolean };
    const shares = shot.arrays["shares"]!, [rows = 0, columns = 0] = shot.shapes["shares"]!;
    const colors: Ramp = (shot.arrays["lut"] as Uint8Array | undefined) ?? ramp(view.ramp, this.mode), width = this.width;
    const value = (cell: number): number => (shares[cell] === 65535 ? NaN : view.limits[0] + ((view.limits[1] - view.limits[0]) * shares[cell]!) / 65534);
    this.table = [["", ...Array.from({ length: columns }, (_, k) => view.columnNames[k] || k)], ...Array.from({ length: rows }, (_, r) => [view.rowNames[r] || r, ...Array.from({ length: columns }, (_, c) => view.texts[r]?.[c] || value(r * columns + c))])];
    const left = view.rowNames.length ? min(width * 0.35, longest(view.rowNames) + 10) : 0;
    const shown = view.columnNames.filter(Boolean), slanted = shown.length > 0 && longest(shown) > ((width - left) / max(1, columns)) * (columns / shown.length) - 4;
    const room = slanted ? 0.75 * longest(shown) : 0, below = shown.length ? (slanted ? 0.75 * longest(shown) + 16 : 20) : 2;
    const wide = view.square ? min((width - left - room * 0.3) / columns, this.isFull ? 60 : 32) : (width - left) / max(1, columns);
    const high = view.square ? wide : min(42, max(2, max(rows * 18, this.height - below) / max(1, rows)));
    const svg = s("svg", { width, height: rows * high + below }), grey = rgb(this.view.color("--reference")), blank = rgb(this.view.color("--surface"));
    const color = (cell: number): number[] => (view.diagonal && cell % columns === floor(cell / columns) ? grey : shares[cell] === 65535 ? blank : at(colors, shares[cell]! / 65534));
    if (rows * columns <= 2500) {
      const gap = wide > 8 && high > 8 ? 1 : 0;
      for (let cell = 0; cell < rows * columns; cell++) {
        const r = floor(cell / columns), c = cell % columns, fill = color(cell), text = view.texts[r]?.[c] ?? "";
        const box = s("rect", { x: left + c * wide, y: r * high, width: max(0.5, wide - gap), height: max(0.5, high - gap), fill: css(fill as [number, number, number]) });
        box.append(s("title", {}, `${view.rowNames[r] || r}, ${view.columnNames[c] || c}: ${text || valueText(value(cell))}`));
        svg.append(box);
        if (text && wide >= 18 && high >= 12 && textWidth(text, TICK) <= wide - 4) svg.append(words({ text, x: left + (c + 0.5) * wide - gap / 2, y: (r + 0.5) * high + 4, anchor: "middle", fill: view.diagonal && r === c ? "var(--ink-2)" : readable(fill as [number, number, number]) }));
      }
    } else svg.append(s("image", { x: left, y: 0, width: columns * wide, height: rows * high, href: picture([rows, columns], color), preserveAspectRatio: "none", "image-rendering": "pixelated" }));
    const every = max(1, ceil(13 / high));
    view.rowNames.forEach((name, r) => r % every === 0 && svg.append(words({ text: name, x: left - 8, y: (r + 0.5) * high + 4, anchor: "end", fill: "var(--ink-2)" })));
    view.columnNames.forEach((name, c) => {
      if (!name || (shown.length === columns && c % max(1, ceil(13 / wide)) !== 0)) return;
      const x = left + (c + 0.5) * wide, y = rows * high + 14, text = words({ text: name, x: slanted ? x + 4 : x, y: slanted ? y - 4 : y, anchor: slanted ? "end" : "middle" });
      if (slanted) text.setAttribute("transform", `rotate(-45 ${x + 4} ${y - 4})`);
      svg.append(text);
    });
    this.plot.replaceChildren(svg);
  }

  rows(): (string | number)[][] {
    return this.table;
  }
}

const SUPER = (power: number): string => `10${power < 0 ? "⁻" : ""}${[...String(abs(power))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("")}`;

/** Of one layer and kind: shares at the newest step, and the columns in which something was not finite. */
interface Told {
  zeros: number;
  broken: number;
  lost: number[];
}

/** A small heat map for each layer and each kind of numbers; one logarithmic axis a column. */
export class Magnitudes extends Stepped {
  protected paint(shot: Shot): void {
    const view = shot as unknown as { rows: string[]; columns: string[]; ranges: [number, number][]; steps: [string, string]; zeros: (number | null)[][]; lost?: number[][][]; broken?: (number | null)[][] };
    const width = this.width, left = min(width * 0.25, max(0, ...view.rows.map((name) => textWidth(name, "12px monospace"))) + 12), gap = 12;
    const wide = (width - left - gap * (view.columns.length - 1)) / max(1, view.columns.length), high = 56, colors = ramp("ink", this.mode);
    const svg = s("svg", { width, height: 26 + view.rows.length * (high + 6) + 20 });
    view.columns.forEach((name, c) => {
      const x = left + c * (wide + gap), [low, top] = view.ranges[c]!, title = words({ text: "", x, y: 14, size: 12, weight: 500, fill: "var(--ink)" });
      title.append(s("tspan", {}, name));
      const span = `${SUPER(floor(low))} to ${SUPER(ceil(top))}`;
      if (textWidth(name + span, TICK) + 24 < wide) title.append(s("tspan", { dx: 6, "font-size": 11, "font-weight": 400, fill: "var(--ink-3)" }, span));
      svg.append(title);
      view.rows.forEach((_, r) => this.cell(svg, shot, `${r}.${c}`, [x, 26 + r * (high + 6), wide, high], { zeros: view.zeros[r]?.[c] ?? 0, broken: view.broken?.[r]?.[c] ?? 0, lost: view.lost?.[r]?.[c] ?? [] }, colors));
      const bottom = 26 + view.rows.length * (high + 6) + 10;
      svg.append(words({ text: c === 0 ? view.steps[0] : view.steps[0].replace(/^\D+/, ""), x, y: bottom }), words({ text: view.steps[1], x: x + wide, y: bottom, anchor: "end" }));
    });
    view.rows.forEach((name, r) => svg.append(words({ text: name, x: 0, y: 26 + r * (high + 6) + high / 2 + 4, size: 12, fill: "var(--ink)", mono: true })));
    this.plot.replaceChildren(svg);
  }

  private cell(svg: SVGSVGElement, shot: Shot, name: string, [x, y, width, height]: number[], { zeros, broken, lost }: Told, colors: Ramp): void {
    const heights = shot.arrays[name], shape = shot.shapes[name];
    if (!heights || !shape) return;
    const [rows = 1, columns = 1] = shape;
    const color = (cell: number): number[] => {
      const value = heights[(rows - 1 - floor(cell / columns)) * columns + (cell % columns)]!;
      return at(colors, value ? 0.05 + (0.95 * value) / 255 : 0);
    };
    svg.append(s("image", { x, y, width, height, href: picture(shape, color), preserveAspectRatio: "none", "image-rendering": "pixelated" }));
    const each = width! / columns, strip = lost.length ? height! / 10 : 0;
    for (const at of lost) svg.append(s("rect", { x: x! + at * each, y, width: max(1, each), height: strip, fill: "var(--bad)" }));
    const share = broken || zeros, text = broken ? `not finite ${round(broken * 100)}%` : zeros > 0.9995 ? "all zero" : `zero ${round(zeros * 100)}%`;
    if (share > 0.005 || broken) svg.append(words({ text, x: x! + width! - 4, y: y! + 13 + strip, anchor: "end", fill: broken || zeros > 0.99 ? "var(--bad)" : "var(--ink-2)", halo: true }));
  }

  rows(): (string | number)[][] {
    const shot = this.shots[this.index]!, zeros = shot["zeros"] as (number | null)[][];
    return [["layer", ...(shot["columns"] as string[]).map((name) => `${name}, zero`)], ...(shot["rows"] as string[]).map((name, r) => [name, ...zeros[r]!.map((share) => (share === null ? "" : percentText(share)))])];
  }
}
