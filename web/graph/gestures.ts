// Mouse, trackpad and fingers -> panning, zooming, clicks.

import { on } from "./dom";
import type { View } from "./view";

export interface Hands {
  changed(): void;
  click(x: number, y: number, shift: boolean): void;
  hover(x: number, y: number): void;
  leave(): void;
}

const STILL = 4; // pixels that a click may move

export function listen(element: HTMLElement, view: View, hands: Hands): void {
  const pointers = new Map<number, [number, number]>();
  let moved = 0;
  const place = (event: MouseEvent): [number, number] => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  on(element, "pointerdown", (event) => {
    if (event.button > 1) return;
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    if (pointers.size === 1) moved = 0;
  });

  on(element, "pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    const now = place(event);
    if (!before) return hands.hover(...now);
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    moved += Math.abs(dx) + Math.abs(dy);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (other) {
      const apart = Math.hypot(before[0] - other[0], before[1] - other[1]);
      const factor = Math.hypot(now[0] - other[0], now[1] - other[1]) / (apart || 1);
      view.pan(dx / 2, dy / 2);
      view.zoomAt(factor, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else if (moved >= STILL) {
      view.pan(dx, dy);
      element.classList.add("dragging");
    }
    hands.changed();
  });

  const up = (event: PointerEvent) => {
    const was = pointers.delete(event.pointerId);
    element.classList.remove("dragging");
    if (was && event.type === "pointerup" && moved < STILL && !pointers.size) {
      hands.click(...place(event), event.shiftKey);
    }
  };
  on(element, "pointerup", up);
  on(element, "pointercancel", up);
  on(element, "pointerleave", () => hands.leave());

  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? view.height : 1;
      if (event.ctrlKey || event.metaKey) {
        const step = Math.max(-60, Math.min(60, event.deltaY * unit));
        view.zoomAt(Math.exp(-step * 0.01), ...place(event));
      } else {
        const sideways = event.shiftKey && !event.deltaX;
        const [dx, dy] = sideways ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
        view.pan(-dx * unit, -dy * unit);
      }
      hands.changed();
    },
    { passive: false },
  );
}
