// The graph of a model: its own page in a frame, which can be opened, searched and followed.

import { el } from "../canvas/dom";
import { KINDS } from "../canvas/kinds";
import { max } from "../canvas/math";
import { Panel } from "../canvas/panel";

const HEIGHT_PX = 520;

class Graph extends Panel {
  private readonly frame = el("iframe", { title: "Architecture", sandbox: "allow-scripts allow-downloads", class: "graph" });

  protected override makeTools(): HTMLElement[] {
    return super.makeTools().slice(-1); // its page saves itself
  }

  protected draw(): void {
    const address = `${this.spec["address"]}?theme=${this.mode}`;
    if (this.frame.getAttribute("src") !== address) this.frame.src = address;
    if (this.frame.parentElement !== this.plot) this.plot.replaceChildren(this.frame);
    this.frame.style.height = `${this.isFull ? max(this.height, HEIGHT_PX) : HEIGHT_PX}px`;
  }

  rows(): (string | number)[][] {
    return [["graph"], [this.spec.title]];
  }
}

KINDS["graph"] = Graph;
