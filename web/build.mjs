// web/graph -> introspect/_web: the viewer, its loader and its style sheet, minified, the same bytes every time.
// web/canvas -> introspect/_web/canvas.js: the live picture, its style within.
// web/page -> introspect/_web/page.js: the same, and the runs to choose from, for the page that is served.
// web/life -> introspect/_web/life.js and life.css: the graph's viewer and its training beside it.
// `node build.mjs FOLDER` writes somewhere else, so that a test can compare.

import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = process.argv[2] ?? join(here, "..", "introspect", "_web");
const shared = { bundle: true, minify: true, charset: "ascii", legalComments: "none", logLevel: "warning" };

// Long names that neither the page's data nor a test spells out become short ones.
const internal = [
  "target", "head", "data", "text", "right", "start", "high", "theme", "columns", "changed", "last", "points",
  "bold", "opacity", "spans", "reads", "todo", "real", "stage", "status", "details", "walk", "hits", "line",
  "enter", "part", "before", "words", "ranks", "follow", "isGone", "colors", "facts", "look", "hatches", "lines", "percent",
  "tree", "list", "rows",
  "sideTargets", "sideSources", "children", "source", "label", "takesSideEntry", "labelsAcross",
  "fromSide", "portsIn", "portsOut",
  "showDetails", "collectReaders", "forgetPath", "detailsOpen", "coveredRight", "moduleWidth",
  "nameWidth", "badgeWidth", "nearestMiddle", "placeBodies", "enterFromAbove", "allowSideEntries",
  "slideLoneBranches", "isLoneBranch", "measureSelect", "saveMenu", "themeButton", "prefersDark",
  "applyTheme", "edgeLabel", "firstSource", "alignSkips", "placeItems", "placeRows", "sideEntry",
  "lanePlace", "gapBelow", "anyLabel", "isFork", "firstRow", "lastRow", "knownBodies", "knownCards",
  "altered", "startsOpen", "chains", "arranger", "isLit", "isWaiting", "along", "inRow", "passing",
  "branches", "redraw", "arrange", "forks", "joins", "wires", "links", "enters", "isShown",
  "ancestors", "closeDetails", "rebuild", "skeleton", "neighbours", "zoomAt", "parts", "chosen",
  "targets", "producer", "across", "sideWidth", "overhang", "isDown", "joints", "reach",
  "firstFork", "forkBelow", "isDark", "minimap", "items", "element", "parent", "count", "weight",
  "order", "edges", "anchor", "current", "actions", "mesh", "isShut", "scales", "below", "above",
  "paint", "plans", "owner", "marked", "foot", "flag", "fade", "counts", "column", "toPlane",
  "strokes", "saveSvg", "savePng", "isIo", "reveal", "leave", "lane", "work", "tops", "skips",
  "showPath", "shortcut", "placeFan", "pack", "made", "hide", "fork", "gather", "setFont", "outward",
  "inward", "isFree", "spine", "sides", "rings", "place", "bends", "wire", "keep", "flip",
  "popover", "hover", "beside",
  "crossings", "findFans", "mates", "isNamed", "number", "legend", "fits",
];
const mangleProps = new RegExp(`^(${internal.join("|")})$`);

// What is named in a hundred places, by names that the minifier can shorten.
const shortMath = ["max", "min", "abs", "round", "floor", "ceil", "hypot"];
const define = Object.fromEntries(shortMath.map((name) => [`Math.${name}`, `math_${name}`]));
define.document = "the_document";

for (const [source, name] of [["main.ts", "graph.js"], ["loader.ts", "loader.js"]]) {
  await build({
    ...shared,
    entryPoints: [join(here, "graph", source)],
    outfile: join(out, name),
    ...(source === "main.ts" ? { mangleProps, define, inject: [join(here, "graph", "names.ts")] } : {}),
    format: "iife",
    target: "es2022",
  });
}
await build({ ...shared, entryPoints: [join(here, "graph", "style.css")], outfile: join(out, "graph.css"), target: "chrome111" });
// The same viewer with a training beside its boxes; it stands in for graph.js in a page with a history.
await build({ ...shared, entryPoints: [join(here, "life", "main.ts")], outfile: join(out, "life.js"), format: "iife", target: "es2022" });
await build({ ...shared, entryPoints: [join(here, "life", "style.css")], outfile: join(out, "life.css"), target: "chrome111" });

/** Of the tokens what charts need; of the ramps every eighth colour. */
function chartTokens() {
  const tokens = JSON.parse(readFileSync(join(here, "..", "introspect", "tokens.json"), "utf8"));
  const both = (give) => ({ light: give("light"), dark: give("dark") });
  const sparse = (colors) => Array.from({ length: 33 }, (_, k) => colors[Math.round((k * 255) / 32)]);
  const family = (names) => names.map((name) => (/[ ]/.test(name) ? `"${name}"` : name)).join(",");
  return JSON.stringify({
    color: both((mode) => tokens.color[mode]),
    line: both((mode) => tokens.categorical[mode].line),
    text: both((mode) => tokens.categorical[mode].text),
    ramp: Object.fromEntries(["ink", "diverging", "epoch"].map((name) => [name, both((mode) => sparse(tokens.ramp[name][mode]))])),
    sans: family(tokens.font.sans),
    mono: family(tokens.font.mono),
  });
}

// The style sheet is minified on its way into the script.
const styleText = {
  name: "style-text",
  setup({ onLoad }) {
    onLoad({ filter: /(canvas|page)[/\\]style\.css$/ }, async ({ path }) => {
      const made = await build({ entryPoints: [path], minify: true, write: false, target: "chrome111", logLevel: "warning" });
      return { contents: made.outputFiles[0].text.trim(), loader: "text" };
    });
  },
};

// The same for the canvas; its messages and its tests spell out others.
const chartNames = [
  "softPyramid", "firstEpoch", "firstStep", "lastStep", "halfLife", "members", "arrivals", "stepLabel",
  "playButton", "givenIsBuilt", "isMoved", "edgePyramids", "isWaiting", "sliderText", "showState", "logButton",
  "stateRow", "showCursor", "columnsFor", "isAlone", "toggleLog", "usualHalfLife", "openSmoothing",
  "halfLifeOf", "showSlider", "nameClasses", "positions", "through", "focused", "placed", "tools", "timeline",
  "touch", "chosen", "settled", "faults", "smoothed", "linked", "rightRoom", "makeTools",
  "isCrowded", "isFull", "isLog", "slider", "arrange", "prepared", "lineOf", "spanOf", "overlay", "painted",
  "settle", "enterAlone",
];

const chart = { ...shared, mangleProps: new RegExp(`^(${chartNames.join("|")})$`), define: { TOKENS: chartTokens() }, plugins: [styleText], format: "iife", target: "es2022" };
await build({ ...chart, entryPoints: [join(here, "canvas", "main.ts")], outfile: join(out, "canvas.js"), globalName: "introspectCanvas" });
await build({ ...chart, entryPoints: [join(here, "page", "main.ts")], outfile: join(out, "page.js") });

// What needs no page, for the tests that compare the layout with Python's.
if (process.argv[2]) {
  await build({
    ...shared,
    entryPoints: [join(here, "graph", "headless.ts")],
    outfile: join(out, "headless.mjs"),
    format: "esm",
    platform: "node",
    target: "node20",
  });
}
