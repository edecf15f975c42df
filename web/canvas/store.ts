// What was sent: panels, columns, frames. Views draw it; any number of them share a store.

import { Column } from "./column";
import { Line } from "./line";
import { decode, type Frame, type Numbers, type Part, type Place, type Spec } from "./message";
import { Timeline } from "./timeline";

/** A picture of a panel at a step, with its arrays. */
export interface Shot extends Omit<Frame, "arrays"> {
  arrays: Record<string, Numbers>;
  shapes: Record<string, number[]>;
}

const MOST_SHOTS = 400;

export class Store {
  layout: Place[] = [];
  panels = new Map<string, Spec>();
  shots = new Map<string, Shot[]>();
  timeline = new Timeline();
  state = "live";
  seq = -1;
  messages = 0;
  /** Points that have come. */
  points = 0;
  private columns = new Map<string, Column>();
  private lines = new Map<string, Line>();
  private coarse = new Map<string, { column: Column; total: number }>();
  private views = new Set<(panels: Set<string> | null) => void>();

  /** Takes in a message; false if one before it is missing. */
  take(bytes: Uint8Array): boolean {
    const [header, parts] = decode(bytes);
    if (header.reset) this.forget();
    else if (header.seq !== this.seq + 1) return header.seq <= this.seq;
    this.seq = header.seq;
    this.messages++;
    if (header.state !== undefined) this.state = header.state;
    const touched = new Set<string>(Object.keys(header.panels ?? {}));
    for (const [id, spec] of Object.entries(header.panels ?? {})) this.describe(id, spec);
    const pictures = new Map<string, Part>();
    for (const part of parts) {
      if (part.id.includes("#")) pictures.set(part.id, part);
      else this.put(part);
      touched.add(part.id.slice(0, part.id.indexOf(part.id.includes("#") ? "#" : ".")));
    }
    for (const frame of header.frames ?? []) {
      this.shoot(frame, pictures);
      touched.add(frame.panel);
    }
    if (header.layout) this.layout = header.layout;
    for (const view of this.views) view(header.layout || header.reset ? null : touched);
    return true;
  }

  private forget(): void {
    this.panels.clear();
    this.shots.clear();
    this.columns.clear();
    this.lines.clear();
    this.coarse.clear();
    this.timeline = new Timeline();
    this.points = 0;
  }

  private describe(id: string, spec: Spec): void {
    const before = this.panels.get(id);
    if (before && before.kind !== spec.kind) this.shots.delete(id);
    if (spec["fresh"]) this.shots.delete(id); // the frames that follow belong to something else
    this.panels.set(id, spec);
  }

  private put(part: Part): void {
    if (part.coarse !== undefined) {
      const column = new Column();
      column.put(0, part.values);
      if (part.shape[1] === 2) this.timeline.add(column, 0, part.gap);
      this.coarse.set(part.id, { column, total: part.coarse });
      return;
    }
    let column = this.columns.get(part.id);
    if (!column) this.columns.set(part.id, (column = new Column()));
    const pairs = part.shape[1] === 2;
    const at = part.at * (pairs ? 2 : 1);
    if (at > column.length) {
      this.extend(part);
      return;
    }
    column.put(at, part.values);
    if (part.id.endsWith(".y")) this.points += part.values.length;
    const line = this.lines.get(part.id.slice(0, part.id.lastIndexOf(".")));
    if (line && at === 0) line.replaced();
    if (pairs) this.timeline.add(column, part.at, part.gap);
    const waiting = this.coarse.get(part.id);
    if (waiting && column.length >= waiting.total * (pairs ? 2 : 1)) this.coarse.delete(part.id);
  }

  /** Rows whose past is known in outline only: they go on from there. */
  private extend(part: Part): void {
    const waiting = this.coarse.get(part.id), each = part.shape[1] === 2 ? 2 : 1;
    if (!waiting || waiting.total !== part.at) return;
    const rows = waiting.column.length / each;
    waiting.column.put(waiting.column.length, part.values);
    waiting.total += part.values.length / each;
    if (each === 2) this.timeline.add(waiting.column, rows, NaN);
    if (part.id.endsWith(".y")) this.points += part.values.length;
  }

  private shoot(frame: Frame, pictures: Map<string, Part>): void {
    const shots = this.shots.get(frame.panel) ?? [];
    this.shots.set(frame.panel, shots);
    const shot: Shot = { ...frame, arrays: {}, shapes: {} };
    for (const [name, id] of Object.entries(frame.arrays)) {
      shot.arrays[name] = pictures.get(id)!.values;
      shot.shapes[name] = pictures.get(id)!.shape;
    }
    const place = shots.findIndex((known) => known.row >= frame.row);
    if (place < 0) shots.push(shot);
    else shots.splice(place, shots[place]!.row === frame.row ? 1 : 0, shot);
    if (shots.length > MOST_SHOTS) this.shots.set(frame.panel, shots.filter((_, k) => k % 2 === 0 || k === shots.length - 1));
  }

  /** The line whose columns have this prefix: `0.1` for `0.1.x` and `0.1.y`. */
  line(prefix: string, pairs: boolean): Line {
    const isCoarse = this.coarse.has(`${prefix}.y`);
    const of = (name: string): Column | undefined => (isCoarse ? this.coarse.get(`${prefix}.${name}`)?.column : this.columns.get(`${prefix}.${name}`));
    const x = of("x");
    let line = this.lines.get(prefix);
    if (!line || line.steps !== x || line.pairs !== pairs) {
      line = new Line(pairs, x, of("y"), of("gaps"), of("low"), of("high"), of("soft"));
      if (x) this.lines.set(prefix, line);
    }
    line.settle(this.timeline);
    return line;
  }

  /** Calls back with the panels that changed, or null for all of them. */
  watch(view: (panels: Set<string> | null) => void): () => void {
    this.views.add(view);
    return () => this.views.delete(view);
  }
}
