// A store on the screen: panels in rows, drawn when something changed, at most once a frame.

import { el } from "./dom";
import { kinds } from "./kinds";
import { Lines } from "./lines";
import { ceil, max, min, round } from "./math";
import type { Place } from "./message";
import type { Panel } from "./panel";
import { chip, Progress } from "./status";
import type { Store } from "./store";
import { properties, type Mode } from "./tokens";
import type { Range } from "./chart";

/** Charts with the same x: what part of it they show. */
export class Link {
  zoom: Range | null = null;

  constructor(
    private readonly view: View,
    private readonly word: string,
  ) {}

  private members(): Lines[] {
    return [...this.view.panels.values()].filter((panel): panel is Lines => panel instanceof Lines && panel.link === this.word);
  }

  extent(): Range | null {
    const found = this.members().map((panel) => panel.extent()).filter((range) => range !== null);
    return found.length ? [min(...found.map((range) => range[0])), max(...found.map((range) => range[1]))] : null;
  }

  private at: number | null = null;
  private over: Lines | null = null;

  /** The pointer is somewhere on x. */
  point(at: number | null, over: Lines): void {
    this.at = at;
    this.over = over;
    for (const panel of this.members()) panel.showCursor(at, panel === over);
  }

  /** A chart was drawn anew under the pointer. */
  refresh(panel: Lines): void {
    panel.showCursor(this.at, panel === this.over);
  }

  set(zoom: Range | null): void {
    const whole = this.extent();
    if (zoom && whole) {
      const span = min(zoom[1] - zoom[0], whole[1] - whole[0]);
      const low = max(whole[0], min(zoom[0], whole[1] - span));
      zoom = span >= (whole[1] - whole[0]) * 0.999 || !(span > 0) ? null : [low, low + span];
    }
    this.zoom = zoom;
    for (const panel of this.members()) panel.touch();
  }
}

let count = 0;

export class View {
  readonly root = el("div", { class: "itc", role: "group", "aria-label": "Training" });
  readonly panels = new Map<string, Panel>();
  readonly uid = `itc${++count}-${Math.random().toString(36).slice(2, 8)}`;
  mode: Mode = "light";
  /** Frames drawn, and how long they took; tests and benchmarks read them. */
  draws = 0;
  readonly drawMs: number[] = [];
  private readonly links = new Map<string, Link>();
  private colors: Record<string, string> = {};
  private isAlone = false;
  private isWaiting = false;
  private isMoved = true;
  private columns = 0;
  private readonly forget: () => void;
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly observers: { disconnect(): void }[] = [];
  private readonly state = el("div", { class: "state-row" });
  private arrivals: number[] = [];

  constructor(
    readonly store: Store,
    place: HTMLElement,
    private readonly theme: Mode | "auto" = "auto",
  ) {
    place.append(this.root);
    (this.root as HTMLElement & { introspect?: View }).introspect = this;
    this.forget = store.watch((changed) => this.changed(changed));
    const size = new ResizeObserver(() => this.columnsFor() !== this.columns && ((this.isMoved = true), this.wake()));
    size.observe(this.root);
    const dark = matchMedia("(prefers-color-scheme: dark)"), follow = (): void => this.follow();
    dark.addEventListener("change", follow);
    const attributes = new MutationObserver(follow);
    for (const node of [document.documentElement, document.body]) attributes.observe(node, { attributeFilter: ["data-jp-theme-light", "data-theme", "class"] });
    this.observers.push(size, attributes, { disconnect: () => dark.removeEventListener("change", follow) });
    this.timer = setInterval(() => this.showState(), 1000);
    this.follow();
    this.wake();
  }

  /** Light or dark: what was asked for, what the notebook is, what the system is. */
  private follow(): void {
    const lab = document.body.dataset["jpThemeLight"], page = document.documentElement.dataset["theme"] ?? document.body.dataset["theme"];
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const mode = this.theme !== "auto" ? this.theme : lab ? (lab === "true" ? "light" : "dark") : page === "dark" || page === "light" ? page : system;
    this.mode = mode;
    this.colors = properties(mode);
    for (const [name, value] of Object.entries(this.colors)) this.root.style.setProperty(name, value);
    this.root.style.colorScheme = mode;
    if (this.isAlone) document.body.style.background = this.color("--surface");
    this.touch();
  }

  color(name: string): string {
    return this.colors[name]!;
  }

  linked(word: string): Link {
    let link = this.links.get(word);
    if (!link) this.links.set(word, (link = new Link(this, word)));
    return link;
  }

  private changed(panels: Set<string> | null): void {
    const now = performance.now();
    this.arrivals = [...this.arrivals.slice(-20), now];
    if (panels === null) this.isMoved = true;
    else {
      const words = new Set<string>();
      for (const id of panels) {
        const panel = this.panels.get(id);
        if (panel) panel.dirty = true;
        if (panel instanceof Lines) words.add(panel.link);
        if (panel && panel.kind !== this.store.panels.get(id)?.kind) this.isMoved = true;
      }
      // Whoever shares their x may have a longer axis now.
      for (const panel of this.panels.values()) if (panel instanceof Lines && words.has(panel.link)) panel.dirty = true;
    }
    this.wake();
  }

  touch(): void {
    for (const panel of this.panels.values()) panel.dirty = true;
    this.wake();
  }

  wake(): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => this.frame());
  }

  private frame(): void {
    this.isWaiting = false;
    const began = performance.now();
    if (this.isMoved) this.arrange();
    for (const panel of this.panels.values()) {
      if (!panel.dirty) continue;
      try {
        panel.redraw();
      } catch (error) {
        panel.fail(error); // one broken panel hides no other
      }
    }
    this.showState();
    this.draws++;
    this.drawMs.push(performance.now() - began);
    if (this.drawMs.length > 200) this.drawMs.shift();
  }

  // Where panels are ------------------------------------------------------------------------------

  private columnsFor(): number {
    const width = this.root.clientWidth;
    return width >= 1100 ? 3 : width >= 620 ? 2 : 1;
  }

  private arrange(): void {
    this.isMoved = false;
    this.columns = this.columnsFor();
    const wanted = new Set<string>();
    const collect = (place: Place): void => {
      if (typeof place === "string") wanted.add(place);
      else ("row" in place ? place.row : place.column).forEach(collect);
    };
    this.store.layout.forEach(collect);
    for (const [id, panel] of this.panels) {
      if (wanted.has(id) && panel.kind === this.store.panels.get(id)?.kind) continue;
      panel.destroy();
      this.panels.delete(id);
    }
    for (const id of wanted) {
      const spec = this.store.panels.get(id);
      if (spec && !this.panels.has(id)) this.panels.set(id, new (kinds(spec.kind))(this, id));
    }
    const rows: HTMLElement[] = [];
    let run: Place[] = [];
    const flush = (): void => {
      const most = this.columns === 2 && run.length === 3 && !run.some((id) => this.isCrowded(id)) ? 3 : this.columns;
      for (let left = ceil(run.length / most); left > 0; left--) rows.push(this.row(run.splice(0, ceil(run.length / left))));
    };
    for (const place of this.store.layout) {
      if (typeof place === "string" && !this.isWide(place)) run.push(place);
      else {
        flush();
        rows.push(typeof place === "string" ? this.row([place]) : this.block(place));
      }
    }
    flush();
    this.root.replaceChildren(this.state, ...rows);
    this.touch();
  }

  private isWide(id: string): boolean {
    return Boolean(this.store.panels.get(id)?.["wide"]);
  }

  private isCrowded(place: Place): boolean {
    return typeof place === "string" && ((this.store.panels.get(place)?.["series"] as unknown[] | undefined)?.length ?? 0) > 3;
  }

  private row(places: Place[], shares?: number[]): HTMLElement {
    const row = el("div", { class: "row" });
    const share = (place: Place, k: number): number => shares?.[k] ?? (places.length > 1 && typeof place === "string" && this.store.panels.get(place)?.kind === "images" ? 0.75 : 1);
    row.style.gridTemplateColumns = this.columns === 1 ? "minmax(0,1fr)" : places.map((place, k) => `minmax(0,${share(place, k)}fr)`).join(" ");
    row.append(...places.map((place) => this.block(place)));
    return row;
  }

  private block(place: Place): HTMLElement {
    if (typeof place === "string") return this.panels.get(place)?.element ?? el("div");
    if ("row" in place) return this.row(place.row, place.shares);
    return el("div", { class: "column" }, ...place.column.map((member) => this.block(member)));
  }

  // How the training is ---------------------------------------------------------------------------

  /** live, stale, finished, failed, stopped; or nothing for a still picture. */
  private showState(): void {
    let { state } = this.store, text = state;
    const last = this.arrivals[this.arrivals.length - 1];
    if (state === "live" && last !== undefined) {
      const usual = this.arrivals.length > 2 ? (last - this.arrivals[0]!) / (this.arrivals.length - 1) : 0;
      const quiet = performance.now() - last;
      if (quiet > max(10_000, 10 * usual)) [state, text] = ["stale", `no value for ${round(quiet / 1000)} s`];
    }
    const made = state ? chip(state, text) : null;
    const host = [...this.panels.values()].find((panel) => panel instanceof Progress);
    const place = host instanceof Progress ? host.stateRow : this.state;
    if (place.textContent !== (made?.textContent ?? "")) place.replaceChildren(...(made ? [made] : []));
    if (place !== this.state) this.state.replaceChildren();
  }

  /** The sender is gone for now. */
  lost(): void {
    if (this.store.state === "live") this.store.state = "stale";
    this.showState();
  }

  /** The page holds nothing else: what was made to stand by itself says so. */
  enterAlone(): void {
    document.body.classList.add("itc-page");
    document.body.classList.toggle("framed", window !== window.parent);
    this.isAlone = true;
    this.follow();
  }

  destroy(): void {
    this.forget();
    clearInterval(this.timer);
    for (const observer of this.observers) observer.disconnect();
    for (const panel of this.panels.values()) panel.destroy();
    this.root.remove();
  }
}
