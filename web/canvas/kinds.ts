// The kind of a panel to the class that draws it.

import { Bars, Curves, Histogram, Pie, Ridge, Stem } from "./charts";
import { Grid, Images } from "./images";
import { Lines } from "./lines";
import { Magnitudes, Matrix } from "./matrix";
import { Finished, Framed, Sounds, Table, Text } from "./media";
import type { Panel } from "./panel";
import { Scatter } from "./scatter";
import { Message, Progress } from "./status";
import type { View } from "./view";

type Kind = new (view: View, id: string) => Panel;

/** A page adds to these. */
export const KINDS: Record<string, Kind> = {
  lines: Lines, progress: Progress, message: Message, images: Images, grid: Grid, histogram: Histogram, ridge: Ridge,
  magnitudes: Magnitudes, bars: Bars, pie: Pie, matrix: Matrix, scatter: Scatter, stem: Stem, curves: Curves, table: Table,
  text: Text, frame: Framed, audio: Sounds, picture: Finished,
};

class Unknown extends Message {
  protected override draw(): void {
    this.plot.textContent = `This front end cannot draw "${this.spec.kind}".`;
  }
}

export function kinds(kind: string): Kind {
  return KINDS[kind] ?? Unknown;
}
