// Bars, pies, stems, curves, distributions: charts of one step, as SVG.

import { axes, LABEL, leftRoom, pathData, px, rule, spread, TICK, valueTicks, words, type Scale } from "./chart";
import { s, textWidth } from "./dom";
import { abs, ceil, floor, log10, max, min } from "./math";
import { percentText, valueText } from "./numbers";
import { Stepped } from "./stepped";
import type { Shot } from "./store";
import { at, css, ramp } from "./tokens";
import type { Tick } from "./timeline";

abstract class Chart extends Stepped {
  protected table: (string | number)[][] = [];

  protected start(height = this.height): [SVGSVGElement, number, number] {
    const svg = s("svg", { width: this.width, height });
    this.plot.replaceChildren(svg);
    return [svg, this.width, height];
  }

  rows(): (string | number)[][] {
    return this.table;
  }
}

const scale = (low: number, high: number, from: number, to: number): Scale => ({ low, high, log: false, from, to });

/** A number for each name; correct of total; groups side by side. */
export class Bars extends Chart {
  protected paint(shot: Shot): void {
    const view = shot as unknown as { names: string[]; groups: string[]; values: (number | null)[][]; before: (number | null)[] | null; totals: number[] | null; texts: string[][]; limits: [number, number]; percent: boolean; worst: number | null; direction: string };
    this.table = [["name", ...(view.groups.length > 1 ? view.groups : ["value"])], ...view.names.map((name, k) => [name, ...view.values.map((row) => row[k] ?? NaN)])];
    this.names.replaceChildren();
    if (view.groups.length > 1) for (const [g, name] of view.groups.entries()) {
      const key = document.createElement("span");
      key.textContent = name;
      key.style.color = `var(--t${g % 8})`;
      this.names.append(key);
    }
    if (view.direction === "horizontal") this.across(view);
    else this.up(view);
  }

  private across({ names, values, before, totals, texts, limits, percent, worst }: any): void {
    const groups = values.length, row = groups > 1 ? 10 * groups + 10 : 26, [svg, width, height] = this.start(names.length * row + 22);
    const left = min(width * 0.4, max(...names.map((name: string) => textWidth(name, TICK))) + 10);
    const right = max(...texts.flat().map((text: string) => textWidth(text, LABEL))) + 12;
    const x = scale(limits[0], limits[1], left, width - right), bottom = height - 22;
    const marks = valueTicks(limits[0], limits[1], false, 4, percent).filter((tick) => tick.at >= limits[0] && tick.at <= limits[1]);
    for (const tick of marks) {
      svg.append(rule(px(x, tick.at), 0, px(x, tick.at), bottom), words({ text: tick.text, x: px(x, tick.at), y: height - 6, anchor: "middle" }));
    }
    names.forEach((name: string, k: number) => {
      const top = k * row, middle = top + row / 2, thick = groups > 1 ? 9 : 12;
      svg.append(words({ text: name, x: left - 8, y: middle + 4, anchor: "end", fill: "var(--ink-2)" }));
      if (totals) svg.append(s("rect", { x: left, y: middle - 6, width: max(0, px(x, totals[k]) - left), height: 12, fill: "var(--reference)", opacity: 0.55 }));
      for (let g = 0; g < groups; g++) {
        const value = values[g][k], y = middle - (groups * (thick + 1)) / 2 + g * (thick + 1), zero = px(x, 0);
        if (value === null) continue;
        const end = px(x, value);
        svg.append(s("rect", { x: min(zero, end), y: groups > 1 ? y : middle - 6, width: abs(end - zero), height: thick, fill: `var(--s${g % 8})`, class: "bar-of" }, s("title", {}, `${name}: ${texts[g][k]}`)));
        if (groups === 1) svg.append(words({ text: texts[g][k], x: width, y: middle + 4, anchor: "end", size: 12, weight: worst === k ? 600 : 400, fill: worst === k ? "var(--ink)" : "var(--ink-2)" }));
      }
      if (before?.[k] != null) svg.append(s("rect", { x: px(x, before[k]) - 1, y: middle - 8, width: 2, height: 16, fill: "var(--ink)" }));
    });
  }

  private up({ names, values, before, totals, texts, limits, percent }: any): void {
    const [svg, width, height] = this.start(), ticks = valueTicks(limits[0], limits[1], false, 4, percent);
    const x = scale(0, names.length, leftRoom(ticks), width - 4), y = scale(limits[0], limits[1], height - 22, 16);
    axes(svg, x, y, [], ticks);
    const each = (x.to - x.from) / max(1, names.length), wide = min(48, each * 0.72) / values.length, zero = px(y, 0);
    names.forEach((name: string, k: number) => {
      const middle = px(x, k + 0.5), first = middle - (wide * values.length) / 2;
      if (totals) svg.append(s("rect", { x: first, y: px(y, totals[k]), width: wide, height: max(0, zero - px(y, totals[k])), fill: "var(--reference)", opacity: 0.55 }));
      values.forEach((row: (number | null)[], g: number) => {
        const value = row[k];
        if (value == null) return;
        const end = px(y, value);
        svg.append(s("rect", { x: first + g * wide, y: min(zero, end), width: max(1, wide - 1), height: abs(zero - end), fill: `var(--s${g % 8})`, class: "bar-of" }, s("title", {}, `${name}: ${texts[g][k]}`)));
        if (textWidth(texts[g][k], TICK) < wide + 6) svg.append(words({ text: texts[g][k], x: first + g * wide + wide / 2, y: min(end, zero, totals ? px(y, totals[k]) : Infinity) - 4, anchor: "middle", fill: "var(--ink-2)" }));
      });
      if (before?.[k] != null) svg.append(s("rect", { x: first - 2, y: px(y, before[k]) - 1, width: wide + 4, height: 2, fill: "var(--ink)" }));
      let text = name;
      for (let size = name.length; size > 1 && textWidth(text, TICK) > each - 2; ) text = `${name.slice(0, --size)}…`;
      svg.append(s("g", {}, s("title", {}, name), words({ text, x: middle, y: height - 6, anchor: "middle" })));
    });
  }
}

/** Shares of a whole. */
export class Pie extends Chart {
  protected paint(shot: Shot): void {
    const names = shot["names"] as string[], shares = shot["shares"] as number[];
    this.table = [["name", "share"], ...names.map((name, k) => [name, shares[k] ?? NaN])];
    const [svg, width, height] = this.start(), r = min(height / 2 - 8, width / 4), [cx, cy] = [r + 8, height / 2];
    let turn = -Math.PI / 2;
    const ends: number[] = [];
    shares.forEach((share, k) => {
      const next = turn + share * 2 * Math.PI * (share > 0.9999 ? 0.9999 : 1), point = (a: number): string => `${(cx + r * Math.cos(a)).toFixed(2)} ${(cy + r * Math.sin(a)).toFixed(2)}`;
      svg.append(s("path", { d: `M${cx} ${cy}L${point(turn)}A${r} ${r} 0 ${share > 0.5 ? 1 : 0} 1 ${point(next)}Z`, fill: `var(--s${k % 8})`, stroke: "var(--surface)", "stroke-width": 2 }, s("title", {}, `${names[k]}: ${percentText(share)}`)));
      ends.push(cy + r * Math.sin((turn + next) / 2));
      turn = next;
    });
    spread(names.map((_, k) => 16 + (k * (height - 32)) / max(1, names.length)), 18, 8, height - 8).forEach((y, k) => {
      const text = words({ text: "", x: cx + r + 24, y: y + 4, size: 12, weight: 500, fill: `var(--t${k % 8})` });
      text.append(s("tspan", {}, names[k]!), s("tspan", { dx: 7, fill: "var(--ink-2)", "font-weight": 400 }, percentText(shares[k] ?? 0)));
      svg.append(text);
    });
    if (!shares.length) svg.append(words({ text: "Nothing is above 0", x: width / 2, y: cy, anchor: "middle", size: 12 }));
  }
}

/** A dot on a stalk for each number. */
export class Stem extends Chart {
  protected paint(shot: Shot): void {
    const { x: xs, y: ys, names, xLimits, yLimits } = shot as unknown as { x: number[]; y: (number | null)[]; names: string[]; xLimits: [number, number]; yLimits: [number, number] };
    this.table = [["x", "value"], ...xs.map((x, k) => [names[k] ?? x, ys[k] ?? NaN])];
    const [svg, width, height] = this.start(), ticks = valueTicks(yLimits[0], yLimits[1], false, 5).filter((tick) => tick.at >= yLimits[0] && tick.at <= yLimits[1]);
    const x = scale(xLimits[0], xLimits[1], leftRoom(ticks), width - 8), y = scale(yLimits[0], yLimits[1], height - 22, 8);
    const marks: Tick[] = names.length ? names.map((text, k) => ({ at: xs[k]!, text })) : valueTicks(xLimits[0], xLimits[1], false, 10).filter((tick) => tick.at >= xLimits[0] && tick.at <= xLimits[1]);
    axes(svg, x, y, marks, ticks);
    svg.append(rule(x.from, px(y, 0), x.to, px(y, 0), "var(--axis)"));
    xs.forEach((position, k) => {
      const value = ys[k];
      if (value == null) return;
      const at = px(x, position), top = px(y, value);
      svg.append(s("line", { x1: at, x2: at, y1: px(y, 0), y2: top, stroke: "var(--s0)", "stroke-width": 1.75 }), s("circle", { cx: at, cy: top, r: 3, fill: "var(--s0)" }, s("title", {}, `${names[k] ?? position}: ${valueText(value)}`)));
    });
  }
}

/** y over x, where x is no step. */
export class Curves extends Chart {
  protected paint(shot: Shot): void {
    const view = shot as unknown as { curves: { name: string; last: string; x: number[]; y: (number | null)[] }[]; xLimits: [number, number]; yLimits: [number, number]; xTicks: [number, string][]; yTicks: [number, string][]; log: string; baselines: [number, number | null, string][] };
    this.table = [["name", "x", "y"], ...view.curves.flatMap(({ name, x, y }) => x.map((value, k) => [name, value, y[k] ?? NaN]))];
    const [svg, width, height] = this.start(), ticks = (pairs: [number, string][]): Tick[] => pairs.map(([at, text]) => ({ at, text }));
    const xTicks = view.log.includes("x") ? valueTicks(10 ** view.xLimits[0], 10 ** view.xLimits[1], true, 4).map((tick) => ({ at: log10(tick.at), text: tick.text })) : ticks(view.xTicks);
    const labels = view.curves.map(({ name, last }) => textWidth(name, LABEL) + textWidth(last, LABEL) + 16);
    const isNarrow = width < 360, room = isNarrow ? 8 : min(width * 0.4, max(8, ...labels));
    const y = scale(view.yLimits[0], view.yLimits[1], height - 22, 8), x = scale(view.xLimits[0], view.xLimits[1], leftRoom(ticks(view.yTicks)), width - room);
    axes(svg, x, y, xTicks, ticks(view.yTicks));
    for (const [value, top, text] of view.baselines) {
      if (top !== null) svg.prepend(s("rect", { x: x.from, y: px(y, top), width: x.to - x.from, height: px(y, value) - px(y, top), fill: "var(--good)", opacity: 0.08 }));
      else svg.append(rule(x.from, px(y, value), x.to, px(y, value), "var(--ink-3)", { "stroke-dasharray": "3 3" }));
      svg.append(words({ text, x: x.to, y: px(y, value) + 14, anchor: "end", fill: "var(--ink-2)", halo: true }));
    }
    this.names.replaceChildren();
    const ends: number[] = [];
    view.curves.forEach((curve, k) => {
      const points = curve.x.map((value, i) => [px(x, value), curve.y[i] == null ? NaN : px(y, curve.y[i]!)] as [number, number]);
      svg.append(s("path", { d: pathData(points), fill: "none", stroke: `var(--s${k % 8})`, "stroke-width": 1.75, "stroke-linejoin": "round" }));
      const last = points.findLast(([, top]) => !Number.isNaN(top));
      ends.push(last ? last[1] : y.from);
      if (!isNarrow) return;
      const key = document.createElement("span");
      key.textContent = `${curve.name} ${curve.last}`;
      key.style.color = `var(--t${k % 8})`;
      this.names.append(key);
    });
    if (isNarrow) return;
    spread(ends, 16, 12, y.from - 4).forEach((top, k) => {
      const text = words({ text: "", x: x.to + 8, y: top + 4, size: 12, weight: 500, fill: `var(--t${k % 8})` });
      text.append(s("tspan", {}, view.curves[k]!.name), s("tspan", { dx: view.curves[k]!.name ? 6 : 0, fill: "var(--ink-2)", "font-weight": 400 }, view.curves[k]!.last));
      svg.append(text);
    });
  }
}

/** The edges and the density of a shot, as the outline of its steps. */
function outline(shot: Shot, x: Scale, height: (density: number) => number): [number, number][] {
  const edges = shot.arrays["edges"]!, density = shot.arrays["density"]!, points: [number, number][] = [];
  for (let k = 0; k < density.length; k++) {
    const top = height(density[k]!);
    points.push([px(x, edges[k]!), top], [px(x, edges[k + 1]!), top]);
  }
  return points;
}

function bounds(shots: Shot[]): [number, number, number] {
  let low = Infinity, high = -Infinity, top = 0;
  for (const { arrays } of shots) {
    const edges = arrays["edges"]!;
    low = min(low, edges[0]!);
    high = max(high, edges[edges.length - 1]!);
    for (const value of arrays["density"]!) top = max(top, value);
  }
  return [low, high, top || 1];
}

/** Distributions overlaid: the oldest in grey, the newest strongest; √ height. */
export class Histogram extends Chart {
  protected paint(): void {
    const shots = this.upTo((this.spec["limit"] as number) ?? 4).filter((shot) => shot.arrays["edges"]);
    this.table = [["step", "from", "to", "density"], ...shots.flatMap((shot) => [...shot.arrays["density"]!].map((value, k) => [String(shot.step ?? ""), shot.arrays["edges"]![k]!, shot.arrays["edges"]![k + 1]!, value]))];
    const [svg, width, height] = this.start(), [low, high, top] = bounds(shots), labels = shots.map((shot) => this.stepLabel(shot, this.shots));
    const isNarrow = width < 330, room = isNarrow || shots.length < 2 ? 6 : max(...labels.map((text) => textWidth(text, LABEL))) + 34;
    const x = scale(low, high, 4, width - room), bottom = height - 22, y = (value: number): number => bottom - Math.sqrt(value / top) * (bottom - 8);
    shots.forEach((shot, k) => {
      const points = outline(shot, x, y);
      if (k === 0) svg.append(s("path", { d: `M${points[0]![0]} ${bottom}${pathData(points).replace("M", "L")}L${points[points.length - 1]![0].toFixed(1)} ${bottom}Z`, fill: shots.length > 1 ? "var(--reference)" : "var(--s0)" }));
      else svg.append(s("path", { d: pathData(points), fill: "none", stroke: this.shade(k, shots.length), "stroke-width": k === shots.length - 1 ? 1.75 : 1.25 }));
    });
    const marks = valueTicks(low, high, false, max(2, floor(width / 90))).filter((tick) => tick.at >= low && tick.at <= high);
    axes(svg, x, scale(0, 1, bottom, 8), marks, []);
    this.names.replaceChildren();
    const broken = this.shots[this.index]?.["broken"] as number;
    this.say(shots.length > 1 && `${labels[0]} in grey`, "√ height", broken > 0 && `${broken} values are NaN or infinite`);
    if (shots.length < 2) return;
    labels.slice(1).reverse().forEach((text, k) => {
      const color = this.shade(shots.length - 1 - k, shots.length);
      if (!isNarrow) svg.append(s("line", { x1: x.to + 8, x2: x.to + 20, y1: 14 + 18 * k, y2: 14 + 18 * k, stroke: color, "stroke-width": 2 }), words({ text, x: x.to + 26, y: 18 + 18 * k, size: 12, weight: k ? 400 : 500, fill: "var(--ink)" }));
    });
  }

  private shade(k: number, count: number): string {
    return css(at(ramp("epoch", this.mode), count > 2 ? (k - 1) / (count - 2) : 1));
  }
}

/** How a distribution moves: one above the other, or steps to the right and share as colour. */
export class Ridge extends Chart {
  protected paint(): void {
    const most = (this.spec["limit"] as number) ?? 24, all = this.shots.slice(0, this.index + 1).filter((shot) => shot.arrays["edges"]);
    const stride = ceil(all.length / most), shots = all.filter((_, k) => (all.length - 1 - k) % stride === 0);
    this.table = [["step", "from", "to", "density"], ...shots.flatMap((shot) => [...shot.arrays["density"]!].map((value, k) => [String(shot.step ?? ""), shot.arrays["edges"]![k]!, shot.arrays["edges"]![k + 1]!, value]))];
    const [low, high, top] = bounds(shots);
    this.say(this.spec["look"] === "heat" ? "√ share as colour" : "√ height");
    if (this.spec["look"] === "heat") this.heat(shots, low, high, top);
    else this.ridges(shots, low, high, top);
  }

  private ridges(shots: Shot[], low: number, high: number, top: number): void {
    const [svg, width, height] = this.start(max(this.height, 260)), labels = shots.map((shot) => this.stepLabel(shot, this.shots));
    const x = scale(low, high, 4, width - max(...labels.map((text) => textWidth(text, TICK))) - 14), bottom = height - 22;
    const each = (bottom - 60) / max(1, shots.length - 1), tall = max(36, each * 2.2);
    axes(svg, x, scale(0, 1, bottom, 8), valueTicks(low, high, false, 5).filter((tick) => tick.at >= low && tick.at <= high), []);
    let free = -Infinity;
    shots.forEach((shot, k) => {
      const base = bottom - (shots.length - 1 - k) * each, d = pathData(outline(shot, x, (value) => base - Math.sqrt(value / top) * tall));
      const shade = css(at(ramp("epoch", this.mode), k / max(1, shots.length - 1)));
      svg.append(s("path", { d: `M${px(x, shot.arrays["edges"]![0]!)} ${base}${d.replace("M", "L")}L${px(x, shot.arrays["edges"]!.at(-1)!)} ${base}Z`, fill: shade, "fill-opacity": 0.85, stroke: "var(--surface)", "stroke-width": 0.8 }));
      if (base - free >= 13 || k === shots.length - 1) {
        svg.append(words({ text: labels[k]!, x: x.to + 8, y: base + 3 }));
        free = base;
      }
    });
  }

  private heat(shots: Shot[], low: number, high: number, top: number): void {
    const [svg, width, height] = this.start(), ticks = valueTicks(low, high, false, 5).filter((tick) => tick.at >= low && tick.at <= high);
    const x = scale(0, shots.length, leftRoom(ticks), width - 4), y = scale(low, high, height - 22, 6), table = ramp("ink", this.mode), bins = 48;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: shots.length, height: bins });
    const pen = canvas.getContext("2d")!, image = pen.createImageData(shots.length, bins);
    shots.forEach((shot, column) => {
      const edges = shot.arrays["edges"]!, density = shot.arrays["density"]!, first = edges[0]!, wide = edges[1]! - first;
      for (let bin = 0; bin < bins; bin++) {
        const place = floor((low + ((bin + 0.5) / bins) * (high - low) - first) / wide), share = Math.sqrt(max(0, density[place] ?? 0) / top);
        const k = 4 * ((bins - 1 - bin) * shots.length + column), color = at(table, share > 0 ? 0.05 + 0.95 * share : 0);
        image.data.set([...color, 255], k);
      }
    });
    pen.putImageData(image, 0, 0);
    svg.append(s("image", { x: x.from, y: y.to, width: x.to - x.from, height: y.from - y.to, href: canvas.toDataURL(), preserveAspectRatio: "none", "image-rendering": "pixelated" }));
    const every = max(1, ceil(shots.length / 5)), marks: Tick[] = [];
    shots.forEach((shot, k) => k % every === 0 && marks.push({ at: k + 0.5, text: this.stepLabel(shot, this.shots).replace(k ? /^(step|epoch) / : /^$/, "") }));
    axes(svg, x, y, marks, ticks);
    for (const line of [...svg.querySelectorAll("line")].slice(0, ticks.length)) line.remove();
  }
}

