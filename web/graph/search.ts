// Names, classes and paths -> a list of hits; jumping opens what hides them.

import { el, grouped, on } from "./dom";
import type { Box, Model } from "./model";

const MOST_ROWS = 30;

interface Entry {
  box: Box;
  name: string;
  text: string;
}

/** Every box with the text that is searched; made on the first search. */
export class Index {
  private entries: Entry[] | null = null;

  constructor(private readonly model: Model) {}

  prepare(): Entry[] {
    if (this.entries) return this.entries;
    const paths = new Map<Box, string>();
    this.entries = [];
    for (const box of this.model.everything()) {
      if (!box.parent) {
        paths.set(box, "");
        continue;
      }
      const own = box.data.text(box.head, "path");
      const path = own && !own.startsWith(".") ? own : (paths.get(box.parent) ?? "") + own;
      if (box.isGroup) paths.set(box, path);
      const name = box.title.toLowerCase();
      const module = box.module.toLowerCase();
      const text = `${name}\n${module}\n${path.toLowerCase()}`;
      text.indexOf("\0"); // joins its pieces now, not in the first search
      this.entries.push({ box, name, text });
    }
    return this.entries;
  }

  /** Hits, the best first: whole names, then beginnings of names, then anything. */
  find(query: string): Box[] {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const ranked: Box[][] = [[], [], [], []];
    const [whole, ...others] = words as [string, ...string[]];
    const ending = `.${whole}`;
    for (const { box, name, text } of this.prepare()) {
      if (!text.includes(whole) || !others.every((word) => text.includes(word))) continue;
      const rank = name === whole ? 0 : name.startsWith(whole) ? 1 : text.endsWith(ending) ? 2 : 3;
      ranked[rank]!.push(box);
    }
    return ranked.flat();
  }
}

export class Search {
  readonly input = el("input", {
    type: "search", placeholder: "Search", "aria-label": "Search boxes", role: "combobox",
    "aria-expanded": "false", "aria-controls": "hits", autocomplete: "off", spellcheck: "false",
  });
  readonly list = el("div", { id: "hits", role: "listbox", "aria-label": "Hits" });
  readonly element = el("div", { class: "search" }, this.input);
  readonly popover = el("div", { class: "hits", hidden: "" });
  private readonly status = el("p", { class: "status", role: "status" });
  private hits: Box[] = [];
  private chosen = -1;

  constructor(private readonly index: Index, private readonly jump: (box: Box) => void) {
    this.popover.append(this.status, this.list);
    this.element.append(this.popover);
    on(this.input, "input", () => this.update());
    on(this.input, "focus", () => this.input.value && this.update());
    on(this.input, "keydown", (event) => this.key(event));
    on(this.element, "focusout", (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) this.hide();
    });
  }

  /** Search what is written; returns the number of hits. */
  update(): number {
    const query = this.input.value;
    this.hits = this.index.find(query);
    this.chosen = -1;
    this.popover.hidden = !query.trim();
    this.input.setAttribute("aria-expanded", String(!this.popover.hidden));
    this.input.removeAttribute("aria-activedescendant");
    const { length } = this.hits;
    this.status.textContent =
      length === 0 ? "Nothing found" : length === 1 ? "1 box" : `${grouped(length, ",")} boxes`;
    const rows = this.hits.slice(0, MOST_ROWS).map((box, k) => {
      const row = el(
        "div", { role: "option", id: `hit-${k}`, "aria-selected": "false" },
        el("b", {}, el("bdi", {}, box.title)), " ",
        el("span", {}, el("bdi", {}, box.name ? box.module : "")),
        el("small", {}, el("bdi", {}, box.path)),
      );
      on(row, "pointerdown", (event) => {
        event.preventDefault();
        this.go(k);
      });
      return row;
    });
    this.list.replaceChildren(...rows);
    return length;
  }

  hide(): void {
    this.popover.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  private key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.choose(Math.max(0, Math.min(this.list["children"].length - 1, this.chosen + step)));
    } else if (event.key === "Enter" && this.hits.length) {
      this.go(Math.max(0, this.chosen));
    } else if (event.key === "Escape") {
      if (this.input.value) this.input.value = "";
      else this.input.blur();
      this.hide();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private choose(number: number): void {
    this.list["children"][this.chosen]?.setAttribute("aria-selected", "false");
    this.chosen = number;
    const row = this.list["children"][number];
    if (!row) return;
    row.setAttribute("aria-selected", "true");
    row.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", row.id);
  }

  private go(number: number): void {
    const box = this.hits[number];
    if (!box) return;
    this.hide();
    this.jump(box);
  }
}
