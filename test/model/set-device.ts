/**
 * A device that takes set commands one at a time, by a schema of its own: what a leaf, a list and a container is, which lists are in the
 * order of the user, what stays when it is empty. Written from the Junos CLI User Guide and RFC 7950; shares nothing with drivers/.
 */
export type Schema =
  | { readonly kind: "container"; readonly presence?: boolean; readonly of: Readonly<Record<string, Schema>> }
  /** `keyword name …`; an entry stays when it is empty. `whole`: the keyword alone removes all of them, as a container would be. */
  | {
      readonly kind: "list";
      readonly ordered?: boolean;
      readonly whole?: boolean;
      readonly of: Readonly<Record<string, Schema>>;
    }
  | { readonly kind: "leaf" }
  | { readonly kind: "empty" }
  /** Values directly behind the keyword. */
  | { readonly kind: "leaf-list"; readonly ordered?: boolean }
  /** One of these words. */
  | { readonly kind: "choice"; readonly words: readonly string[] };

export const container = (of: Readonly<Record<string, Schema>>, presence = false): Schema => ({
  kind: "container",
  of,
  presence,
});
export const list = (of: Readonly<Record<string, Schema>>, ordered = false): Schema => ({ kind: "list", of, ordered });
export const leaf: Schema = { kind: "leaf" };
export const empty: Schema = { kind: "empty" };
export const leafList = (ordered = false): Schema => ({ kind: "leaf-list", ordered });

type Data =
  | { kind: "container"; fields: Map<string, Data>; inactive: boolean }
  | { kind: "list"; entries: Map<string, Data & { kind: "container" }> }
  | { kind: "leaf"; value: string; inactive: boolean }
  | { kind: "empty"; inactive: boolean }
  | { kind: "leaf-list"; values: string[] };

type Container = Data & { kind: "container" };

const nothing = (): Container => ({ kind: "container", fields: new Map<string, Data>(), inactive: false });

export interface Verbs {
  readonly set: string;
  readonly delete: string;
}

export class SetDevice {
  readonly #schema: Schema;
  readonly #verbs: Verbs;
  readonly #root: Data & { kind: "container" } = { kind: "container", fields: new Map(), inactive: false };

  constructor(schema: Readonly<Record<string, Schema>>, verbs: Verbs) {
    this.#schema = container(schema);
    this.#verbs = verbs;
  }

  /** Throws what a device would say. */
  type(line: string): void {
    const words = split(line);
    const verb = [this.#verbs.set, this.#verbs.delete, "insert", "deactivate", "activate"].find((one) =>
      line.startsWith(`${one} `),
    );
    const path = words.slice(split(verb ?? "").length);
    switch (verb) {
      case this.#verbs.set:
        return this.#set(path, line);
      case this.#verbs.delete:
        if (!this.#delete(this.#schema, this.#root, path, line)) throw new Error(`statement not found: ${line}`);
        return;
      case "insert":
        return this.#insert(path, line);
      case "deactivate":
      case "activate":
        return this.#mark(path, verb === "deactivate", line);
      default:
        throw new Error(`unknown command: ${line}`);
    }
  }

  #set(words: readonly string[], line: string): void {
    let schema = this.#schema;
    let at: Data = this.#root;
    for (let index = 0; index < words.length;) {
      const word = words[index++] ?? "";
      if (schema.kind !== "container" && schema.kind !== "list") throw new Error(`syntax error: ${line}`);
      if (at.kind !== "container") throw new Error(`syntax error: ${line}`);
      const field = fieldOf(schema, word, line);
      switch (field.schema.kind) {
        case "container": {
          const next: Data = at.fields.get(word) ?? { kind: "container", fields: new Map(), inactive: false };
          at.fields.set(word, next);
          [schema, at] = [field.schema, next];
          break;
        }
        case "list": {
          const name = words[index++];
          if (name === undefined) throw new Error(`missing argument: ${line}`);
          const of = at.fields.get(word) ?? { kind: "list", entries: new Map<string, Container>() };
          if (of.kind !== "list") throw new Error(line);
          at.fields.set(word, of);
          const entry = of.entries.get(name) ?? nothing();
          of.entries.set(name, entry);
          [schema, at] = [field.schema, entry];
          break;
        }
        case "leaf": {
          const value = words[index++];
          if (value === undefined || index < words.length) throw new Error(`syntax error: ${line}`);
          const old = at.fields.get(word);
          at.fields.set(word, { kind: "leaf", value, inactive: old?.kind === "leaf" && old.inactive });
          return;
        }
        case "empty":
        case "choice":
          if (index < words.length) throw new Error(`syntax error: ${line}`);
          if (field.schema.kind === "choice") for (const other of field.schema.words) at.fields.delete(other);
          at.fields.set(word, { kind: "empty", inactive: false });
          return;
        case "leaf-list": {
          const value = words[index++];
          if (value === undefined || index < words.length) throw new Error(`syntax error: ${line}`);
          const of = at.fields.get(word) ?? { kind: "leaf-list", values: [] };
          if (of.kind !== "leaf-list") throw new Error(line);
          at.fields.set(word, of);
          if (!of.values.includes(value)) of.values.push(value);
          return;
        }
        default:
          field.schema satisfies never;
      }
    }
  }

  /** Returns whether it was there. What is empty then and is no object of its own goes too. */
  #delete(schema: Schema, at: Data, words: readonly string[], line: string): boolean {
    const [word, ...rest] = words;
    if (word === undefined || at.kind !== "container") throw new Error(`syntax error: ${line}`);
    const field = fieldOf(schema, word, line);
    const there = at.fields.get(word);
    switch (field.schema.kind) {
      case "list": {
        const [name, ...inner] = rest;
        if (name === undefined && field.schema.whole === true) return at.fields.delete(word);
        if (name === undefined) throw new Error(`missing argument: ${line}`);
        if (there?.kind !== "list") return false;
        const entry = there.entries.get(name);
        if (!entry) return false;
        if (inner.length > 0) return this.#delete(field.schema, entry, inner, line);
        there.entries.delete(name);
        if (there.entries.size === 0) at.fields.delete(word);
        return true;
      }
      case "container": {
        if (!there) return false;
        if (rest.length === 0) return at.fields.delete(word);
        const did = this.#delete(field.schema, there, rest, line);
        if (there.kind === "container" && there.fields.size === 0 && field.schema.presence !== true)
          at.fields.delete(word);
        return did;
      }
      case "leaf-list": {
        if (there?.kind !== "leaf-list") return false;
        const [value] = rest;
        if (value === undefined) return at.fields.delete(word);
        const index = there.values.indexOf(value);
        if (index < 0) return false;
        there.values.splice(index, 1);
        if (there.values.length === 0) at.fields.delete(word);
        return true;
      }
      case "leaf":
        if (rest.length > 1) throw new Error(`syntax error: ${line}`);
        if (there?.kind !== "leaf" || (rest.length === 1 && rest[0] !== there.value)) return false;
        return at.fields.delete(word);
      case "empty":
      case "choice":
        if (rest.length > 0) throw new Error(`syntax error: ${line}`);
        return at.fields.delete(word);
      default:
        return field.schema satisfies never;
    }
  }

  #insert(words: readonly string[], line: string): void {
    const at = words.findLastIndex((word) => word === "before" || word === "after");
    const [element, keyword] = [words[at - 1] ?? "", words[at - 2] ?? ""];
    const [otherKeyword, other] = words.slice(at + 1);
    if (at < 2 || words.length - at !== 3 || otherKeyword !== keyword) throw new Error(`syntax error: ${line}`);
    const { schema, data } = this.#walk(words.slice(0, at - 2), line);
    const field = fieldOf(schema, keyword, line);
    const of = data.kind === "container" ? data.fields.get(keyword) : undefined;
    if (field.schema.kind !== "list" || field.schema.ordered !== true || of?.kind !== "list")
      throw new Error(`statement cannot be moved: ${line}`);
    const moved = of.entries.get(element);
    if (!moved || !of.entries.has(other ?? "") || other === element) throw new Error(`statement not found: ${line}`);
    const order = [...of.entries].filter(([name]) => name !== element);
    const place = order.findIndex(([name]) => name === other) + (words[at] === "after" ? 1 : 0);
    order.splice(place, 0, [element, moved]);
    of.entries.clear();
    for (const [name, entry] of order) of.entries.set(name, entry);
  }

  #mark(words: readonly string[], inactive: boolean, line: string): void {
    const { data } = this.#walk(words, line);
    if (data.kind === "list" || data.kind === "leaf-list") throw new Error(`syntax error: ${line}`);
    if (data.inactive === inactive) throw new Error(`nothing to do: ${line}`);
    data.inactive = inactive;
  }

  #walk(words: readonly string[], line: string): { schema: Schema; data: Data } {
    let schema = this.#schema;
    let data: Data = this.#root;
    for (let index = 0; index < words.length;) {
      const word = words[index++] ?? "";
      const field = fieldOf(schema, word, line);
      const next: Data | undefined = data.kind === "container" ? data.fields.get(word) : undefined;
      if (!next) throw new Error(`statement not found: ${line}`);
      schema = field.schema;
      data = next;
      if (next.kind === "list") {
        const entry = next.entries.get(words[index++] ?? "");
        if (!entry) throw new Error(`statement not found: ${line}`);
        data = entry;
      }
    }
    return { schema, data };
  }

  /** As it would be shown, every list that has no order of its own in the order of the alphabet. */
  show(): string[] {
    const lines: string[] = [];
    const marks: string[] = [];
    const walk = (schema: Schema, data: Data & { kind: "container" }, path: string): void => {
      const mark = (inactive: boolean, place: string): void => {
        if (inactive) marks.push(`deactivate${place}`);
      };
      const inner = (schemaOf: Schema, of: Data & { kind: "container" }, place: string): void => {
        mark(of.inactive, place);
        if (of.fields.size === 0) lines.push(`${this.#verbs.set}${place}`);
        else walk(schemaOf, of, place);
      };
      for (const [word, of] of [...data.fields].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        const field = fieldOf(schema, word, word);
        const place = `${path} ${word}`;
        switch (of.kind) {
          case "container":
            inner(field.schema, of, place);
            break;
          case "list": {
            const isOrdered = field.schema.kind === "list" && field.schema.ordered === true;
            const entries = [...of.entries];
            for (const [name, entry] of isOrdered ? entries : entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
              inner(field.schema, entry, `${place} ${name}`);
            break;
          }
          case "leaf":
            mark(of.inactive, `${place} ${of.value}`);
            lines.push(`${this.#verbs.set}${place} ${of.value}`);
            break;
          case "empty":
            mark(of.inactive, place);
            lines.push(`${this.#verbs.set}${place}`);
            break;
          case "leaf-list": {
            const isOrdered = field.schema.kind === "leaf-list" && field.schema.ordered === true;
            for (const value of isOrdered ? of.values : of.values.toSorted())
              lines.push(`${this.#verbs.set}${place} ${value}`);
            break;
          }
          default:
            of satisfies never;
        }
      }
    };
    walk(this.#schema, this.#root, "");
    return [...lines, ...marks];
  }
}

function fieldOf(schema: Schema, word: string, line: string): { schema: Schema } {
  const of = schema.kind === "container" || schema.kind === "list" ? schema.of : {};
  const named = of[word];
  if (named) return { schema: named };
  for (const other of Object.values(of))
    if (other.kind === "choice" && other.words.includes(word)) return { schema: other };
  throw new Error(`syntax error at ${word}: ${line}`);
}

const split = (line: string): string[] => line.match(/"(?:[^"\\]|\\.)*"|\S+/gv) ?? [];
