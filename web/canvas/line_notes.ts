// What is written on a line chart: names at line ends, marks, faults, what is cut off, baselines.

import { LABEL, px, rule, spread, TICK, words } from "./chart";
import { el, s, textWidth } from "./dom";
import type { Line } from "./line";
import type { Drawn, Lines } from "./lines";
import { abs, ceil, floor, max, min } from "./math";
import { countText } from "./numbers";

/** Levels and usual ranges, behind the lines. */
export function drawBaselines(chart: Lines): void {
  for (const { value, name, top } of chart.baselines) {
    const at = px(chart.y, value);
    if (top !== null) chart.back.prepend(s("rect", { x: chart.x.from, y: px(chart.y, top), width: chart.x.to - chart.x.from, height: max(0, at - px(chart.y, top)), fill: "var(--good)", opacity: 0.08 }));
    else if (at >= chart.y.to && at <= chart.y.from) chart.back.append(rule(chart.x.from, at, chart.x.to, at, "var(--ink-3)", { "stroke-dasharray": "3 3" }));
    if (at >= chart.y.to && at <= chart.y.from && name) chart.back.append(words({ text: name, x: chart.x.to, y: (top === null ? at : px(chart.y, top)) + 14, anchor: "end", fill: "var(--ink-2)", halo: true }));
  }
}

/** Names at line ends, last points, marks, what is broken, what is cut off. */
export function annotate(chart: Lines, isNarrow: boolean): void {
  chart.front.replaceChildren();
  const isLive = chart.view.store.state === "live", labels: { one: Drawn; x: number; y: number }[] = [];
  for (const one of chart.drawn) {
    const fill = `var(--s${one.color})`;
    const room = chart.x.to - chart.x.from;
    if (one.curve.x.length < room / 12) {
      one.curve.x.forEach((at, k) => {
        if (chart.inside(at, one.curve.y[k]!)) chart.front.append(s("circle", { cx: px(chart.x, at).toFixed(1), cy: px(chart.y, one.curve.y[k]!).toFixed(1), r: 2, fill }));
      });
    }
    if (!one.end || one.end[0] < chart.x.low || one.end[0] > chart.x.high) continue;
    const at = px(chart.x, one.end[0]), high = min(chart.y.from, max(chart.y.to, px(chart.y, one.end[1])));
    if (isLive) chart.front.append(s("circle", { cx: at, cy: high, r: 6, fill, opacity: 0.2 }));
    chart.front.append(s("circle", { cx: at, cy: high, r: 3, fill, class: "end" }));
    labels.push({ one, x: at, y: high });
  }
  chart.names.replaceChildren();
  if (!isNarrow) nameEnds(chart, labels);
  for (const [k, series] of chart.series.entries()) {
    const isHidden = chart.hidden.has(series.name);
    if (!isNarrow && !isHidden) continue;
    const one = chart.drawn.find((drawn) => drawn.name === series.name);
    const name = el("button", { type: "button", class: isHidden ? "name off" : "name", title: isHidden ? "Show" : "Hide", "aria-pressed": String(!isHidden), click: () => chart.toggle(series.name) }, series.name);
    name.style.color = isHidden ? "" : `var(--t${(series.color ?? k) % 8})`;
    chart.names.append(name);
    if (one?.last != null && isNarrow) chart.names.append(el("span", { class: "value" }, chart.text(one.last)));
  }
  noteCut(chart, noteFaults(chart));
  if (!chart.drawn.some((one) => one.line.length)) chart.front.append(words({ text: chart.series.length && chart.hidden.size === chart.series.length ? "Every line is hidden" : "No value yet", x: (chart.x.from + chart.x.to) / 2, y: (chart.y.from + chart.y.to) / 2, anchor: "middle", size: 12, fill: "var(--ink-2)", halo: true }));
}

function nameEnds(chart: Lines, labels: { one: Drawn; x: number; y: number }[]): void {
  const placed = spread(labels.map((label) => label.y), 14, chart.y.to + 4, chart.y.from - 4);
  labels.forEach(({ one, x, y }, k) => {
    const at = placed[k]!;
    if (abs(at - y) > 6) chart.front.append(s("line", { x1: x + 4, y1: y, x2: x + 8, y2: at, stroke: `var(--s${one.color})`, opacity: 0.5 }));
    const name = words({ text: "", x: x + 9, y: at + 4, size: 12, weight: 500, fill: `var(--t${one.color})`, halo: true });
    const room = chart.width - x - 9 - 7 - textWidth(chart.text(one.last!), LABEL);
    name.append(s("tspan", {}, shortened(one.name, max(40, room))), s("tspan", { dx: 7, fill: "var(--ink-2)", "font-weight": 400 }, chart.text(one.last!)));
    for (const [attribute, value] of [["class", "name"], ["tabindex", "0"], ["role", "button"], ["aria-label", `Hide ${one.name}`]]) name.setAttribute(attribute!, value!);
    name.addEventListener("click", (event) => chart.toggle(one.name, event.altKey));
    name.addEventListener("keydown", (event) => event.key === "Enter" && chart.toggle(one.name));
    name.addEventListener("pointerenter", () => chart.focus(one.name));
    name.addEventListener("pointerleave", () => chart.focus(null));
    chart.front.append(name);
  });
}

/** Strips over what is broken, and since when; whether the words take the top left. */
function noteFaults(chart: Lines): boolean {
  let first: [number, string] | null = null;
  for (const { line, name } of chart.drawn) {
    const x = line.positions();
    for (const [begin, end] of line.faults) {
      const [left, right] = [px(chart.x, x[begin]!), px(chart.x, x[min(end, x.length - 1)]!)];
      if (right < chart.x.from || left > chart.x.to) continue;
      const from = max(left, chart.x.from), to = min(max(right, left + 2), chart.x.to);
      chart.front.append(s("rect", { x: from, y: chart.y.to - 4, width: max(2, to - from), height: 4, fill: "var(--bad)", class: "fault" }));
      if (!first || left < first[0]) first = [left, faultText(chart, line, chart.series.length > 1 ? `${name} ` : "")];
    }
  }
  if (!first) return false;
  const wide = textWidth(first[1], TICK), end = max(...[...chart.front.querySelectorAll(".fault")].map((rect) => Number(rect.getAttribute("x")) + Number(rect.getAttribute("width"))));
  const fits = end + 6 + wide < chart.x.to;
  chart.front.append(words({ text: first[1], x: fits ? end + 6 : max(chart.x.from + wide, first[0] - 6), y: chart.y.to + 3, anchor: fits ? "start" : "end", fill: "var(--bad)", halo: true }));
  return !fits;
}

function faultText(chart: Lines, line: Line, before: string): string {
  const [begin, end] = line.faults[0]!, count = line.faults.reduce((all, [a, b]) => all + b - a, 0);
  const word = Number.isNaN(line.y()[begin]!) ? "NaN" : "inf", step = chart.stepAt(line, begin);
  const short = step === null ? "" : typeof step === "number" ? countText(step) : `${step[0]}:${step[1]}`;
  if (line.faults.length === 1 && end === line.length && count > 1) return `${before}${word} from step ${short}`;
  return count === 1 ? `${before}${word} at step ${short}` : `${before}${word} at ${countText(count)} steps from ${short}`;
}

function noteCut(chart: Lines, isLower: boolean): void {
  let best: [number, number] | null = null;
  for (const { curve, raw } of chart.drawn) {
    const one = raw ?? curve;
    one.y.forEach((value, k) => {
      if (value > chart.y.high && one.x[k]! >= chart.x.low && one.x[k]! <= chart.x.high && (!best || value > best[1])) best = [k, value], (best[0] = one.x[one.y.findIndex((v, i) => i > k && v < chart.y.high - 0.15 * (chart.y.high - chart.y.low))] ?? one.x[k]!);
    });
  }
  if (best) chart.front.append(words({ text: `↑ ${chart.text(best[1])}`, x: px(chart.x, best[0]) + 6, y: chart.y.to + (isLower ? 24 : 10), fill: "var(--ink-2)", halo: true }));
}

/** The text, or its beginning and its end: names of runs differ at their ends. */
function shortened(text: string, width: number): string {
  let found = text;
  for (let size = text.length; size > 2 && textWidth(found, LABEL) > width; size--) found = `${text.slice(0, ceil(size / 2))}…${text.slice(text.length - floor(size / 2))}`;
  return found;
}
