// What the colours mean: families in use, or the scale of a measure.

import type { Theme } from "./data";
import { el } from "./dom";
import type { Scale } from "./measures";
import type { Model } from "./model";

export function legend(model: Model, theme: Theme, scale: Scale | null): HTMLElement[] {
  return scale ? [ramp(theme, scale)] : families(model, theme);
}

function ramp(theme: Theme, scale: Scale): HTMLElement {
  const colors = el("span", { class: "ramp" });
  colors.style.background = `linear-gradient(90deg, ${theme.heat.join(",")})`;
  return el("p", { class: "scale" }, el("b", {}, scale.title), scale.low, colors, scale.high,
    scale.note ? el("small", {}, scale.note) : null);
}

function families(model: Model, theme: Theme): HTMLElement[] {
  const { roles, skeletons, raw } = model.data;
  const used = new Set<string>();
  const seen = new Set<number>();
  for (const box of model.shown()) {
    if (box.isOpen || seen.has(box.head)) continue;
    seen.add(box.head);
    const skeleton = skeletons.indexOf(model.data.card(box.head).skeleton);
    for (const role of rolesOf(skeletons[skeleton] ?? [])) used.add(roles[role]!.split("/")[0]!);
  }
  return Object.entries(raw.families)
    .filter(([name]) => used.has(name))
    .map(([name, word]) => {
      const swatch = el("i", {});
      swatch.style.background = theme.roles[`${name}/fill`] ?? "";
      swatch.style.borderColor = theme.roles[`${name}/accent`] ?? "";
      return el("span", {}, swatch, word);
    });
}

const known = new WeakMap<number[], Set<number>>();

/** The fill roles in a skeleton. */
function rolesOf(skeleton: number[]): Set<number> {
  let found = known.get(skeleton);
  if (found) return found;
  found = new Set();
  for (let at = 0; at < skeleton.length; ) {
    const kind = skeleton[at];
    if (kind === 0) {
      found.add(skeleton[at + 6]!);
      at += 10;
    } else if (kind === 1) {
      at += 6 + 2 * skeleton[at + 5]!;
    } else {
      at += 6 + 3 * skeleton[at + 5]!;
    }
  }
  known.set(skeleton, found);
  return found;
}
