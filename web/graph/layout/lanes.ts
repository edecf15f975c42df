// Parallel wires in one gap -> lanes; mirrors introspect/graph/layout/lanes.py.

const CLEAR = 6;

export class Lanes {
  spans = new Map<string, [number, number]>();
  lane = new Map<string, number>();
  count = 0;

  add(key: string, start: number, end: number): void {
    const known = this.spans.get(key);
    const low = known ? known[0] : start;
    const high = known ? known[1] : start;
    this.spans.set(key, [Math.min(low, start, end), Math.max(high, start, end)]);
  }

  /** Interval colouring: the shortest stretch gets the first free lane. */
  assign(): void {
    const lanes: [number, number][][] = [];
    const byLength = [...this.spans].sort((a, b) => a[1][1] - a[1][0] - (b[1][1] - b[1][0]));
    for (const [key, [low, high]] of byLength) {
      const free = (taken: [number, number][]) =>
        taken.every(([a, b]) => high + CLEAR < a || low - CLEAR > b);
      let number = lanes.findIndex(free);
      if (number < 0) number = lanes.push([]) - 1;
      lanes[number]!.push([low, high]);
      this.lane.set(key, number);
    }
    this.count = lanes.length;
  }
}
