import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unifiedDiff } from "./diff.ts";

const NAMES = { from: "a", to: "b" };

const PYTHON = `
import difflib, json, sys
out = []
for a, b in json.load(sys.stdin):
    lines = list(difflib.unified_diff(a, b, "a", "b", lineterm=""))
    out.append("".join(line + "\\n" for line in lines))
json.dump(out, sys.stdout)
`;
const python = spawnSync("python3", ["--version"]).status === 0;

describe("the diff of Python's difflib", () => {
  test("nothing for what is equal, three lines around what is not", () => {
    expect(unifiedDiff(["x"], ["x"], NAMES)).toBe("");
    expect(unifiedDiff(["1", "2", "3", "4", "5", "6", "7"], ["1", "2", "3", "4", "5", "X", "7"], NAMES)).toBe(
      "--- a\n+++ b\n@@ -3,5 +3,5 @@\n 3\n 4\n 5\n-6\n+X\n 7\n",
    );
    expect(unifiedDiff([], ["x"], NAMES)).toBe("--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
  });

  test.skipIf(!python)(`is Python's own, long texts with common lines included${python ? "" : ": no python3"}`, () => {
    const line = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom("!", "   no switchport", "   mtu 9214") },
      { weight: 2, arbitrary: fc.nat(40).map((at) => `interface Ethernet${at}`) },
    );
    const text = fc.array(line, { maxLength: 320, size: "max" });
    const edited = text.chain((a) =>
      fc
        .array(fc.record({ at: fc.nat(400), gone: fc.nat(4), put: fc.array(line, { maxLength: 4 }) }), { maxLength: 6 })
        .map((edits) => {
          const b = [...a];
          for (const { at, gone, put } of edits) b.splice(at % (b.length + 1), gone, ...put);
          return [a, b] as const;
        }),
    );
    const pairs = fc.sample(edited, { numRuns: 400, seed: 7 });
    expect(pairs.filter(([a, b]) => a.length >= 200 && b.length >= 200).length).toBeGreaterThan(30);
    const theirs = spawnSync("python3", ["-c", PYTHON], {
      input: JSON.stringify(pairs),
      encoding: "utf8",
      maxBuffer: 1e8,
    });
    const expected = JSON.parse(theirs.stdout) as string[];
    for (const [at, [a, b]] of pairs.entries()) expect(unifiedDiff(a, b, NAMES)).toBe(expected[at]);
  });
});
