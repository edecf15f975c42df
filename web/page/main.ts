// The page that `introspect view` and `introspect.serve` open: the canvas, and beside it the runs to choose from.
//
// What is chosen stands in the address behind #, so that a reload, a bookmark and the back button keep it.

import { live, type Live } from "../canvas/main";
import { el } from "../canvas/dom";
import { properties } from "../canvas/tokens";
import type { View } from "../canvas/view";
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
  runs: Run[];
}

interface Wish {
  runs?: string[];
  search?: string;
  group?: string;
}

/** What the address says was chosen. */
function chosen(): Wish {
  const words = new URLSearchParams(location.hash.slice(1)), wish: Wish = {};
  const runs = words.getAll("run"), search = words.get("search"), group = words.get("group");
  if (runs.length) wish.runs = runs;
  if (search) wish.search = search;
  if (group) wish.group = group;
  return wish;
}

function remember(wish: Wish): void {
  const words = new URLSearchParams();
  for (const name of wish.runs ?? []) words.append("run", name);
  if (wish.search) words.set("search", wish.search);
  if (wish.group) words.set("group", wish.group);
  history.replaceState(null, "", words.size ? `#${words}` : location.pathname);
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
    this.dress();
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

  /** The names that are shown: those that were chosen, else the one that the server takes. */
  private names(): string[] {
    const there = new Set(this.told?.runs.map((run) => run.name));
    const names = (this.wanted.runs ?? []).filter((name) => there.has(name));
    return names.length || !this.told?.newest ? names : [this.told.newest];
  }

  private show(told: Contents): void {
    const many = told.runs.length > 1, names = this.names();
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
    this.list.replaceChildren(...told.runs.map((run) => this.row(run, names)));
    if (focus !== undefined) this.list.querySelector<HTMLElement>(`[data-run="${CSS.escape(focus)}"]`)?.focus();
  }

  private row(run: Run, names: string[]): HTMLElement {
    const place = names.indexOf(run.name), colors = properties(this.view.mode), line = el("i");
    if (place >= 0) line.style.borderTopColor = names.length > 1 && !this.wanted.group ? colors[`--s${place % 8}`] ?? "currentColor" : "var(--ink)";
    const config = Object.entries(run.config).map(([name, value]) => `${name} ${value}`).join(", ");
    const box = el("input", { type: "checkbox", "data-run": run.name, checked: place >= 0, change: (event: Event) => this.chose(run.name, event) });
    box.checked = place >= 0;
    return el(
      "label",
      { title: [run.name, run.problem, config].filter(Boolean).join("\n"), click: (event: MouseEvent) => this.range(run.name, event) },
      box,
      line,
      el("span", { class: "name" }, run.name),
      el("span", { class: `how ${run.state}` }, run.state === "finished" ? "" : run.state),
      config ? el("span", { class: "set" }, config) : null,
    );
  }

  private chose(name: string, event: Event): void {
    const names = new Set(this.names());
    if ((event.target as HTMLInputElement).checked) names.add(name);
    else names.delete(name);
    this.last = name;
    this.wish({ runs: [...names] });
  }

  /** With Shift: everything from the last one to this one. With Alt: this one alone. */
  private range(name: string, event: MouseEvent): void {
    if (!event.shiftKey && !event.altKey) return;
    event.preventDefault();
    const all = this.told?.runs.map((run) => run.name) ?? [];
    const [from, to] = [all.indexOf(this.last ?? name), all.indexOf(name)].sort((a, b) => a - b) as [number, number];
    const names = event.altKey ? [name] : [...new Set([...this.names(), ...all.slice(Math.max(0, from), to + 1)])];
    this.last = name;
    this.wish({ runs: names });
  }
}

new Page(document.body);
