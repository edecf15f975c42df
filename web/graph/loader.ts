// The only script that stands in a page as text: it unpacks the viewer and starts it. The viewer
// runs because the page's security policy names its hash, not because it came from here.

async function start(): Promise<void> {
  const packed = document.getElementById("script")!.textContent!.trim();
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.body.append(script);
}

start().catch((error: unknown) => {
  const old = typeof DecompressionStream === "undefined";
  const words = old
    ? "This page needs Chrome 80, Safari 16.4, Firefox 113 or newer."
    : `This picture could not be shown: ${String(error)}`;
  document.getElementById("viewer")!.textContent = words;
});
