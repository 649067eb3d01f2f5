import { describe, expect, test } from "vitest";
import { languageFile, loadLanguage } from "./fixtures/platform.ts";
import { lintPattern } from "./pattern-lint.ts";
import { findSecrets } from "./redact.ts";
import { IOS_SECRETS, FRR_SECRETS, NO_SECRETS } from "./fixtures/secrets.ts";
import { SHOWN } from "./fixtures/places.ts";

const PLATFORMS = ["cisco_iosxe", "frr_linux"] as const;

function patternsIn(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string")
    return /(?:replace|refers|shown|command|reason|into|mode|negate|leave|what|assert|insert|secretMark|put|take|tag|by)$/v.test(
      path,
    )
      ? []
      : [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item, at) => patternsIn(item, `${path}[${at}]`));
  if (value !== null && typeof value === "object")
    return Object.entries(value).flatMap(([key, item]) => patternsIn(item, `${path}.${key}`));
  return [];
}

describe.each(PLATFORMS)("the language of %s", (id) => {
  const file = languageFile(id);
  const language = loadLanguage(id);
  const secrets = id === "cisco_iosxe" ? IOS_SECRETS : FRR_SECRETS;

  test("has only patterns that compile and stay linear", () => {
    for (const [path, source] of patternsIn(file))
      expect([path, source, lintPattern(source)]).toEqual([path, source, undefined]);
  });

  test("names a group `secret` in every pattern that hides, and each hides something of the known lines", () => {
    for (const [at, rule] of file.redact.entries()) {
      const source = typeof rule === "string" ? rule : rule.pattern;
      expect(source).toContain("(?<secret>");
      const pattern = language.redact[at]?.pattern;
      expect([source, secrets.some(([line]) => pattern?.test(line))]).toEqual([source, true]);
    }
  });

  test.each(secrets)("hides in `%s` exactly %j", (line, values) => {
    const found = findSecrets(language, line, "tacacs server T").map(({ start, end }) => line.slice(start, end));
    expect(found).toEqual(values);
  });

  test.each(NO_SECRETS[id])("hides nothing in `%s`", (line) => {
    expect(findSecrets(language, line, "key chain K")).toEqual([]);
  });

  test("every rule about a place matches a place that is known, and none matches an ordinary line", () => {
    const places = SHOWN[id];
    const ordinary = ["interface Ethernet9", "a line that no platform knows"] as const;
    const lists = {
      single: file.single,
      negatives: file.negatives,
      defaults: file.defaults,
      cascade: file.cascade,
      ordered: file.ordered,
      implied: file.implied,
      moves: file.moves,
      resets: file.resets ?? [],
      exclusive: file.exclusive ?? [],
      removals: file.removals ?? [],
    };
    for (const [name, rules] of Object.entries(lists)) {
      for (const { path, line } of rules) {
        const [place, text] = [new RegExp(path, "v"), new RegExp(line, "v")];
        expect([name, path, line, places.some(([where, what]) => place.test(where) && text.test(what))]).toEqual([
          name,
          path,
          line,
          true,
        ]);
        expect([name, line, text.test(ordinary[1])]).toEqual([name, line, false]);
      }
    }
    for (const { path, typed } of file.rewrites) {
      const [place, text] = [new RegExp(path, "v"), new RegExp(typed, "v")];
      expect([typed, places.some(([where, what]) => place.test(where) && text.test(what))]).toEqual([typed, true]);
    }
  });

  test.each([
    "noise",
    "sections",
    "vanish",
    "destructive",
    "forbidden",
    "close",
    "blocks",
    "normalise",
    "management",
  ] as const)("every pattern in %s has a case, and none takes an ordinary line", (name) => {
    const sources = file[name].map((rule) =>
      typeof rule === "string"
        ? rule
        : "pattern" in rule
          ? rule.pattern
          : "header" in rule
            ? rule.header
            : "open" in rule
              ? rule.open
              : rule.section,
    );
    const cases = SHOWN[id].map(([path, line]) =>
      name === "vanish" || name === "management" ? (path === "" ? line : `${path} > ${line}`) : line,
    );
    for (const source of sources) {
      const pattern = new RegExp(source.replaceAll("‹address›", "10\\.0\\.0\\.1"), "v");
      expect([source, cases.some((line) => pattern.test(line))]).toEqual([source, true]);
      expect([source, pattern.test("a line that no platform knows")]).toEqual([source, false]);
    }
  });
});

/** Their rules are held by the corpus and by generated pairs in test/model; a case for each is still to come. */
describe.each(["juniper_junos", "arista_eos", "nokia_srlinux"])("the language of %s, as far as it goes", (id) => {
  test("has only patterns that compile and stay linear, and none hides without a group `secret`", () => {
    const file = languageFile(id);
    for (const [path, source] of patternsIn(file))
      expect([path, source, lintPattern(source)]).toEqual([path, source, undefined]);
    for (const rule of file.redact) expect(typeof rule === "string" ? rule : rule.pattern).toContain("(?<secret>");
  });

  test("takes no line that no platform knows", () => {
    const file = languageFile(id);
    for (const { path, line } of [...file.single, ...(file.resets ?? []), ...(file.set?.ordered ?? [])])
      expect([path, line, new RegExp(line, "v").test("A line that no platform knows")]).toEqual([path, line, false]);
  });
});

describe("the pattern lint", () => {
  test.each([
    ["(a+)+", "nested repetition"],
    ["(?:\\S+ )*x", "nested repetition"],
    ["(?:a|b*){2,}", "nested repetition"],
    ["\\s*\\s+", "adjacent repetitions"],
    ["(a)\\1", "back reference"],
    ["a.*b.*c.*d", "too many unbounded repetitions"],
    ["(", "does not compile"],
  ])("finds the fault of %s", (source, fault) => {
    expect(lintPattern(source)).toBe(fault);
  });

  test.each(["^a +(?:b +)?(?<secret>\\S+)$", "[*+]+x", "\\(\\w+\\)", "(?:a{1,3}){2}", "x(?=\\d+)", "[a-z[0-9]]+y"])(
    "lets %s pass",
    (source) => {
      expect(lintPattern(source)).toBeUndefined();
    },
  );
});
