import { segments } from "./strict.ts";

/**
 * Which line of a template a line of its text came from. The engine does not tell, so the template is rendered once more with a mark before
 * the first letter that each of its lines has to show; letters that no text uses, taken out again.
 */
const OPEN = "\uE000";
const CLOSE = "\uE001";
const LEADING = /^(?:\s|\uE000\d+\uE001)+/;
const MARK = /\uE000(?<line>\d+)\uE001/g;

/** Undefined where the template uses the marks' letters itself. */
export function marked(source: string): string | undefined {
  if (source.includes(OPEN) || source.includes(CLOSE)) return undefined;
  let out = "";
  for (const { kind, text, line } of segments(source)) {
    switch (kind) {
      case "text":
        out += markedText(text, line);
        break;
      case "raw":
        out += markedRaw(text, line);
        break;
      case "expression":
        // One that takes away the blanks before it would stop at the mark.
        out += text.startsWith("{{-") ? text : mark(line) + text;
        break;
      case "comment":
      case "statement":
      case "rest":
        out += text;
        break;
      default:
        kind satisfies never;
    }
  }
  return out;
}

const marksIn = (text: string): number[] => [...text.matchAll(MARK)].map(({ groups }) => Number(groups?.["line"]));

const mark = (line: number): string => `${OPEN}${line}${CLOSE}`;

/** Behind the blanks, which a block beside it may take away. */
const markedText = (text: string, first: number): string =>
  text
    .split("\n")
    .map((line, at) => line.replace(/\S/, (letter) => mark(first + at) + letter))
    .join("\n");

function markedRaw(text: string, line: number): string {
  const head = /^\{%[^%]*%\}/.exec(text)?.[0] ?? "";
  const tail = /\{%[^%]*%\}$/.exec(text.slice(head.length))?.[0] ?? "";
  return head + markedText(text.slice(head.length, text.length - tail.length), line) + tail;
}

/** Of each line of `text`, from 0, the line of the template; undefined where the marks were in the way and changed what was rendered. */
export function sourceLines(rendered: string, text: string): readonly number[] | undefined {
  if (rendered.replaceAll(MARK, "") !== text) return undefined;
  let last = 1;
  return rendered.split("\n").map((line) => {
    // What is printed may begin with a mark of its own: it is the one beside the first letter that says where that letter stands.
    const own = marksIn(LEADING.exec(line)?.[0] ?? "").at(-1) ?? last;
    last = marksIn(line).at(-1) ?? last;
    return own;
  });
}
