// web/graph -> introspect/_web: the viewer, its loader and its style sheet, minified, the same bytes every time.
// `node build.mjs FOLDER` writes somewhere else, so that a test can compare.

import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = process.argv[2] ?? join(here, "..", "introspect", "_web");
const shared = { bundle: true, minify: true, charset: "ascii", legalComments: "none", logLevel: "warning" };

// Long names that neither the page's data nor a test spells out become short ones.
const internal = [
  "sideTargets", "sideSources", "takesSideEntry", "labelsAcross", "fromSide", "portsIn", "portsOut",
  "showDetails", "collectReaders", "forgetPath", "detailsOpen", "coveredRight", "moduleWidth",
  "nameWidth", "badgeWidth", "nearestMiddle", "placeBodies", "enterFromAbove", "allowSideEntries",
  "slideLoneBranches", "isLoneBranch", "measureSelect", "saveMenu", "themeButton", "prefersDark",
  "applyTheme", "edgeLabel", "firstSource", "alignSkips", "placeItems", "placeRows", "sideEntry",
  "lanePlace", "gapBelow", "anyLabel", "isFork", "firstRow", "lastRow", "knownBodies", "knownCards",
];
const mangleProps = new RegExp(`^(${internal.join("|")})$`);

for (const [source, name] of [["main.ts", "graph.js"], ["loader.ts", "loader.js"]]) {
  await build({
    ...shared,
    entryPoints: [join(here, "graph", source)],
    outfile: join(out, name),
    mangleProps,
    format: "iife",
    target: "es2022",
  });
}
await build({ ...shared, entryPoints: [join(here, "graph", "style.css")], outfile: join(out, "graph.css"), target: "chrome111" });
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
