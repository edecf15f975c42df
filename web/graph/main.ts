// Finds the data in the page and shows it.

import { unpack } from "./data";
import { Viewer } from "./viewer";

declare global {
  interface Window {
    introspectViewer?: Viewer;
    /** When the picture was first on the canvas, from the start of the navigation. */
    introspectFirstViewMs?: number;
  }
}

async function main(): Promise<void> {
  const place = document.getElementById("viewer")!;
  try {
    const viewer = new Viewer(await unpack(document.getElementById("data")!.textContent ?? ""));
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
