/** A `<configuration>` element into a tree: `<load-configuration>`, `<edit-config>`. What Junos has no statement for is an error. */
import { attribute, type XmlElement } from "../../netconf/xml.ts";
import { BASE } from "../../netconf/names.ts";
import { RpcError } from "../../netconf/errors.ts";
import { assign } from "../config/edit.ts";
import type { Step } from "../config/resolve.ts";
import { find, findOrPlace, nameWords, type Statement } from "../config/tree.ts";
import type { Schema } from "../schema/schema.ts";
import { canonical, refuseValue } from "../schema/values.ts";
import { entryTag, keyTags, tagOf } from "./elements.ts";

export type DefaultOperation = "merge" | "replace" | "none";

export interface ReadOptions {
  /** A fault's word about a statement. */
  readonly meets: (line: string) => string | undefined;
}

/** As mgd says it: where in the configuration, and which element. */
export function statementError(message: string, path: readonly string[], badElement: string): RpcError {
  return new RpcError("operation-failed", {
    type: "protocol",
    path: path.length === 0 ? "[edit]" : `[edit ${path.join(" ")}]`,
    message,
    info: { "bad-element": badElement },
  });
}

function operationOf(xml: XmlElement): string | undefined {
  const named = attribute(xml, BASE, "operation") ?? attribute(xml, "", "operation");
  if (named !== undefined) return named;
  const own = ["delete", "replace"].find((word) => attribute(xml, "", word) === word);
  return own;
}

interface Place {
  readonly schema: Schema;
  readonly from: XmlElement;
}

/** The schema of an element; `<family>` and a holder of bare entries give one for each that they hold. */
function placesOf(holder: Schema, xml: XmlElement): Place[] {
  const pairs = holder.children.filter((one) => one.words.length > 1 && one.words[0] === xml.name);
  if (pairs.length > 0)
    return xml.children.flatMap((inner) => {
      const schema = pairs.find((one) => one.words[1] === inner.name);
      return schema ? [{ schema, from: inner }] : [];
    });
  const named = holder.children.filter((one) => one.words.length === 1 && tagOf(one) === xml.name);
  const exact = named[0];
  if (exact) {
    // `<name-server><name>…`: the element is an entry of the holder that it names.
    const bare = exact.children.find((one) => one.words.length === 0);
    if (
      exact.kind !== "list" &&
      bare &&
      entryTag(exact) === undefined &&
      xml.children.some((one) => one.name === "name")
    )
      return [{ schema: bare, from: xml }];
    return [{ schema: exact, from: xml }];
  }
  const keyless = holder.children.find((one) => one.words.length === 0);
  return keyless && entryTag(holder) === xml.name ? [{ schema: keyless, from: xml }] : [];
}

export function readInto(parent: Statement, xml: XmlElement, path: readonly string[], options: ReadOptions): void {
  const skip = new Set<string>(parent.schema.kind === "list" ? keyTags(parent.schema) : []);
  for (const one of xml.children) {
    if (skip.has(one.name)) continue;
    const places = placesOf(parent.schema, one);
    if (places.length === 0) {
      // The value of `any notice;` is an element.
      if (parent.schema.kind === "list" && parent.schema.value !== undefined && one.children.length === 0) {
        parent.values = [one.name === "value" ? one.text.trim() : one.name];
        continue;
      }
      throw statementError("syntax error", path, one.name);
    }
    for (const place of places) readOne(holderOf(parent, place, one), place, path, options);
  }
}

/** Entries without a keyword stand in the container whose name their element repeats. */
function holderOf(parent: Statement, { schema }: Place, xml: XmlElement): Statement {
  if (parent.schema.children.includes(schema)) return parent;
  const container = parent.schema.children.find((one) => one.words[0] === xml.name && one.children.includes(schema));
  return container ? findOrPlace(parent, container, []) : parent;
}

function readOne(parent: Statement, { schema, from }: Place, path: readonly string[], options: ReadOptions): void {
  const keys = readKeys(schema, from, path);
  const text = from.children.length === 0 ? from.text.trim() : "";
  const takesText = schema.value !== undefined && schema.kind !== "list";
  const values = takesText && text !== "" ? [checked(schema, text, path, from.name)] : [];
  const step: Step = { schema, keys, values };
  const here = [...path, ...nameWords(step)];
  const met = options.meets([...here, ...values].join(" "));
  if (met !== undefined) throw statementError(met, path, from.name);
  const operation = operationOf(from);
  if (operation === "delete" || operation === "remove") {
    const found = find(parent, schema, keys);
    if (!found && operation === "delete")
      throw new RpcError("data-missing", { type: "protocol", message: "statement not found" });
    parent.children = parent.children.filter((child) => child !== found);
    return;
  }
  if (operation === "create" && find(parent, schema, keys))
    throw new RpcError("data-exists", {
      type: "protocol",
      message: `statement '${nameWords(step).join(" ")}' already exists`,
    });
  if (operation === "replace")
    parent.children = parent.children.filter((child) => child !== find(parent, schema, keys));
  if (takesText && values.length === 0) throw statementError("missing argument", path, from.name);
  assign(parent, [step]);
  const made = find(parent, schema, keys);
  if (!made) return;
  if (attribute(from, "", "inactive") === "inactive") made.inactive = true;
  if (attribute(from, "", "active") === "active") made.inactive = false;
  if (!takesText) readInto(made, from, here, options);
}

function readKeys(schema: Schema, from: XmlElement, path: readonly string[]): string[] {
  const tags = keyTags(schema);
  return schema.keys.map((key, at) => {
    const text = from.children.find((one) => one.name === tags[at])?.text.trim();
    if (text === undefined) throw statementError("missing mandatory argument", path, from.name);
    const message = refuseValue(key.type, text);
    if (message !== undefined) throw statementError(message, path, text);
    return canonical(key.type, text);
  });
}

function checked(schema: Schema, text: string, path: readonly string[], badElement: string): string {
  const type = schema.value;
  const message = type === undefined ? undefined : refuseValue(type, text);
  if (type === undefined || message !== undefined) throw statementError(message ?? "syntax error", path, badElement);
  return canonical(type, text);
}
