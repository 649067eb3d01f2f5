import { nearest } from "../nearest.ts";
import { knownNames } from "../plan/known.ts";
import { namesOf, type Named, type TemplateNames } from "../plan/names.ts";
import type { Definition } from "../plan/variables.ts";
import type { Findings } from "./template-finding.ts";

export interface ReadTemplate {
  readonly file: string;
  readonly names: TemplateNames;
}

export const readNames = (file: string, source: string): ReadTemplate => ({ file, names: namesOf(source) });

/** Farhand's own, which no file of variables gives. */
const OWN = new Set(["device", "secret"]);

/** What is known to the engines that people come from, and not to this one. */
export const notTheirs = (what: string): string =>
  `templates are MiniJinja's: a ${what} of Ansible or of Python is not in it`;

export const suggestion = (name: string, names: Iterable<string>): string | null => {
  const near = nearest(name, [...names]);
  return near === undefined ? null : `did you mean ${near}?`;
};

/** Filters, tests and functions that the engine does not have, on the ways of a template that no device takes too. */
export function unknownNames({ file, names }: ReadTemplate, variables: ReadonlySet<string>, findings: Findings): void {
  const known = knownNames();
  const check = (code: string, what: string, used: readonly Named[], there: ReadonlySet<string>): void => {
    for (const { name, line } of used)
      if (!there.has(name) && !(what === "function" && (names.bound.has(name) || variables.has(name))))
        findings.add({
          code,
          severity: "blocks",
          file,
          line,
          detail: `unknown ${what}: ${name}`,
          hint: suggestion(name, there) ?? notTheirs(what),
        });
  };
  check("UNKNOWN_FILTER", "filter", names.filters, known.filters);
  check("UNKNOWN_TEST", "test", names.tests, known.tests);
  check("UNKNOWN_FUNCTION", "function", names.calls, known.functions);
}

/** Variables that nobody defines, where no rendering came by. Whoever is rendered for names them with its devices. */
export function undefinedNames(
  { file, names }: ReadTemplate,
  definitions: readonly Definition[],
  findings: Findings,
): void {
  const defined = new Set(definitions.map(({ name }) => name));
  const { functions } = knownNames();
  const asked = new Set(names.variables.filter((used) => used.asked).map(({ name }) => name));
  const seen = new Set(findings.details(UNDEFINED, file).flatMap((detail) => rootOf(detail) ?? []));
  for (const { name, line } of names.variables) {
    if (asked.has(name) || seen.has(name) || defined.has(name) || names.bound.has(name)) continue;
    if (OWN.has(name) || functions.has(name)) continue;
    seen.add(name);
    findings.add({
      code: UNDEFINED,
      severity: "warns",
      file,
      line,
      detail: `${name} is defined for nobody, and used where none of these devices came by`,
      hint: suggestion(name, defined) ?? DEFINE,
    });
  }
}

export const UNDEFINED = "UNDEFINED_VARIABLE";
export const DEFINE = "define it under all:, its site or its device in the file of variables, or write |default(…)";

/** The variable of `undefined value: site.asn`. */
export const rootOf = (detail: string): string | undefined => /: (\w+)/.exec(detail)?.[1];

/**
 * Variables that no template here asks for. One file may serve more templates than these, so that only one which looks like a name that is
 * asked for and not given is more than told: it was mistyped, and a default has taken its place.
 */
export function unusedVariables(
  file: string,
  definitions: readonly Definition[],
  templates: readonly ReadTemplate[],
  findings: Findings,
): void {
  const used = new Set(templates.flatMap(({ names }) => [...names.variables, ...names.calls].map(({ name }) => name)));
  const defined = Map.groupBy(definitions, ({ name }) => name);
  const missing = [...used].filter((name) => !defined.has(name));
  for (const [name, given] of defined) {
    if (used.has(name)) continue;
    const meant = suggestion(name, missing);
    const levels = [...new Set(given.slice(0, LEVELS_SHOWN).map(({ level }) => level))].join(", ");
    findings.add({
      code: "UNUSED_VARIABLE",
      severity: meant === null ? "tells" : "warns",
      file,
      line: given[0]?.line ?? null,
      detail: `${name} (${levels}${given.length > LEVELS_SHOWN ? ", …" : ""}) is used by no template here`,
      hint: meant,
    });
  }
}

const LEVELS_SHOWN = 3;

/** What a template alone would need. */
export function neededNames({ file, names }: ReadTemplate, findings: Findings): void {
  const { functions } = knownNames();
  const free = names.variables.filter(({ name }) => !names.bound.has(name) && !OWN.has(name) && !functions.has(name));
  const needed = [...new Set(free.map(({ name }) => name))].toSorted();
  if (needed.length > 0)
    findings.add({
      code: "VARIABLES",
      severity: "tells",
      file,
      line: null,
      detail: `uses ${needed.join(", ")}`,
      hint: "--vars and --select or --inventory say for which devices they are not defined",
    });
}
