import type { XmlLanguageFile } from "./schema.ts";

export const PATH_SEPARATOR = " > ";

/** A platform's XML language section, compiled once; and what it says about each path, looked up once per path. */

export type SecretRule = "whole" | RegExp;

interface PathValue {
  readonly path: RegExp;
  readonly value: RegExp | undefined;
}

export type XmlManagementRule = { readonly place: RegExp } | { readonly section: RegExp; readonly holds: string };

export interface XmlLanguage {
  readonly namespaces: readonly { uri: RegExp; as: string }[];
  readonly envelope: string | undefined;
  readonly metadata: ReadonlySet<string>;
  readonly keyNames: ReadonlySet<string>;
  /** The names are a guess of ours, not a promise of the platform. */
  readonly keysGuessed: boolean;
  readonly removal: "remove" | "delete";
  readonly secrets: readonly { name: RegExp; under: RegExp | undefined; value: RegExp | undefined }[];
  readonly management: readonly XmlManagementRule[];
  readonly destructive: readonly RegExp[];
  readonly forbidden: readonly (PathValue & { reason: string; mode: "merge" | "replace" | undefined })[];
  readonly rewrites: readonly { path: RegExp; typed: RegExp; shown: string }[];
  readonly implied: readonly RegExp[];
  readonly resets: readonly { path: RegExp; what: string }[];
  readonly notRestorable: readonly (PathValue & { reason: string })[];
  facts(path: string, name: string): Facts;
}

export interface Facts {
  readonly keys: readonly string[] | undefined;
  /** The names of each case of a choice among the children. */
  readonly choice: readonly (readonly string[])[] | undefined;
  readonly isOrdered: boolean;
  readonly isLeafList: boolean;
  readonly hasPresence: boolean;
  readonly isIdentity: boolean;
  readonly isVolatile: boolean;
  readonly secret: SecretRule | undefined;
}

/**
 * The leaves that name an entry in most models, tried where a platform file says nothing. Conservative, because no more than a plan
 * rests on it: an entry taken for another shows in the measured diff, which then is not the signed one, and the change is undone.
 */
const USUAL_KEYS = ["name", "id", "index", "key"] as const;

const compile = (source: string): RegExp => new RegExp(source, "v");
const optional = (source: string | undefined): RegExp | undefined =>
  source === undefined ? undefined : compile(source);

export function compileXmlLanguage(file: XmlLanguageFile): XmlLanguage {
  const keys = new Map(Object.entries(file.keys));
  const choices = new Map(Object.entries(file.choices));
  const [ordered, leafLists, presence, identities, volatile] = [
    file.ordered,
    file.leafLists,
    file.presence,
    file.identities,
    file.volatile,
  ].map((list) => new Map(list.map((where) => [where, true])));
  const secrets = file.secrets.map(({ name, under, value }) => ({
    name: compile(name),
    under: optional(under),
    value: value === undefined ? undefined : new RegExp(value, "dgv"),
  }));
  return {
    namespaces: file.namespaces.map(({ uri, as }) => ({ uri: compile(uri), as })),
    envelope: file.envelope,
    metadata: new Set(file.metadata),
    keyNames: new Set(file.keyNames ?? USUAL_KEYS),
    keysGuessed: file.keyNames === undefined,
    removal: file.removal,
    secrets,
    management: file.management.map((rule) =>
      typeof rule === "string" ? { place: compile(rule) } : { section: compile(rule.section), holds: rule.holds },
    ),
    destructive: file.destructive.map(compile),
    forbidden: file.forbidden.map(({ path, value, reason, mode }) => ({
      path: compile(path),
      value: optional(value),
      reason,
      mode,
    })),
    rewrites: file.rewrites.map(({ path, typed, shown }) => ({ path: compile(path), typed: compile(typed), shown })),
    implied: file.implied.map(compile),
    resets: file.resets.map(({ path, what }) => ({ path: compile(path), what })),
    notRestorable: file.notRestorable.map(({ path, value, reason }) => ({
      path: compile(path),
      value: optional(value),
      reason,
    })),
    facts: (path, name) => {
      const found = secrets.filter((rule) => rule.name.test(name) && (rule.under?.test(path) ?? true));
      return {
        keys: longestEnd(keys, path),
        choice: longestEnd(choices, path),
        isOrdered: longestEnd(ordered, path) === true,
        isLeafList: longestEnd(leafLists, path) === true,
        hasPresence: longestEnd(presence, path) === true,
        isIdentity: longestEnd(identities, path) === true,
        isVolatile: longestEnd(volatile, path) === true,
        secret: found.some(({ value }) => value === undefined) ? "whole" : found[0]?.value,
      };
    },
  };
}

function longestEnd<Value>(rules: ReadonlyMap<string, Value> | undefined, path: string): Value | undefined {
  if (!rules || rules.size === 0) return undefined;
  for (let at = 0; ;) {
    const value = rules.get(path.slice(at));
    if (value !== undefined) return value;
    const slash = path.indexOf("/", at);
    if (slash < 0) return undefined;
    at = slash + 1;
  }
}

/** One path of a tree with what the language says about it. A root is made for each tree, so that no device can make it grow for ever. */
export class Place {
  readonly path: string;
  readonly up: Place | undefined;
  readonly facts: Facts;
  readonly #language: XmlLanguage;
  readonly #children = new Map<string, Place>();

  constructor(language: XmlLanguage, path = "", name = "", up?: Place) {
    this.#language = language;
    this.path = path;
    this.up = up;
    this.facts = language.facts(path, name);
  }

  child(name: string): Place {
    let child = this.#children.get(name);
    if (!child) {
      child = new Place(this.#language, this.path === "" ? name : `${this.path}/${name}`, name, this);
      this.#children.set(name, child);
    }
    return child;
  }
}
