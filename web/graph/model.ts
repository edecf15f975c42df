// Boxes that open and close, and what feeds what at any state.

import { type Body, type Data, IO, NO_LABEL, SEALED } from "./data";
import { firstView } from "./first";
import type { Placed } from "./layout/container";

/** One box of the picture; a group if it has a body. */
export class Box {
  isOpen: boolean;
  /** Where its children are; null if that must be found again. Groups only. */
  placed: Placed | null = null;
  /** Room at its right while it is shut, in whole points; of pages that show a training. */
  beside = 0;
  readonly body: Body | null;
  private made: Box[] | null = null;

  constructor(
    readonly data: Data,
    readonly parent: Box | null,
    readonly index: number,
    readonly head: number,
    body: number,
  ) {
    this.body = body >= 0 ? data.body(body) : null;
    this.isOpen = this.startsOpen;
  }

  get startsOpen(): boolean {
    return this.body !== null && !(this.parent && this.data.flag(this.head, SEALED));
  }

  get isGroup(): boolean {
    return this.body !== null;
  }

  /** Made when they are first needed: most boxes of a large graph never are. */
  get children(): Box[] {
    this.made ??= (this.body?.parts ?? []).map(
      (part, index) => new Box(this.data, this, index, part.head, part.body),
    );
    return this.made;
  }

  get isIo(): boolean {
    return this.data.flag(this.head, IO);
  }

  /** Whether it is there no more: in a picture of changes. */
  get isGone(): boolean {
    return this.data.roles[this.data.number(this.head, "family")] === "removed/fill";
  }

  get name(): string {
    return this.data.text(this.head, "name");
  }

  get module(): string {
    return this.data.text(this.head, "module");
  }

  /** What it is called in lists: operations have no name of their own. */
  get title(): string {
    return this.name || this.module || "group";
  }

  get path(): string {
    const own = this.data.text(this.head, "path");
    return own && !own.startsWith(".") ? own : (this.parent?.path ?? "") + own;
  }

  get count(): number {
    return this.data.number(this.head, "count");
  }

  /** Whether it is drawn as one box: a leaf, or a group that is shut. */
  get isShut(): boolean {
    return !this.isOpen;
  }

  ancestors(): Box[] {
    const chain: Box[] = [];
    for (let box = this.parent; box; box = box.parent) chain.push(box);
    return chain;
  }

  /** Whether all groups around it are open. */
  get isShown(): boolean {
    return this.ancestors().every((box) => box.isOpen);
  }

  private get part() {
    return this.parent!.body!.parts[this.index]!;
  }

  /** The shown box that a value inside this open group comes from. */
  producer(value: number): Box {
    const body = this.body!;
    if (value < body.enters) return this.parent!.producer(this.part.reads[value]!);
    const child = this.children[body.owner[value]!]!;
    if (child.isShut) return child;
    return child.producer(child.body!.leaves[value - child.part.first]!);
  }

  /** The shown boxes that feed this one, each once, in argument order. */
  sources(): Box[] {
    if (!this.parent) return [];
    return [...new Set(this.part.reads.map((value) => this.parent!.producer(value)))];
  }

  firstSource(): Box | null {
    const value = this.part.reads[0];
    return value === undefined ? null : this.parent!.producer(value);
  }

  /** The shown boxes that read this one, each once; at most `most`. */
  readers(most = Infinity): Box[] {
    const found = new Set<Box>();
    if (!this.parent) return [];
    const { first, gives } = this.part;
    for (let k = 0; k < gives && found.size < most; k++) {
      this.parent.collectReaders(first + k, found, most);
    }
    found.delete(this);
    return [...found];
  }

  private collectReaders(value: number, found: Set<Box>, most: number): void {
    for (const [index, slot] of this.body!.readers[value]!) {
      if (found.size >= most) return;
      if (index < 0) {
        this.parent?.collectReaders(this.part.first + slot, found, most);
        continue;
      }
      const child = this.children[index]!;
      if (child.isShut) found.add(child);
      else child.collectReaders(slot, found, most);
    }
  }

  /** The shape on the edge: only if it is news, and no output pill says it again. */
  edgeLabel(): { text: string; width: number } {
    const none = { text: "", width: 0 };
    if (this.isIo || this.data.flag(this.head, NO_LABEL)) return none;
    const label = this.data.label(this.head);
    if (!label.text) return none;
    const [reader, second] = this.readers(2);
    if (reader?.isIo && !second) return none;
    const before = this.firstSource();
    return before && this.data.label(before.head).text === label.text ? none : label;
  }
}

/** All boxes of a graph, and which groups are open. */
export class Model {
  readonly root: Box;
  /** Groups that are not as they were at first. */
  private readonly altered = new Set<Box>();

  constructor(readonly data: Data) {
    const [head, body] = data.raw.root;
    this.root = new Box(data, null, 0, head, body);
    firstView(this.root);
  }

  /** Open or shut a group; what must be laid out again loses its places. */
  set(box: Box, open: boolean): boolean {
    if (!box.isGroup || box.isOpen === open || !box.parent) return false;
    touch(box.readers());
    const wasFirst = !this.altered.size;
    box.isOpen = open;
    touch([box, ...box.readers()]);
    box.placed = null;
    if (open === box.startsOpen) this.altered.delete(box);
    else this.altered.add(box);
    // The first view is of one piece: a part of it fits nothing else.
    if (wasFirst && this.data.raw.first?.length) for (const one of this.shown()) one.placed = null;
    if (!this.altered.size) firstView(this.root);
    return true;
  }

  /** Open everything around a box; true if anything was shut. */
  reveal(box: Box): boolean {
    return box.ancestors().reverse().map((group) => this.set(group, true)).some(Boolean);
  }

  /** Open or shut every group. */
  setAll(open: boolean): void {
    this.altered.clear();
    for (const box of this.everything()) {
      if (!box.isGroup) continue;
      box.placed = null;
      if (box.parent) box.isOpen = open;
      if (box.isOpen !== box.startsOpen) this.altered.add(box);
    }
    if (!this.altered.size) firstView(this.root);
  }

  /** Every box, shown or not, each before what it holds. */
  *everything(): Generator<Box> {
    const todo = [...this.root.children].reverse();
    yield this.root;
    for (let box = todo.pop(); box; box = todo.pop()) {
      yield box;
      if (box.isGroup) for (let k = box.children.length; k--; ) todo.push(box.children[k]!);
    }
  }

  /** The boxes that are shown, in order; open groups before what they hold. */
  *shown(group: Box = this.root): Generator<Box> {
    const todo = [...group.children].reverse();
    for (let box = todo.pop(); box; box = todo.pop()) {
      yield box;
      if (box.isOpen) for (let k = box.children.length; k--; ) todo.push(box.children[k]!);
    }
  }
}

function touch(boxes: Box[]): void {
  for (const box of boxes) {
    for (let group = box.parent; group; group = group.parent) group.placed = null;
  }
}

/** A shortest way along the data from one shown box to another, ends included; or null. */
export function shortestPath(from: Box, to: Box): Box[] | null {
  const before = new Map<Box, Box | null>([[from, null]]);
  const todo = [from];
  for (let next = 0; next < todo.length; next++) {
    const box = todo[next]!;
    if (box === to) {
      const path: Box[] = [];
      for (let at: Box | null = box; at; at = before.get(at) ?? null) path.unshift(at);
      return path;
    }
    for (const reader of box.readers()) {
      if (!before.has(reader)) {
        before.set(reader, box);
        todo.push(reader);
      }
    }
  }
  return null;
}
