// Lines on a canvas: bands, then raw values under all smooth lines, then the lines.

import { px, type Scale } from "./chart";
import type { Curve } from "./column";
import type { Drawn } from "./lines";
import { abs, ceil, floor, max, min, round } from "./math";

/** A path of thousands of long strokes costs their square; drawn in parts, it does not. */
const CHUNK = 100;
/** Points above which joins cannot be seen. */
const DENSE = 1500;

export interface Look {
  color(index: number): string;
  /** The name whose line stands out; null for all alike. */
  focused: string | null;
}

/** Draws all lines; the canvas is sized to the pixels of the screen. */
export function drawLines(canvas: HTMLCanvasElement, lines: Drawn[], x: Scale, y: Scale, look: Look): void {
  const times = devicePixelRatio || 1, width = x.to - x.from, height = y.from - y.to;
  const [wide, high] = [round(width * times), round(height * times)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  Object.assign(canvas.style, { left: `${x.from}px`, top: `${y.to}px`, width: `${width}px`, height: `${height}px` });
  const pen = canvas.getContext("2d")!;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, wide, high);
  pen.setTransform(times, 0, 0, times, -x.from * times, -y.to * times);
  pen.lineJoin = pen.lineCap = "round";
  const shade = (one: Drawn): number => (look.focused !== null && look.focused !== one.name ? 0.15 : 1);
  for (const one of lines) {
    if (!one.band) continue;
    pen.globalAlpha = 0.14 * shade(one);
    pen.fillStyle = look.color(one.color);
    pen.beginPath();
    trace(pen, one.band[0], x, y);
    for (let k = one.band[1].x.length - 1; k >= 0; k--) pen.lineTo(px(x, one.band[1].x[k]!), px(y, one.band[1].y[k]!));
    pen.fill();
  }
  for (const layer of ["raw", "curve"] as const) {
    for (const one of lines) {
      const curve = one[layer];
      if (!curve) continue;
      pen.globalAlpha = (layer === "raw" ? 0.26 : 1) * shade(one);
      pen.strokeStyle = look.color(one.color);
      pen.lineWidth = layer === "raw" ? 1 : 1.75;
      if (fillColumns(pen, curve, x, y, times)) continue;
      pen.lineJoin = curve.x.length > DENSE ? "bevel" : "round";
      for (let first = 0; first < curve.x.length; first += CHUNK) {
        pen.beginPath();
        trace(pen, curve, x, y, first, first + CHUNK + 1);
        pen.stroke();
      }
    }
  }
  pen.globalAlpha = 1;
}

/** Noise that fills its columns of pixels: a box for each, which costs a tenth of strokes. False where strokes are needed. */
function fillColumns(pen: CanvasRenderingContext2D, { x: xs, y: ys }: Curve, x: Scale, y: Scale, times: number): boolean {
  const count = xs.length / 4, boxes: number[] = [];
  if (xs.length < DENSE || count % 1 || y.log || x.log) return false;
  let all = 0, before = NaN;
  for (let k = 0; k < xs.length; k += 4) {
    if (xs[k + 1] !== xs[k + 2]) return false; // a gap: columns are no longer groups of four
    // It begins where the one before it ended.
    const joint = before === before ? before : ys[k + 1]!, low = min(ys[k + 1]!, joint), high = max(ys[k + 2]!, joint);
    const top = px(y, high), bottom = px(y, low);
    boxes.push(round(px(x, xs[k]!) * times) / times, max(y.to - 9, top), min(y.from + 9, bottom));
    before = ys[k + 3]!;
    all += bottom - top;
  }
  if (!(all > 12 * count)) return false;
  boxes.push(px(x, xs[xs.length - 1]!));
  pen.fillStyle = pen.strokeStyle;
  const half = pen.lineWidth / 2;
  for (let k = 0; k < 3 * count; k += 3) pen.fillRect(boxes[k]!, boxes[k + 1]! - half, boxes[k + 3]! - boxes[k]!, boxes[k + 2]! - boxes[k + 1]! + 2 * half);
  return true;
}

function trace(pen: CanvasRenderingContext2D, curve: Curve, x: Scale, y: Scale, first = 0, end = curve.x.length): void {
  // Far outside of the plot a canvas loses precision.
  const far = 4 * abs(y.from - y.to);
  let isDown = false;
  for (let k = first; k < min(end, curve.x.length); k++) {
    const value = curve.y[k]!;
    if (Number.isNaN(value) || (y.log && !(value > 0))) {
      isDown = false;
      continue;
    }
    const left = px(x, curve.x[k]!), top = min(y.from + far, max(y.to - far, px(y, value)));
    if (isDown) pen.lineTo(left, top);
    else pen.moveTo(left, top);
    // A point alone between gaps is a line of no length, which round caps make visible.
    if (!isDown && (k + 1 === curve.x.length || Number.isNaN(curve.y[k + 1]!))) pen.lineTo(left + 0.01, top);
    isDown = true;
  }
}

/** The 99 % value after the first 2 %, or the newest value if that is higher; from at most 2,000 values. */
export function lateTop(y: Float64Array | Float32Array): number {
  const stride = max(1, floor(y.length / 2000)), late: number[] = [];
  for (let row = floor(y.length / 50); row < y.length; row += stride) if (Number.isFinite(y[row]!)) late.push(y[row]!);
  if (!late.length) return -Infinity;
  late.sort((a, b) => a - b);
  const last = y[y.length - 1]!;
  return max(late[ceil(0.99 * (late.length - 1))]!, Number.isFinite(last) ? last : -Infinity);
}
