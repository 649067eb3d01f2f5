/** What a command says, and what the words after a pipe make of it. */
import type { Token } from "./lexer.ts";
import { options, unknownToken } from "./parse.ts";
import type { Json } from "./print.ts";

export type Answer =
  | { readonly kind: "text"; readonly text: string; readonly json?: Json; readonly paged?: boolean }
  | { readonly kind: "error"; readonly message: string }
  | { readonly kind: "logout" };

export const NOTHING: Answer = { kind: "text", text: "" };

export function say(text: string, json?: Json): Answer {
  return { kind: "text", text, ...(json === undefined ? {} : { json }) };
}

export function refuse(message: string): Answer {
  return { kind: "error", message };
}

/** The command before the first pipe, and the modifiers behind it. */
export function splitPipes(tokens: readonly Token[]): {
  readonly command: readonly Token[];
  readonly pipes: readonly (readonly Token[])[];
} {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.text === "|" && !token.quoted) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  const [command = [], ...pipes] = parts;
  return { command, pipes };
}

const FILTERS = ["as", "grep", "head", "more", "tail", "wc"];

export function modify(answer: Answer, pipe: readonly Token[]): Answer {
  if (answer.kind !== "text") return answer;
  const [name = "", ...words] = pipe.map(({ text }) => text);
  switch (name) {
    case "as":
      if (words[0] === "text") return answer;
      if (words[0] !== "json") return refuse(unknownToken(words[0] ?? "", ["json", "text"]));
      return answer.json === undefined ? answer : { ...answer, text: `${prettyJson(answer.json)}\n` };
    case "grep":
      return grep(answer.text, words);
    case "head":
    case "tail": {
      const lines = answer.text.replace(/\n$/, "").split("\n");
      const count = Number(words.at(-1)?.replace(/^-/, "") ?? 10) || 10;
      const kept = name === "head" ? lines.slice(0, count) : lines.slice(-count);
      return say(kept.map((line) => `${line}\n`).join(""));
    }
    case "wc":
      return say(`${answer.text.split("\n").length - 1}\n`);
    case "more":
      return { ...answer, paged: true };
    default:
      return refuse(`Parsing error: Unknown token '${name}'.\nOptions are ${options(FILTERS)}`);
  }
}

function grep(text: string, words: readonly string[]): Answer {
  const flags = words.filter((word) => /^-[ivE]+$/.test(word)).join("");
  const wanted = words.find((word) => !word.startsWith("-")) ?? "";
  try {
    const pattern = new RegExp(wanted, flags.includes("i") ? "i" : "");
    const lines = text.split("\n").filter((line, at, all) => at < all.length - 1 || line !== "");
    return say(
      lines
        .filter((line) => pattern.test(line) !== flags.includes("v"))
        .map((line) => `${line}\n`)
        .join(""),
    );
  } catch {
    return refuse(`Error: grep: invalid regular expression '${wanted}'`);
  }
}

/** Python's `json.dumps(…, indent=2)`, with empty objects on two lines as the device prints them. */
export function prettyJson(value: Json, level = 0): string {
  const pad = "  ".repeat(level);
  const inner = "  ".repeat(level + 1);
  if (Array.isArray(value))
    return value.length === 0
      ? "[]"
      : `[\n${value.map((one) => inner + prettyJson(one, level + 1)).join(",\n")}\n${pad}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const fields = Object.entries(value).map(
    ([name, one]) => `${inner}${JSON.stringify(name)}: ${prettyJson(one, level + 1)}`,
  );
  return fields.length === 0 ? `{\n${pad}}` : `{\n${fields.join(",\n")}\n${pad}}`;
}
