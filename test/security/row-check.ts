import { numbersIn, testNames } from "./names.ts";

/** Why this file does not show this row; undefined when it does. */
export function faultOf(
  number: string,
  file: string,
  sourceOf: (path: string) => string | undefined,
): string | undefined {
  const source = sourceOf(file);
  if (source === undefined) return `${file}: no such file`;
  const carries = testNames(file, source).flatMap(numbersIn).includes(number);
  return carries ? undefined : `${file}: no test is named ${number}`;
}
