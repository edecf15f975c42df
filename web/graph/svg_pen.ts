// A pen that writes SVG text.

import { type Anchor, arrowHead, DASH, DASHED, FONT, type Hatch, type Pen, type Run, TILE, trace } from "./pen";
import type { Point } from "./layout/route";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text for an XML document; what XML forbids becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[\0-\x08\x0b-\x1f\ufffe\uffff]/g, "\ufffd")
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])/g, "\ufffd")
    .replace(/(^|[^\ud800-\udbff])[\udc00-\udfff]/g, "$1\ufffd")
    .replace(/[&<>"]/g, (sign) => ENTITIES[sign]!);
}

/** At most two decimals. */
function n(value: number): string {
  return String(Math.round(value * 100) / 100 || 0);
}

function dash(isOn: unknown): string {
  return isOn ? ` stroke-dasharray="${DASH.join(" ")}"` : "";
}

export class SvgPen implements Pen {
  protected parts: string[] = [];
  private hatches = new Map<string, string>();
  private opacity = "";

  rect(
    x: number, y: number, width: number, height: number, radius: number,
    fill: string, stroke: string, lineWidth: number, corners: number,
  ): void {
    const line = stroke ? ` stroke="${stroke}" stroke-width="${n(lineWidth)}"${dash(corners & DASHED)}` : "";
    const paint = `fill="${fill || "none"}"${line}${this.opacity}`;
    if ((corners & 15) === 15) {
      const size = `width="${n(width)}" height="${n(height)}" rx="${n(radius)}"`;
      this.parts.push(`<rect x="${n(x)}" y="${n(y)}" ${size} ${paint}/>`);
      return;
    }
    const [tl, tr, br, bl] = [1, 2, 4, 8].map((bit) => (corners & bit ? radius : 0)) as
      [number, number, number, number];
    const [right, foot] = [x + width, y + height];
    this.parts.push(
      `<path d="M${n(x + tl)} ${n(y)}H${n(right - tr)}Q${n(right)} ${n(y)} ${n(right)} ${n(y + tr)}` +
        `V${n(foot - br)}Q${n(right)} ${n(foot)} ${n(right - br)} ${n(foot)}H${n(x + bl)}` +
        `Q${n(x)} ${n(foot)} ${n(x)} ${n(foot - bl)}V${n(y + tl)}Q${n(x)} ${n(y)} ${n(x + tl)} ${n(y)}Z"` +
        ` ${paint}/>`,
    );
  }

  line(
    points: Point[], stroke: string, lineWidth: number, radius: number, arrow: boolean, dashed = false,
  ): void {
    const ended = arrow ? arrowHead(points) : { points, head: null };
    let path = "";
    trace(
      {
        moveTo: (x, y) => (path += `M${n(x)} ${n(y)}`),
        lineTo: (x, y) => (path += `L${n(x)} ${n(y)}`),
        quadraticCurveTo: (a, b, x, y) => (path += `Q${n(a)} ${n(b)} ${n(x)} ${n(y)}`),
      },
      ended.points,
      radius,
    );
    const width = `stroke-width="${n(lineWidth)}"${dash(dashed)}`;
    this.parts.push(`<path d="${path}" fill="none" stroke="${stroke}" ${width}${this.opacity}/>`);
    if (!ended.head) return;
    const corners = ended.head.map(([x, y]) => `${n(x)} ${n(y)}`).join("L");
    this.parts.push(`<path d="M${corners}Z" fill="${stroke}"${this.opacity}/>`);
  }

  text(x: number, y: number, anchor: Anchor, halo: string, runs: Run[]): void {
    const place = `x="${n(x)}" y="${n(y)}" text-anchor="${["start", "middle", "end"][anchor]}"`;
    const spans = (color: boolean) =>
      runs
        .map(({ text, size, color: ink, bold }) => {
          const fill = color ? ` fill="${ink}"` : "";
          const weight = bold ? ' font-weight="700"' : "";
          return `<tspan font-size="${n(size)}"${fill}${weight}>${escapeXml(text)}</tspan>`;
        })
        .join("");
    if (halo) {
      const line = `fill="${halo}" stroke="${halo}" stroke-width="3" stroke-linejoin="round"`;
      this.parts.push(`<text ${place} ${line} aria-hidden="true">${spans(false)}</text>`);
    }
    this.parts.push(`<text ${place}${this.opacity}>${spans(true)}</text>`);
  }

  paint(hatch: Hatch): string {
    const [path, width, color] = hatch;
    const id = `hatch-${[...new Set([...this.hatches.keys(), path])].indexOf(path)}`;
    this.hatches.set(
      path,
      `<pattern id="${id}" patternUnits="userSpaceOnUse" width="${TILE}" height="${TILE}">` +
        `<path d="${path}" stroke="${color}" stroke-width="${width}"/></pattern>`,
    );
    return `url(#${id})`;
  }

  fade(opacity: number): void {
    this.opacity = opacity < 1 ? ` opacity="${n(opacity)}"` : "";
  }

  /** The whole document: a part of the picture, in points. */
  document(x: number, y: number, width: number, height: number, title: string, page: string): string {
    const box = `viewBox="${n(x)} ${n(y)} ${n(width)} ${n(height)}"`;
    const size = `width="${Math.ceil(width)}" height="${Math.ceil(height)}"`;
    const back = `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${page}"/>`;
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${box} role="img" font-family="${escapeXml(FONT)}">` +
      `<title>${escapeXml(title)}</title><defs>${[...this.hatches.values()].join("")}</defs>${back}${this.parts.join("")}</svg>\n`
    );
  }
}
