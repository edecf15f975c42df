// Courses of many tensors -> the number that colours their box. As introspect/graph/life/statistics.py.

import { powerText } from "./words";
import type { Course, Store } from "./store";

type Value = number | null;

/** A number of some tensors at one record; null if nothing was recorded. */
export function statistic(store: Store, key: string, courses: Course[], record: number): Value {
  const kind = (name: string) => there(courses.filter((c) => store.document.kinds[c.kind] === name), record);
  switch (key) {
    case "update_ratio": return updateRatio(store, kind("updates"), kind("weights"), record);
    case "gradient_norm": return norm(store, kind("gradients"), record);
    case "weight_norm": return norm(store, kind("weights"), record);
    case "zeros": return zeros(store, kind("activations"), record) ?? zeros(store, kind("weights"), record);
    case "dead": return weighted(kind("activations"), record, store.extra, (course) => course.channels);
    case "saturated":
      return weighted(kind("activations"), record, store.saturated, (course) => store.finite[course.sketch[record]!]!);
    default: {
      const all = there(courses, record);
      return all.length ? all.reduce((sum, course) => sum + store.broken(course.sketch[record]!), 0) : null;
    }
  }
}

function there(courses: Course[], record: number): Course[] {
  return courses.filter((course) => course.sketch[record]! >= 0);
}

function normOf(store: Store, sketch: number): number {
  const known = store.norm[sketch]!;
  if (Number.isFinite(known)) return known;
  const [mean, std] = [store.moments[2]![sketch]!, store.moments[3]![sketch]!];
  return Math.sqrt(store.finite[sketch]! * (std ** 2 + mean ** 2));
}

function norm(store: Store, courses: Course[], record: number): Value {
  return courses.length ? Math.hypot(...courses.map((course) => normOf(store, course.sketch[record]!))) : null;
}

/** Each tensor's own ratio says what its weights were; where it has none, those of the record stand in. */
function updateRatio(store: Store, updates: Course[], weights: Course[], record: number): Value {
  let [moved, base] = [0, 0];
  for (const { name, sketch } of updates) {
    const size = normOf(store, sketch[record]!);
    const ratio = store.extra[sketch[record]!]!;
    const weight = weights.find((course) => course.name === name);
    if (ratio > 0 && Number.isFinite(ratio)) base += (size / ratio) ** 2;
    else if (weight) base += normOf(store, weight.sketch[record]!) ** 2;
    moved += size ** 2;
  }
  return base ? Math.sqrt(moved / base) : null;
}

function zeros(store: Store, courses: Course[], record: number): Value {
  let [found, finite] = [0, 0];
  for (const { sketch } of courses) {
    found += store.zeros(sketch[record]!);
    finite += store.finite[sketch[record]!]!;
  }
  return finite ? found / finite : null;
}

function weighted(courses: Course[], record: number, column: Float32Array, weigh: (course: Course) => number): Value {
  let [total, weight] = [0, 0];
  for (const course of courses) {
    const value = column[course.sketch[record]!]!;
    if (!Number.isFinite(value)) continue;
    total += value * weigh(course);
    weight += weigh(course);
  }
  return weight ? total / weight : null;
}

export type ScaleKind = "log" | "share" | "count";

/** A number in its unit: three digits, shares in percent. */
export function written(value: number, kind: ScaleKind): string {
  if (kind === "share") return `${(100 * value).toFixed(1)}%`;
  if (kind === "count") return value.toFixed(0);
  return powerText(value);
}
