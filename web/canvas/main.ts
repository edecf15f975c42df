// Where messages come from: a notebook's model, or the page itself. web/page has a socket.

import style from "./style.css";
import type { Mode } from "./tokens";
import { Store } from "./store";
import { View } from "./view";

let sheet: CSSStyleSheet | null = null;

/** The style sheet, once in each document or shadow tree. Not as an element, which a policy may forbid. */
export function dress(place: HTMLElement): void {
  const root = place.getRootNode(), home = root instanceof ShadowRoot ? root : document;
  if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(style);
  if (!home.adoptedStyleSheets.includes(sheet)) home.adoptedStyleSheets = [...home.adoptedStyleSheets, sheet];
}

function bytesOf(data: DataView | ArrayBuffer): Uint8Array {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** What was packed into the page: size, bytes, size, bytes, ...; deflated, in base64. */
export async function unpack(text: string): Promise<Uint8Array[]> {
  const packed = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const whole = new Uint8Array(await new Response(stream).arrayBuffer()), head = new DataView(whole.buffer), messages: Uint8Array[] = [];
  for (let place = 0; place < whole.length; ) {
    const size = head.getUint32(place, true);
    messages.push(whole.slice(place + 4, place + 4 + size));
    place += 4 + size;
  }
  return messages;
}

/** Shows the data that stands in the page. */
export async function still(place: HTMLElement, data: string): Promise<View> {
  const store = new Store();
  for (const message of await unpack(data)) store.take(message);
  dress(place);
  place.replaceChildren();
  const view = new View(store, place, (place.dataset["theme"] as Mode | undefined) ?? "auto");
  view.enterAlone();
  return view;
}

// The notebook: anywidget hands over a model. The objects given to `initialize` and `render` are not the same, so the
// store is found by the widget's own name.

interface Model {
  get(name: string): any;
  on(event: string, act: (...given: any[]) => void): void;
  off(event: string, act: (...given: any[]) => void): void;
  send(content: object): void;
}

const stores = new Map<string, Store>();

function storeOf(model: Model): Store {
  const uid = model.get("uid") as string;
  let store = stores.get(uid);
  if (store) return store;
  store = new Store();
  stores.set(uid, store);
  recall(store, model);
  return store;
}

/** The picture that is kept as state: there before Python can answer. */
function recall(store: Store, model: Model): void {
  const snapshot = model.get("snapshot") as DataView | null;
  if (!snapshot || snapshot.byteLength < 8) return;
  const head = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  for (let place = 0; place + 4 <= snapshot.byteLength; ) {
    const size = head.getUint32(place, true);
    store.take(bytesOf(snapshot).slice(place + 4, place + 4 + size));
    place += 4 + size;
  }
}

/** The picture that the notebook holds for a reload is not shown beside the live one. */
function hideKept(model: Model): void {
  const rule = new CSSStyleSheet();
  rule.replaceSync(`.introspect-${model.get("uid")}{display:none}`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, rule];
}

function listen(model: Model): () => void {
  const store = storeOf(model);
  let isBehind = store.seq < 0;
  const heard = (content: { introspect?: string }, buffers: (DataView | ArrayBuffer)[]): void => {
    if (content?.introspect !== "canvas") return;
    for (const buffer of buffers) {
      if (store.take(bytesOf(buffer))) isBehind = false;
      else {
        // A busy kernel cannot answer; the next picture that it keeps as state helps as well.
        if (!isBehind) model.send({ ask: "full" });
        isBehind = true;
      }
    }
  };
  const kept = (): void => {
    if (!isBehind && store.seq >= 0) return;
    recall(store, model);
    isBehind = false;
  };
  model.on("msg:custom", heard);
  model.on("change:snapshot", kept);
  model.send({ ask: "full" }); // what was sent before somebody listened is lost
  return () => {
    model.off("msg:custom", heard);
    model.off("change:snapshot", kept);
  };
}

export default {
  initialize({ model }: { model: Model }): () => void {
    return listen(model);
  },
  render({ model, el: place }: { model: Model; el: HTMLElement }): () => void {
    dress(place);
    hideKept(model);
    const view = new View(storeOf(model), place, (model.get("theme") as Mode | "auto") || "auto");
    return () => view.destroy();
  },
};

const data = typeof document === "undefined" ? null : document.getElementById("introspect-data");
if (data) {
  const place = document.getElementById("introspect")!;
  still(place, data.textContent ?? "").catch((error: unknown) => {
    place.textContent = `This picture could not be shown: ${String(error)}`;
    throw error;
  });
}
