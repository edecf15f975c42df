// Tables, text, sounds and finished pictures.

import { button, el, s } from "./dom";
import { markdown } from "./markdown";
import { max } from "./math";
import { durationText } from "./numbers";
import { saveMenu } from "./save";
import { Stepped } from "./stepped";
import type { Shot } from "./store";
import { pathData } from "./chart";
import { SANS } from "./tokens";

/** Files of shots as addresses; each is made once and given back with the panel. */
class Files {
  private readonly known = new Map<Shot, string>();

  of(shot: Shot, type: string): string {
    let address = this.known.get(shot);
    if (!address) this.known.set(shot, (address = URL.createObjectURL(new Blob([shot.arrays["file"]! as Uint8Array<ArrayBuffer>], { type }))));
    return address;
  }

  keep(shots: Shot[]): void {
    for (const [shot, address] of this.known) {
      if (shots.includes(shot)) continue;
      URL.revokeObjectURL(address);
      this.known.delete(shot);
    }
  }
}

export class Table extends Stepped {
  private order: [number, boolean] | null = null;

  protected override makeTools(): HTMLElement[] {
    return [saveMenu(this, ["csv"]), button("Expand", "Fill the window (f)", () => this.expand())];
  }

  protected paint(shot: Shot): void {
    const view = shot as unknown as { columns: string[]; rows: string[][]; right: boolean[]; best: [number, number][] };
    const best = new Set(view.best.map(([row, column]) => `${row} ${column}`)), body = el("tbody");
    const order = view.rows.map((_, k) => k);
    if (this.order) order.sort((i, j) => compared(view.rows[i]![this.order![0]]!, view.rows[j]![this.order![0]]!) * (this.order![1] ? -1 : 1));
    for (const r of order) body.append(el("tr", {}, ...view.rows[r]!.map((text, c) => el("td", { class: `${view.right[c] ? "n" : ""}${best.has(`${r} ${c}`) ? " best" : ""}` }, text))));
    const head = view.columns.map((name, c) => el("th", { class: view.right[c] ? "n" : "", "aria-sort": this.order?.[0] === c ? (this.order[1] ? "descending" : "ascending") : null }, button(name, "Sort", () => {
      this.order = this.order?.[0] === c ? (this.order[1] ? null : [c, true]) : [c, false];
      this.touch();
    })));
    this.plot.replaceChildren(el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ...head)), body)));
  }

  rows(): (string | number)[][] {
    const shot = this.shots[this.index];
    return [(shot?.["columns"] as string[]) ?? [], ...((shot?.["rows"] as string[][]) ?? [])];
  }
}

/** Numbers by size, words by letters. */
function compared(a: string, b: string): number {
  const number = (text: string): number => Number(text.replace("−", "-").replace(/\u202f/g, "").replace("%", ""));
  const [x, y] = [number(a), number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
}

export class Text extends Stepped {
  protected override makeTools(): HTMLElement[] {
    return [button("Expand", "Fill the window (f)", () => this.expand())];
  }

  protected paint(shot: Shot, _isSame: boolean): void {
    this.plot.replaceChildren(el("div", { class: "markdown scroll" }, markdown(shot["text"] as string)));
  }

  rows(): (string | number)[][] {
    return [["text"], [(this.shots[this.index]?.["text"] as string) ?? ""]];
  }
}

/** Markup of a user's, where no script runs and nothing is fetched; on white, which it was made for. */
export class Framed extends Text {
  protected override paint(shot: Shot, isSame: boolean): void {
    const frame = isSame ? this.plot.querySelector("iframe") : null;
    const made = frame ?? el("iframe", { sandbox: "", title: this.spec.title || "HTML", srcdoc: FRAME + shot["html"] });
    made.style.height = `${this.isFull ? this.height : shot["height"] ? shot["height"] + 16 : this.height}px`;
    if (!frame) this.plot.replaceChildren(made);
  }

  override rows(): (string | number)[][] {
    return [["html"], [this.shots[this.index]?.["html"] as string]];
  }
}

const FRAME = `<!doctype html><meta charset=utf-8><meta http-equiv=content-security-policy content="default-src 'none';style-src 'unsafe-inline';img-src data:"><style>:root{font:13px/1.45 ${SANS};background:#fff}</style>`;

export class Sounds extends Stepped {
  private readonly files = new Files();

  protected override makeTools(): HTMLElement[] {
    return [];
  }

  protected paint(_: Shot, isSame: boolean): void {
    const shots = this.upTo((this.spec["limit"] as number) ?? 3).filter((shot) => shot.arrays["file"]);
    this.files.keep(this.shots);
    if (isSame && this.plot.childElementCount === shots.length) return; // what plays goes on
    this.plot.replaceChildren(...shots.map((shot) => {
      const levels = shot.arrays["outline"]!, width = this.width, half = 22;
      const outline = [...levels].map((level, k) => [(k / max(1, levels.length - 1)) * width, half - level * half] as [number, number]);
      const shape = pathData([...outline, ...outline.map(([x, y]) => [x, 2 * half - y] as [number, number]).reverse()]);
      const caption = [this.stepLabel(shot, this.shots), shot["caption"] as string, durationText(shot["seconds"] as number)].filter(Boolean).join(", ");
      return el("figure", { class: "sound" }, el("figcaption", {}, caption), s("svg", { width, height: 2 * half }, s("path", { d: `${shape}Z`, fill: "var(--s0)", stroke: "var(--s0)", "stroke-width": 0.5 })), el("audio", { controls: true, preload: "metadata", src: this.files.of(shot, "audio/wav") }));
    }));
  }

  rows(): (string | number)[][] {
    return [["sound"], ...this.shots.map((shot) => [shot["caption"] as string])];
  }

  override destroy(): void {
    this.files.keep([]);
    super.destroy();
  }
}

/** A figure, a film, the picture of a model. */
export class Finished extends Stepped {
  private readonly files = new Files();

  protected paint(shot: Shot, isSame: boolean): void {
    this.files.keep(this.shots);
    if (isSame && this.plot.querySelector("img")) return;
    const image = el("img", { src: this.files.of(shot, shot["type"] as string), alt: this.spec.title, width: shot["width"] as number, class: shot["sharp"] ? "sharp" : "" });
    this.plot.replaceChildren(image);
  }

  override picture(): SVGSVGElement | null {
    const image = this.plot.querySelector("img");
    if (!image) return null;
    const canvas = el("canvas", { width: image.naturalWidth, height: image.naturalHeight });
    canvas.getContext("2d")!.drawImage(image, 0, 0);
    return s("svg", { width: image.width, height: image.height }, s("image", { width: image.width, height: image.height, href: canvas.toDataURL() }));
  }

  rows(): (string | number)[][] {
    return [["picture"], [this.spec.title]];
  }

  override destroy(): void {
    this.files.keep([]);
    super.destroy();
  }
}
