// A row of the attack table is done when a test carries its number: this one fails for a row that only says so.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesUnder, isTest, repositoryRoot } from "../house/files.ts";
import { numbersIn, testNames } from "./names.ts";
import { faultOf } from "./row-check.ts";
import { ATTACKS, type Row } from "./table.ts";

const rows: readonly [string, Row][] = Object.entries(ATTACKS);
/** What is shown later by the issue's own words. Nothing else may hide behind "later". */
const LATER = new Set(["T42", "T43", "T44", "T45", "T46", "T47", "T49", "T50"]);

/** Every file that carries a number, whether the table knows it or not. */
function carriers(): Map<string, string[]> {
  const carried = new Map<string, string[]>();
  for (const path of filesUnder(repositoryRoot).filter(isTest)) {
    for (const number of new Set(namesIn(path).flatMap(numbersIn)))
      carried.set(number, [...(carried.get(number) ?? []), path]);
  }
  return carried;
}

const sourceOf = (path: string): string | undefined =>
  existsSync(join(repositoryRoot, path)) ? readFileSync(join(repositoryRoot, path), "utf8") : undefined;
const namesIn = (path: string): string[] => testNames(path, sourceOf(path) ?? "");

describe("the attack table", () => {
  it("has every number from T1 to T52, once and in order", () => {
    expect(rows.map(([number]) => number)).toEqual(Array.from({ length: 52 }, (_, index) => `T${index + 1}`));
  });

  it.each(rows.flatMap(([number, row]) => ("tests" in row ? row.tests.map((file) => ({ number, file })) : [])))(
    "$number has a test of its number in $file",
    ({ number, file }) => expect(faultOf(number, file, sourceOf)).toBeUndefined(),
  );

  it.each([
    ["a file that is gone", undefined, "no such file"],
    ["a test that has another number", 'it("T70: a", () => {})', "no test"],
    ["a number that only a comment holds", '// it("T7: a")\nit("a", () => {})', "no test"],
    ["a number that stands later in a name", 'it("as T7: a", () => {})', "no test"],
    ["a test that never runs", 'it.skip("T7: a", () => {})', "no test"],
    ["a test that is still to be written", 'it.todo("T7: a")', "no test"],
    ["a row of tests that never runs", 'it.skip.each([1])("T7: %s", () => {})', "no test"],
    ["a test that is meant to fail", 'it.fails("T7: a", () => {})', "no test"],
    ["a group that never runs", 'describe.skip("T7: a", () => { it("b", () => {}) })', "no test"],
    ["a group without a test", 'describe("T7: a", () => { helper(1) })', "no test"],
  ])("fails for %s", (_, source, fault) => {
    expect(faultOf("T7", "test/a.test.ts", () => source)).toContain(fault);
  });

  it.each([
    'it("T7: a", () => {})',
    'it.each([1])("T7, T9: %s", () => {})',
    'it.skipIf(false)("T7: a", () => {})',
    'describe("T7: a", () => { it("b", () => {}) })',
    'describe("T7: a", () => { describe("b", () => { test("c", () => {}) }) })',
    'function all() { it("b", () => {}) }\ndescribe("T7: a", () => { all() })',
  ])("takes %s", (source) => expect(faultOf("T7", "test/a.test.ts", () => source)).toBeUndefined());

  it("calls nothing later that is due", () => {
    expect(new Set(rows.flatMap(([number, row]) => ("later" in row ? [number] : [])))).toEqual(LATER);
  });

  it("prints", () => {
    const carried = carriers();
    const lines = rows.map(([number, row]) => {
      const files = carried.get(number) ?? [];
      const where = "later" in row ? `later: ${row.later}` : files.length > 0 ? files.join(", ") : "MISSING";
      return `${number.padEnd(4)} ${row.title}\n     ${where}`;
    });
    process.stdout.write(`${lines.join("\n")}\n`);
    expect(lines).toHaveLength(52);
  });
});
