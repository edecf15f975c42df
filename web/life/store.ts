// The sketches in the page -> columns of numbers; written by introspect/graph/life/pack.py.

/** The tables of a training, as introspect/graph/life/page.py wrote them. */
export interface LifeDocument {
  kinds: string[];
  records: (number | [number, number])[];
  /** How many the history has; more than there are here if they were thinned. */
  recorded: number;
  bits: number;
  names: string[];
  /** [kind, name, channels, the records that are there, or 0 for all]. */
  courses: [number, number, number, number[] | 0][];
  /** [sketch, NaN, -Inf, Inf, beyond float32 below, above]. */
  odd: number[][];
  /** Octaves of each kind, from and to. */
  spans: [number, number][];
  /** Of each box, before what it holds: [how many it stands for, names of each of them]. */
  boxes: [number, number[][]][];
  start: number;
  told: string[];
  statistics: Record<string, [string, "log" | "share" | "count"]>;
  /** Width of a strip, between two, and before the first; points. */
  pane: [number, number, number];
  /** Width of the usual card, beside which all strips stand in columns; 0 if they stand apart. */
  card: number;
  colors: Record<"light" | "dark", { bad: string; reference: string; epoch: string[] }>;
}

/** One tensor over time: record -> its sketch, -1 where there is none. */
export interface Course {
  kind: number;
  name: number;
  channels: number;
  sketch: Int32Array;
}

/** Every sketch; of sketch k the bins from `starts[k]` to `starts[k + 1]`. */
export class Store {
  readonly courses: Course[] = [];
  readonly starts: Uint32Array;
  readonly bins: Int16Array;
  readonly counts: Float64Array;
  readonly finite: Float64Array;
  readonly moments: Float32Array[] = [];
  readonly norm: Float32Array;
  /** Of an update its ratio, of an activation its share of dead channels. */
  readonly extra: Float32Array;
  readonly saturated: Float32Array;
  readonly odd = new Map<number, number[]>();
  /** The number of the last bin. */
  readonly last: number;
  private readonly byName = new Map<number, Course[]>();

  constructor(readonly document: LifeDocument, bytes: Uint8Array) {
    const { records, bits } = document;
    this.last = (255 << bits) - 1;
    let count = 0;
    for (const [kind, name, channels, there] of document.courses) {
      const sketch = new Int32Array(records.length).fill(-1);
      for (const record of there || records.keys()) sketch[record] = count++;
      const course = { kind, name, channels, sketch };
      this.courses.push(course);
      if (!this.byName.has(name)) this.byName.set(name, []);
      this.byName.get(name)!.push(course);
    }
    for (const [sketch, ...numbers] of document.odd) this.odd.set(sketch!, numbers);
    const read = new Reader(bytes);
    const sizes = read.halves(count);
    const first = read.halves(count);
    for (let k = 0; k < 4; k++) this.moments.push(read.words(count));
    [this.norm, this.extra, this.saturated] = [read.words(count), read.words(count), read.words(count)];
    this.starts = new Uint32Array(count + 1);
    sizes.forEach((size, k) => (this.starts[k + 1] = this.starts[k]! + size));
    this.bins = this.readBins(read, sizes, first);
    this.counts = readCounts(read, sizes);
    this.finite = new Float64Array(count);
    for (let k = 0; k < count; k++) {
      const [, , , below = 0, above = 0] = this.odd.get(k) ?? [];
      let total = below + above;
      for (let at = this.starts[k]!; at < this.starts[k + 1]!; at++) total += this.counts[at]!;
      this.finite[k] = total;
    }
  }

  private readBins(read: Reader, sizes: Uint16Array, first: Uint16Array): Int16Array {
    const bins = new Int16Array(this.starts[sizes.length]!);
    let gaps = 0;
    for (const size of sizes) gaps += Math.max(0, size - 1);
    const [low, high] = [read.take(gaps), read.take(gaps)];
    let gap = 0;
    for (let k = 0; k < sizes.length; k++) {
      let bin = (first[k]! << 16) >> 16;
      for (let at = this.starts[k]!; at < this.starts[k + 1]!; at++) {
        if (at > this.starts[k]!) {
          bin += low[gap]! + (high[gap]! << 8) + 1;
          gap++;
        }
        bins[at] = bin;
      }
    }
    return bins;
  }

  /** The courses of some names, of one kind or of all. */
  of(names: Iterable<number>, kind = -1): Course[] {
    const found: Course[] = [];
    for (const name of names) {
      for (const course of this.byName.get(name) ?? []) if (kind < 0 || course.kind === kind) found.push(course);
    }
    return found;
  }

  /** NaN and infinite values of a sketch. */
  broken(sketch: number): number {
    const [nan = 0, below = 0, above = 0] = this.odd.get(sketch) ?? [];
    return nan + below + above;
  }

  /** How many of its values are zero. */
  zeros(sketch: number): number {
    let [low, high] = [this.starts[sketch]!, this.starts[sketch + 1]!];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.bins[middle]! < 0) low = middle + 1;
      else high = middle;
    }
    return low < this.starts[sketch + 1]! && this.bins[low] === 0 ? this.counts[low]! : 0;
  }
}

/** Numbers from bytes, one column after another. */
class Reader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  take(count: number): Uint8Array {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  halves(count: number): Uint16Array {
    const bytes = this.take(2 * count);
    return Uint16Array.from({ length: count }, (_, k) => bytes[2 * k]! | (bytes[2 * k + 1]! << 8));
  }

  words(count: number): Float32Array {
    const planes = this.take(4 * count);
    const whole = new Uint32Array(count);
    for (let plane = 0; plane < 4; plane++) {
      for (let k = 0; k < count; k++) whole[k]! |= planes[plane * count + k]! << (8 * plane);
    }
    return new Float32Array(whole.buffer);
  }

  rest(): Uint8Array {
    return this.bytes.subarray(this.at);
  }
}

/** Bit lengths, then the bits below the leading ones. */
function readCounts(read: Reader, sizes: Uint16Array): Float64Array {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const folded = read.take(total);
  const tails = read.rest();
  const counts = new Float64Array(total);
  let at = 0;
  let bit = 0;
  for (const size of sizes) {
    let length = 0;
    for (const end = at + size; at < end; at++) {
      const step = folded[at]!;
      length += step & 1 ? -((step + 1) >> 1) : step >> 1;
      let value = 2 ** (length - 1);
      for (let left = length - 1, place = 1; left > 0; ) {
        const offset = bit & 7;
        const taken = Math.min(left, 8 - offset);
        value += ((tails[bit >> 3]! >> offset) & ((1 << taken) - 1)) * place;
        place *= 2 ** taken;
        bit += taken;
        left -= taken;
      }
      counts[at] = value;
    }
  }
  return counts;
}

export async function unpackStore(document: LifeDocument, base64: string): Promise<Store> {
  const bytes = Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Store(document, new Uint8Array(await new Response(stream).arrayBuffer()));
}
