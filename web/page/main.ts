// The page that `introspect view` and `introspect.serve` open: the canvas, and beside it the runs to choose from.
//
// What is chosen stands in the address behind #, so that a reload, a bookmark and the back button keep it.

import { el } from "../canvas/dom";
import { max } from "../canvas/math";
import { properties } from "../canvas/tokens";
import type { View } from "../canvas/view";
import "./graph";
import { live, type Live } from "./live";
import style from "./style.css";

interface Run {
  name: string;
  state: string;
  step: number | [number, number] | null;
  problem: string | null;
  config: Record<string, string>;
}

interface Contents {
  folder: string;
  newest: string | null;
  more: number;
  groups: string[];
  /** Ways to see an embedding, and what they are called. */
  embeddings?: Record<string, string>;
  runs: Run[];
}

interface Wish {
  /** The place of a run is its colour; "" keeps a place free when a run is left out. */
  runs?: string[];
  search?: string;
  group?: string;
  embedding?: string;
}

/** What the address says was chosen. */
function chosen(): Wish {
  const words = new URLSearchParams(location.hash.slice(1)), wish: Wish = {};
  const runs = words.getAll("run");
  if (runs.length) wish.runs = runs;
  for (const name of ["search", "group", "embedding"] as const) if (words.get(name)) wish[name] = words.get(name)!;
  return wish;
}

function remember(wish: Wish): void {
  const words = new URLSearchParams();
  for (const name of wish.runs ?? []) words.append("run", name);
  for (const name of ["search", "group", "embedding"] as const) if (wish[name]) words.set(name, wish[name]);
  history.replaceState(null, "", words.size ? `#${words}` : location.pathname);
}

/** Letters at the end of a name that are always seen: runs differ there. */
const TAIL = 9;

/** With a name in the first place that is free. */
function added(places: string[], name: string): string[] {
  if (places.includes(name)) return places;
  const free = places.indexOf("");
  return free < 0 ? [...places, name] : places.with(free, name);
}

class Page {
  private readonly crumb = el("span", { class: "crumb" });
  private readonly search = el("input", { type: "search", placeholder: "Search names", "aria-label": "Search names", input: () => this.searched() });
  private readonly group = el("select", { "aria-label": "Lines", hidden: true, change: () => this.wish({ group: this.group.value }) });
  private readonly count = el("b");
  private readonly hint = el("span");
  private readonly list = el("div");
  private readonly nav = el("nav", { "aria-label": "Runs", hidden: true }, el("div", { class: "head" }, this.count, this.hint), this.list);
  private readonly place = el("div", { id: "introspect", "data-live": "live" });
  private readonly both = el("div", { class: "both alone" }, this.nav, el("main", {}, this.place));
  private readonly live: Live;
  private readonly view: View;
  private readonly mode: HTMLButtonElement;
  private wanted: Wish = chosen();
  private told: Contents | null = null;
  private last: string | null = null;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(root: HTMLElement) {
    const sheet = el("style");
    sheet.textContent = style;
    document.head.append(sheet);
    root.classList.add("itp");
    this.mode = el("button", { type: "button", title: "Light or dark", click: () => this.flip() }, "");
    root.append(el("div", { class: "top" }, el("span", { class: "mark" }, "introspect"), this.crumb, el("span", { class: "push" }), this.group, this.search, this.mode), this.both);
    this.search.value = this.wanted.search ?? "";
    this.live = live(this.place, { wish: () => this.wanted, contents: (told) => this.show((this.told = told as Contents)) });
    this.view = this.live.view;
    new MutationObserver(() => this.dress()).observe(this.view.root, { attributeFilter: ["style"] });
    addEventListener("hashchange", () => {
      this.wanted = chosen();
      this.search.value = this.wanted.search ?? "";
      this.wish({});
    });
    this.view.store.watch(() => requestAnimationFrame(() => this.offerWays()));
    this.dress();
  }

  /** Each embedding can be seen in several ways. */
  private offerWays(): void {
    const ways = Object.entries(this.told?.embeddings ?? {});
    for (const panel of this.view.panels.values()) {
      const is = Boolean(panel.spec["embedding"]) && ways.length > 0;
      let select = panel.element.querySelector<HTMLSelectElement>("header select");
      if (!is) select?.remove();
      else if (!select) {
        const made = el("select", { "aria-label": "Projection", change: () => this.wish({ embedding: made.value }) }, ...ways.map(([way, words]) => el("option", { value: way }, words)));
        panel.element.querySelector("header h2")!.after((select = made));
      }
      if (select) select.value = this.wanted.embedding ?? ways[0]?.[0] ?? "";
    }
  }

  private dress(): void {
    for (const [name, value] of Object.entries(properties(this.view.mode))) document.body.style.setProperty(name, value);
    document.body.style.colorScheme = this.view.mode;
    this.mode.textContent = this.view.mode === "dark" ? "Light" : "Dark";
    if (this.told) this.show(this.told);
  }

  private flip(): void {
    document.documentElement.dataset["theme"] = this.view.mode === "dark" ? "light" : "dark";
  }

  private searched(): void {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.wish({ search: this.search.value }), 200);
  }

  private wish(more: Wish): void {
    this.wanted = { ...this.wanted, ...more };
    remember(this.wanted);
    this.live.ask();
    if (this.told) this.show(this.told);
  }

  /** The names that are shown, each in its place: those that were chosen, else the one that the server takes. */
  private places(): string[] {
    const there = new Set(this.told?.runs.map((run) => run.name));
    const names = (this.wanted.runs ?? []).map((name) => (there.has(name) ? name : ""));
    return names.some(Boolean) || !this.told?.newest ? names : [this.told.newest];
  }

  private choose(places: string[]): void {
    while (places.length && !places[places.length - 1]) places.pop();
    this.wish({ runs: places });
  }

  private show(told: Contents): void {
    const many = told.runs.length > 1, places = this.places(), names = places.filter(Boolean);
    this.nav.hidden = !many;
    this.both.classList.toggle("alone", !many);
    this.crumb.textContent = names.length === 1 ? `${told.folder} / ${names[0]}` : told.folder;
    this.count.textContent = `${told.runs.length} runs`;
    this.hint.textContent = told.more ? `of ${told.runs.length + told.more}` : "";
    this.group.hidden = !told.groups.length || names.length < 2;
    const groups = ["", ...told.groups].join("\0");
    if (groups !== this.group.dataset["all"]) {
      this.group.dataset["all"] = groups;
      this.group.replaceChildren(el("option", { value: "" }, "Every run"), ...told.groups.map((name) => el("option", { value: name }, `By ${name}`)));
    }
    this.group.value = this.wanted.group ?? "";
    const focus = (document.activeElement as HTMLElement | null)?.dataset["run"];
    this.list.replaceChildren(...told.runs.map((run) => this.row(run, places)));
    if (focus !== undefined) this.list.querySelector<HTMLElement>(`[data-run="${CSS.escape(focus)}"]`)?.focus();
  }

  /** Which of the colours its lines have; null where colours tell something else. */
  private colorOf(run: Run, places: string[]): number | null {
    const { group } = this.wanted;
    if (places.filter(Boolean).length < 2) return null;
    if (!group) return places.indexOf(run.name);
    const values = [...new Set(this.told!.runs.map(({ config }) => config[group] ?? ""))];
    return values.indexOf(run.config[group] ?? "");
  }

  private row(run: Run, places: string[]): HTMLElement {
    const place = places.indexOf(run.name), color = this.colorOf(run, places), line = el("i");
    if (place >= 0) line.style.borderTopColor = color === null ? "var(--ink)" : `var(--s${color % 8})`;
    const config = Object.entries(run.config).map(([name, value]) => `${name} ${value}`).join(", ");
    const box = el("input", { type: "checkbox", "data-run": run.name, checked: place >= 0, change: (event: Event) => this.chose(run.name, event) });
    box.checked = place >= 0;
    return el(
      "label",
      { title: [run.name, run.problem, config].filter(Boolean).join("\n"), click: (event: MouseEvent) => this.range(run.name, event) },
      box,
      line,
      el("span", { class: "name" }, el("span", {}, run.name.slice(0, -TAIL)), run.name.slice(-TAIL)),
      el("span", { class: `how ${run.state}` }, run.state === "finished" ? "" : run.state),
      config ? el("span", { class: "set" }, config) : null,
    );
  }

  private chose(name: string, event: Event): void {
    const places = this.places(), isOn = (event.target as HTMLInputElement).checked;
    this.last = name;
    this.choose(isOn ? added(places, name) : places.map((other) => (other === name ? "" : other)));
  }

  /** With Shift: everything from the last one to this one. With Alt: this one alone. */
  private range(name: string, event: MouseEvent): void {
    if (!event.shiftKey && !event.altKey) return;
    event.preventDefault();
    const all = this.told?.runs.map((run) => run.name) ?? [];
    const [from, to] = [all.indexOf(this.last ?? name), all.indexOf(name)].sort((a, b) => a - b) as [number, number];
    this.last = name;
    this.choose(event.altKey ? [name] : all.slice(max(0, from), to + 1).reduce(added, this.places()));
  }
}

new Page(document.body);
