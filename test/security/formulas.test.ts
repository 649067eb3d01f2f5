// A cell that begins with = + - or @ is a formula to a spreadsheet. Nothing here is written for one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesUnder, isSource, isTest, repositoryRoot } from "../house/files.ts";

/** A media type, a file's ending, a library, a function: whoever begins to write such files must first see to T38. */
const VALUES =
  /text\/(?:csv|tab-separated-values)|\.(?:csv|tsv|xlsx)\b|\b(?:papaparse|fast-csv|csv-stringify)\b|\bto(?:Csv|CSV)\b/;

const writers = (sources: readonly (readonly [path: string, source: string])[]): string[] =>
  sources.filter(([, source]) => VALUES.test(source)).map(([path]) => path);

describe("T38: formulas", () => {
  it("T38: no file of comma-separated values is written by hub, agent, tool or console", () => {
    const product = filesUnder(repositoryRoot).filter(
      (path) => /^(?:shared|drivers|agent|hub)\//.test(path) && isSource(path) && !isTest(path),
    );
    expect(product.length).toBeGreaterThan(300);
    expect(writers(product.map((path) => [path, readFileSync(join(repositoryRoot, path), "utf8")]))).toEqual([]);
  });

  it.each(['headers.set("content-type", "text/csv")', 'writeFile("devices.csv", text)', "const body = toCsv(rows);"])(
    "is found where it is: %s",
    (source) => expect(writers([["a.ts", source]])).toEqual(["a.ts"]),
  );
});
