// A strip that was clicked, at full size: its records over each other, the first one in grey.

import type { Theme } from "../graph/data";
import { button, el, on } from "../graph/dom";
import type { Box } from "../graph/model";
import type { Beside } from "./beside";
import { chart } from "./chart";
import type { Members } from "./members";
import { distance, merged, type Sketch } from "./sketch";
import type { Course, Store } from "./store";
import { type Strip, stripOf } from "./strips";
import { countText, percentText, powerText, recordText, shortRecord, superscript } from "./words";

const MOST = 6; // records over each other
const MAP_HEIGHT = 132;

interface Hooks {
  theme: () => Theme;
  now: () => number;
  go: (record: number) => void;
  closed: () => void;
}

export class Moments {
  readonly element = el("aside", { class: "moments", "aria-label": "Distributions over time", hidden: "" });
  /** What is shown: for tests, and to paint it again. */
  box: Box | null = null;
  kind = 0;
  /** Names of the tensors; all of the box if it is empty. */
  tensor = -1;
  chosen: number[] = [];

  constructor(
    private readonly store: Store,
    private readonly members: Members,
    private readonly beside: Beside,
    private readonly hooks: Hooks,
  ) {}

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  show(box: Box, kind: number, record: number): void {
    const isNew = box !== this.box || !this.isOpen;
    [this.box, this.kind] = [box, kind];
    if (isNew) this.tensor = -1;
    const there = this.recorded();
    const middle = there[Math.floor((there.length - 1) / 2)]!;
    this.chosen = isNew || !this.chosen.length ? [middle, there.at(-1)!] : this.chosen.filter((k) => there.includes(k));
    this.element.hidden = false;
    this.add(record);
    this.repaint();
  }

  close(): void {
    this.element.hidden = true;
    this.element.parentElement?.classList.remove("with-moments");
    this.hooks.closed();
  }

  /** Records of what is shown. */
  private recorded(): number[] {
    const courses = this.courses();
    return this.store.document.records.map((_, k) => k).filter((k) => courses.some((course) => course.sketch[k]! >= 0));
  }

  private courses(): Course[] {
    if (this.tensor >= 0) return this.store.of([this.tensor], this.kind);
    return this.members.courses(this.box!, this.kind);
  }

  sketch(record: number): Sketch | null {
    return merged(this.store, this.courses(), record);
  }

  /** One line about a strip at a record. */
  summary(box: Box, kind: number, record: number): string {
    const sketch = merged(this.store, this.members.courses(box, kind), record);
    if (!sketch) return "not recorded";
    const parts = [`std ${powerText(sketch.std)}`];
    if (sketch.zeros) parts.push(`zeros ${percentText(sketch.zeros / sketch.finite)}`);
    if (sketch.nans + sketch.infinities) parts.push(`${countText(sketch.nans + sketch.infinities)} not finite`);
    return parts.join(", ");
  }

  private add(record: number): void {
    const there = this.recorded();
    if (record === there[0] || !there.includes(record)) return;
    const kept = this.chosen.filter((one) => one !== record && one !== there[0]);
    while (kept.length >= MOST - 1) kept.splice(Math.floor(kept.length / 2), 1);
    this.chosen = [...kept, record].sort((a, b) => a - b);
  }

  private toggle(record: number): void {
    if (this.chosen.includes(record)) this.chosen = this.chosen.filter((one) => one !== record);
    else this.add(record);
    this.hooks.go(record); // paints this again, too
  }

  // ---- what is seen

  repaint(): void {
    const { box } = this;
    if (!box || !this.isOpen) return;
    const focused = (document.activeElement as HTMLElement | null)?.dataset?.["key"];
    const first = this.recorded()[0];
    const shown = first === undefined ? [] : [first, ...this.chosen.filter((one) => one !== first)];
    const close = el("button", { type: "button", class: "close", "aria-label": "Close distributions" }, "×");
    on(close, "click", () => this.close());
    const words = [box.name ? box.module : "", box.data.text(box.head, "badge")].filter(Boolean).join(" · ");
    const sketches = shown.map((record) => this.sketch(record)!);
    this.element.replaceChildren(
      el("div", { class: "head" }, el("h2", {}, el("bdi", {}, box.title), el("span", {}, el("bdi", {}, ` ${words}`))), close),
      this.kinds(), this.tensors(), this.map(), this.marks(shown),
      ...(sketches.length ? [chart(sketches, this.colors(shown.length), this.hooks.theme())] : []),
      this.table(shown, sketches),
    );
    if (focused) this.element.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
  }

  private colors(count: number): string[] {
    const theme = this.hooks.theme() as Theme & { dark?: boolean };
    const { reference, epoch } = this.store.document.colors[theme.dark ? "dark" : "light"];
    return Array.from({ length: count }, (_, k) =>
      k ? epoch[Math.round(((count > 2 ? (k - 1) / (count - 2) : 1) * (epoch.length - 1)))]! : reference);
  }

  private kinds(): HTMLElement {
    const row = el("div", { class: "tabs", role: "group", "aria-label": "Kind" });
    this.store.document.kinds.forEach((name, kind) => {
      if (!this.members.courses(this.box!, kind).length) return;
      const tab = button(name, `Show ${name}`, () => {
        this.tensor = -1;
        this.show(this.box!, kind, this.hooks.now());
      });
      tab.dataset["key"] = `kind-${kind}`;
      tab.setAttribute("aria-pressed", String(kind === this.kind));
      row.append(tab);
    });
    return row;
  }

  /** One of the tensors in the box, or all as one. */
  private tensors(): HTMLElement {
    const all = this.members.courses(this.box!, this.kind);
    const select = el("select", { "aria-label": "Tensor" });
    select.dataset["key"] = "tensor";
    if (all.length > 1) select.append(el("option", { value: "-1" }, `all ${all.length} together`));
    for (const { name } of all) select.append(el("option", { value: String(name) }, this.store.document.names[name]!));
    select.value = String(all.length > 1 ? this.tensor : all[0]?.name);
    on(select, "change", () => {
      this.tensor = Number(select.value);
      this.repaint();
    });
    const sketch = this.sketch(this.recorded()[0] ?? 0);
    const many = sketch ? sketch.finite + sketch.nans + sketch.infinities : 0;
    return el("p", { class: "which" }, select, el("span", {}, `${countText(many)} values · ${this.membersText()}`));
  }

  /** How the members of a folded box differ. */
  private membersText(): string {
    const lists = this.members.names(this.box!);
    const stds = lists.map((names) => merged(this.store, this.store.of(names, this.kind), this.hooks.now())?.std);
    const known = stds.filter((std) => std !== undefined);
    if (known.length < 2) return recordText(this.store.document.records[this.hooks.now()]!);
    return `std of the ${known.length}: ${powerText(Math.min(...known))} to ${powerText(Math.max(...known))}`;
  }

  /** The strip, large, with its axes; a click takes a record in or out. */
  private map(): HTMLElement {
    const strip: Strip = stripOf(this.store, this.courses(), this.kind);
    const canvas = this.beside.pixels(strip, this.hooks.theme());
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "log magnitude over the records");
    const [from, to] = this.store.document.spans[this.kind]!;
    const axis = el("div", { class: "axis" });
    const [low, high] = [from * Math.log10(2), to * Math.log10(2)];
    const every = Math.max(1, Math.ceil((high - low) / 4));
    const foot = 2 / (strip.rows + 2);
    for (let power = Math.ceil(low); power <= high; power++) {
      if (((power % every) + every) % every) continue;
      const mark = el("span", {}, `10${superscript(power)}`);
      mark.style.bottom = `${(foot + ((power - low) / (high - low)) * (1 - foot)) * MAP_HEIGHT - 8}px`;
      axis.append(mark);
    }
    axis.append(el("span", { class: "zero" }, "0"));
    const cursor = el("i", {});
    cursor.style.left = `${((this.hooks.now() + 0.5) / strip.records) * 100}%`;
    const plot = el("div", { class: "plot" }, canvas, cursor);
    on(plot, "click", (event) => {
      const { left, width } = plot.getBoundingClientRect();
      this.toggle(Math.min(strip.records - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * strip.records))));
    });
    return el("div", { class: "map" }, axis, plot);
  }

  /** Below the map: where the chosen records are, and its two ends. */
  private marks(shown: number[]): HTMLElement {
    const { records } = this.store.document;
    const row = el("div", { class: "marks" });
    shown.forEach((record, k) => {
      const mark = el("i", {});
      mark.style.left = `${((record + 0.5) / records.length) * 100}%`;
      mark.style.background = this.colors(shown.length)[k]!;
      row.append(mark);
    });
    row.append(el("span", {}, shortRecord(records[0]!)), el("span", {}, "click a time to compare it"),
      el("span", {}, shortRecord(records.at(-1)!)));
    return row;
  }

  private table(shown: number[], sketches: Sketch[]): HTMLElement {
    const heads = ["", "mean", "std", "W₁ / σ", "zeros", "NaN, Inf"];
    const body = el("tbody", {});
    const [base] = sketches;
    shown.forEach((record, k) => {
      const sketch = sketches[k]!;
      const swatch = el("i", {});
      swatch.style.background = this.colors(shown.length)[k]!;
      const go = el("button", { type: "button", class: "link" }, recordText(this.store.document.records[record]!));
      go.dataset["key"] = `record-${record}`;
      on(go, "click", () => this.hooks.go(record));
      const moved = k && base!.std ? (distance(base!, sketch) / base!.std).toPrecision(3) : "–";
      const broken = sketch.nans + sketch.infinities;
      const cells = [powerText(sketch.mean), powerText(sketch.std), moved, percentText(sketch.zeros / sketch.finite), countText(broken)];
      const row = el("tr", record === this.hooks.now() ? { "aria-current": "true" } : {}, el("th", { scope: "row" }, swatch, go),
        ...cells.map((cell, column) => el("td", column === 4 && broken ? { class: "bad" } : {}, cell)));
      body.append(row);
    });
    const head = el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text))));
    return el("table", {}, head, body);
  }
}
