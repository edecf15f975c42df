// Lines over steps: the lines on a canvas between two layers of SVG, grid and axes below, names and notes above.

import { axes, fixed, LABEL, leftRoom, logPadded, padded, pathData, px, rule, valueAt, valueTicks, type Range, type Scale } from "./chart";
import { rowAt, type Curve } from "./column";
import { button, el, s, textWidth } from "./dom";
import { listen } from "./gestures";
import type { Line } from "./line";
import { annotate, drawBaselines } from "./line_notes";
import { drawLines, lateTop } from "./line_pen";
import { abs, floor, max, min, round } from "./math";
import { countText, percentText, stepText, valueText, type Step } from "./numbers";
import { Panel } from "./panel";
import { saveMenu } from "./save";
import { stepTicks, type EpochMarks } from "./timeline";

interface SeriesSpec {
  name: string;
  columns: string;
  pairs: boolean;
  band?: boolean;
  /** Which of the categorical colours, where it is not its place. */
  color?: number;
}

/** A line as it is drawn. */
export interface Drawn {
  name: string;
  color: number;
  line: Line;
  curve: Curve;
  raw: Curve | null;
  band: [Curve, Curve] | null;
  halfLife: number;
  end: [number, number] | null;
  last: number | null;
}

const TOP = 8, BOTTOM = 22;
const NARROW = 360;

export class Lines extends Panel {
  readonly back = s("svg", { class: "back" });
  readonly front = s("svg", { class: "front" });
  private readonly marks = s("svg", { class: "front" });
  private readonly canvas = el("canvas");
  private readonly tip = el("div", { class: "tip", hidden: true });
  private logButton!: HTMLButtonElement;
  private slider!: HTMLInputElement;
  private sliderText!: HTMLElement;
  private isLog: boolean | null = null;
  /** Half-life chosen here; null for what the panel says. */
  private chosen: number | null = null;
  readonly hidden = new Set<string>();
  private focused: string | null = null;
  x: Scale = { low: 0, high: 1, log: false, from: 0, to: 1 };
  y: Scale = { low: 0, high: 1, log: false, from: 1, to: 0 };
  drawn: Drawn[] = [];

  constructor(...given: ConstructorParameters<typeof Panel>) {
    super(...given);
    this.plot.append(this.back, this.canvas, this.front, this.marks, this.tip);
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "img");
    listen(this);
  }

  protected override makeTools(): HTMLElement[] {
    this.logButton = button("Log", "Logarithmic y axis (l)", () => this.toggleLog());
    this.slider = el("input", { type: "range", min: 0, max: 40, step: 1, "aria-label": "Smoothing", input: () => this.slide() });
    this.sliderText = el("output");
    const smooth = el("details", { class: "menu" }, el("summary", { title: "Smoothing (s)" }, "Smooth"), el("span", { class: "list wide" }, this.slider, this.sliderText));
    return [this.logButton, smooth, saveMenu(this), button("Expand", "Fill the window (f)", () => this.expand())];
  }

  get link(): string {
    return (this.spec["link"] as string) || this.id;
  }

  get series(): SeriesSpec[] {
    return this.spec["series"] as SeriesSpec[];
  }

  private lineOf(series: SeriesSpec): Line {
    return this.view.store.line(series.columns, series.pairs);
  }

  private get timeline() {
    return this.series.some((series) => series.pairs) ? this.view.store.timeline : null;
  }

  /** First and last position of its data. */
  extent(): Range | null {
    let low = Infinity, high = -Infinity;
    for (const series of this.series) {
      const x = this.lineOf(series).positions();
      if (!x.length) continue;
      low = min(low, x[0]!);
      high = max(high, x[x.length - 1]!);
    }
    return low > high ? null : [low, high];
  }

  // Scales ------------------------------------------------------------------------------------

  private xRange(): Range {
    const group = this.view.linked(this.link);
    if (group.zoom) return group.zoom;
    const all = group.extent();
    if (!all) return [0, 1];
    const { timeline } = this, xlim = this.spec["xlim"] as [number | null, number | null] | undefined;
    const found = fixed(timeline && xlim ? (xlim.map((end) => (end === null ? end : timeline.ofEpoch(end))) as typeof xlim) : xlim, all);
    const isLog = this.x.log;
    if (isLog) return [max(found[0], 1), max(found[1], 2)];
    return found[1] > found[0] ? found : [found[0] - 0.5, found[0] + 0.5];
  }

  /** Whether xlim hides a part of the data; one that reaches to a planned end does not. */
  private get isCut(): boolean {
    const all = this.extent();
    return "xlim" in this.spec && !this.view.linked(this.link).zoom && all !== null && (this.x.low > all[0] || this.x.high < all[1]);
  }

  private yRange(lines: Drawn[], zoomed: boolean): Range {
    let low = Infinity, high = -Infinity, top = -Infinity;
    for (const { curve, raw, band, line } of lines) {
      for (const one of [curve, raw, ...(band ?? [])]) {
        if (!one) continue;
        for (let k = 0; k < one.y.length; k++) {
          const value = one.y[k]!, at = one.x[k]!;
          if (at < this.x.low || at > this.x.high || (this.y.log && !(value > 0))) continue;
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
      top = max(top, zoomed ? Infinity : lateTop(line.y()));
    }
    for (const { value, top: end } of this.baselines) {
      if (value < low && value > low - 2 * (high - low)) low = value;
      if ((end ?? value) > high && (end ?? value) < high + 2 * (high - low)) top = high = end ?? value;
    }
    if (low > high) return this.y.log ? [0.1, 1] : [0, 1];
    if (this.y.log) return logPadded(low, high);
    return padded(low, high - low <= 1.25 * (top - low) || top <= low ? high : top);
  }

  get baselines(): { value: number; name: string; top: number | null }[] {
    return (this.spec["baselines"] ?? []) as { value: number; name: string; top: number | null }[];
  }

  private halfLifeOf(line: Line): [number, boolean] {
    if (this.chosen !== null) return [this.chosen, false];
    const wish = this.spec["smooth"] as string | number;
    if (typeof wish === "number") return [wish, true];
    const x = line.positions();
    return wish === "auto" && x.length ? [line.usualHalfLife(this.spanOf(x), this.view.store.state === "live"), true] : [0, true];
  }

  /** How long the axis of all lines is: what is smoothed alike is seen alike. */
  private spanOf(x: Float64Array | Float32Array): number {
    const whole = this.extent();
    return whole ? whole[1] - whole[0] : x[x.length - 1]! - x[0]!;
  }

  // Drawing -----------------------------------------------------------------------------------

  protected draw(): void {
    const spec = this.spec, log = spec["log"] as string, [width, height] = [this.width, this.height];
    this.y.log = this.isLog ?? log.includes("y");
    this.x.log = log.includes("x");
    this.logButton.setAttribute("aria-pressed", String(this.y.log));
    const group = this.view.linked(this.link), [low, high] = this.xRange();
    Object.assign(this.x, { low, high, from: 0, to: width });
    this.drawn = this.series.map((series, k) => this.prepared(series, (series.color ?? k) % 8)).filter((one) => !this.hidden.has(one.name));
    const ylim = spec["ylim"] as [number | null, number | null] | undefined;
    const [bottom, top] = fixed(group.zoom ? null : ylim, this.yRange(this.drawn, group.zoom !== null || this.isCut));
    const percent = Boolean(spec["percent"]), yTicks = valueTicks(bottom, top, this.y.log, height < 240 ? 4 : 6, percent).filter((tick) => tick.at >= bottom - 1e-9 * (top - bottom) && tick.at <= top * (1 + 1e-9));
    const isNarrow = width < NARROW;
    Object.assign(this.x, { from: leftRoom(yTicks), to: width - 10 });
    Object.assign(this.y, { low: bottom, high: top, from: height - BOTTOM, to: TOP });
    if (!isNarrow) this.x.to = width - this.rightRoom(width);
    for (const layer of [this.back, this.front, this.marks]) {
      layer.setAttribute("width", String(width));
      layer.setAttribute("height", String(height));
    }
    this.plot.style.height = `${height}px`;
    this.paint();
    this.back.replaceChildren();
    const most = max(2, floor((this.x.to - this.x.from) / (this.timeline ? 34 : 70)));
    const xTicks = this.x.log ? valueTicks(low, high, true, 5) : stepTicks(low, high, most, this.timeline, spec["epochs"] as EpochMarks);
    axes(this.back, this.x, this.y, xTicks, yTicks);
    drawBaselines(this);
    annotate(this, isNarrow);
    this.describe();
    group.refresh(this);
  }

  private paint(): void {
    drawLines(this.canvas, this.drawn, this.x, this.y, { color: (k) => this.view.color(`--s${k}`), focused: this.focused });
  }

  private prepared(series: SeriesSpec, color: number): Drawn {
    const line = this.lineOf(series), { x } = this;
    const [halfLife, isUsual] = this.hidden.has(series.name) ? [0, true] : this.halfLifeOf(line);
    const columns = max(50, round(this.width * min(2, devicePixelRatio)));
    const edges = Float64Array.from({ length: columns + 1 }, (_, k) => valueAt({ ...x, from: 0, to: columns }, k));
    const curve = line.curve(edges, halfLife, isUsual);
    const y = halfLife ? line.smoothed(halfLife, isUsual)[0] : line.y(), xs = line.positions();
    const until = this.isCut ? x.high : Infinity;
    let row = y.length - 1;
    while (row >= 0 && !(Number.isFinite(y[row]!) && xs[row]! <= until)) row--;
    const band = series.band && line.low && line.high ? ([line.edge(line.low, edges), line.edge(line.high, edges)] as [Curve, Curve]) : null;
    return { name: series.name, color, line, curve, raw: halfLife ? line.curve(edges) : null, band, halfLife, end: row < 0 ? null : [xs[row]!, max(-1e300, min(1e300, y[row]!))], last: row < 0 ? null : y[row]! };
  }

  private rightRoom(width: number): number {
    let room = 10;
    for (const one of this.drawn) {
      if (!one.end) continue;
      const wide = min(220, textWidth(one.name, LABEL) + 7 + textWidth(this.text(one.last!), LABEL));
      const at = px({ ...this.x, to: width - 10 }, one.end[0]);
      if (at + 9 + wide > width) room = max(room, wide + 12);
    }
    return min(room, width * 0.45);
  }

  text(value: number): string {
    return this.spec["percent"] ? percentText(value) : valueText(value);
  }

  /** Whether a point is within the axes. */
  inside(x: number, y: number): boolean {
    return x >= this.x.low && x <= this.x.high && y >= this.y.low && y <= this.y.high;
  }

  stepAt(line: Line, row: number): Step {
    const steps = line.steps.data;
    return line.pairs ? [steps[2 * row]!, steps[2 * row + 1]!] : steps[row]!;
  }

  private describe(): void {
    const spec = this.spec, smooth = [...new Set(this.drawn.map((one) => one.halfLife).filter(Boolean))];
    const soft = this.drawn.filter((one) => one.halfLife);
    const who = soft.length < this.drawn.length ? `${soft.map((one) => one.name).join(", ")} ` : "";
    let left = 0;
    if (this.y.log) for (const { line } of this.drawn) if (line.length <= 1e6) for (const value of line.y()) if (value <= 0) left++;
    const over = smooth.map((halfLife) => countText(2 * halfLife)).join(" and ");
    this.say(spec["how"] as string, spec["band"] as string, smooth.length > 0 && `${who}smoothed over ${over} steps`, this.y.log && "log scale", left > 0 && `${countText(left)} values ≤ 0 not shown`, this.view.linked(this.link).zoom !== null && "zoomed, double-click to reset");
    const chosen = this.chosen ?? smooth[0] ?? 0;
    this.slider.value = String(chosen ? round(4 * Math.log2(chosen)) + 1 : 0);
    this.sliderText.textContent = chosen ? `${countText(2 * chosen)} steps` : "off";
    this.plot.setAttribute("aria-label", `${spec.title}: ${this.drawn.map((one) => `${one.name} ${one.last === null ? "" : this.text(one.last)}`).join(", ")}`);
  }

  // What people do ------------------------------------------------------------------------------

  toggle(name: string, alone = false): void {
    if (alone) for (const series of this.series) series.name === name ? this.hidden.delete(name) : this.hidden.add(series.name);
    else if (!this.hidden.delete(name)) this.hidden.add(name);
    this.focused = null;
    this.touch();
  }

  focus(name: string | null): void {
    if (this.focused === name) return;
    this.focused = name;
    this.paint();
  }

  toggleLog(): void {
    this.isLog = !this.y.log;
    this.touch();
  }

  private slide(): void {
    const place = Number(this.slider.value);
    this.chosen = place ? max(1, round(2 ** ((place - 1) / 4))) : 0;
    this.touch();
  }

  zoom(to: [number, number] | null): void {
    this.view.linked(this.link).set(to);
  }

  point(at: number | null): void {
    this.view.linked(this.link).point(at, this);
  }

  openSmoothing(): void {
    this.slider.closest("details")!.open = true;
    this.slider.focus();
  }

  /** The cursor is here or in a chart with the same x: a line, dots on the lines, and what they are. */
  showCursor(wanted: number | null, isHere: boolean): void {
    this.marks.replaceChildren();
    this.tip.hidden = true;
    if (wanted === null || wanted < this.x.low || wanted > this.x.high) return;
    const left = px(this.x, wanted);
    this.marks.append(rule(left, this.y.to, left, this.y.from, "var(--axis)", { class: "cursor" }));
    const found: { one: Drawn; value: number; at: number; row: number }[] = [];
    for (const one of this.drawn) {
      const x = one.line.positions(), y = one.halfLife ? one.line.smoothed(one.halfLife, this.chosen === null)[0] : one.line.y();
      let row = rowAt(x, wanted);
      if (row > 0 && (row === x.length || wanted - x[row - 1]! < x[row]! - wanted)) row--;
      const value = y[row];
      if (value === undefined || wanted > x[x.length - 1]! + (this.x.high - this.x.low) / 50) continue;
      found.push({ one, value, at: x[row]!, row });
      if (this.inside(x[row]!, value)) this.marks.append(s("circle", { cx: px(this.x, x[row]!), cy: px(this.y, value), r: 3.5, fill: `var(--s${one.color})`, stroke: "var(--surface)", "stroke-width": 1.5 }));
    }
    if (isHere && found.length) this.showTip(found, wanted, left);
  }

  private showTip(found: { one: Drawn; value: number; at: number; row: number }[], wanted: number, left: number): void {
    const nearest = found.reduce((a, b) => (abs(b.at - wanted) < abs(a.at - wanted) ? b : a));
    found.sort((a, b) => b.value - a.value);
    const rows = found.map(({ one, value }) => {
      const key = el("i");
      key.style.background = `var(--s${one.color})`;
      return el("div", { class: "l" }, key, one.name, el("b", {}, this.text(value)));
    });
    this.tip.replaceChildren(el("div", { class: "h" }, stepText(this.stepAt(nearest.one.line, nearest.row))), ...rows);
    this.tip.hidden = false;
    const flips = left + 24 + this.tip.offsetWidth > this.width;
    this.tip.style.left = `${max(0, flips ? left - 12 - this.tip.offsetWidth : left + 12)}px`;
    this.tip.style.top = `${this.y.to}px`;
  }

  // Saving ----------------------------------------------------------------------------------------

  override picture(): SVGSVGElement {
    const whole = s("svg", { width: this.width, height: this.height });
    const clip = `clip${this.id}`;
    whole.append(s("clipPath", { id: clip }, s("rect", { x: this.x.from, y: this.y.to, width: this.x.to - this.x.from, height: this.y.from - this.y.to })));
    whole.append(...[...this.back.children].map((child) => child.cloneNode(true)));
    const lines = s("g", { "clip-path": `url(#${clip})`, fill: "none", "stroke-linejoin": "round" });
    const data = (curve: Curve): string => pathData(curve.x.map((at, k) => [px(this.x, at), this.y.log && !(curve.y[k]! > 0) ? NaN : px(this.y, curve.y[k]!)] as [number, number]));
    for (const { raw, color } of this.drawn) if (raw) lines.append(s("path", { d: data(raw), stroke: `var(--s${color})`, opacity: 0.26 }));
    for (const { curve, color } of this.drawn) lines.append(s("path", { d: data(curve), stroke: `var(--s${color})`, "stroke-width": 1.75 }));
    whole.append(lines, ...[...this.front.children].map((child) => child.cloneNode(true)));
    return whole;
  }

  rows(): (string | number)[][] {
    const pairs = this.timeline !== null;
    const rows: (string | number)[][] = [["name", ...(pairs ? ["epoch"] : []), "step", "value"]];
    for (const { name, line } of this.drawn) {
      const y = line.y();
      for (let row = 0; row < y.length; row++) {
        const step = this.stepAt(line, row);
        rows.push([name, ...(typeof step === "number" ? [...(pairs ? [0] : []), step] : step!), y[row]!]);
      }
    }
    return rows;
  }

}

