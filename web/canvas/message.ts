// Bytes of a message to its header and arrays. docs/formats/canvas-message.md says what they mean.

import { ceil } from "./math";
import type { Step } from "./numbers";

export type Numbers = Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array;

export interface Entry {
  id: string;
  dtype: "float64" | "float32" | "int32" | "uint16" | "uint8";
  shape: number[];
  /** Row at which it is put in; 0 replaces what was there. */
  at: number;
  /** First value and difference of an evenly spaced column, in place of bytes. */
  range?: [number, number];
  /** That it stands in for so many rows until they have come. */
  coarse?: number;
  /** Steps between two rows, where not every row was sent. */
  gap?: number;
}

export interface Frame {
  panel: string;
  row: number;
  step: Step;
  /** Names of arrays to their ids. */
  arrays: Record<string, string>;
  // What else a kind needs, such as captions.
  [key: string]: any;
}

export interface Spec {
  kind: string;
  title: string;
  [key: string]: any;
}

/** A panel by its id, or members side by side or one under the other. */
export type Place = string | { row: Place[]; shares?: number[] } | { column: Place[] };

export interface Header {
  seq: number;
  /** Forget everything before. */
  reset?: boolean;
  state?: string;
  layout?: Place[];
  panels?: Record<string, Spec>;
  frames?: Frame[];
  arrays: Entry[];
}

export interface Part extends Entry {
  values: Numbers;
}

const KINDS = { float64: Float64Array, float32: Float32Array, int32: Int32Array, uint16: Uint16Array, uint8: Uint8Array };

/** Throws if it is no message. */
export function decode(given: Uint8Array): [Header, Part[]] {
  const bytes = given.byteOffset % 8 ? given.slice() : given; // arrays need to be aligned
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || head.getUint32(0, false) !== 0x49544331) throw new Error("no canvas message");
  const size = head.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size))) as Header;
  let place = 8 + size;
  const parts = header.arrays.map((entry) => {
    const count = entry.shape.reduce((all, one) => all * one, 1);
    if (entry.range) {
      const [first, stride] = entry.range;
      return { ...entry, values: Float64Array.from({ length: count }, (_, k) => first + k * stride) };
    }
    const Kind = KINDS[entry.dtype];
    const values = new Kind(bytes.buffer as ArrayBuffer, bytes.byteOffset + place, count);
    place += ceil((count * Kind.BYTES_PER_ELEMENT) / 8) * 8;
    return { ...entry, values };
  });
  return [header, parts];
}
