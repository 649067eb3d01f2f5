/** What stands behind `|`: filters of lines, and the display forms that a command gives itself. */
import { splitWords, type Word } from "./config/words.ts";

export interface Pipe {
  readonly words: readonly Word[];
  /** Column of its first character in the typed line. */
  readonly from: number;
}

export interface Piped {
  readonly command: string;
  readonly pipes: readonly Pipe[];
}

export function splitPipes(line: string): Piped {
  const parts: { text: string; from: number }[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at <= line.length; at += 1) {
    if (line[at] === '"') quoted = !quoted;
    if (at < line.length && (line[at] !== "|" || quoted)) continue;
    parts.push({ text: line.slice(start, at), from: start });
    start = at + 1;
  }
  const [first, ...rest] = parts;
  return {
    command: first?.text ?? "",
    pipes: rest.map(({ text, from }) => ({
      from,
      words: splitWords(text).map((word) => ({ ...word, from: word.from + from, to: word.to + from })),
    })),
  };
}

export type Display = "text" | "set" | "xml" | "json";

export interface Asked {
  readonly display: Display;
  /** `| compare [rollback N]`. */
  readonly compare: number | undefined;
  readonly noMore: boolean;
  readonly filter: (text: string) => string;
}

export interface PipeRefusal {
  readonly at: number;
  readonly message: string;
}

const KINDS = ["compare", "count", "display", "except", "find", "grep", "hold", "last", "match", "no-more", "trim"];

/** Which of these a word begins; exactly one, or none. */
function only(word: string, among: readonly string[]): string | undefined {
  const hits = among.includes(word) ? [word] : among.filter((kind) => kind.startsWith(word));
  return hits.length === 1 ? hits[0] : undefined;
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text, "i");
  } catch {
    return new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`), "i");
  }
}

function lines(text: string, keep: (lines: string[]) => string[]): string {
  if (text === "") return "";
  const kept = keep(text.replace(/\n$/, "").split("\n"));
  return kept.length === 0 ? "" : `${kept.join("\n")}\n`;
}

export function readPipes(pipes: readonly Pipe[], end: number): Asked | PipeRefusal {
  let display: Display = "text";
  let compare: number | undefined;
  let noMore = false;
  const filters: ((text: string) => string)[] = [];
  for (const pipe of pipes) {
    const [word, argument, more] = pipe.words;
    const kind = word && only(word.text, KINDS);
    if (!word || kind === undefined) return { at: word?.from ?? end + 1, message: "syntax error, expecting <command>" };
    const needed = (): PipeRefusal => ({ at: end + 1, message: "missing argument" });
    switch (kind) {
      case "no-more":
        noMore = true;
        break;
      case "hold":
        break;
      case "compare":
        compare = argument?.text === "rollback" ? Number(more?.text ?? 0) : 0;
        if (!Number.isInteger(compare) || compare > 49)
          return { at: more?.from ?? end, message: `invalid numeric value: '${more?.text ?? ""}'` };
        break;
      case "display": {
        if (!argument) return needed();
        const form = only(argument.text, ["set", "xml", "json", "omit", "inheritance", "detail", "commit-scripts"]);
        if (form === undefined) return { at: argument.from, message: "syntax error" };
        if (form === "set" || form === "xml" || form === "json") display = form;
        break;
      }
      case "count":
        filters.push((text) => `Count: ${text === "" ? 0 : text.replace(/\n$/, "").split("\n").length} lines\n`);
        break;
      case "match":
      case "grep":
      case "except":
      case "find": {
        if (!argument) return needed();
        const wanted = pattern(argument.text);
        if (kind === "find")
          filters.push((text) =>
            lines(text, (all) =>
              all.slice(
                Math.max(
                  0,
                  all.findIndex((line) => wanted.test(line)),
                ),
              ),
            ),
          );
        else
          filters.push((text) => lines(text, (all) => all.filter((line) => wanted.test(line) === (kind !== "except"))));
        break;
      }
      case "last":
      case "trim": {
        const count = Number(argument?.text ?? (kind === "last" ? 24 : Number.NaN));
        if (!Number.isInteger(count)) return needed();
        filters.push((text) =>
          lines(text, (all) => (kind === "last" ? all.slice(-count) : all.map((line) => line.slice(count)))),
        );
        break;
      }
      default:
        return { at: word.from, message: "syntax error" };
    }
  }
  return { display, compare, noMore, filter: (text) => filters.reduce((shown, filter) => filter(shown), text) };
}
