// What is told about the selected box, beside the picture.

import type { Column } from "./data";
import { duration, el, figures, grouped, on } from "./dom";
import type { Box } from "./model";

export interface DetailsActions {
  select(box: Box): void;
  toggle(box: Box): void;
  close(): void;
}

const TEXTS: [Column, string][] = [
  ["settings", "Settings"], ["reads", "Reads"], ["gives", "Gives"], ["weights", "Weights"],
];
const MOST_NEIGHBOURS = 12;

export class Details {
  readonly element = el("aside", { class: "details", "aria-label": "Details", hidden: "" });

  constructor(private readonly actions: DetailsActions) {}

  show(box: Box | null, note = ""): void {
    this.element.hidden = !box;
    this.element.replaceChildren();
    if (!box) return;
    const { data, head } = box;
    const close = el("button", { type: "button", class: "close", "aria-label": "Close details" }, "×");
    on(close, "click", () => this.actions.close());
    const words = [box.name ? box.module : "", data.text(head, "badge")].filter(Boolean).join(" · ");
    this.element.append(
      el("div", { class: "head" },
        el("h2", {}, el("bdi", {}, box.title)), close,
        words ? el("p", { class: "kind" }, el("bdi", {}, words)) : null,
        box.path ? el("p", { class: "path" }, el("bdi", {}, box.path)) : null),
    );
    if (note) this.element.append(el("p", { class: "note", role: "status" }, note));
    if (box.isGroup && box.parent) {
      const open = el("button", { type: "button", class: "wide" }, box.isOpen ? "Collapse" : "Expand");
      on(open, "click", () => this.actions.toggle(box));
      this.element.append(open);
    }
    this.facts(box);
    for (const [column, title] of TEXTS) this.lines(title, data.text(head, column));
    this.neighbours("Fed by", box.isOpen ? [] : box.sources());
    this.neighbours("Feeds", box.isOpen ? [] : box.readers());
    const members = data.text(head, "members");
    if (members) this.lines(`Stands for ${box.count}`, members);
  }

  private facts(box: Box): void {
    const { data, head } = box;
    const numbers: [string, string][] = [
      ["Detail", data.text(head, "detail")],
      ["Parameters", count(data.number(head, "parameters"))],
      ["FLOPs", count(data.number(head, "flops"))],
      ["Activations", figures(data.number(head, "memory"), "B")],
      ["Time", duration(data.number(head, "time"))],
      ["Source", data.text(head, "source")],
    ];
    const empty = ["", "0", "0\u202fB", "0\u202fµs"];
    const list = el("dl", {});
    for (const [title, text] of numbers) {
      if (empty.includes(text)) continue;
      const each = box.count > 1 && ["FLOPs", "Activations", "Time"].includes(title) ? " each" : "";
      list.append(el("dt", {}, title), el("dd", {}, el("bdi", {}, text + each)));
    }
    if (list["children"].length) this.element.append(list);
  }

  private lines(title: string, text: string): void {
    if (!text) return;
    const rows = text.split("\n").map((line) => {
      const [, name, value] = /^([^:]{1,40}): (.*)$/s.exec(line) ?? [];
      return name === undefined
        ? el("li", {}, el("bdi", {}, line))
        : el("li", {}, el("span", {}, el("bdi", {}, name)), " ", el("bdi", {}, value!));
    });
    this.element.append(el("h3", {}, title), el("ul", { class: "lines" }, ...rows));
  }

  private neighbours(title: string, boxes: Box[]): void {
    if (!boxes.length) return;
    const rows = boxes.slice(0, MOST_NEIGHBOURS).map((box) => {
      const go = el("button", { type: "button", class: "link" }, el("bdi", {}, box.title));
      on(go, "click", () => this.actions.select(box));
      return el("li", {}, go, el("span", {}, el("bdi", {}, box.name ? box.module : "")));
    });
    const more = boxes.length - rows.length;
    if (more > 0) rows.push(el("li", {}, `and ${more} more`));
    this.element.append(el("h3", {}, title), el("ul", { class: "lines" }, ...rows));
  }
}

function count(value: number): string {
  if (value < 1e4) return String(value);
  return `${figures(value)} (${grouped(value, "\u202f")})`;
}
