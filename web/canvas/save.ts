// A panel as SVG, PNG or CSV file, made in the browser.

import { button, el, s } from "./dom";
import type { Panel } from "./panel";
import { properties, SANS } from "./tokens";

const MARGIN = 16;
const HEAD = 32;

/** A picture that stands by itself: with title, size and colours. */
export function svgText(panel: Panel): string | null {
  const drawn = panel.picture();
  if (!drawn) return null;
  const width = Number(drawn.getAttribute("width")), height = Number(drawn.getAttribute("height"));
  const copy = drawn.cloneNode(true) as SVGSVGElement;
  copy.setAttribute("overflow", "visible");
  copy.setAttribute("x", String(MARGIN));
  copy.setAttribute("y", String(HEAD));
  for (const node of copy.querySelectorAll("[tabindex]")) for (const name of ["tabindex", "role", "class"]) node.removeAttribute(name);
  const [wide, high] = [width + 2 * MARGIN, height + HEAD + MARGIN];
  const title = el("span", {}, panel.element.querySelector("h2")!.textContent ?? "").textContent!;
  const sub = panel.element.querySelector(".sub")?.textContent ?? "";
  const whole = s("svg", { xmlns: "http://www.w3.org/2000/svg", width: wide, height: high, viewBox: `0 0 ${wide} ${high}` },
    s("rect", { width: wide, height: high, fill: "var(--surface)" }),
    s("text", { x: MARGIN, y: 20, "font-size": 13, "font-family": "var(--sans)", fill: "var(--ink-3)" }, s("tspan", { "font-weight": 600, fill: "var(--ink)" }, title), s("tspan", { dx: 8, "font-size": 12 }, sub)),
    copy);
  const colors = properties(panel.mode);
  const quiet = (text: string): string => text.replace(/"/g, "'");
  return new XMLSerializer().serializeToString(whole).replace(/var\((--[\w-]+)\)/g, (_, name: string) => quiet(colors[name] ?? SANS));
}

export async function png(panel: Panel, scale = 2): Promise<Blob | null> {
  const text = svgText(panel);
  if (text === null) return null;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = el("canvas", { width: image.width * scale, height: image.height * scale });
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

export function csvText(rows: (string | number)[][]): string {
  // A spreadsheet would run what begins like a formula.
  const cell = (value: string | number): string => (typeof value === "number" ? String(value) : /^[=+\-@\t\r]|[",\n]/.test(value) ? `"${(/^[=+\-@\t\r]/.test(value) ? "'" : "") + value.replace(/"/g, '""')}"` : value);
  return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

function download(blob: Blob | null, name: string): void {
  if (!blob) return;
  const link = el("a", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function save(panel: Panel, kind: string): Promise<void> {
  const name = `${(panel.element.querySelector("h2")!.textContent ?? "").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "panel"}.${kind}`;
  if (kind === "png") download(await png(panel), name);
  else download(new Blob([kind === "svg" ? (svgText(panel) ?? "") : csvText(panel.rows())], { type: kind === "svg" ? "image/svg+xml" : "text/csv" }), name);
}

/** A button that opens a menu of formats. */
export function saveMenu(panel: Panel, kinds = ["png", "svg", "csv"]): HTMLElement {
  const menu = el("details", { class: "menu" }, el("summary", { title: "Save this panel" }, "Save"));
  const list = el("span", { class: "list" }, ...kinds.map((kind) => button(kind.toUpperCase(), `Save as ${kind.toUpperCase()}`, () => {
    menu.open = false;
    void save(panel, kind);
  })));
  menu.append(list);
  menu.addEventListener("focusout", (event) => {
    if (!menu.contains(event.relatedTarget as Node | null)) menu.open = false;
  });
  return menu;
}
