// Panels that show one step of many: a slider with a tick for every step that is kept.

import { button, el } from "./dom";
import { ceil, max, min, round } from "./math";
import { countText, stepText } from "./numbers";
import { Panel } from "./panel";
import type { Shot } from "./store";

const PLAY_MS = 250;

export abstract class Stepped extends Panel {
  private readonly track = el("div", { class: "track", tabindex: 0, role: "slider", "aria-label": "Step" });
  private readonly label = el("span", { class: "step" });
  private readonly playButton = button("", "Play", () => this.play());
  private readonly slider = el("div", { class: "slider", hidden: true }, this.playButton, this.track, this.label);
  /** Row that a reader chose; null follows the newest. */
  private chosen: number | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private painted: Shot[] = [];

  constructor(...given: ConstructorParameters<typeof Panel>) {
    super(...given);
    this.element.append(this.slider);
    this.playButton.className = "play";
    this.track.addEventListener("keydown", (event) => this.press(event));
    const drag = (event: PointerEvent): void => {
      const box = this.track.getBoundingClientRect();
      this.choose(round(((event.clientX - box.left) / box.width) * (this.shots.length - 1)));
    };
    this.track.addEventListener("pointerdown", (event) => {
      this.track.setPointerCapture(event.pointerId);
      drag(event);
    });
    this.track.addEventListener("pointermove", (event) => event.buttons && drag(event));
  }

  /** Index of the shot that is shown. */
  get index(): number {
    const { shots } = this, found = this.chosen === null ? -1 : shots.findIndex((shot) => shot.row >= this.chosen!);
    return found < 0 ? shots.length - 1 : found;
  }

  /** The newest shots up to the chosen one, the chosen one last. */
  protected upTo(count: number): Shot[] {
    return this.shots.slice(max(0, this.index + 1 - count), this.index + 1);
  }

  private choose(index: number): void {
    const { shots } = this, wanted = max(0, min(index, shots.length - 1));
    this.chosen = wanted === shots.length - 1 ? null : shots[wanted]!.row;
    this.touch();
  }

  private press(event: KeyboardEvent): void {
    const by: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 };
    if (event.key === " ") this.play();
    else if (by[event.key]) this.choose(this.index + by[event.key]!);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private play(): void {
    if (this.timer) {
      clearInterval(this.timer);
      this.timer = undefined;
    } else {
      if (this.index === this.shots.length - 1) this.choose(0);
      this.timer = setInterval(() => {
        this.choose(this.index + 1);
        if (this.index >= this.shots.length - 1) this.play();
      }, PLAY_MS);
    }
    this.touch();
  }

  protected draw(): void {
    const { shots, index } = this;
    this.showSlider(shots, index);
    const shot = shots[index];
    this.plot.style.height = "";
    if (!shot || shot["fault"] || shot["empty"]) {
      this.painted = [];
      this.say(shot?.["how"] as string);
      this.plot.replaceChildren(el("p", { class: "message" }, (shot?.["fault"] as string) ?? "No value yet"));
      return;
    }
    this.say(shot["how"] as string);
    this.paint(shot, this.painted[this.painted.length - 1] === shot);
    this.painted = [shot];
  }

  private showSlider(shots: Shot[], index: number): void {
    this.slider.hidden = shots.length < 2;
    if (this.slider.hidden) return;
    const marks = shots.length <= 120 ? shots : shots.filter((_, k) => k % ceil(shots.length / 120) === 0);
    const place = (k: number): string => `${(k / (shots.length - 1)) * 100}%`;
    const knob = el("b");
    knob.style.left = place(index);
    this.track.replaceChildren(...marks.map((shot) => {
      const mark = el("i");
      mark.style.left = place(shots.indexOf(shot));
      return mark;
    }), knob);
    const text = this.stepLabel(shots[index]!, shots);
    for (const [name, value] of [["aria-valuemin", 0], ["aria-valuemax", shots.length - 1], ["aria-valuenow", index], ["aria-valuetext", text]] as const) this.track.setAttribute(name, String(value));
    this.label.textContent = text;
    this.playButton.classList.toggle("on", Boolean(this.timer));
    this.playButton.setAttribute("aria-label", this.timer ? "Pause" : "Play");
  }

  /** "epoch 4" where each epoch has one step, else the step. */
  protected stepLabel(shot: Shot, shots: Shot[]): string {
    const { step } = shot;
    if (Array.isArray(step) && shots.every((other, k) => k === 0 || (other.step as number[])[0] !== (shots[k - 1]!.step as number[])[0])) return `epoch ${countText(step[0])}`;
    return stepText(step);
  }

  /** `isSame` when only the size or the colours changed. */
  protected abstract paint(shot: Shot, isSame: boolean): void;

  override destroy(): void {
    clearInterval(this.timer);
    super.destroy();
  }
}
