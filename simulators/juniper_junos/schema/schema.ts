/**
 * The statements that this device knows, as data: a keyword, what must follow it, and what may stand under it. The text form is
 * ours (`statements.ts`); the words in it are Juniper's (Junos CLI reference, "configuration statements", by hierarchy level).
 */
import { describeType, isType, type ValueType } from "./values.ts";

export type Kind =
  /** Holds statements; means nothing when it is empty. */
  | "container"
  /** Holds statements and means something when it is empty: `ssh;`, `dhcp;`. */
  | "presence"
  /** Entries told apart by their keys. */
  | "list"
  /** One value; a new one replaces the old one. */
  | "leaf"
  /** Values in brackets; a new one is added. */
  | "leaf-list"
  | "flag";

export interface Key {
  /** A fixed word before the key: `from-zone A to-zone B`. */
  readonly before?: string;
  readonly type: ValueType;
}

export interface Schema {
  /** Empty for entries that stand without a keyword: `interfaces { ge-0/0/0 {` … Two words for `family inet`. */
  readonly words: readonly string[];
  readonly kind: Kind;
  readonly keys: readonly Key[];
  readonly value: ValueType | undefined;
  readonly children: Schema[];
  /** Position among its siblings; the device prints in this order, whatever the order of typing. */
  readonly at: number;
  /** Entries keep the order that people gave them, and `insert` moves them. Without it and without `sorted`: as they came in. */
  readonly ordered: boolean;
  readonly sorted: boolean;
  /** All of it on one line: `archive size 100k files 3;`. */
  readonly oneLine: boolean;
  /** On one line while it holds one statement: `route 0.0.0.0/0 next-hop 192.0.2.1;`. */
  readonly oneLineWhenSingle: boolean;
  readonly secret: "9" | "6" | "plain" | undefined;
  /** Asks twice for a password and stores its hash under the statement named here. */
  readonly prompts: string | undefined;
  readonly deprecated: boolean;
}

const FLAGS = /^@(ordered|sorted|oneline|single|secret9|secret6|secret|deprecated|presence|prompts=[\w-]+|same)$/;

interface Line {
  readonly depth: number;
  readonly words: readonly string[];
}

/** Groups may be applied at every level; the device prints that first. */
function addGroups(schema: Schema, seen: Set<Schema>): void {
  if (seen.has(schema)) return;
  seen.add(schema);
  if (schema.children.length === 0) return;
  for (const child of schema.children) addGroups(child, seen);
  for (const [at, word] of [
    [-2, "apply-groups"],
    [-1, "apply-groups-except"],
  ] as const)
    if (!schema.children.some((child) => child.words[0] === word))
      schema.children.push(build({ words: [word], kind: "leaf-list", value: "word", at }));
}

/** Two blanks a level. Throws on a line that is not in the notation: that is a mistake in this folder. */
export function parseSchema(text: string): Schema {
  const lines: Line[] = text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.trim().startsWith("#"))
    .map((line) => ({ depth: (line.length - line.trimStart().length) / 2, words: line.trim().split(/\s+/) }));
  const root = build({ words: [], kind: "container", at: 0 });
  const stack: Schema[] = [root];
  for (const line of lines) {
    const parent = stack[line.depth];
    if (!parent) throw new Error(`statements: ${line.words.join(" ")} is indented under nothing`);
    // `@same`: the whole of the top level may stand here too (`groups <name>`).
    const made = parseLine(line, parent.children.length, root);
    parent.children.push(made);
    stack[line.depth + 1] = made;
    stack.length = line.depth + 2;
  }
  addGroups(root, new Set());
  return root;
}

function build(parts: Partial<Schema> & Pick<Schema, "words" | "kind" | "at">): Schema {
  return {
    keys: [],
    value: undefined,
    children: [],
    ordered: false,
    sorted: false,
    oneLine: false,
    oneLineWhenSingle: false,
    secret: undefined,
    prompts: undefined,
    deprecated: false,
    ...parts,
  };
}

function parseLine({ words }: Line, at: number, root: Schema): Schema {
  const flags = new Set(words.filter((word) => FLAGS.test(word)));
  const rest = words.filter((word) => !FLAGS.test(word));
  const keys: Key[] = [];
  let name = "";
  let value: ValueType | undefined;
  let kind: Kind | undefined;
  let before: string | undefined;
  for (const [index, word] of rest.entries()) {
    if (word === ";") kind = "flag";
    else if (word.startsWith("*")) {
      keys.push({ ...(before === undefined ? {} : { before }), type: asType(word.slice(1)) });
      before = undefined;
      kind ??= "list";
    } else if (word.startsWith("<")) {
      value = asType(word.slice(1, -1));
      kind ??= "leaf";
    } else if (word.startsWith("[")) {
      value = asType(word.slice(1, -1));
      kind = "leaf-list";
    } else if (index === 0) name = word;
    else before = word;
  }
  kind ??= flags.has("@presence") ? "presence" : "container";
  const prompts = [...flags].find((flag) => flag.startsWith("@prompts="))?.slice("@prompts=".length);
  return build({
    words: name === "" ? [] : name.split(":"),
    kind,
    at,
    keys,
    value,
    ...(flags.has("@same") ? { children: root.children } : {}),
    ordered: flags.has("@ordered"),
    sorted: flags.has("@sorted"),
    oneLine: flags.has("@oneline"),
    oneLineWhenSingle: flags.has("@single"),
    secret: flags.has("@secret9") ? "9" : flags.has("@secret6") ? "6" : flags.has("@secret") ? "plain" : undefined,
    prompts,
    deprecated: flags.has("@deprecated"),
  });
}

function asType(text: string): ValueType {
  if (!isType(text)) throw new Error(`statements: no value type ${text}; there are ${describeType()}`);
  return text;
}
