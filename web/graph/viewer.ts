// The page: a canvas with a toolbar, search, details and a map, and what they do to each other.

import { CanvasPen } from "./canvas_pen";
import type { Data, Theme } from "./data";
import { Details } from "./details";
import { button, el, on } from "./dom";
import { listen } from "./gestures";
import { Arranger, type Link, sizeOf } from "./layout/container";
import { TITLE_ROW } from "./layout/sizes";
import { legend } from "./legend";
import { scaleOf, type Scale } from "./measures";
import { Minimap } from "./minimap";
import { type Box, Model, shortestPath } from "./model";
import { download, fileName, toPng, toSvg } from "./save";
import { type Area, type Look, Scene, wiresBetween } from "./scene";
import { Index, Search } from "./search";
import { Tree } from "./tree";
import { View } from "./view";

const STEP = 60; // pixels that an arrow key pans
const ZOOM_STEP = 1.25;
const DETAILS_WIDTH = 320;

export class Viewer {
  readonly model: Model;
  readonly scene: Scene;
  readonly view = new View();
  readonly search: Search;
  readonly index: Index;
  readonly tree: Tree;
  readonly canvas = el("canvas", { "aria-hidden": "true" });
  readonly element = el("div", { class: "app" });
  selected: Box | null = null;
  hovered: Box | null = null;
  path: Box[] | null = null;
  /** Milliseconds of the last frame and of the last change of the picture. */
  readonly spent = { frame: 0, change: 0 };

  protected readonly details: Details;
  protected readonly minimap: Minimap;
  protected readonly legend = el("div", { class: "legend", "aria-label": "Legend" });
  protected readonly stage = el("main", { class: "stage" });
  protected readonly status = el("p", { class: "unseen", role: "status" });
  private readonly percent = el("span", { class: "percent" });
  private readonly themeButton = button("Dark", "Switch between light and dark", () => this.flip());
  protected readonly prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  protected mode: "auto" | "light" | "dark" | "fixed";
  protected scale: Scale | null = null;
  private scales = new Map<string, Scale>();
  private frame = 0;
  private detailsOpen = false;

  constructor(readonly data: Data) {
    const { raw } = data;
    this.mode = raw.mode;
    this.model = new Model(data);
    this.scene = new Scene(this.model, new Arranger(raw.direction));
    this.index = new Index(this.model);
    this.tree = new Tree(this.model);
    this.search = new Search(this.index, (box) => this.jump(box));
    this.details = new Details({
      select: (box) => this.jump(box),
      toggle: (box) => this.toggle(box),
      close: () => this.closeDetails(),
    });
    this.minimap = new Minimap(this.scene, (x, y) => {
      this.view.centre(x, y);
      this.redraw();
    });
    this.build();
    this.colorBy(raw.colorBy);
    this.applyTheme();
  }

  /** Put the page together; it is drawn once it has a size. */
  private build(): void {
    const { raw } = this.data;
    const about = el("div", { class: "about" },
      el("h1", {}, el("bdi", {}, raw.title)), el("p", {}, el("bdi", {}, raw.subtitle)));
    const tools = el("div", { class: "tools", role: "toolbar", "aria-label": "Tools" },
      this.search.element, this.measureSelect(),
      button("Expand all", "Open every group", () => this.setAll(true)),
      button("Collapse all", "Shut every group", () => this.setAll(false)),
      this.saveMenu(), raw.mode === "fixed" ? null : this.themeButton);
    const zoom = el("div", { class: "zoom" },
      button("−", "Zoom out", () => this.zoomBy(1 / ZOOM_STEP)), this.percent,
      button("+", "Zoom in", () => this.zoomBy(ZOOM_STEP)),
      button("Fit", "Show all", () => this.fit()));
    const corner = el("div", { class: "corner" }, this.minimap.element, zoom);
    const empty = this.model.root.children.length ? null
      : el("p", { class: "empty" }, "This graph has no operations to draw.");
    this.stage.append(this.canvas, this.tree.element, this.legend, corner, this.details.element,
      this.status, ...(empty ? [empty] : []));
    this.element.append(el("header", { class: "bar" }, about, tools), this.stage);
    listen(this.canvas, this.view, {
      changed: () => this.redraw(),
      click: (x, y, shift) => this.click(x, y, shift),
      hover: (x, y) => this.hover(this.hit(x, y)),
      leave: () => this.hover(null),
    });
    on(this.tree.element, "keydown", (event) => this.key(event));
    this.tree.element.addEventListener("choose", (event) => {
      const box = (event as CustomEvent<Box>).detail;
      this.select(box);
      this.act(box);
    });
    on(document, "keydown", (event) => this.shortcut(event));
    on(this.prefersDark, "change", () => this.applyTheme());
  }

  /** Draw for the first time, and whenever the page changes its size. */
  start(): void {
    let first = true;
    const resize = () => {
      const { clientWidth, clientHeight } = this.stage;
      if (!clientWidth || !clientHeight) return;
      this.view.width = clientWidth;
      this.view.height = clientHeight;
      if (first) this.view.fit(this.scene.area(), true);
      if (first) this.changed();
      first = false;
      this.draw();
    };
    resize();
    new ResizeObserver(resize).observe(this.stage);
    window.requestIdleCallback?.(() => this.index.find("a")); // makes the index and warms it up
  }

  // ---- what is drawn

  get theme(): Theme {
    return this.data.raw.themes[this.isDark ? "dark" : "light"];
  }

  get isDark(): boolean {
    return this.mode === "dark" || (this.mode === "auto" && this.prefersDark.matches);
  }

  protected look(): Look {
    const marked = new Map<Box, Set<Link>>();
    let lit: Set<Box> | null = null;
    if (this.path) {
      lit = new Set(this.path.flatMap((box) => [box, ...box.ancestors()]));
      this.path.slice(1).forEach((box, k) => wiresBetween(this.path![k]!, box, marked));
    } else {
      for (const box of [this.selected, this.hovered]) {
        if (!box?.isShut || !box.isShown) continue;
        for (const source of box.sources()) wiresBetween(source, box, marked);
        for (const reader of box.readers()) wiresBetween(box, reader, marked);
      }
    }
    return {
      theme: this.theme, marked, zoom: this.view.zoom,
      heat: this.scale?.heat ?? (() => null),
      isLit: lit && ((box) => lit.has(box)),
    };
  }

  redraw(): void {
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  draw(): void {
    const began = performance.now();
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { view, canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d", { alpha: false })!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 1;
    context.fillStyle = this.theme.roles["page"]!;
    context.fillRect(0, 0, width, height);
    const zoom = view.zoom * ratio;
    context.setTransform(zoom, 0, 0, zoom, view.x * ratio, view.y * ratio);
    this.scene.paint(new CanvasPen(context), this.look(), view.area);
    this.rings(context);
    this.minimap.follow(view.area);
    this.percent.textContent = `${Math.round(view.zoom * 100)}%`;
    this.spent.frame = performance.now() - began;
  }

  /** The selected box, its neighbours, and the one under the pointer. */
  private rings(context: CanvasRenderingContext2D): void {
    const accent = this.theme.chrome["accent"]!;
    const ring = (box: Box, width: number, opacity: number) => {
      if (!box.isShown || !box.parent) return;
      const { x, y, width: w, height: h } = this.scene.areaOf(box);
      const off = 2.5;
      context.globalAlpha = opacity;
      context.strokeStyle = accent;
      context.lineWidth = Math.max(width, width / this.view.zoom);
      context.beginPath();
      context.roundRect(x - off, y - off, w + 2 * off, h + 2 * off, Math.min(h / 2, 8) + off);
      context.stroke();
      context.globalAlpha = 1;
    };
    for (const box of this.path ?? []) ring(box, 1.2, 0.8);
    const near = this.path ? null : (this.hovered ?? this.selected);
    if (near?.isShut && near.isShown) {
      for (const box of [...near.sources(), ...near.readers()]) ring(box, 1, 0.55);
    }
    if (this.hovered && this.hovered !== this.selected) ring(this.hovered, 1, 0.9);
    if (this.selected) ring(this.selected, 2, 1);
  }

  /** The picture itself has changed: map and legend, too. */
  protected changed(): void {
    this.minimap.draw(this.look());
    this.legend.replaceChildren(...legend(this.model, this.theme, this.scale));
    this.draw();
  }

  // ---- opening and shutting

  /** Open or shut a group; the point where its main path enters stays where it is. */
  toggle(box: Box): void {
    if (!box.isGroup || !box.parent) return;
    const began = performance.now();
    const before = this.anchor(box);
    this.model.set(box, !box.isOpen);
    this.scene.arranger.arrange(this.model.root);
    this.keep(before, this.anchor(box));
    this.forgetPath();
    this.changed();
    this.spent.change = performance.now() - began;
    this.tree.update(box);
    this.showDetails();
  }

  setAll(open: boolean): void {
    const began = performance.now();
    this.model.setAll(open);
    this.scene.arranger.arrange(this.model.root);
    this.forgetPath();
    if (this.selected && !this.selected.isShown) this.select(null);
    this.view.fit(this.scene.area(), !open);
    this.changed();
    this.spent.change = performance.now() - began;
    this.tree.rebuild();
    this.tree.focus(this.selected);
  }

  private anchor(box: Box): [number, number] {
    const { x, y } = this.scene.areaOf(box);
    const { axis, height } = sizeOf(box);
    if (this.scene.isDown) return [x + axis, y];
    return [x, y + (box.isOpen ? axis : height / 2)];
  }

  private keep(before: [number, number], after: [number, number]): void {
    const { zoom } = this.view;
    this.view.pan((before[0] - after[0]) * zoom, (before[1] - after[1]) * zoom);
  }

  // ---- choosing boxes

  protected hit(x: number, y: number): Box | null {
    const box = this.scene.at(...this.view.toPlane(x, y));
    return box.parent ? box : null;
  }

  protected click(x: number, y: number, shift: boolean): void {
    this.tree.element.focus({ preventScroll: true });
    const box = this.hit(x, y);
    if (!box) return this.select(null);
    if (shift && this.selected) return this.showPath(this.selected, box);
    if (box.isOpen) {
      const [px, py] = this.view.toPlane(x, y);
      const { x: left, y: top } = this.scene.areaOf(box);
      if (py - top > TITLE_ROW || px < left) return this.select(null);
    }
    this.select(box);
    this.act(box);
  }

  /** What a click or Enter does: a group opens or shuts, anything else tells about itself. */
  private act(box: Box): void {
    if (box.isGroup) return this.toggle(box);
    this.detailsOpen = true;
    this.showDetails();
    this.draw();
  }

  select(box: Box | null): void {
    this.forgetPath();
    this.selected = box;
    this.tree.focus(box);
    if (!box) this.detailsOpen = false;
    this.showDetails();
    this.redraw();
  }

  protected hover(box: Box | null): void {
    this.canvas.classList.toggle("over", box !== null && (box.isShut || !box.isOpen));
    const shut = box?.isShut ? box : null;
    if (shut === this.hovered) return;
    this.hovered = shut;
    this.redraw();
  }

  /** Go to a box, opening what hides it. */
  jump(box: Box): void {
    if (this.model.reveal(box)) {
      this.scene.arranger.arrange(this.model.root);
      this.tree.rebuild();
    }
    this.detailsOpen = true;
    this.select(box);
    if (this.view.zoom < 0.5) this.view.zoom = 1;
    const { x, y, width, height } = this.scene.areaOf(box);
    const covered = this.coveredRight();
    this.view.centre(x + width / 2 + covered / 2 / this.view.zoom, y + Math.min(height / 2, 200));
    this.changed();
    this.tree.element.focus({ preventScroll: true });
  }

  /** The shortest way along the data between two boxes, in either direction. */
  showPath(from: Box, to: Box): void {
    if (from === to) return this.select(to);
    this.path = shortestPath(from, to) ?? shortestPath(to, from);
    const steps = this.path ? this.path.length - 1 : 0;
    const words = this.path
      ? `Path from ${this.path[0]!.title} to ${this.path.at(-1)!.title}: ${steps} ${steps === 1 ? "step" : "steps"}`
      : `No path between ${from.title} and ${to.title}`;
    this.status.textContent = words;
    this.detailsOpen = true;
    this.details.show(this.selected, words);
    this.draw();
  }

  private forgetPath(): void {
    this.path = null;
  }

  protected showDetails(): void {
    this.details.show(this.detailsOpen ? this.selected : null);
    this.stage.classList.toggle("with-details", this.detailsOpen && this.selected !== null);
    this.stage.classList.toggle("with-selection", this.selected !== null);
  }

  protected closeDetails(): void {
    this.detailsOpen = false;
    this.forgetPath();
    this.showDetails();
    this.draw();
    this.tree.element.focus({ preventScroll: true });
  }

  protected coveredRight(): number {
    const isWide = this.view.width > 2 * DETAILS_WIDTH;
    return this.detailsOpen && this.selected && isWide ? DETAILS_WIDTH : 0;
  }

  // ---- keyboard

  private shortcut(event: KeyboardEvent): void {
    const isFind = (event.ctrlKey || event.metaKey) && event.key === "f";
    const isTyping = event["target"] instanceof HTMLInputElement || event["target"] instanceof HTMLSelectElement;
    if (!isFind && (isTyping || event.key !== "/")) return;
    event.preventDefault();
    this.search.input.focus();
    this.search.input.select();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const done = this.press(event.key, event.shiftKey);
    if (done) event.preventDefault();
  }

  protected press(key: string, shift: boolean): boolean {
    const pan = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[key];
    if (pan && (shift || !this.selected)) {
      this.view.pan(pan[0]!, pan[1]!);
      this.redraw();
      return true;
    }
    const acts: Record<string, () => void> = {
      "+": () => this.zoomBy(ZOOM_STEP), "=": () => this.zoomBy(ZOOM_STEP),
      "-": () => this.zoomBy(1 / ZOOM_STEP), "0": () => this.fit(),
      Escape: () => (this.path || this.detailsOpen ? this.closeDetails() : this.select(null)),
      Enter: () => this.enter(), " ": () => this.enter(),
      Home: () => this.walk(-Infinity), End: () => this.walk(Infinity),
      ArrowDown: () => this.walk(1), ArrowUp: () => this.walk(-1),
      ArrowRight: () => this.inward(), ArrowLeft: () => this.outward(),
    };
    acts[key]?.();
    return key in acts;
  }

  private enter(): void {
    if (this.selected) this.act(this.selected);
    else this.walk(-Infinity);
  }

  /** To the next or previous box in the order of the picture. */
  private walk(step: number): void {
    const shown = [...this.model.shown()];
    if (!shown.length) return;
    const now = this.selected ? shown.indexOf(this.selected) : -1;
    this.moveTo(shown[Math.max(0, Math.min(shown.length - 1, now + step))]!);
  }

  private inward(): void {
    const box = this.selected;
    if (!box?.isGroup) return this.walk(1);
    if (box.isOpen) this.moveTo(box.children[0]!);
    else this.toggle(box);
  }

  private outward(): void {
    const box = this.selected;
    if (!box) return;
    if (box.isOpen) this.toggle(box);
    else if (box.parent?.parent) this.moveTo(box.parent);
  }

  private moveTo(box: Box): void {
    this.select(box);
    this.view.reveal(this.scene.areaOf(box), this.coveredRight());
    this.draw();
  }

  // ---- toolbar

  zoomBy(factor: number): void {
    this.view.zoomAt(factor);
    this.redraw();
  }

  fit(): void {
    this.view.fit(this.scene.area());
    this.redraw();
  }

  /** Colour by a measure, or by family if it is empty. */
  colorBy(key: string): void {
    const known = this.data.raw.measures.find((measure) => measure.key === key);
    if (known && !this.scales.has(key)) this.scales.set(key, scaleOf(this.model, key, known.title));
    this.scale = known ? this.scales.get(key)! : null;
  }

  private measureSelect(): HTMLSelectElement | null {
    const { measures, colorBy } = this.data.raw;
    if (!measures.length) return null;
    const select = el("select", { "aria-label": "Colour by" }, el("option", { value: "" }, "Colour: family"));
    for (const { key, title } of measures) {
      select.append(el("option", { value: key }, `Colour: ${title}`));
    }
    select.value = colorBy;
    on(select, "change", () => {
      this.colorBy(select.value);
      this.changed();
    });
    return select;
  }

  private saveMenu(): HTMLElement {
    const menu = el("div", { class: "menu", role: "menu", hidden: "" });
    const open = button("Save", "Save the picture", () => (menu.hidden = !menu.hidden));
    open.setAttribute("aria-haspopup", "menu");
    const entries: [string, () => void][] = [
      ["SVG of this view", () => this.saveSvg(this.view.area)],
      ["PNG of this view", () => void this.savePng(this.view.area, 2 * this.view.zoom)],
      ["SVG of everything shown", () => this.saveSvg(this.scene.area())],
      ["PNG of everything shown", () => void this.savePng(this.scene.area(), 2)],
    ];
    for (const [title, act] of entries) {
      const entry = el("button", { type: "button", role: "menuitem" }, title);
      on(entry, "click", () => {
        menu.hidden = true;
        act();
      });
      menu.append(entry);
    }
    const whole = el("div", { class: "save" }, open, menu);
    on(whole, "focusout", (event) => {
      if (!whole.contains(event.relatedTarget as Node | null)) menu.hidden = true;
    });
    on(whole, "keydown", (event) => {
      if (event.key !== "Escape" || menu.hidden) return;
      menu.hidden = true;
      open.focus();
    });
    return whole;
  }

  svg(area: Area = this.view.area): string {
    return toSvg(this.scene, this.look(), area);
  }

  private saveSvg(area: Area): void {
    const content = new Blob([this.svg(area)], { type: "image/svg+xml" });
    download(content, fileName(this.data.raw.title, "svg"));
  }

  private async savePng(area: Area, scale: number): Promise<void> {
    const content = await toPng(this.scene, this.look(), area, scale);
    if (content) download(content, fileName(this.data.raw.title, "png"));
    else this.status.textContent = "This browser makes no PNG of that size.";
  }

  private flip(): void {
    this.mode = this.isDark ? "light" : "dark";
    this.applyTheme();
  }

  protected applyTheme(): void {
    const { style, dataset } = document.documentElement;
    dataset["theme"] = this.isDark ? "dark" : "light";
    for (const [name, color] of Object.entries(this.theme.chrome)) {
      style.setProperty(`--${name.replace("_", "-")}`, color);
    }
    style.setProperty("--surface", this.theme.roles["page"]!);
    this.themeButton.textContent = this.isDark ? "Light" : "Dark";
    if (this.view.width > 1) this.changed();
  }
}
