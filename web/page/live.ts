// A page that is served: messages come over a WebSocket, wishes go back.

import { dress } from "../canvas/main";
import { min } from "../canvas/math";
import { Store } from "../canvas/store";
import type { Mode } from "../canvas/tokens";
import { View } from "../canvas/view";

export interface Live {
  view: View;
  /** Sends what is wished for now; a connection that is still being made sends it once it is there. */
  ask(): void;
}

/**
 * Shows what comes over a WebSocket; the address is in `data-live`. Comes back after a break.
 * `wish` says what to show whenever the server is asked; `contents` hears what there is to choose from.
 */
export function live(place: HTMLElement, { contents, wish }: { contents?: (told: any) => void; wish?: () => object } = {}): Live {
  const store = new Store();
  dress(place);
  place.replaceChildren();
  const view = new View(store, place, (place.dataset["theme"] as Mode | undefined) ?? "auto");
  let wait = 250, socket: WebSocket;
  const say = (what: object): void => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(what)) || undefined;
  const ask = (): void => say({ ask: "full", ...(wish ? { wish: wish() } : {}) });
  const open = (): void => {
    const address = new URL(place.dataset["live"]!, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onopen = ask;
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      wait = 250;
      if (typeof data === "string") {
        const told = JSON.parse(data) as { contents?: unknown };
        if (told.contents) contents?.(told.contents);
        return;
      }
      const whole = store.take(new Uint8Array(data));
      // The next is sent when this one is drawn; a page in the background draws nothing and must not wait.
      const answer = (): void => say(whole ? { ack: store.seq } : { ask: "full" });
      if (document.hidden) answer();
      else requestAnimationFrame(answer);
    };
    socket.onclose = () => {
      view.lost();
      setTimeout(open, (wait = min(10_000, wait * 2)));
    };
  };
  open();
  return { view, ask };
}
