import type { Language } from "../language.ts";
import { type Line, scan, splitLines } from "../lines.ts";
import { parseLines, type SourceNode } from "../tree.ts";
import type { TextFinding } from "./finding.ts";

/**
 * What is no fault to a plan and seldom meant: a template's loops and conditions put blanks where nobody sees them, and in a language of
 * sections the indent says what belongs to what.
 */
export function shapeOf(language: Language, text: string): TextFinding[] {
  const lines = scan(language, text);
  return [...blanks(language, text, lines), ...(language.set || language.menu ? [] : indents(language, lines))];
}

const told = (at: Pick<Line, "number" | "text">, over: Omit<TextFinding, "line" | "shown">): TextFinding => ({
  line: at.number,
  shown: at.text.slice(0, 120),
  ...over,
});

function* blanks(language: Language, text: string, lines: readonly Line[]): Generator<TextFinding> {
  const raw = splitLines(text);
  const kept = new Set<number>();
  for (const { number, body, block } of lines)
    if (body && block?.rule.trim === false) for (let at = 1; at <= body.length; at++) kept.add(number + at);
  for (const [at, line] of raw.entries()) {
    const number = at + 1;
    if (kept.has(number)) continue;
    const place = { number, text: line.trim() };
    if (/\S[\t ]+$/v.test(line))
      yield told(place, {
        code: "TRAILING_BLANKS",
        severity: "tells",
        reason: "blanks behind the line, which the device does not keep",
        hint: "{%- and -%} take away the blanks beside a block",
      });
    if (!language.set && !language.menu && /\S {2,}\S/v.test(line))
      yield told(place, {
        code: "INNER_BLANKS",
        severity: "tells",
        reason: "several blanks between words, of which a device keeps one but in free text",
        hint: "what reads back other than it was signed is undone: write one blank",
      });
    if (/^ *\t/v.test(line))
      yield told(place, {
        code: "TAB_INDENT",
        severity: language.set || language.menu ? "tells" : "warns",
        reason: "indented by a tab, which counts as blanks up to the next column of eight",
        hint: "indent by blanks, as the device shows its configuration",
      });
  }
}

function* indents(language: Language, lines: readonly Line[]): Generator<TextFinding> {
  const first = lines.find(({ text }) => text !== "" && !language.isNoise(text));
  if (first && first.indent > 0)
    yield told(first, {
      code: "INDENT",
      severity: "warns",
      reason: "indented below nothing: it is taken to stand at the top",
      hint: "begin at the margin, or write the line of the section above it",
    });
  yield* ofSiblings(language, parseLines(language, lines));
}

function* ofSiblings(language: Language, nodes: readonly SourceNode[]): Generator<TextFinding> {
  for (const [at, node] of nodes.entries()) {
    const opens = language.sections.some((pattern) => pattern.test(node.line));
    const next = nodes[at + 1];
    if (node.children.length > 0 && !opens && language.positive(node.line) === undefined)
      yield told(node.source, {
        code: "INDENT",
        severity: "warns",
        reason: "lines stand below it, and it opens no section that this platform file knows",
        hint: "are the blanks before the next line meant?",
      });
    if (opens && node.children.length === 0 && next && !startsAnew(language, next.line))
      yield told(node.source, {
        code: "SECTION_EMPTY",
        severity: "warns",
        reason: "opens a section with nothing in it; what follows stands beside it",
        hint: "indent what belongs to it",
      });
    yield* ofSiblings(language, node.children);
  }
}

/** What may well follow a section that is only made: another section, or a removal. */
const startsAnew = (language: Language, line: string): boolean =>
  language.positive(line) !== undefined || language.sections.some((pattern) => pattern.test(line));
