/** What `<edit-config>` does to a tree (RFC 6241 §7.2; lists and their order by RFC 7950 §7.8.6). */
import { RpcError } from "./errors.ts";
import { BASE, DEFAULT_ATTRIBUTE } from "./names.ts";
import { orderOf, place } from "./order.ts";
import { isEmptyContainer, KinIndex, ownKeys, pathStep } from "./paths.ts";
import { childrenOf, valueOf, type Schema, type SchemaNode } from "./schema.ts";
import { attribute, child, element, type XmlElement } from "./xml.ts";

export type Operation = "merge" | "replace" | "create" | "delete" | "remove" | "none";
export type ErrorOption = "stop-on-error" | "continue-on-error" | "rollback-on-error";

export interface EditOptions {
  readonly schema: Schema;
  readonly defaultOperation: "merge" | "replace" | "none";
  /** With `continue-on-error` what is right goes in and every error is told. */
  readonly errorOption: ErrorOption;
  /** Junos takes `operation="delete"` without a namespace, and only warns where there is nothing to delete. */
  readonly lenient: boolean;
  /** Whether something outside refuses one line of the edit. */
  readonly meet?: (line: string, number: number) => RpcError | undefined;
}

export interface EditResult {
  /** What the edit set and took away, one line for each, without its values' meaning. */
  readonly lines: string[];
  readonly errors: RpcError[];
  readonly warnings: RpcError[];
}

const OPERATIONS: readonly string[] = ["merge", "replace", "create", "delete", "remove"];

/** Changes `root` in place. What was done before an error stays done; whoever wants all or nothing hands in a copy. */
export function applyEdit(root: XmlElement, config: XmlElement, options: EditOptions): EditResult {
  const editor = new Editor(options);
  if (options.defaultOperation === "replace") root.children = [];
  try {
    editor.children(root, config, undefined, options.defaultOperation === "none" ? "none" : "merge", "");
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    editor.result.errors.push(error);
  }
  prune(root, undefined, options.schema);
  return editor.result;
}

/** A container without presence says nothing once it is empty. */
function prune(of: XmlElement, node: SchemaNode | undefined, schema: Schema): void {
  of.children = of.children.filter((one) => {
    const known = schema.find(node, one);
    if (known?.kind !== "container" && known?.kind !== "list") return true;
    prune(one, known, schema);
    return !isEmptyContainer(one, known);
  });
}

class Editor {
  readonly result: EditResult = { lines: [], errors: [], warnings: [] };
  readonly #o: EditOptions;
  readonly #kin = new KinIndex();

  constructor(options: EditOptions) {
    this.#o = options;
  }

  children(
    target: XmlElement,
    given: XmlElement,
    node: SchemaNode | undefined,
    inherited: Operation,
    path: string,
  ): void {
    for (const one of given.children) {
      try {
        this.#one(target, one, node, inherited, path);
      } catch (error) {
        if (!(error instanceof RpcError) || this.#o.errorOption !== "continue-on-error") throw error;
        this.result.errors.push(error);
      }
    }
  }

  #one(
    target: XmlElement,
    given: XmlElement,
    parent: SchemaNode | undefined,
    inherited: Operation,
    path: string,
  ): void {
    const node = this.#find(parent, given, path);
    const operation = this.#operation(given, path) ?? inherited;
    const here = `${path}/${pathStep(given, node)}`;
    this.#keys(given, node, here);
    const existing = this.#kin.find(target, given, node);
    switch (operation) {
      case "delete":
        if (!existing) return this.#missing(here);
        this.#say(`delete ${here}`);
        return this.#drop(target, existing, node);
      case "remove":
        if (!existing) return;
        this.#say(`delete ${here}`);
        return this.#drop(target, existing, node);
      case "create":
        if (existing) throw new RpcError("data-exists", { path: here, message: `${given.name} exists already` });
        return this.#put(target, existing, given, node, "merge", here);
      case "replace":
        return this.#put(target, existing, given, node, "merge", here);
      case "merge":
      case "none":
        return this.#merge(target, existing, given, node, operation, here);
      default:
        operation satisfies never;
    }
  }

  #find(parent: SchemaNode | undefined, given: XmlElement, path: string): SchemaNode {
    const node = this.#o.schema.find(parent, given);
    if (node) return node;
    if (!this.#o.schema.knows(given.ns))
      throw new RpcError("unknown-namespace", {
        path: `${path}/${given.name}`,
        info: { "bad-element": given.name, "bad-namespace": given.ns },
      });
    const info = { "bad-element": given.name };
    if (this.#o.lenient) throw new RpcError("operation-failed", { type: "protocol", message: "syntax error", info });
    throw new RpcError("unknown-element", { path: `${path}/${given.name}`, info });
  }

  #operation(given: XmlElement, path: string): Operation | undefined {
    const word =
      attribute(given, BASE, "operation") ??
      (this.#o.lenient ? (attribute(given, "", "operation") ?? junosWord(given)) : undefined);
    if (word === undefined) return undefined;
    if (OPERATIONS.includes(word)) return word as Operation;
    throw new RpcError("bad-attribute", {
      path: `${path}/${given.name}`,
      info: { "bad-attribute": "operation", "bad-element": given.name },
    });
  }

  #keys(given: XmlElement, node: SchemaNode, here: string): void {
    if (node.kind !== "list") return;
    for (const key of node.keys) {
      if (!child(given, key, node.ns))
        throw new RpcError("missing-element", { type: "protocol", path: here, info: { "bad-element": key } });
    }
  }

  #missing(here: string): void {
    if (!this.#o.lenient) throw new RpcError("data-missing", { path: here });
    this.result.warnings.push(
      new RpcError("operation-failed", { type: "protocol", severity: "warning", message: "statement not found" }),
    );
  }

  #merge(
    target: XmlElement,
    existing: XmlElement | undefined,
    given: XmlElement,
    node: SchemaNode,
    operation: "merge" | "none",
    here: string,
  ): void {
    const isValue =
      node.kind === "leaf" || node.kind === "leaf-list" || (node.kind === "open" && given.children.length === 0);
    if (operation === "none" && isValue) return;
    if (isValue || (!existing && operation === "merge")) return this.#put(target, existing, given, node, "merge", here);
    if (existing) {
      this.children(existing, given, node, operation, here);
      const order = orderOf(given, node, here);
      if (order) place(target, existing, node, order, here);
      return;
    }
    // RFC 6241 §7.2, `none`: a level that is not in the datastore is an error; a container without presence always is.
    if (node.kind !== "container" || node.presence) throw new RpcError("data-missing", { path: here });
    const made = element(node.ns, node.name);
    this.children(made, given, node, "none", here);
    if (made.children.length === 0) return;
    target.children.push(made);
    this.#kin.put(target, made, node);
  }

  /** Puts in what is given, in the place of what is there. */
  #put(
    target: XmlElement,
    existing: XmlElement | undefined,
    given: XmlElement,
    node: SchemaNode,
    inherited: Operation,
    here: string,
  ): void {
    const order = orderOf(given, node, here);
    const made = element(node.ns, node.name);
    if (node.kind === "leaf" || node.kind === "leaf-list") {
      this.#value(made, given, node, here);
      if (node.kind === "leaf" && attribute(given, DEFAULT_ATTRIBUTE, "default") === "true") {
        if (made.text !== node.default) throw new RpcError("invalid-value", { path: here });
        if (existing) this.#drop(target, existing, node);
        return;
      }
    } else if (node.kind === "open" && given.children.length === 0) {
      made.text = given.text.trim();
    } else {
      if (existing) this.#say(`replace ${here}`);
      // The keys come first (RFC 7950 §7.8.5).
      const keys = ownKeys(given, node);
      this.children(made, { ...given, children: keys }, node, inherited, here);
      this.children(
        made,
        { ...given, children: given.children.filter((one) => !keys.includes(one)) },
        node,
        inherited,
        here,
      );
    }
    if (made.children.length === 0 && !(existing && existing.text === made.text && existing.children.length === 0))
      this.#say(`set ${here}${made.text === "" || node.kind === "leaf-list" ? "" : ` = ${made.text}`}`);
    if (existing) target.children[target.children.indexOf(existing)] = made;
    else insertAfterKin(target, made);
    this.#kin.put(target, made, node);
    if (order) place(target, made, node, order, here);
  }

  #value(made: XmlElement, given: XmlElement, node: SchemaNode & { kind: "leaf" | "leaf-list" }, here: string): void {
    const value = given.children.length > 0 ? undefined : valueOf(node.type, given);
    if (value === undefined)
      throw new RpcError("invalid-value", {
        path: here,
        message: `"${given.text.trim().slice(0, 80)}" is not a valid value.`,
        info: { "bad-element": given.name },
      });
    made.text = value;
    if (node.type.kind === "identity" && given.prefixes) made.prefixes = given.prefixes;
  }

  #drop(target: XmlElement, existing: XmlElement, node: SchemaNode): void {
    target.children.splice(target.children.indexOf(existing), 1);
    this.#kin.drop(target, existing, node);
  }

  #say(line: string): void {
    const met = this.#o.meet?.(line, this.result.lines.length + 1);
    if (met) throw met;
    this.result.lines.push(line);
  }
}

function junosWord(given: XmlElement): Operation | undefined {
  return (["delete", "replace"] as const).find((word) => attribute(given, "", word) === word);
}

function insertAfterKin(target: XmlElement, made: XmlElement): void {
  const last = target.children.findLastIndex((one) => one.name === made.name && one.ns === made.ns);
  if (last < 0) target.children.push(made);
  else target.children.splice(last + 1, 0, made);
}

/** Whether anything below asks for a value that the schema marks as needed and does not get. */
export function missingBelow(of: XmlElement, node: SchemaNode | undefined, schema: Schema, path = ""): RpcError[] {
  const found: RpcError[] = [];
  for (const wanted of node ? childrenOf(node) : [])
    if (wanted.kind === "leaf" && wanted.mandatory && !child(of, wanted.name, wanted.ns))
      found.push(
        new RpcError("data-missing", {
          path: `${path}/${wanted.name}`,
          message: `Mandatory node "${wanted.name}" is not set.`,
        }),
      );
  for (const one of of.children) {
    const known = schema.find(node, one);
    if (known) found.push(...missingBelow(one, known, schema, `${path}/${pathStep(one, known)}`));
  }
  return found;
}
