// Names of the page that the minifier cannot shorten, under names that it can; web/build.mjs puts them in.

const { max, min, abs, round, floor, ceil, hypot } = globalThis["Math"];
const page = globalThis["document"];

export {
  max as math_max, min as math_min, abs as math_abs, round as math_round,
  floor as math_floor, ceil as math_ceil, hypot as math_hypot, page as the_document,
};
