// Elements without a framework.

type Child = Node | string | null;

/** An element with attributes and children; text is always text. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Record<string, string> = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Listen; shorter than the method, which is called in thirty places. */
export function on<K extends keyof HTMLElementEventMap>(
  target: EventTarget, type: K, act: (event: HTMLElementEventMap[K]) => void,
): void {
  target.addEventListener(type, act as EventListener);
}

export function button(text: string, label: string, act: () => void): HTMLButtonElement {
  const made = el("button", { type: "button", title: label, "aria-label": label }, text);
  on(made, "click", act);
  return made;
}

const UNITS: [number, string][] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** Three figures and a prefix: 1.21 G. */
export function figures(value: number, unit = ""): string {
  const [limit, prefix] = UNITS.find(([least]) => Math.abs(value) >= least * 0.9995) ?? [1, ""];
  const text = Number((value / limit).toPrecision(3)).toString();
  return `${text}${prefix || unit ? "\u202f" : ""}${prefix}${unit}`;
}

/** A number with its thousands apart; toLocaleString takes 15 ms when it is first called. */
export function grouped(value: number, between: string): string {
  const [whole, rest] = String(Math.round(value * 1000) / 1000).split(".");
  return whole!.replace(/\B(?=(\d{3})+$)/g, between) + (rest ? `.${rest}` : "");
}

/** Microseconds with the unit that suits. */
export function duration(us: number): string {
  if (us >= 1e6) return `${Number((us / 1e6).toPrecision(3))}\u202fs`;
  return us >= 1e3 ? `${Number((us / 1e3).toPrecision(3))}\u202fms` : `${us}\u202fµs`;
}
