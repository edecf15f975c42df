// The picture as a tree of elements that cannot be seen: for screen readers and the keyboard.

import { el, on } from "./dom";
import type { Box, Model } from "./model";

const SLICE = 400; // elements made at once; the rest follow when the page is idle

export class Tree {
  readonly element = el("ul", {
    role: "tree", class: "tree", tabindex: "0", "aria-label": "Boxes of the picture",
  });
  private readonly items = new Map<Box, HTMLLIElement>();
  private readonly boxes = new WeakMap<Element, Box>();
  private todo: Box[] = [];
  private isWaiting = false;
  private next = 0;
  private current: Box | null = null;

  constructor(private readonly model: Model) {
    this.rebuild();
  }

  /** Write everything that is shown. */
  rebuild(): void {
    this.items.clear();
    this.element.replaceChildren();
    this.todo = [this.model.root];
    this.work();
  }

  /** One group opened or shut. */
  update(box: Box): void {
    const item = this.items.get(box);
    if (!item) return;
    item.setAttribute("aria-expanded", String(box.isOpen));
    item.querySelector("ul")?.remove();
    if (!box.isOpen) return;
    this.todo.push(box);
    this.work();
  }

  /** Say which box the keyboard is on; its element is made if it was not there yet. */
  focus(box: Box | null): void {
    if (this.current) this.items.get(this.current)?.setAttribute("aria-selected", "false");
    this.current = box;
    this.element.removeAttribute("aria-activedescendant");
    if (!box) return;
    for (const group of [...box.ancestors()].reverse()) this.open(group);
    const item = this.items.get(box);
    if (!item) return;
    item.setAttribute("aria-selected", "true");
    this.element.setAttribute("aria-activedescendant", item.id);
  }

  private work(): void {
    let made = 0;
    while (this.todo.length && made < SLICE) made += this.open(this.todo.shift()!);
    if (!this.todo.length || this.isWaiting) return;
    this.isWaiting = true;
    const later = window.requestIdleCallback ?? ((act: () => void) => setTimeout(act, 30));
    later(() => {
      this.isWaiting = false;
      this.work();
    });
  }

  /** Make the elements of a group's children, unless they are there. */
  private open(group: Box): number {
    const place = group.parent ? this.items.get(group) : this.element;
    if (!place || !group.isOpen) return 0;
    let list: HTMLElement = this.element;
    if (group.parent) {
      if (place.querySelector("ul")) return 0;
      place.append((list = el("ul", { role: "group" })));
    } else if (this.element["children"].length) {
      return 0;
    }
    list.append(...group.children.map((child) => this.item(child)));
    this.todo.push(...group.children.filter((child) => child.isOpen));
    return group.children.length;
  }

  private item(box: Box): HTMLLIElement {
    const { data, head } = box;
    const words = [
      box.title, box.name ? box.module : "", data.text(head, "badge"), data.text(head, "detail"),
      data.label(head).text,
    ];
    const item = el(
      "li",
      { role: "treeitem", id: `box-${this.next++}`, "aria-selected": "false" },
      el("span", {}, words.filter(Boolean).join(", ")),
    );
    if (box.isGroup) item.setAttribute("aria-expanded", String(box.isOpen));
    this.items.set(box, item);
    this.boxes.set(item, box);
    on(item, "click", (event) => {
      event.stopPropagation();
      this.element.dispatchEvent(new CustomEvent("choose", { detail: box }));
    });
    return item;
  }
}
