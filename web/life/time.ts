// The bar below the picture: which record is shown. A slider, a button that plays, the keys , . and p.

import { button, el, on } from "../graph/dom";
import { recordText, type RecordStep } from "./words";

const WHOLE_MS = 6000; // for all records
const FASTEST_MS = 60;
const SLOWEST_MS = 500;

export class Time {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly words = el("output", { class: "record" });
  private readonly play = button("Play", "Play all records", () => this.toggle());
  private timer = 0;

  constructor(
    private readonly records: RecordStep[],
    public now: number,
    private readonly changed: (record: number) => void,
  ) {
    this.slider = el("input", {
      type: "range", min: "0", max: String(records.length - 1), value: String(now), "aria-label": "Record",
    });
    on(this.slider, "input", () => {
      this.stop();
      this.show(Number(this.slider.value));
    });
    on(document, "keydown", (event) => this.key(event));
    this.element = el("div", { class: "time" }, this.play, this.slider, this.words);
    this.write();
  }

  show(record: number): void {
    this.now = Math.max(0, Math.min(this.records.length - 1, record));
    this.slider.value = String(this.now);
    this.write();
    this.changed(this.now);
  }

  private write(): void {
    const text = `${recordText(this.records[this.now]!)} · ${this.now + 1} of ${this.records.length}`;
    this.words.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
  }

  private key(event: KeyboardEvent): void {
    const isTyping = event.target instanceof HTMLInputElement && event.target.type !== "range";
    if (isTyping || event.target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ",": -1, ".": 1 }[event.key];
    if (event.key === "p") this.toggle();
    else if (!step) return;
    else {
      this.stop();
      this.show(this.now + step);
    }
    event.preventDefault();
  }

  private toggle(): void {
    if (this.timer) return this.stop();
    if (this.now === this.records.length - 1) this.show(0);
    this.play.textContent = "Pause";
    const pace = Math.min(SLOWEST_MS, Math.max(FASTEST_MS, WHOLE_MS / this.records.length));
    this.timer = window.setInterval(() => {
      this.show(this.now + 1);
      if (this.now === this.records.length - 1) this.stop();
    }, pace);
  }

  private stop(): void {
    window.clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = "Play";
  }
}
