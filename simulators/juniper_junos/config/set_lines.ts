/** Lines as `load set` and `show | display set` have them, and as somebody outside a session types them. */
import { activateWords, deleteWords, editPath, insertWords, renameWords, setWords, type EditResult } from "./edit.ts";
import type { LoadOptions, LoadProblem } from "./load.ts";
import type { ResolveOptions } from "./resolve.ts";
import type { Config, Path } from "./tree.ts";
import { splitWords, type Word } from "./words.ts";

export const VERBS = ["set", "delete", "deactivate", "activate", "rename", "copy", "insert"] as const;
export type Verb = (typeof VERBS)[number];

export function isVerb(word: string): word is Verb {
  return (VERBS as readonly string[]).includes(word);
}

export function applyVerb(
  root: Config,
  base: Path,
  verb: Verb,
  words: readonly Word[],
  options: ResolveOptions = {},
): EditResult {
  switch (verb) {
    case "set":
      return setWords(root, base, words, options);
    case "delete":
      return deleteWords(root, base, words, options);
    case "activate":
    case "deactivate":
      return activateWords(root, base, words, verb === "deactivate", options);
    case "rename":
    case "copy":
      return renameWords(root, base, words, verb === "copy", options);
    case "insert":
      return insertWords(root, base, words, options);
    default:
      return verb satisfies never;
  }
}

/** `load set`: the device says where a line stopped making sense, keeps what stood before it, and goes on. */
export function loadSet(root: Config, base: Path, text: string, options: LoadOptions): LoadProblem[] {
  const problems: LoadProblem[] = [];
  const say = (line: number, word: Word | undefined, what: string, behind: number): void => {
    const [first = what] = what.split("\n");
    const where = `${options.source}:${line}:(${word?.from ?? behind})`;
    problems.push({ text: `${where} ${first}: ${word?.text ?? ""}`.trimEnd().concat("\n") });
  };
  let here = base;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trimEnd();
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [verb, ...words] = splitWords(line);
    if (!verb) continue;
    const met = options.meets?.(line);
    if (met !== undefined) {
      say(index + 1, words.at(-1) ?? verb, met, line.length);
      continue;
    }
    if (verb.text === "top") here = [];
    else if (verb.text === "up" || verb.text === "exit") here = here.slice(0, -1);
    else if (verb.text === "edit") {
      const path = editPath(root, here, words);
      if ("message" in path) say(index + 1, path.word, path.message, line.length);
      else here = path;
    } else if (!isVerb(verb.text)) say(index + 1, verb, "unknown command", line.length);
    else {
      const result = applyVerb(root, here, verb.text, words);
      if (result.refusal) say(index + 1, result.refusal.word, result.refusal.message, line.length);
      if (result.said !== undefined) problems.push({ text: result.said });
    }
  }
  return problems;
}

/** For changes from outside of any session. Throws on a line that the device would refuse. */
export function applyLines(root: Config, lines: readonly string[]): void {
  for (const line of lines) {
    const [verb, ...words] = splitWords(line);
    if (!verb || !isVerb(verb.text)) throw new Error(`unknown command: ${line}`);
    const { refusal } = applyVerb(root, [], verb.text, words);
    if (refusal) throw new Error(`${refusal.message}: ${line}`);
  }
}
