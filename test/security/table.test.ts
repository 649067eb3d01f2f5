// A row of the attack table is done when a test carries its number: this one fails for a row that only says so.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesUnder, isTest, repositoryRoot } from "../house/files.ts";
import { numbersIn, testNames } from "./names.ts";
import { ATTACKS, type Row } from "./table.ts";

const rows: readonly [string, Row][] = Object.entries(ATTACKS);
/** What is shown later by the issue's own words. Nothing else may hide behind "later". */
const LATER = new Set(["T30", "T42", "T43", "T44", "T45", "T46", "T47", "T49", "T50"]);

/** Every file that carries a number, whether the table knows it or not. */
function carriers(): Map<string, string[]> {
  const carried = new Map<string, string[]>();
  for (const path of filesUnder(repositoryRoot).filter(isTest)) {
    for (const number of new Set(namesIn(path).flatMap(numbersIn)))
      carried.set(number, [...(carried.get(number) ?? []), path]);
  }
  return carried;
}

const namesIn = (path: string): string[] => testNames(path, readFileSync(join(repositoryRoot, path), "utf8"));

describe("the attack table", () => {
  it("has every number from T1 to T52, once and in order", () => {
    expect(rows.map(([number]) => number)).toEqual(Array.from({ length: 52 }, (_, index) => `T${index + 1}`));
  });

  it.each(rows.flatMap(([number, row]) => ("tests" in row ? row.tests.map((file) => ({ number, file })) : [])))(
    "$number has a test of its number in $file",
    ({ number, file }) => {
      expect(existsSync(join(repositoryRoot, file))).toBe(true);
      expect(namesIn(file).flatMap(numbersIn)).toContain(number);
    },
  );

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
