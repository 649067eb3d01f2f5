/**
 * Which XML elements Junos has for which statements (Junos XML API: the tag is the keyword, a key is `name`). Where an entry
 * stands without a keyword its element has a name of its own, or repeats its holder's.
 */
import { XNM } from "../../netconf/names.ts";
import { element, type XmlElement } from "../../netconf/xml.ts";
import type { Schema } from "../schema/schema.ts";
import type { Statement } from "../config/tree.ts";

/** Under these holders an entry without a keyword is an element of this name. Elsewhere it repeats the holder. */
const ENTRIES: Record<string, string> = {
  interfaces: "interface",
  vlans: "vlan",
  "routing-instances": "instance",
  "prefix-list": "prefix-list-item",
  user: "contents",
  host: "contents",
  file: "contents",
  console: "contents",
};

/** The keys of lists with more than one, in order. */
const KEYS: Record<string, readonly string[]> = {
  "from-zone": ["from-zone-name", "to-zone-name"],
  "route-filter": ["address", "choice-ident"],
  "prefix-list-filter": ["list_name", "choice-ident"],
  community: ["choice-ident", "community-name"],
};
/** `from-zone a to-zone b { policy p` has one element for the pair. */
const TAGS: Record<string, string> = { "from-zone": "policy" };

export function entryTag(holder: Schema): string | undefined {
  return ENTRIES[holder.words.at(-1) ?? ""];
}

export function tagOf(schema: Schema): string {
  const word = schema.words[0] ?? "";
  return schema.kind === "list" ? (TAGS[word] ?? word) : word;
}

export function keyTags(schema: Schema): readonly string[] {
  if (schema.keys.length < 2) return ["name"];
  return KEYS[schema.words[0] ?? ""] ?? ["name", "value"];
}

function inactiveMark(made: XmlElement, statement: Statement): XmlElement {
  if (statement.inactive) made.attributes.push({ ns: "", name: "inactive", value: "inactive" });
  return made;
}

/** The elements of what stands under a statement. */
export function elementsOf(parent: Statement): XmlElement[] {
  const made: XmlElement[] = [];
  for (const child of parent.children) {
    const [first, second] = child.schema.words;
    if (second !== undefined && first !== undefined) {
      // One `<family>` holds them all.
      const last = made.at(-1);
      const holder = last?.name === first ? last : element(XNM, first, []);
      if (holder !== last) made.push(holder);
      holder.children.push(inactiveMark(element(XNM, second, inside(child)), child));
    } else made.push(...elements(child, parent.schema));
  }
  return made;
}

function elements(statement: Statement, holder: Schema): XmlElement[] {
  const { schema } = statement;
  switch (schema.kind) {
    case "flag":
      return [inactiveMark(element(XNM, tagOf(schema)), statement)];
    case "leaf":
    case "leaf-list":
      return statement.values.map((value) => inactiveMark(element(XNM, tagOf(schema), value), statement));
    case "container":
    case "presence": {
      const entries = statement.children;
      // `name-server { 192.0.2.1; }` is `<name-server><name>192.0.2.1</name></name-server>`, once for each.
      const repeats = entries.length > 0 && entries.every((one) => one.schema.words.length === 0);
      if (repeats && entryTag(schema) === undefined && schema.words.length === 1)
        return entries.flatMap((entry) => elements(entry, schema));
      return [inactiveMark(element(XNM, tagOf(schema), inside(statement)), statement)];
    }
    case "list": {
      const tag = schema.words.length > 0 ? tagOf(schema) : (entryTag(holder) ?? holder.words.at(-1) ?? "contents");
      return [inactiveMark(element(XNM, tag, inside(statement)), statement)];
    }
    default:
      return schema.kind satisfies never;
  }
}

function inside(statement: Statement): XmlElement[] {
  const tags = keyTags(statement.schema);
  const keys = statement.keys.map((key, at) => element(XNM, tags[at] ?? "name", key));
  // `any emergency;` of syslog: the value is an element of its own.
  const values =
    statement.schema.kind === "list"
      ? statement.values.map((value) => (/^[\w-]+$/.test(value) ? element(XNM, value) : element(XNM, "value", value)))
      : [];
  return [...keys, ...values, ...elementsOf(statement)];
}
