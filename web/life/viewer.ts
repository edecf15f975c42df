// The viewer of a graph, and its training beside the boxes: strips, colours by record, a bar of time.

import type { Data, Theme } from "../graph/data";
import { el, on } from "../graph/dom";
import type { Scale } from "../graph/measures";
import type { Box } from "../graph/model";
import type { Area, Look } from "../graph/scene";
import { Viewer } from "../graph/viewer";
import { Beside, type Pane } from "./beside";
import { Members } from "./members";
import { Moments } from "./moments";
import { PicturePen } from "./pen";
import { statistic, written } from "./statistics";
import type { Store } from "./store";
import { Time } from "./time";
import { recordText, superscript } from "./words";

const OUTSIDE = 0.02; // of the numbers may lie beyond either end of a logarithmic scale
const LEAST_HEAT = 0.08; // zero has the palest colour for itself

interface Life {
  store: Store;
  members: Members;
  beside: Beside;
  time: Time;
  moments: Moments;
}

export class LivingViewer extends Viewer {
  /** Undefined while the viewer itself is being built. */
  life?: Life;
  /** The key of the statistic that colours the boxes; empty for a measure of the graph. */
  coloring = "";
  private readonly values = new Map<string, Map<Box, (number | null)[]>>();
  private readonly tip = el("div", { class: "tip", role: "tooltip", hidden: "" });

  constructor(data: Data, store: Store) {
    super(data);
    const members = new Members(this.model, store);
    const time = new Time(store.document.records, store.document.start, () => this.goTo());
    const beside = new Beside(store, members, this.model);
    const moments = new Moments(store, members, beside, {
      theme: () => this.theme, now: () => time.now, go: (record) => time.show(record), closed: () => this.draw(),
    });
    this.life = { store, members, beside, time, moments };
    this.element.append(el("footer", { class: "foot" }, this.legend, time.element));
    this.stage.append(moments.element, this.tip);
    on(this.canvas, "pointermove", (event) => this.hoverStrip(event));
    on(this.canvas, "pointerleave", () => (this.tip.hidden = true));
    this.colorBy(data.raw.colorBy);
  }

  get record(): number {
    return this.life?.time.now ?? 0;
  }

  /** The number of a box at the record that is shown; null if it has none. */
  value(box: Box, key = this.coloring, record = this.record): number | null {
    let known = this.values.get(key);
    if (!known) this.values.set(key, (known = new Map()));
    let row = known.get(box);
    if (!row) {
      const { store, members } = this.life!;
      const courses = box.isIo ? [] : members.courses(box);
      row = store.document.records.map((_, k) => (courses.length ? statistic(store, key, courses, k) : null));
      known.set(box, row);
    }
    return row[record]!;
  }

  // ---- colours

  override colorBy(key: string): void {
    if (!this.life) return; // called while it is being built
    const known = this.life.store.document.statistics[key];
    this.coloring = known ? key : "";
    if (known) this.scale = this.scaleOver(key);
    else super.colorBy(key);
  }

  /** Over all boxes and records, so that neither opening nor time moves its ends. */
  private scaleOver(key: string): Scale {
    const { store } = this.life!;
    const [title, kind] = store.document.statistics[key]!;
    const isLog = kind === "log";
    const values: number[] = [];
    for (const box of this.model.everything()) {
      if (!box.parent || box.isIo || !this.life!.members.has(box)) continue;
      store.document.records.forEach((_, record) => {
        const value = this.value(box, key, record);
        if (value !== null && (!isLog || value > 0)) values.push(value);
      });
    }
    values.sort((a, b) => a - b);
    // As introspect/graph/life/still.py: a first step or a single bias must not take all colours.
    const edge = isLog ? Math.floor(values.length * OUTSIDE) : 0;
    const [low, high] = [isLog ? (values[edge] ?? 0) : 0, values.at(-1 - edge) ?? 0];
    const least = edge && values[0]! < low ? "≤ " : "";
    const most = edge && values.at(-1)! > high ? "≥ " : "";
    const place = (value: number): number => {
      if (isLog && value <= 0) return 0;
      if (high === low) return isLog ? 0.5 : 0;
      if (!isLog) return (value - low) / (high - low);
      return LEAST_HEAT + ((1 - LEAST_HEAT) * Math.log(value / low)) / Math.log(high / low);
    };
    return {
      title,
      low: least + written(low, kind),
      high: most + written(high, kind),
      note: isLog ? "log scale" : "",
      heat: (box) => {
        const value = this.value(box, key);
        return value === null ? null : Math.min(1, Math.max(0, place(value)));
      },
    };
  }

  protected override look(): Look {
    const look = super.look();
    const { life } = this;
    if (!life) return look;
    const beside: Look["beside"] = (pen, box, x, y) => life.beside.paint(pen, this.theme, look.zoom, this.record, box, x, y);
    if (!this.coloring) return { ...look, beside };
    // One more step of the ramp, for boxes without a number: paper, as in still pictures.
    const { heat } = look;
    const steps = look.theme.heat.length;
    const theme: Theme = {
      ...look.theme,
      heat: [...look.theme.heat, look.theme.roles["page"]!],
      heatText: [...look.theme.heatText, look.theme.roles["soft"]!],
    };
    const place = (box: Box): number => {
      const value = heat(box);
      return value === null ? 1 : (value * (steps - 1)) / steps;
    };
    return { ...look, theme, beside, heat: (box) => (box.isIo ? null : place(box)) };
  }

  // ---- the picture

  protected override changed(): void {
    if (!this.life) return;
    this.scene.arranger.arrange(this.model.root);
    const shown = [...this.model.shown()].filter((box) => !box.isOpen);
    this.life.beside.arrange(shown.map((box) => ({ box, ...this.scene.areaOf(box) })));
    super.changed();
    this.legend.append(...this.stripLegend());
    this.life.moments.repaint();
  }

  /** What the strips show: kinds with the ends of their axes. */
  private stripLegend(): HTMLElement[] {
    const { kinds, spans, told } = this.life!.store.document;
    const power = (octave: number) => `10${superscript(Math.round(octave * Math.log10(2)))}`;
    const words = kinds.map((kind, k) => `${kind} ${power(spans[k]![0])} to ${power(spans[k]![1])}`);
    return [
      el("p", { class: "strips" }, el("b", {}, "Strips"), " log |x| over time, more ink is more mass, foot is zeros",
        el("span", { class: "spans" }, `: ${words.join(", ")}`)),
      ...told.map((line) => el("p", { class: "told" }, line)),
    ];
  }

  private goTo(): void {
    this.changed();
    this.showDetails();
  }

  protected override applyTheme(): void {
    super.applyTheme();
    this.life?.moments.repaint();
  }

  override svg(area: Area = this.view.area): string {
    const pen = new PicturePen();
    this.scene.paint(pen, { ...this.look(), zoom: Infinity }, area);
    const { x, y, width, height } = area;
    return pen.document(x, y, width, height, this.data.raw.title, this.theme.roles["page"]!);
  }

  // ---- strips under the pointer

  /** The strip at a point of the screen, and the record there. */
  stripAt(x: number, y: number): { pane: Pane; record: number } | null {
    const [px, py] = this.view.toPlane(x, y);
    const box = this.scene.at(px, py);
    if (!this.life || !box.parent || box.isOpen) return null;
    const { x: left, y: top } = this.scene.areaOf(box);
    const pane = this.life.beside.panes(box, left, top)
      .find((one) => px >= one.x && px <= one.x + one.width && py >= one.y && py <= one.y + one.height);
    if (!pane) return null;
    const { length } = this.life.store.document.records;
    return { pane, record: Math.min(length - 1, Math.floor(((px - pane.x) / pane.width) * length)) };
  }

  protected override click(x: number, y: number, shift: boolean): void {
    const hit = this.stripAt(x, y);
    if (!hit || shift) return super.click(x, y, shift);
    this.tree.element.focus({ preventScroll: true });
    this.select(hit.pane.box);
    this.openMoments(hit.pane.box, hit.pane.kind, hit.record);
  }

  openMoments(box: Box, kind: number, record = this.record): void {
    this.life!.moments.show(box, kind, record);
    this.stage.classList.add("with-moments");
    this.draw();
  }

  private hoverStrip(event: PointerEvent): void {
    const frame = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    const hit = event.buttons ? null : this.stripAt(x, y);
    const lines = hit ? this.aboutStrip(hit) : event.buttons ? [] : this.aboutBox(this.hit(x, y));
    this.tip.hidden = !lines.length;
    if (!lines.length) return;
    this.tip.replaceChildren(...lines);
    this.tip.style.left = `${Math.min(x + 14, this.view.width - 230)}px`;
    this.tip.style.top = `${Math.min(y + 14, this.view.height - 70)}px`;
    this.canvas.classList.add("over");
  }

  private aboutStrip({ pane: { box, kind }, record }: { pane: Pane; record: number }): HTMLElement[] {
    const { store, moments } = this.life!;
    return [
      el("b", {}, el("bdi", {}, box.title), ` ${store.document.kinds[kind]!}`),
      el("span", {}, recordText(store.document.records[record]!)),
      el("span", {}, moments.summary(box, kind, record)),
    ];
  }

  /** The number that colours a box, and its range over the members of a fold. */
  private aboutBox(box: Box | null): HTMLElement[] {
    if (!this.coloring || !box?.isShut || !box.parent || box.isIo) return [];
    const value = this.value(box);
    if (value === null) return [];
    const [title, kind] = this.life!.store.document.statistics[this.coloring]!;
    return [
      el("b", {}, el("bdi", {}, box.title)),
      el("span", {}, `${title} ${written(value, kind)}${this.range(box, this.coloring)}`),
    ];
  }

  protected override press(key: string, shift: boolean): boolean {
    if (key === "Escape" && this.life?.moments.isOpen) {
      this.life.moments.close();
      return true;
    }
    return super.press(key, shift);
  }

  // ---- what is told about a box

  protected override showDetails(): void {
    super.showDetails();
    const box = this.selected;
    if (!this.life || !box?.parent || this.details.element.hidden || !this.life.members.has(box)) return;
    const { store, members } = this.life;
    const facts = el("dl", {});
    for (const [key, [title, kind]] of Object.entries(store.document.statistics)) {
      const value = this.value(box, key);
      if (value === null) continue;
      facts.append(el("dt", {}, title.split(" ‖")[0]!), el("dd", {}, written(value, kind) + this.range(box, key)));
    }
    const buttons = el("p", { class: "kinds" });
    store.document.kinds.forEach((name, kind) => {
      if (!members.courses(box, kind).length) return;
      const open = el("button", { type: "button", class: "link" }, name);
      on(open, "click", () => this.openMoments(box, kind));
      buttons.append(open);
    });
    this.details.element.append(
      el("h3", {}, `Training, ${recordText(store.document.records[this.record]!)}`), facts, el("h3", {}, "Distributions"), buttons);
  }

  /** Of a box that stands for several: the least and the greatest of them. */
  private range(box: Box, key: string): string {
    const { store, members } = this.life!;
    const lists = members.names(box);
    if (lists.length < 2) return "";
    const values = lists.map((names) => statistic(store, key, store.of(names), this.record)).filter((v) => v !== null);
    const kind = store.document.statistics[key]![1];
    const [least, most] = [written(Math.min(...values), kind), written(Math.max(...values), kind)];
    return values.length < 2 || least === most ? "" : ` (each ${least} to ${most})`;
  }
}

