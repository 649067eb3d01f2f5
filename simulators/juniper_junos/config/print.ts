/** A tree as the device shows it: braces, `set` lines, XML. */
import { nameWords, type Statement } from "./tree.ts";
import { quote } from "./words.ts";

const SECRET = " ## SECRET-DATA";

function shownValues(statement: Statement): string[] {
  const { schema, values } = statement;
  if (values.length === 0) return [];
  const shown = values.map((value) => (schema.secret === undefined ? quote(value) : `"${value}"`));
  return schema.kind === "leaf-list" && shown.length > 1 ? ["[", ...shown, "]"] : shown;
}

/** Keyword, keys and values of a statement by itself. */
export function head(statement: Statement): string {
  const { schema } = statement;
  const name = nameWords(statement);
  const keysFrom = schema.words.length;
  const words = name.map((word, at) => {
    if (at < keysFrom) return word;
    return schema.secret !== undefined && schema.value === undefined ? `"${word}"` : quote(word);
  });
  return [...words, ...shownValues(statement)].join(" ");
}

function isSecret(statement: Statement): boolean {
  return statement.schema.secret !== undefined;
}

/** The whole on one line, where the device prints it so. */
function oneLine(statement: Statement): { text: string; secret: boolean } | undefined {
  const { schema, children } = statement;
  if (children.length === 0) return { text: head(statement), secret: isSecret(statement) };
  const single = schema.oneLineWhenSingle && children.length === 1 && children[0]?.children.length === 0;
  if (!schema.oneLine && !single) return undefined;
  if (children.some((child) => child.inactive)) return undefined;
  const parts = children.map(oneLine);
  return {
    text: [head(statement), ...parts.map((part) => part?.text ?? "")].join(" "),
    secret: isSecret(statement) || parts.some((part) => part?.secret === true),
  };
}

export function printStatement(statement: Statement, indent = 0): string[] {
  const pad = " ".repeat(indent);
  const inactive = statement.inactive ? "inactive: " : "";
  const line = oneLine(statement);
  if (line) {
    const name = statement.schema.words[0] ?? "";
    const warning = statement.schema.deprecated ? ` ## Warning: '${name}' is deprecated` : "";
    return [`${pad}${inactive}${line.text};${line.secret ? SECRET : ""}${warning}`];
  }
  return [
    `${pad}${inactive}${head(statement)} {`,
    ...statement.children.flatMap((child) => printStatement(child, indent + 4)),
    `${pad}}`,
  ];
}

export function printBraces(from: Statement): string {
  return from.children.map((child) => `${printStatement(child).join("\n")}\n`).join("");
}

/** `set` lines under a path of words, `deactivate` lines behind what they switch off. */
export function printSet(from: Statement, path: readonly string[] = []): string[] {
  return from.children.flatMap((child) => setLines(child, path));
}

export function setLines(statement: Statement, path: readonly string[]): string[] {
  const here = [...path, ...nameQuoted(statement)];
  const off = statement.inactive ? [`deactivate ${here.join(" ")}`] : [];
  if (statement.schema.kind === "leaf-list")
    return [...statement.values.map((value) => `set ${[...here, quote(value)].join(" ")}`), ...off];
  if (statement.values.length > 0)
    return [`set ${[...here, ...statement.values.map((value) => shownValue(statement, value))].join(" ")}`, ...off];
  if (statement.children.length === 0) return [`set ${here.join(" ")}`, ...off];
  return [...statement.children.flatMap((child) => setLines(child, here)), ...off];
}

function shownValue(statement: Statement, value: string): string {
  return statement.schema.secret === undefined ? quote(value) : `"${value}"`;
}

function nameQuoted(statement: Statement): string[] {
  const fixed = statement.schema.words.length;
  return nameWords(statement).map((word, at) => (at < fixed ? word : quote(word)));
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Close to `| display xml`: containers and leaves by keyword, keys as `name`. */
export function printXml(from: Statement, indent: number): string[] {
  return from.children.flatMap((child) => xmlOf(child, from, indent));
}

function xmlOf(statement: Statement, parent: Statement, indent: number): string[] {
  const pad = " ".repeat(indent);
  const { schema } = statement;
  const inactive = statement.inactive ? ' inactive="inactive"' : "";
  const [first, ...more] = schema.words.length > 0 ? schema.words : [elementUnder(parent)];
  const tag = first ?? "name";
  const open = [`${pad}<${tag}${inactive}>`];
  const close = [`${pad}</${tag}>`];
  if (schema.kind === "flag") return [`${pad}<${tag}${inactive}/>`];
  if (schema.kind === "leaf" || schema.kind === "leaf-list")
    return statement.values.map((value) => `${pad}<${tag}${inactive}>${escapeXml(value)}</${tag}>`);
  const inner = indent + 4 * (1 + more.length);
  const deep = " ".repeat(inner);
  return [
    ...open,
    ...more.map((word, at) => `${" ".repeat(indent + 4 * (at + 1))}<${word}>`),
    ...statement.keys.map((key) => `${deep}<name>${escapeXml(key)}</name>`),
    ...statement.values.map((value) => `${deep}<contents>${escapeXml(value)}</contents>`),
    ...statement.children.flatMap((child) => xmlOf(child, statement, inner)),
    ...more.map((word, at) => `${" ".repeat(indent + 4 * (at + 1))}</${word}>`).toReversed(),
    ...close,
  ];
}

/** `interfaces` holds `<interface>`, other lists without a keyword repeat their holder's name. */
function elementUnder(parent: Statement): string {
  const name = parent.schema.words.at(-1) ?? "contents";
  return name === "interfaces"
    ? "interface"
    : name === "vlans"
      ? "vlan"
      : name === "routing-instances"
        ? "instance"
        : name;
}
