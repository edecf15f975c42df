// Progress, summary and messages: panels that are a line of text.

import { el, s } from "./dom";
import { max, min } from "./math";
import { Panel } from "./panel";

/** A fact: words before, the number in a stronger ink, words after. */
type Fact = [string, string, string];

function fact([before, number, after]: Fact): HTMLElement {
  return el("span", { class: "fact" }, before, el("b", {}, number), after);
}

/** The state of a training: a shape and a word. */
export function chip(state: string, text: string): HTMLElement {
  const shape = s("svg", { viewBox: "0 0 10 10", width: 10, height: 10, "aria-hidden": "true" });
  const line = { fill: "none", stroke: "currentColor", "stroke-width": 1.6 };
  if (state === "live") shape.append(s("circle", { cx: 5, cy: 5, r: 5, fill: "currentColor", class: "halo" }), s("circle", { cx: 5, cy: 5, r: 4, fill: "currentColor" }));
  else if (state === "finished") shape.append(s("path", { d: "M1 5.5 4 8.5 9 2", ...line }));
  else if (state === "failed") shape.append(s("path", { d: "M1.5 1.5 8.5 8.5M8.5 1.5 1.5 8.5", ...line, "stroke-width": 2 }));
  else if (state === "stopped") shape.append(s("rect", { x: 1.5, y: 1.5, width: 7, height: 7, fill: "currentColor" }));
  else shape.append(s("circle", { cx: 5, cy: 5, r: 3.6, ...line, "stroke-dasharray": state === "stale" ? "2 2" : "none" }));
  return el("span", { class: `state ${state}`, role: "status" }, shape, text);
}

/** A line of facts, and under it how much is done where that is known. */
export class Progress extends Panel {
  readonly stateRow = el("span", { class: "host" });
  private readonly line = el("div", { class: "facts" });
  private readonly bar = el("div", { class: "bar" });

  constructor(...given: ConstructorParameters<typeof Panel>) {
    super(...given);
    this.element.classList.add("status");
    this.element.replaceChildren(this.line, this.bar);
  }

  protected draw(): void {
    const { left, right, share, epochs } = this.spec as unknown as { left: Fact[]; right: Fact[]; share: number | null; epochs: number | null };
    const title = this.spec.title;
    this.line.replaceChildren(this.stateRow, ...(title ? [el("b", { class: "title" }, title)] : []), ...left.map(fact), el("span", { class: "push" }), ...right.map(fact));
    this.bar.hidden = share === null;
    if (share === null) return;
    const done = el("i");
    done.style.width = `${min(1, share) * 100}%`;
    const cuts = Array.from({ length: min(200, max(0, (epochs ?? 1) - 1)) }, (_, k) => {
      const cut = el("u");
      cut.style.left = `${((k + 1) / epochs!) * 100}%`;
      return cut;
    });
    this.bar.replaceChildren(done, ...cuts);
  }

  rows(): (string | number)[][] {
    return [["fact"], [this.line.textContent ?? ""]];
  }
}

/** Why a panel could not be made. */
export class Message extends Panel {
  protected override makeTools(): HTMLElement[] {
    return [];
  }

  protected draw(): void {
    this.plot.replaceChildren(el("p", { class: "message" }, (this.spec["message"] as string) ?? ""));
  }

  rows(): (string | number)[][] {
    return [["message"], [this.spec["message"] as string]];
  }
}
