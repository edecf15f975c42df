// Sizes in points; mirrors the constants of introspect/graph/layout/node.py.

export const DETAIL = 8.5;
export const EDGE = 7.5;
export const GROUP = 9;
export const PADDING = 10;
export const TITLE_ROW = 19;
export const BETWEEN = 14;
export const GAP = 18;
export const LABELLED_GAP = 26;
export const PORT_GAP = 10;
export const LANE = 9;
export const STACK = 3.5;
