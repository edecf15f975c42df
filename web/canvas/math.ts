// Math by names that the minifier can shorten: 250 calls.

export const { max, min, abs, round, floor, ceil, log10 } = Math;
