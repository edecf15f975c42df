// Strips beside shut boxes: which there are, where they stand, and how they are painted.

import { SIDE_ENTRY, type Theme } from "../graph/data";
import type { Box, Model } from "../graph/model";
import type { Pen } from "../graph/pen";
import type { Members } from "./members";
import { PicturePen } from "./pen";
import type { Store } from "./store";
import { paint, type Strip, stripOf } from "./strips";

const HEAD = 6; // points: the size of the words above the strips
const LEAST = 3; // pixels: a strip lower than this is left out
const LEAST_WORDS = 5.5;
const APART = 420; // points down a column, after which its kind is said again

/** One strip: of which box and kind, and where, in points. */
export interface Pane {
  box: Box;
  kind: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export class Beside {
  private readonly strips = new Map<Box, (Strip | null)[]>();
  private readonly painted = new WeakMap<Strip, HTMLCanvasElement[]>();
  /** Strips with the name of their kind above: box and kind. */
  private heads = new Map<Box, Set<number>>();

  constructor(private readonly store: Store, private readonly members: Members, model: Model) {
    for (const box of model.everything()) {
      // Where wires enter from the side there is no room; what is known of these is told in words.
      const isFree = box.parent && !box.data.flag(box.head, SIDE_ENTRY);
      if (isFree && members.has(box)) box.beside = this.room(box);
    }
  }

  /** Kinds of which a box has anything. */
  private kinds(box: Box): number[] {
    return this.store.document.kinds.flatMap((_, kind) => (this.members.courses(box, kind).length ? [kind] : []));
  }

  /** From the right edge of a card to the strip of the first kind; as introspect/graph/life/page.py. */
  private offset(box: Box): number {
    const [width, between, before] = this.store.document.pane;
    const left = -this.kinds(box)[0]! * (width + between);
    const { card } = this.store.document;
    return before + (card ? Math.max((card - box.data.card(box.head).width) / 2, left) : left);
  }

  private room(box: Box): number {
    const [width, between] = this.store.document.pane;
    return Math.ceil(this.offset(box) + this.kinds(box).at(-1)! * (width + between) + width);
  }

  /** Of each kind its strip, null where nothing was recorded. */
  of(box: Box): (Strip | null)[] {
    let strips = this.strips.get(box);
    if (!strips) {
      strips = this.store.document.kinds.map((_, kind) => {
        const courses = this.members.courses(box, kind);
        return courses.length ? stripOf(this.store, courses, kind) : null;
      });
      this.strips.set(box, strips);
    }
    return strips;
  }

  /** The strips of a box whose upper left corner is at (x, y). */
  panes(box: Box, x: number, y: number): Pane[] {
    if (!box.beside || box.isOpen) return [];
    const [width, between] = this.store.document.pane;
    const card = box.data.card(box.head);
    const left = x + card.width + this.offset(box);
    return this.of(box).flatMap((strip, kind) =>
      strip ? [{ box, kind, x: left + kind * (width + between), y, width, height: card.height }] : [],
    );
  }

  /** Note which strips stand at the head of a column: their kinds are written above. */
  arrange(shown: { box: Box; x: number; y: number }[]): void {
    const said = new Map<number, number>(); // place across -> how far down the kind was last said
    this.heads = new Map();
    const panes = shown.flatMap(({ box, x, y }) => this.panes(box, x, y)).sort((a, b) => a.y - b.y);
    for (const pane of panes) {
      const column = Math.round(pane.x);
      if (this.store.document.card && pane.y - (said.get(column) ?? -Infinity) < APART) continue;
      said.set(column, pane.y);
      if (!this.heads.has(pane.box)) this.heads.set(pane.box, new Set());
      this.heads.get(pane.box)!.add(pane.kind);
    }
  }

  paint(pen: Pen, theme: Theme, zoom: number, record: number, box: Box, x: number, y: number): void {
    for (const pane of this.panes(box, x, y)) {
      if (pane.height * zoom < LEAST) return;
      const strip = this.of(box)[pane.kind]!;
      this.picture(pen, this.pixels(strip, theme), pane);
      const rim = theme.chrome["rule_strong"]!;
      pen.rect(pane.x, pane.y, pane.width, pane.height, 1, "", rim, 0.6, 15);
      const step = pane.width / strip.records;
      const middle = pane.x + (record + 0.5) * step;
      if (strip.records > 1) {
        pen.line([[middle, pane.y], [middle, pane.y + pane.height]], theme.chrome["accent"]!, 1, 0, false);
      }
      if (this.heads.get(box)?.has(pane.kind) && HEAD * zoom > LEAST_WORDS) {
        const run = { text: this.store.document.kinds[pane.kind]!, size: HEAD, color: theme.roles["soft"]!, bold: false };
        pen.text(pane.x, pane.y - 2.5, 0, "", [run]);
      }
    }
  }

  /** The strip in the colours of a theme. */
  pixels(strip: Strip, theme: Theme & { dark?: boolean }): HTMLCanvasElement {
    let painted = this.painted.get(strip);
    if (!painted) this.painted.set(strip, (painted = []));
    const { bad } = this.store.document.colors[theme.dark ? "dark" : "light"];
    return (painted[theme.dark ? 1 : 0] ??= paint(strip, {
      ramp: theme.heat.slice(0, 33), surface: theme.roles["page"]!, bad,
    }));
  }

  private picture(pen: Pen, canvas: HTMLCanvasElement, { x, y, width, height }: Pane): void {
    if (pen instanceof PicturePen) return pen.image(canvas, x, y, width, height);
    if (!("context" in pen)) return;
    const { context } = pen as { context: CanvasRenderingContext2D };
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, x, y, width, height);
  }
}
