// A panel: its title row, its tools, and a plot that a kind fills.

import { button, el } from "./dom";
import { max } from "./math";
import type { Spec } from "./message";
import { saveMenu } from "./save";
import type { Shot } from "./store";
import type { Mode } from "./tokens";
import type { View } from "./view";

export abstract class Panel {
  readonly element = el("section", { class: "panel" });
  readonly plot = el("div", { class: "plot" });
  protected readonly heading = el("h2");
  readonly names = el("span", { class: "names" });
  protected readonly sub = el("span", { class: "sub" });
  protected readonly tools = el("span", { class: "tools" });
  dirty = true;
  /** How often it was drawn; tests wait for it. */
  draws = 0;

  readonly kind: string;

  constructor(
    readonly view: View,
    readonly id: string,
  ) {
    this.kind = this.spec.kind;
    this.element.append(el("header", {}, this.heading, this.names, this.sub, this.tools), this.plot);
    this.element.dataset["panel"] = id;
    for (const tool of this.makeTools()) this.tools.append(tool);
    new ResizeObserver(() => this.touch()).observe(this.plot);
  }

  get spec(): Spec {
    return this.view.store.panels.get(this.id)!;
  }

  get shots(): Shot[] {
    return this.view.store.shots.get(this.id) ?? [];
  }

  get mode(): Mode {
    return this.view.mode;
  }

  get width(): number {
    return max(120, this.plot.clientWidth);
  }

  /** Height of a plot in pixels. */
  get height(): number {
    if (this.isFull) return max(200, window.innerHeight - 120);
    return this.width < 360 ? 172 : this.width > 760 ? 260 : 224;
  }

  get isFull(): boolean {
    return this.element.classList.contains("full");
  }

  protected makeTools(): HTMLElement[] {
    return [saveMenu(this), button("Expand", "Fill the window (f)", () => this.expand())];
  }

  expand(): void {
    const grown = this.element.classList.toggle("full");
    this.view.root.classList.toggle("has-full", grown);
    for (const tool of this.tools.children) if (tool.textContent === "Expand" || tool.textContent === "Close") tool.textContent = grown ? "Close" : "Expand";
    this.view.touch();
  }

  touch(): void {
    this.dirty = true;
    this.view.wake();
  }

  redraw(): void {
    this.dirty = false;
    this.heading.textContent = this.spec.title;
    this.draw();
    this.draws++;
  }

  /** Drawing it failed: say so in its place. */
  fail(error: unknown): void {
    this.dirty = false;
    this.plot.replaceChildren(el("p", { class: "message" }, String(error)));
    console.warn(error);
  }

  protected say(...parts: (string | null | undefined | false)[]): void {
    this.sub.textContent = parts.filter(Boolean).join("; ");
  }

  protected abstract draw(): void;

  /** The plot as one SVG element, and its size; null where there is none. */
  picture(): SVGSVGElement | null {
    return this.plot.querySelector("svg");
  }

  /** What is drawn as rows of a table; the first holds the names. */
  abstract rows(): (string | number)[][];

  destroy(): void {
    this.element.remove();
  }
}
