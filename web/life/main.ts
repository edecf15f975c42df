// Finds the graph and its training in the page and shows them. Stands in for ../graph/main.ts.

import { unpack } from "../graph/data";
import { type LifeDocument, unpackStore } from "./store";
import type { Viewer } from "../graph/viewer";
import { LivingViewer } from "./viewer";

declare global {
  interface Window {
    introspectViewer?: Viewer;
    introspectFirstViewMs?: number;
  }
}

async function main(): Promise<void> {
  const place = document.getElementById("viewer")!;
  try {
    const data = await unpack(document.getElementById("data")!.textContent ?? "");
    const packed = document.getElementById("life")!.textContent ?? "";
    const store = await unpackStore(data.raw.life as LifeDocument, packed);
    const viewer = new LivingViewer(data, store);
    place.replaceChildren(viewer.element);
    viewer.start();
    window.introspectViewer = viewer;
    window.introspectFirstViewMs = performance.now();
  } catch (error) {
    place.textContent = `This picture could not be shown: ${String(error)}`;
    throw error;
  }
}

void main();
