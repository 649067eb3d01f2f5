import type { z } from "zod";
import type { LanguageFile } from "../platform.ts";

/**
 * A platform's language section, compiled once. Patterns are written against one line without its indent; places are section
 * headers joined by ` > `.
 */

export interface Place {
  readonly path: RegExp;
  readonly line: RegExp;
}

export interface BlockRule {
  readonly open: RegExp;
  /** Undefined: the block runs to the delimiter that `open` captured. */
  readonly end: RegExp | undefined;
  readonly shown: string | undefined;
  readonly trim: boolean;
}

export interface RedactRule {
  readonly under: RegExp | undefined;
  readonly pattern: RegExp;
}

export interface Rewrite {
  readonly path: RegExp;
  readonly typed: RegExp;
  readonly shown: string;
}

export type ManagementRule = { readonly place: string } | { readonly section: RegExp; readonly holds: string };

/** Flat lines, each a whole path, instead of sections. */
export interface SetForm {
  readonly assert: string;
  readonly negate: string;
  readonly insert: string | undefined;
  readonly braces: boolean;
  readonly secretMark: string | undefined;
  readonly marks: readonly { put: string; take: string; tag: string | undefined }[];
  readonly objects: readonly RegExp[];
  readonly presence: readonly RegExp[];
  readonly ordered: readonly (Place & { by: "insert" | "rebuild" })[];
}

/** Items of menus, each a line of its own that says the whole (RouterOS). */
export interface MenuForm {
  readonly quoted: RegExp;
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly builtin: readonly RegExp[];
  readonly defaults: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly derived: readonly { menu: string; from: string; to: string }[];
}

export interface Language {
  readonly indent: number;
  readonly leave: string;
  readonly byName: readonly RegExp[];
  readonly normalise: readonly { pattern: RegExp; replace: string; beside: RegExp | undefined }[];
  readonly redact: readonly RedactRule[];
  /** Matches where any of `redact` does: most lines hold no secret, and one pattern tells so instead of fifty. */
  readonly mayHoldSecret: RegExp;
  readonly secretType: string | undefined;
  readonly sections: readonly RegExp[];
  readonly close: readonly { header: RegExp; command: string }[];
  readonly vanish: readonly RegExp[];
  readonly single: readonly Place[];
  readonly negatives: readonly (Place & { both: boolean; alone: boolean })[];
  readonly defaults: readonly (Place & { unless: RegExp | undefined })[];
  readonly cascade: readonly (Place & { refers: string | undefined })[];
  readonly ordered: readonly Place[];
  readonly implied: readonly Place[];
  readonly moves: readonly (Place & { into: string })[];
  readonly rewrites: readonly Rewrite[];
  readonly blocks: readonly BlockRule[];
  readonly management: readonly ManagementRule[];
  readonly destructive: readonly RegExp[];
  readonly forbidden: readonly { pattern: RegExp; reason: string; mode: "merge" | "replace" | undefined }[];
  readonly resets: readonly (Place & { what: string; gone: boolean })[];
  readonly exclusive: readonly (Place & { by: "section" | "line" })[];
  readonly removals: readonly Place[];
  readonly set: SetForm | undefined;
  readonly menu: MenuForm | undefined;
  /** Comments, separators and closing lines: not part of the tree. */
  isNoise(line: string): boolean;
  /** `no X` → `X`; undefined where the line does not begin with the negation. */
  positive(line: string): string | undefined;
  negative(line: string): string;
}

const compile = (source: string): RegExp => new RegExp(source, "v");
/** For what may not pass: a CLI that takes any case and any number of blanks must not make a rule miss. */
const compileAnyCase = (source: string): RegExp => new RegExp(source, "iv");
export const asTyped = (line: string): string => line.trim().replaceAll(/\s+/gv, " ");
const optional = (source: string | undefined): RegExp | undefined =>
  source === undefined ? undefined : compile(source);
const place = ({ path, line }: { path: string; line: string }): Place => ({ path: compile(path), line: compile(line) });

export const PATH_SEPARATOR = " > ";

/** A secret's group counts in its own pattern only; in the union its name would stand many times. */
function anyOf(rules: readonly RedactRule[]): RegExp {
  return new RegExp(rules.map(({ pattern }) => `(?:${pattern.source.replaceAll("(?<secret>", "(?:")})`).join("|"), "v");
}

export function compileLanguage(file: z.output<typeof LanguageFile>): Language {
  const noise = [file.comment, ...file.noise].map(compile);
  const negation = `${file.negate} `;
  const redact = file.redact.map((rule) =>
    typeof rule === "string"
      ? { under: undefined, pattern: new RegExp(rule, "dv") }
      : { under: compile(rule.under), pattern: new RegExp(rule.pattern, "dv") },
  );
  return {
    indent: file.indent,
    leave: file.leave,
    byName: (file.byName ?? []).map(compile),
    normalise: file.normalise.map(({ pattern, replace, beside }) => ({
      pattern: compile(pattern),
      replace,
      beside: optional(beside),
    })),
    redact,
    mayHoldSecret: anyOf(redact),
    secretType: file.secretType,
    sections: file.sections.map(compile),
    close: file.close.map(({ header, command }) => ({ header: compile(header), command })),
    vanish: file.vanish.map(compile),
    single: file.single.map(place),
    negatives: file.negatives.map((rule) => ({ ...place(rule), both: rule.both === true, alone: rule.alone === true })),
    defaults: file.defaults.map((rule) => ({ ...place(rule), unless: optional(rule.unless) })),
    cascade: file.cascade.map((rule) => ({ ...place(rule), refers: rule.refers })),
    ordered: file.ordered.map(place),
    implied: file.implied.map(place),
    moves: file.moves.map((rule) => ({ ...place(rule), into: rule.into })),
    rewrites: file.rewrites.map(({ path, typed, shown }) => ({ path: compile(path), typed: compile(typed), shown })),
    blocks: file.blocks.map(({ open, end, shown, trim }) => ({
      open: compile(open),
      end: optional(end),
      shown,
      trim: trim === true,
    })),
    management: file.management.map((rule) =>
      typeof rule === "string" ? { place: rule } : { section: compile(rule.section), holds: rule.holds },
    ),
    destructive: file.destructive.map(compileAnyCase),
    forbidden: file.forbidden.map(({ pattern, reason, mode }) => ({ pattern: compileAnyCase(pattern), reason, mode })),
    resets: (file.resets ?? []).map((rule) => ({ ...place(rule), what: rule.what, gone: rule.gone === true })),
    exclusive: (file.exclusive ?? []).map((rule) => ({ ...place(rule), by: rule.by })),
    removals: (file.removals ?? []).map(place),
    set: file.set && compileSet(file.negate, file.set),
    menu: file.menu && {
      quoted: compile(file.menu.quoted),
      keys: file.menu.keys,
      builtin: file.menu.builtin.map(compile),
      defaults: file.menu.defaults,
      derived: file.menu.derived,
    },
    isNoise: (line) => noise.some((pattern) => pattern.test(line)),
    positive: (line) => (line.startsWith(negation) ? line.slice(negation.length).trimStart() : undefined),
    negative: (line) => negation + line,
    ...(file.set && opposites(file.negate, file.set)),
  };
}

function compileSet(negate: string, file: NonNullable<z.output<typeof LanguageFile>["set"]>): SetForm {
  return {
    assert: file.assert,
    negate,
    insert: file.insert,
    braces: file.braces,
    secretMark: file.secretMark,
    marks: file.marks.map(({ put, take, tag }) => ({ put, take, tag })),
    objects: file.objects.map(compile),
    presence: file.presence.map(compile),
    ordered: file.ordered.map((rule) => ({ ...place(rule), by: rule.by })),
  };
}

/** In the set form the verb is exchanged: `set a b` and `delete a b`, `deactivate a` and `activate a`. */
function opposites(
  negate: string,
  { assert, marks }: NonNullable<z.output<typeof LanguageFile>["set"]>,
): Pick<Language, "positive" | "negative"> {
  const swap = (line: string, from: string, to: string): string | undefined =>
    line.startsWith(`${from} `) ? to + line.slice(from.length) : undefined;
  const takes = (line: string): string | undefined =>
    marks.map(({ put, take }) => swap(line, put, take)).find((other) => other !== undefined);
  return {
    positive: (line) => swap(line, negate, assert),
    negative: (line) => swap(line, assert, negate) ?? takes(line) ?? `${negate} ${line}`,
  };
}

/** A language of lines without rules of its own, for texts of no platform: what they hide, and which lines are none. */
export const plainLanguage = (over: {
  readonly comment: string;
  readonly redact: readonly LanguageFile["redact"][number][];
}): Language =>
  compileLanguage({
    indent: 1,
    negate: "no",
    leave: "exit",
    noise: [],
    normalise: [],
    sections: [],
    close: [],
    vanish: [],
    single: [],
    negatives: [],
    defaults: [],
    cascade: [],
    ordered: [],
    implied: [],
    rewrites: [],
    moves: [],
    blocks: [],
    management: [],
    destructive: [],
    forbidden: [],
    comment: over.comment,
    redact: [...over.redact],
  });

export const isAt = (rule: Place, path: string, line: string): boolean => rule.path.test(path) && rule.line.test(line);

/** The values of all named groups, or the whole match: lines of one rule with one key hold one value. Undefined: not at this place. */
export function keyAt(rule: Place, path: string, line: string): string | undefined {
  if (!rule.path.test(path)) return undefined;
  const found = rule.line.exec(line);
  if (!found) return undefined;
  return found.groups === undefined ? found[0] : Object.values(found.groups).join("\n");
}

/** What makes a list: undefined for lines whose order does not matter. Numbered from the rule, so that two rules never share a list. */
export function listOf(language: Language, path: string, line: string): string | undefined {
  for (const [index, rule] of language.ordered.entries()) {
    if (!rule.path.test(path)) continue;
    const found = rule.line.exec(line);
    if (found) return `${index}\n${found.groups?.["list"] ?? ""}`;
  }
  return undefined;
}

export const below = (path: string, header: string): string => (path === "" ? header : path + PATH_SEPARATOR + header);
