// Boxes -> the tensors in them: their own, and for groups those of everything inside, member by member.

import type { Box, Model } from "../graph/model";
import type { Course, Store } from "./store";

export class Members {
  private readonly place = new Map<Box, number>();
  private readonly found = new Map<Box, number[][]>();

  constructor(model: Model, private readonly store: Store) {
    let place = 0;
    for (const box of model.everything()) this.place.set(box, place++);
  }

  /** Names in a box, a list for each of the members that it stands for. */
  names(box: Box): number[][] {
    let names = this.found.get(box);
    if (!names) this.found.set(box, (names = this.gather(box)));
    return names;
  }

  private gather(box: Box): number[][] {
    const [times, own] = this.store.document.boxes[this.place.get(box)!]!;
    if (!box.isGroup) return own;
    const inside = [own, ...box.children.map((child) => this.names(child))].filter((lists) => lists.length);
    const isSplit = inside.every((lists) => lists.length % times === 0);
    const members = isSplit ? times : 1;
    return Array.from({ length: inside.length ? members : 0 }, (_, member) => {
      const names = new Set<number>();
      for (const lists of inside) {
        const each = lists.length / members;
        for (const list of lists.slice(member * each, (member + 1) * each)) list.forEach((name) => names.add(name));
      }
      return [...names];
    });
  }

  /** All tensors of a box, each once; of one kind or of all. */
  courses(box: Box, kind = -1): Course[] {
    return this.store.of(new Set(this.names(box).flat()), kind);
  }

  has(box: Box): boolean {
    return this.names(box).some((list) => list.length);
  }
}
