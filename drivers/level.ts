import type { Level } from "../shared/documents/common.ts";

const ORDER: readonly Level[] = ["A", "B", "C", "D", "E"];

/** Whether `actual` promises at least what `wanted` does. A is the best. */
export const atLeast = (actual: Level, wanted: Level): boolean => ORDER.indexOf(actual) <= ORDER.indexOf(wanted);

export const worse = (a: Level, b: Level): Level => (atLeast(a, b) ? b : a);
