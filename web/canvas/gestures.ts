// What hands do on a line chart: point, drag to zoom, shift-drag to pan, ctrl-wheel, keys.

import { el } from "./dom";
import type { Scale } from "./chart";
import { valueAt } from "./chart";
import { abs, max, min } from "./math";

export interface Target {
  readonly plot: HTMLElement;
  readonly x: Scale;
  readonly y: Scale;
  readonly isFull: boolean;
  /** Shows a part of x, null for all of it. */
  zoom(to: [number, number] | null): void;
  /** Where the pointer is on x; null when it left. */
  point(at: number | null): void;
  toggleLog(): void;
  expand(): void;
  openSmoothing(): void;
}

const LEAST_DRAG = 4;

export function listen(chart: Target): void {
  const { plot } = chart, band = el("div", { class: "select", hidden: true });
  plot.append(band);
  const place = (event: PointerEvent | WheelEvent): number => event.clientX - plot.getBoundingClientRect().left;
  const inside = (left: number): number => max(chart.x.from, min(left, chart.x.to));
  const isOver = (event: PointerEvent): boolean => {
    const left = place(event), top = event.clientY - plot.getBoundingClientRect().top;
    return left >= chart.x.from && left <= chart.x.to && top >= 0 && top <= chart.y.from;
  };
  let began: number | null = null, last = 0, isPan = false;
  plot.addEventListener("pointermove", (event) => {
    const left = place(event);
    if (isPan) {
      shift(chart, (-(left - last) / (chart.x.to - chart.x.from)) * (chart.x.high - chart.x.low));
      last = left;
    } else if (began !== null) {
      const [from, to] = [min(began, inside(left)), max(began, inside(left))];
      band.hidden = to - from < LEAST_DRAG;
      Object.assign(band.style, { left: `${from}px`, width: `${to - from}px`, top: `${chart.y.to}px`, height: `${chart.y.from - chart.y.to}px` });
    }
    chart.point(isOver(event) ? valueAt(chart.x, left) : null);
  });
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !isOver(event) || (event.target as Element).closest(".name")) return;
    if (event.pointerType === "touch") {
      chart.point(valueAt(chart.x, place(event)));
      return; // dragging moves the cursor; two fingers belong to the page
    }
    plot.setPointerCapture(event.pointerId);
    last = place(event);
    isPan = event.shiftKey;
    began = isPan ? null : last;
  });
  plot.addEventListener("pointerup", (event) => {
    const from = began, to = inside(place(event));
    began = null;
    isPan = false;
    band.hidden = true;
    if (from !== null && abs(to - from) >= LEAST_DRAG) chart.zoom([valueAt(chart.x, min(from, to)), valueAt(chart.x, max(from, to))]);
  });
  plot.addEventListener("pointerleave", () => chart.point(null));
  plot.addEventListener("dblclick", () => chart.zoom(null));
  plot.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    zoomBy(chart, Math.exp(max(-50, min(50, event.deltaY)) / 200), valueAt(chart.x, inside(place(event))));
  }, { passive: false });
  plot.addEventListener("keydown", (event) => press(chart, event));
}

function zoomBy(chart: Target, factor: number, middle: number): void {
  const { low, high } = chart.x;
  chart.zoom([middle - (middle - low) * factor, middle + (high - middle) * factor]);
}

function shift(chart: Target, by: number): void {
  chart.zoom([chart.x.low + by, chart.x.high + by]);
}

function press(chart: Target, event: KeyboardEvent): void {
  if (event.target !== chart.plot || event.ctrlKey || event.metaKey || event.altKey) return;
  const span = chart.x.high - chart.x.low, middle = (chart.x.low + chart.x.high) / 2;
  const acts: Record<string, () => void> = {
    "+": () => zoomBy(chart, 0.5, middle), "=": () => zoomBy(chart, 0.5, middle), "-": () => zoomBy(chart, 2, middle),
    ArrowLeft: () => shift(chart, -span / 5), ArrowRight: () => shift(chart, span / 5), "0": () => chart.zoom(null),
    l: () => chart.toggleLog(), f: () => chart.expand(), s: () => chart.openSmoothing(),
    Escape: () => (chart.isFull ? chart.expand() : chart.zoom(null)),
  };
  if (!acts[event.key]) return;
  event.preventDefault();
  event.stopPropagation(); // a notebook has keys of its own
  acts[event.key]!();
}
