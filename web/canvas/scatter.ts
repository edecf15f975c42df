// Points in two or three dimensions, on a canvas; class names where the points are.

import { axes, LABEL, leftRoom, px, valueTicks, words, type Scale } from "./chart";
import { el, s, textWidth } from "./dom";
import { abs, max, min, round } from "./math";
import { valueText } from "./numbers";
import { Stepped } from "./stepped";
import type { Shot } from "./store";

type Point = [number, number, number]; // x, y in pixels, depth 0 to 1

export class Scatter extends Stepped {
  private readonly canvas = el("canvas");
  private readonly overlay = s("svg", { class: "front" });
  private readonly grid = s("svg", { class: "back" });
  private readonly tip = el("div", { class: "tip", hidden: true });
  private turn: [number, number] = [0.6, 0.35];
  private placed: Point[] = [];
  private only: number | null = null;

  constructor(...given: ConstructorParameters<typeof Stepped>) {
    super(...given);
    this.plot.tabIndex = 0;
    this.plot.addEventListener("pointerdown", (event) => this.is3D && this.plot.setPointerCapture(event.pointerId));
    this.plot.addEventListener("pointermove", (event) => this.move(event));
    this.plot.addEventListener("pointerleave", () => (this.tip.hidden = true));
    this.plot.addEventListener("keydown", (event) => {
      const by: Record<string, [number, number]> = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
      if (!this.is3D || !by[event.key]) return;
      event.preventDefault();
      event.stopPropagation();
      this.rotate(...by[event.key]!);
    });
  }

  private get shot(): Shot | undefined {
    return this.shots[this.index];
  }

  private get is3D(): boolean {
    return this.shot?.shapes["points"]?.[1] === 3;
  }

  private rotate(across: number, up: number): void {
    this.turn = [this.turn[0] + across, max(-1.4, min(1.4, this.turn[1] + up))];
    this.touch();
  }

  protected paint(shot: Shot): void {
    const [width, height] = [this.width, max(this.height, 240)];
    this.plot.style.height = `${height}px`;
    if (this.canvas.parentElement !== this.plot) this.plot.replaceChildren(this.grid, this.canvas, this.overlay, this.tip);
    for (const layer of [this.grid, this.overlay]) {
      layer.replaceChildren();
      layer.setAttribute("width", String(width));
      layer.setAttribute("height", String(height));
    }
    this.plot.classList.toggle("turns", this.is3D);
    if (this.is3D) this.place3(shot, width, height);
    else this.place2(shot, width, height);
    this.dots(shot, width, height);
    this.nameClasses(shot, width, height);
    if (this.is3D) this.say(shot["how"] as string, "drag to turn");
  }

  private place2(shot: Shot, width: number, height: number): void {
    const points = shot.arrays["points"]!, [[left, right], [low, high]] = shot["limits"] as [[number, number], [number, number]];
    let x: Scale, y: Scale;
    if (shot["axes"]) {
      const ticks = valueTicks(low, high, false, 5).filter((tick) => tick.at >= low && tick.at <= high);
      x = { low: left, high: right, log: false, from: leftRoom(ticks), to: width - 8 };
      y = { low, high, log: false, from: height - 22, to: 8 };
      axes(this.grid, x, y, valueTicks(left, right, false, 6).filter((tick) => tick.at >= left && tick.at <= right), ticks);
    } else {
      // No numbers on the axes: a distance is a distance in every direction.
      const each = min((width - 16) / (right - left), (height - 16) / (high - low)), [cx, cy] = [(left + right) / 2, (low + high) / 2];
      x = { low: cx - width / 2 / each, high: cx + width / 2 / each, log: false, from: 0, to: width };
      y = { low: cy - height / 2 / each, high: cy + height / 2 / each, log: false, from: height, to: 0 };
    }
    this.placed = Array.from({ length: points.length / 2 }, (_, k) => [px(x, points[2 * k]!), px(y, points[2 * k + 1]!), 0.75]);
  }

  private place3(shot: Shot, width: number, height: number): void {
    const points = shot.arrays["points"]!, limits = shot["limits"] as [number, number][], each = min(width, height * 1.35) * 0.46;
    const [a, b] = this.turn, middle = limits.map(([low, high]) => (low + high) / 2), span = max(...limits.map(([low, high]) => high - low)) / 1.24 || 1;
    const look = (p: number[]): Point => {
      const across = p[0]! * Math.cos(a) + p[2]! * Math.sin(a), away = -p[0]! * Math.sin(a) + p[2]! * Math.cos(a);
      const [up, deep] = [p[1]! * Math.cos(b) - away * Math.sin(b), p[1]! * Math.sin(b) + away * Math.cos(b)];
      return [width / 2 + across * each, height * 0.48 - up * each, max(0, min(1, 0.5 - deep * 0.7))];
    };
    const edge = 0.62;
    for (const k of [-1, -0.5, 0, 0.5, 1]) {
      for (const [from, to] of [[[k * edge, -edge, -edge], [k * edge, -edge, edge]], [[-edge, -edge, k * edge], [edge, -edge, k * edge]]]) {
        const [p, q] = [look(from!), look(to!)];
        this.grid.append(s("line", { x1: p[0], y1: p[1], x2: q[0], y2: q[1], stroke: abs(k) === 1 ? "var(--rule-strong)" : "var(--rule)" }));
      }
    }
    this.placed = Array.from({ length: points.length / 3 }, (_, k) => look([0, 1, 2].map((axis) => (points[3 * k + axis]! - middle[axis]!) / span)));
  }

  private dots(shot: Shot, width: number, height: number): void {
    const times = devicePixelRatio || 1, { canvas } = this, classes = shot.arrays["classes"]!;
    Object.assign(canvas, { width: round(width * times), height: round(height * times) });
    Object.assign(canvas.style, { left: "0", top: "0", width: `${width}px`, height: `${height}px` });
    const pen = canvas.getContext("2d")!;
    pen.scale(times, times);
    const order = this.placed.map((_, k) => k);
    if (this.is3D) order.sort((i, j) => this.placed[i]![2] - this.placed[j]![2]);
    const count = (shot["classNames"] as string[]).length, thumbnails = shot.arrays["thumbnails"];
    for (const k of order) {
      const [x, y, near] = this.placed[k]!, kind = classes[k]!, isOff = this.only !== null && this.only !== kind;
      pen.globalAlpha = isOff ? 0.12 : this.is3D ? 0.3 + 0.6 * near : 0.75;
      if (thumbnails) {
        this.thumbnail(pen, shot, k, x, y);
        continue;
      }
      // More classes than colours: rings; more than both: grey, save for the one that is pointed at.
      const color = kind < 0 ? this.view.color("--s0") : count > 16 && this.only !== kind ? this.view.color("--ink-3") : this.view.color(`--s${kind % 8}`);
      pen.beginPath();
      pen.arc(x, y, this.is3D ? 1.6 + 1.8 * near : 2.5, 0, 7);
      if (kind >= 8 && count <= 16) {
        pen.strokeStyle = color;
        pen.lineWidth = 1.3;
        pen.stroke();
      } else {
        pen.fillStyle = color;
        pen.fill();
      }
    }
  }

  private thumbnail(pen: CanvasRenderingContext2D, shot: Shot, k: number, x: number, y: number): void {
    const bytes = shot.arrays["thumbnails"]!, [, height = 1, width = 1, channels = 1] = shot.shapes["thumbnails"]!;
    const key = shot as unknown as { sheet?: HTMLCanvasElement };
    if (!key.sheet) {
      const count = shot.shapes["thumbnails"]![0]!;
      key.sheet = el("canvas", { width, height: height * count });
      const on = key.sheet.getContext("2d")!, image = on.createImageData(width, height * count);
      for (let pixel = 0; pixel < width * height * count; pixel++) for (let c = 0; c < 4; c++) image.data[4 * pixel + c] = c === 3 ? 255 : bytes[channels * pixel + (channels >= 3 ? c : 0)]!;
      on.putImageData(image, 0, 0);
    }
    const size = min(20, max(10, width)), high = (size * height) / width;
    pen.drawImage(key.sheet, 0, k * height, width, height, x - size / 2, y - high / 2, size, high);
  }

  private nameClasses(shot: Shot, width: number, height: number): void {
    const names = shot["classNames"] as string[], classes = shot.arrays["classes"]!;
    if (names.length > 16) return;
    const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
    const found = names.map((name, kind) => {
      const own = this.placed.filter((_, k) => classes[k] === kind);
      return own.length ? { name, kind, x: median(own.map((p) => p[0])), y: median(own.map((p) => p[1])) } : null;
    }).filter((one) => one !== null);
    const tops = spreadNear(found, height);
    found.forEach(({ name, kind, x }, k) => {
      const half = textWidth(name, LABEL) / 2 + 2;
      const text = words({ text: name, x: max(half, min(x, width - half)), y: tops[k]! + 4, anchor: "middle", size: 12, weight: 500, fill: `var(--t${kind % 8})`, halo: true });
      text.setAttribute("class", "name");
      text.addEventListener("pointerenter", () => ((this.only = kind), this.touch()));
      text.addEventListener("pointerleave", () => ((this.only = null), this.touch()));
      this.overlay.append(text);
    });
  }

  private move(event: PointerEvent): void {
    if (this.is3D && event.buttons) {
      this.rotate(event.movementX * 0.01, event.movementY * 0.01);
      return;
    }
    const { shot } = this, box = this.plot.getBoundingClientRect(), left = event.clientX - box.left, top = event.clientY - box.top;
    if (!shot) return;
    let best = -1, least = 64;
    this.placed.forEach(([x, y], k) => {
      const far = (x - left) ** 2 + (y - top) ** 2;
      if (far < least) [best, least] = [k, far];
    });
    this.tip.hidden = best < 0;
    if (best < 0) return;
    const kind = shot.arrays["classes"]![best]!, size = shot.shapes["points"]![1]!, point = [...shot.arrays["points"]!.subarray(size * best, size * best + size)];
    const facts = [(shot["pointNames"] as string[])[best], (shot["classNames"] as string[])[kind], point.map(valueText).join(", ")].filter(Boolean);
    this.tip.replaceChildren(...facts.map((fact, k) => el("div", k === facts.length - 1 ? { class: "h" } : {}, fact!)));
    const flips = left + 24 + this.tip.offsetWidth > this.width;
    this.tip.style.left = `${flips ? left - 12 - this.tip.offsetWidth : left + 12}px`;
    this.tip.style.top = `${top + 12}px`;
  }

  override picture(): SVGSVGElement | null {
    const width = Number(this.grid.getAttribute("width")), height = Number(this.grid.getAttribute("height"));
    if (!width) return null;
    return s("svg", { width, height }, ...[...this.grid.children].map((child) => child.cloneNode(true)), s("image", { width, height, href: this.canvas.toDataURL() }), ...[...this.overlay.children].map((child) => child.cloneNode(true)));
  }

  rows(): (string | number)[][] {
    const { shot } = this;
    if (!shot?.shapes["points"]) return [["x", "y"]];
    const points = shot.arrays["points"]!, size = shot.shapes["points"][1]!, names = shot["classNames"] as string[];
    return [[..."xyz".slice(0, size), "class"], ...this.placed.map((_, k) => [...points.subarray(size * k, size * k + size), names[shot.arrays["classes"]![k]!] ?? ""])];
  }
}

/** Names that would touch are pushed apart. */
function spreadNear(names: { name: string; x: number; y: number }[], height: number): number[] {
  const tops = names.map(({ y }) => y), half = names.map(({ name }) => textWidth(name, LABEL) / 2 + 4);
  for (let turn = 0; turn < 60; turn++) {
    for (let i = 0; i < names.length; i++) {
      for (let j = i + 1; j < names.length; j++) {
        const apart = tops[j]! - tops[i]!;
        if (abs(names[i]!.x - names[j]!.x) > half[i]! + half[j]! || abs(apart) >= 15) continue;
        const push = ((15 - abs(apart)) / 2) * (apart >= 0 ? 1 : -1);
        tops[i]! -= push;
        tops[j]! += push;
      }
    }
  }
  return tops.map((top) => max(8, min(height - 8, top)));
}

