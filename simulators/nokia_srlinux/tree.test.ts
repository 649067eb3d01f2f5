import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deltaLines, diffText, rebase } from "./diff.ts";
import { lex, quote } from "./lexer.ts";
import { ROOT } from "./model/root.ts";
import { flatConfig, infoLines, toJson } from "./print.ts";
import { applyText, readText } from "./reader.ts";
import { sampleNokiaSrlinux } from "./sample.ts";
import { cloneBranch, sameItem, type Branch } from "./tree.ts";

const LINES = sampleNokiaSrlinux({ seed: 3, interfaces: 2 })
  .config.replace(/users only\. ###\n/, "users only. ### ")
  .trim()
  .split("\n");
const OTHERS = LINES.map((line) =>
  line
    .replace(/"[^"]*"$/, '"another text"')
    .replace(/admin-state enable$/, "admin-state disable")
    .replace(/\[ .* \]$/, "[ 192.0.2.9 ]"),
);

/** Any part of two configurations that differ in values, leaf-lists, entries and containers. */
const tree: fc.Arbitrary<Branch> = fc
  .array(fc.constantFrom("mine", "other", "neither"), { minLength: LINES.length, maxLength: LINES.length })
  .map((picks) =>
    picks.flatMap((pick, at) => (pick === "mine" ? [LINES[at]] : pick === "other" ? [OTHERS[at]] : [])).join("\n"),
  )
  .map((text) => readText(ROOT, text));

describe("a datastore", () => {
  test("is the same after it was shown and typed back, flat and in braces", () => {
    fc.assert(
      fc.property(tree, (one) => {
        const flat = flatConfig(ROOT, one);
        const again = readText(ROOT, flat);
        expect(flatConfig(ROOT, again)).toBe(flat);
        expect(sameItem(readText(ROOT, infoLines(one, ROOT).join("\n")), again)).toBe(true);
        expect(toJson(again, ROOT, true)).toEqual(toJson(one, ROOT, true));
      }),
      { numRuns: 60 },
    );
  });

  test("becomes another one by the lines of their difference, and only then does nothing differ", () => {
    fc.assert(
      fc.property(tree, tree, (from, to) => {
        const result = cloneBranch(from);
        applyText(result, ROOT, deltaLines(from, to, ROOT).join("\n"));
        expect(flatConfig(ROOT, result)).toBe(flatConfig(ROOT, to));
        expect(diffText(result, to, ROOT)).toBe("");
        expect(diffText(from, to, ROOT) === "").toBe(sameItem(from, to));
      }),
      { numRuns: 80 },
    );
  });

  test("takes a candidate's changes on a newer baseline: all of both sides, or a conflict", () => {
    let [merges, conflicts] = [0, 0];
    fc.assert(
      fc.property(tree, tree, (baseline, candidate) => {
        const unchanged = rebase(candidate, baseline, baseline, ROOT);
        expect(unchanged.kind === "merged" && flatConfig(ROOT, unchanged.tree)).toBe(flatConfig(ROOT, candidate));
        const running = cloneBranch(baseline);
        applyText(running, ROOT, "set / interface ethernet-1/30 mtu 9000\nset / system information location elsewhere");
        const both = rebase(candidate, baseline, running, ROOT);
        if (both.kind === "conflict") {
          conflicts += 1;
          expect(both.line).toBe("/ system information location");
          return;
        }
        merges += 1;
        expect(flatConfig(ROOT, both.tree)).toContain("set / interface ethernet-1/30 mtu 9000\n");
        expect(flatConfig(ROOT, both.tree)).toContain("location elsewhere\n");
      }),
      { numRuns: 60 },
    );
    expect(merges).toBeGreaterThan(5);
    expect(conflicts).toBeGreaterThan(5);
  });
});

describe("words", () => {
  test("any text is one word when it is quoted as the device does", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme-ascii" }), (text) => {
        expect(lex(`description ${quote(text)} mtu`)).toEqual({
          kind: "words",
          tokens: [
            { text: "description", quoted: false },
            { text, quoted: quote(text) !== text },
            { text: "mtu", quoted: false },
          ],
        });
      }),
    );
  });

  test("a slash in front is the root, one inside is part of a name, and a hash begins a comment", () => {
    const words = (text: string) => {
      const lexed = lex(text);
      return lexed.kind === "words" ? lexed.tokens.map((token) => token.text) : "open";
    };
    expect(words("/interface ethernet-1/1 # a comment")).toEqual(["/", "interface", "ethernet-1/1"]);
    expect(words("/ interface lo0 { description a#b }")).toEqual([
      "/",
      "interface",
      "lo0",
      "{",
      "description",
      "a#b",
      "}",
    ]);
    expect(words('description "no end')).toBe("open");
    expect(words("server-list [ 192.0.2.1")).toBe("open");
  });
});
