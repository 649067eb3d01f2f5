// The mutation run itself takes many minutes (`npm run test:mutation`, nightly); here, that it finds what there is to find.
import { runInNewContext } from "node:vm";
import { transformSync } from "rolldown/utils";
import { describe, expect, it } from "vitest";
import { instrumented } from "./instrument.ts";
import { refusalsIn } from "./refusals.ts";
import { allRefusals, askedTests, mutatedFiles } from "./sources.ts";
import { summary, type Justified, type Verdict } from "./verdicts.ts";

const texts = (source: string): string[] => refusalsIn("sample.ts", source).map(({ text }) => text);

describe("the refusals of a text", () => {
  const cases: [string, string, string[]][] = [
    [
      "each part of a condition that suffices to refuse",
      `function f(a: number, b: number) { if (a > 1 || !(b < 2)) throw new FarhandError("SCHEMA"); }`,
      ["a > 1", "(b < 2)"],
    ],
    [
      "the whole of one whose parts must hold together, and a choice within it",
      `function f() { if (a && (b || c)) throw new FarhandError("SCHEMA"); }`,
      ["a && (b || c)", "b", "c"],
    ],
    [
      "what decides who was found",
      `function f() { const owner = all.find((one) => one.id === id && one.isIn); if (!owner) throw new FarhandError("FORBIDDEN"); }`,
      ["one.id === id", "one.isIn", "owner"],
    ],
    [
      "a throw by itself",
      `function f() { try { g(); } catch { throw new FarhandError("IO"); } }`,
      [`throw new FarhandError("IO");`],
    ],
    [
      "a call made only to be refused",
      `async function f() { await checkPlace(a, b); other(); }`,
      ["await checkPlace(a, b);"],
    ],
    ["a refusing call", `function f() { if (a) refuse("x"); if (b) faults.push("y"); if (c) log("z"); }`, ["a", "b"]],
    [
      "a return of nothing",
      `function f() { if (a) return undefined; if (b) return false; if (c) return; if (d) return true; }`,
      ["a", "b"],
    ],
    [
      "what a predicate answers",
      `const f = (a: A): boolean => a.ok && a.some((b) => b.x && b.y);`,
      ["a.ok", "a.some((b) => b.x && b.y)", "b.x", "b.y"],
    ],
    [
      "the yes of a predicate that refuses with it",
      `function isWeakKey(a: A): boolean { if (a.short) return true; return b.has(a); }`,
      ["a.short", "b.has(a)"],
    ],
    [
      "who is left out of what counts",
      `function f() { for (const a of all) { if (a.out) continue; if (!gone.has(a)) kept.add(a); } }`,
      ["a.out", "gone.has(a)"],
    ],
    ["a look-up that finds nothing", `const f = (kid: K) => (kid === mine ? key : undefined);`, ["kid === mine"]],
    ["a threshold of none", `function f() { const needed = rule.alone ? 0 : rule.many; }`, ["rule.alone"]],
    [
      "the closed objects and refinements of a schema",
      `const S = z.strictObject({ a: z.string().refine(isCode) });`,
      ["z.strictObject({ a: z.string().refine(isCode) })", "isCode"],
    ],
    ["no fault of the program itself", `function f() { if (a) throw new FarhandError("INTERNAL"); }`, []],
  ];
  it.each(cases)("%s", (_, source, found) => {
    expect(texts(source)).toEqual(found);
  });

  it("are named by their code and the function that refuses", () => {
    const [refusal] = refusalsIn(
      "a.ts",
      `class A {\n  #check() {\n    if (x) throw new FarhandError("SCHEMA", "y");\n  }\n}`,
    );
    expect(refusal).toMatchObject({ file: "a.ts", line: 3, within: "check", code: "SCHEMA", text: "x" });
  });
});

describe("the mutants of a text", () => {
  const source = `
    function verdict(a, b) {
      const found = [1, 2].find((one) => one === a && one !== b);
      if (!found || (a > 5 && (b > 5 || b < 0))) return false;
      try { JSON.parse(a); } catch { throw new Error("bad"); }
      return true;
    }`;
  const found = refusalsIn("a.ts", source);
  const written = instrumented(source, found, found.keys().toArray(), "ask");
  const { code } = transformSync("a.ts", written);
  const verdictOf = (a: unknown, b: unknown, on: number): unknown =>
    runInNewContext(`${code}; verdict(a, b)`, { a, b, ask: (number: number) => number === on });

  it("do what the text does while none is on", () => {
    expect(verdictOf(1, 2, -1)).toBe(true);
    expect(verdictOf(3, 2, -1)).toBe(false);
    expect(verdictOf(1, 1, -1)).toBe(false);
  });

  it("let through what is refused, each what its own refusal stood against", () => {
    const passing = (a: unknown, b: unknown): string[] =>
      found.filter((_, number) => verdictOf(a, b, number) === true).map(({ text }) => text);
    expect(passing(3, 2)).toEqual(["one === a", "found"]);
    expect(passing(1, 1)).toEqual(["one === a", "one !== b", "found"]);
    expect(passing(1, 2)).toHaveLength(found.length);
  });
});

describe("the verifier and the bundle reader", () => {
  const refusals = allRefusals();

  it("have as many refusals as one would expect, in each of their parts", () => {
    const count = (part: string) => refusals.filter(({ file }) => file.startsWith(part)).length;
    const floors = {
      "shared/verify/": 120,
      "shared/tuf/": 70,
      "shared/bundle/": 45,
      "shared/documents/": 70,
      "agent/": 40,
    };
    for (const [part, floor] of Object.entries(floors)) expect(count(part), part).toBeGreaterThan(floor);
    expect(refusals.length).toBeGreaterThan(450);
  });

  it("have a mutant for each error that the verifier throws", () => {
    for (const code of [
      "THRESHOLD",
      "SIGNATURE_BAD",
      "SIGNATURE_MISSING",
      "EXPIRED",
      "WRONG_SITE",
      "NONCE",
      "BUNDLE_ORDER",
    ])
      expect(refusals.filter((one) => one.code === code).length, code).toBeGreaterThan(0);
  });

  it("and tests that are asked about them", () => {
    expect(mutatedFiles()).toContain("shared/verify/work.ts");
    expect(askedTests()).toContain("shared/verify/work.test.ts");
  });
});

describe("the verdict", () => {
  const [refusal] = refusalsIn("a.ts", `function f() { if (x) throw new FarhandError("SCHEMA"); }`);
  if (!refusal) throw new Error("no refusal in the sample");
  const entry: Justified = { file: "a.ts", within: "f", code: "SCHEMA", text: "x", why: "the schema refuses it first" };
  const survived: Verdict = { refusal, outcome: { kind: "survived", tests: 0 } };
  const killed: Verdict = { refusal, outcome: { kind: "killed", by: "a test" } };

  it("fails for a survivor, and passes for one that is justified", () => {
    expect(summary([survived], [], true).ok).toBe(false);
    expect(summary([survived], [entry], true).ok).toBe(true);
    expect(summary([killed], [], true).ok).toBe(true);
  });

  it("fails for a justification whose mutant is killed or gone, and for a run of nothing", () => {
    expect(summary([killed], [entry], true).ok).toBe(false);
    expect(summary([survived], [entry, { ...entry, text: "y" }], true).ok).toBe(false);
    expect(summary([survived], [entry, { ...entry, file: "b.ts" }], false).ok).toBe(true);
    expect(summary([], [], true).ok).toBe(false);
  });
});
