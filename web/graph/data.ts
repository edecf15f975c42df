// The tables in the page -> heads, bodies and cards; written by introspect/graph/formats/html_data.py.

const FROM_RIGHT = 100000;
const FROM_MIDDLE = 200000;
const BORDERLINE = 50000;

export const SEALED = 1;
export const NO_LABEL = 2;
export const SIDE_ENTRY = 4;
export const IO = 8;
export const HEAT = 16;
export const MADE = 32;

export type Theme = {
  roles: Record<string, string>;
  groups: string[];
  heat: string[];
  heatText: string[];
  chrome: Record<string, string>;
  /** Fill role -> the path and the width of the lines over it. */
  patterns?: Record<string, [string, number]>;
  hatch: string;
  /** Times as thick as usual are lines. */
  thick: number;
};

export interface Raw {
  version: number;
  title: string;
  subtitle: string;
  root: [number, number];
  texts: string[];
  roles: string[];
  labels: number[][];
  titles: number[][];
  skeletons: number[][];
  cards: number[][];
  heads: number[][];
  bodies: number[][];
  direction: "TB" | "LR";
  /** Places of the first view, by open group; see first.ts. */
  first?: number[][];
  mode: "auto" | "light" | "dark" | "fixed";
  themes: { light: Theme; dark: Theme };
  families: Record<string, string>;
  measures: Measure[];
  colorBy: string;
  /** Of pages that show a training; read by web/life. */
  life?: unknown;
}

/** What boxes can be coloured by. */
export interface Measure {
  key: string;
  title: string;
}

/** One child of a body, and which of the body's values it reads. */
export interface Part {
  head: number;
  body: number;
  /** Its first value in the body; it gives `gives` of them. */
  first: number;
  gives: number;
  reads: number[];
}

/** The inside of a group; equal groups share one. */
export interface Body {
  id: number;
  enters: number;
  parts: Part[];
  leaves: number[];
  /** Place of each child in the order of execution. */
  ranks: number[];
  /** Value -> the part that gives it; -1 where it enters. */
  owner: number[];
  /** Value -> [part, which of its reads]; part -1: it leaves as that value. */
  readers: [number, number][][];
}

/** What one box looks like as a card. */
export interface Card {
  width: number;
  height: number;
  skeleton: number[];
  words: string[];
}

const COLUMNS = [
  "name", "path", "module", "detail", "badge", "card", "label", "flags", "side", "weight", "count",
  "title", "family", "number", "parameters", "flops", "memory", "time", "reads", "gives",
  "settings", "weights", "source", "members",
] as const;
export type Column = (typeof COLUMNS)[number];

export interface Title {
  name: string;
  module: string;
  badge: string;
  nameWidth: number;
  moduleWidth: number;
  badgeWidth: number;
}

export class Data {
  readonly texts: string[];
  readonly roles: string[];
  readonly skeletons: number[][];
  private readonly heads: Record<Column, number[]>;
  private readonly labels: number[][];
  private readonly titles: number[][];
  private readonly knownBodies: (Body | undefined)[] = [];
  private readonly knownCards: (Card | undefined)[] = [];

  constructor(readonly raw: Raw) {
    this.texts = raw.texts;
    this.roles = raw.roles;
    this.skeletons = raw.skeletons;
    const columns = raw.heads.map(summed);
    this.heads = Object.fromEntries(
      COLUMNS.map((name, k) => [name, columns[k] ?? []]),
    ) as Record<Column, number[]>;
    this.labels = raw.labels.map(summed);
    this.titles = raw.titles.map(summed);
  }

  number(head: number, column: Column): number {
    return this.heads[column][head] ?? 0;
  }

  text(head: number, column: Column): string {
    return this.texts[this.number(head, column)] ?? "";
  }

  flag(head: number, bit: number): boolean {
    return (this.number(head, "flags") & bit) !== 0;
  }

  /** The shape that is written where a value leaves a box, and its width. */
  label(head: number): { text: string; width: number } {
    const place = this.number(head, "label");
    return { text: this.texts[this.labels[0]![place]!] ?? "", width: this.labels[1]![place]! };
  }

  title(head: number): Title {
    const row = this.titles.map((column) => column[this.number(head, "title")]!);
    const [name = 0, module = 0, badge = 0, nameWidth = 0, moduleWidth = 0, badgeWidth = 0] = row;
    const { texts } = this;
    return {
      name: texts[name]!, module: texts[module]!, badge: texts[badge]!,
      nameWidth, moduleWidth, badgeWidth,
    };
  }

  card(head: number): Card {
    const id = this.number(head, "card");
    let card = this.knownCards[id];
    if (!card) {
      const [skeleton = 0, width = 0, height = 0, ...steps] = this.raw.cards[id] ?? [];
      card = {
        width, height,
        skeleton: this.skeletons[skeleton] ?? [],
        words: summed(steps).map((text) => this.texts[text]!),
      };
      this.knownCards[id] = card;
    }
    return card;
  }

  body(id: number): Body {
    let body = this.knownBodies[id];
    if (!body) {
      body = readBody(id, this.raw.bodies[id]!);
      this.knownBodies[id] = body;
    }
    return body;
  }
}

/** A column of steps -> the column. */
function summed(steps: number[]): number[] {
  let value = 0;
  return steps.map((step) => {
    value += step;
    return Math.round(value * 100) / 100;
  });
}

function readBody(id: number, numbers: number[]): Body {
  let at = 0;
  const next = () => numbers[at++]!;
  const enters = next();
  const count = next();
  const hasRanks = next();
  const parts: Part[] = [];
  const owner = new Array<number>(enters).fill(-1);
  let head = 0;
  let inner = 0;
  const list = (from: number) => Array.from({ length: next() }, () => from - next());
  for (let k = 0; k < count; k++) {
    head += next();
    inner += next();
    const gives = next();
    const first = owner.length;
    for (let value = 0; value < gives; value++) owner.push(k);
    parts.push({ head, body: inner - 1, first, gives, reads: list(first) });
  }
  const leaves = list(owner.length);
  const ranks = parts.map((_, k) => (hasRanks ? next() : k));
  const readers: [number, number][][] = owner.map(() => []);
  parts.forEach((part, k) => part.reads.forEach((value, slot) => readers[value]?.push([k, slot])));
  leaves.forEach((value, slot) => readers[value]?.push([-1, slot]));
  return { id, enters, parts, leaves, ranks, owner, readers };
}

/** A length across that clings to the left, the right or the middle of a card. */
export function across(value: number, width: number): number {
  if (value > FROM_MIDDLE - BORDERLINE) return value - FROM_MIDDLE + width / 2;
  return value > BORDERLINE ? value - FROM_RIGHT + width : value;
}

/** The deflated tables of a page; only browsers of 2023 and later can read them. */
export async function unpack(base64: string): Promise<Data> {
  const bytes = Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Data((await new Response(stream).json()) as Raw);
}
