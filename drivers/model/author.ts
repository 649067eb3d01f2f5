import type { ChangeMode, Source } from "../../shared/documents/manifest.ts";
import type { Finding } from "../../shared/documents/receipt.ts";
import { asTyped, type Language } from "./language.ts";
import { type Line, LINE_CHARACTERS_MAX, scan, splitLines } from "./lines.ts";
import { normalise } from "./normalise.ts";
import { type Hide, publicLines } from "./public-form.ts";
import { findSecrets } from "./redact.ts";
import { INVISIBLE, MARK, REASON, refusal, type Refused, stop, UNRENDERED } from "./refusal.ts";
import { hasStrayMark, nameToken, type Token, tokensIn } from "./token.ts";
import { parseLines, placed } from "./tree.ts";

/** What an author wrote, checked line by line before anything is made of it. */
export interface AuthorText {
  /** As written, tokens and all. */
  readonly raw: readonly Line[];
  /** Line for line the same, secrets that were written out replaced by their tags. */
  readonly shown: readonly Line[];
  readonly warnings: readonly Finding[];
}

/**
 * `live` is the public form of the running configuration: what stands there already, odd as it may be, is no mistake of the text.
 * Throws TEXT_REFUSED at the first line that may not be sent, unless `refused` goes on.
 */
export function readAuthor(
  language: Language,
  mode: ChangeMode,
  text: string,
  live: string,
  hide: Hide,
  source: Source["kind"] = "text",
  refused: Refused = stop,
): AuthorText {
  const refuse = (number: number, shownPart: string, reason: string): void =>
    refused(refusal(number, reason, printable(shownPart)));
  const liveLines = new Set(splitLines(live).map((line) => line.trim()));
  // A last line that is not ended is a line too; the volatile header of a pasted configuration is not the author's.
  const raw = scan(language, mode === "replace" ? normalise(language, text) : text).map((line) =>
    withShownDelimiter(line),
  );
  const shown = publicLines(language, raw, hide);
  const headers = new Map<Line, string>();
  for (const { line, header } of placed(parseLines(language, raw))) if (header !== undefined) headers.set(line, header);
  const warnings: Finding[] = [];
  const sealed = source === "sealed";
  for (const [at, line] of raw.entries()) {
    const parts = [line.text, ...(line.body ?? [])];
    const shownParts = [shown[at]?.text ?? "", ...(shown[at]?.body ?? [])];
    const header = headers.get(line) ?? "";
    for (const [offset, part] of parts.entries()) {
      const number = line.number + offset;
      const isLive = sealed || liveLines.has((shownParts[offset] ?? "").trim());
      // Whoever may write on a device could otherwise have a secret of the vault's put in when it is restored.
      if (sealed && MARK.test(part)) refuse(number, "", "a mark ‹ or ›, which stands for a secret");
      const shownPart = shownParts[offset] ?? "";
      for (const reason of faultsOf(language, mode, { text: part, inBlock: offset > 0, isLive, sealed }))
        refuse(number, shownPart, reason);
      if (offset > 0 && tokensIn(part).some((token) => token.kind === "name"))
        refuse(number, shownPart, "a secret in a block of text, which the device shows to whoever connects");
      // A whole path as the device shows it may hold what only the device's own mark told to be secret.
      const isDeviceForm = language.set && isLive && tokensIn(part).every((token) => token.kind === "tag");
      if (!isDeviceForm && !isHidden(language, part, offset === 0 ? header : "")) refuse(number, part, REASON.shown);
      const tags = (of: string): number => tokensIn(of).filter((token) => token.kind === "tag").length;
      if (!sealed && tags(shownPart) > tags(part)) {
        warnings.push({ code: "INLINE_SECRET", detail: `line ${number}: a secret is written out; use secret("name")` });
      }
    }
    if (mode === "merge" && line.block?.closed === "never")
      refuse(line.number, line.text, "a block that is not closed");
  }
  return { raw, shown, warnings };
}

/** Of a line: what works on a terminal does so in no message either. */
const printable = (line: string): string => line.replaceAll(new RegExp(INVISIBLE.source, "gv"), "·");

interface Part {
  readonly text: string;
  readonly inBlock: boolean;
  readonly isLive: boolean;
  readonly sealed: boolean;
}

function* faultsOf(language: Language, mode: ChangeMode, { text, inBlock, isLive, sealed }: Part): Generator<string> {
  if (!isLive && INVISIBLE.test(text)) yield REASON.invisible;
  if (!isLive && UNRENDERED.test(text)) yield REASON.unrendered;
  if (hasStrayMark(text)) yield REASON.mark;
  // Said here and not when it is typed, behind lines that are in force by then.
  if (!sealed && text.length > LINE_CHARACTERS_MAX) yield `more than ${LINE_CHARACTERS_MAX} characters in a line`;
  const reason = forbidden(language, mode, text, inBlock);
  if (reason !== undefined) yield reason;
}

/** Words in a banner are no commands, but they are typed all the same: only what is forbidden anywhere counts there. */
export function forbidden(language: Language, mode: ChangeMode, text: string, inBlock: boolean): string | undefined {
  if (!inBlock && language.isNoise(text)) return undefined;
  return language.forbidden.find(
    (rule) =>
      (rule.mode === undefined || rule.mode === mode) &&
      !(inBlock && rule.pattern.source.startsWith("^")) &&
      rule.pattern.test(asTyped(text)),
  )?.reason;
}

/**
 * A secret may only stand where the platform file would hide it when the device shows it: otherwise `description ‹secret("x")›` would
 * carry it home in the clear.
 */
function isHidden(language: Language, text: string, header: string): boolean {
  if (tokensIn(text).length === 0) return true;
  const { line, values } = substitute(text, () => "Zq7xWvK93mPd");
  return allHidden(language, line, header, values);
}

export interface Substituted {
  readonly line: string;
  /** Where the values stand now. */
  readonly values: readonly { start: number; end: number }[];
}

export function substitute(text: string, value: (token: Token) => string): Substituted {
  let line = "";
  let at = 0;
  const values: { start: number; end: number }[] = [];
  for (const token of tokensIn(text)) {
    line += text.slice(at, token.start);
    const start = line.length;
    line += value(token);
    values.push({ start, end: line.length });
    at = token.end;
  }
  return { line: line + text.slice(at), values };
}

export function allHidden(language: Language, line: string, header: string, values: Substituted["values"]): boolean {
  const ranges = findSecrets(language, line, header);
  return values.every(({ start, end }) => ranges.some((range) => range.start <= start && range.end >= end));
}

/** Names of the vault's secrets that a text uses. */
export function secretNames(text: string): string[] {
  const names = new Set<string>();
  for (const token of tokensIn(text)) if (token.kind === "name") names.add(token.value);
  return [...names].toSorted();
}

/** What a template's `secret("name")` renders to. */
export { nameToken };

/** Banners read back with the device's picture of a delimiter, whatever delimiter was typed, and lose what follows it. */
function withShownDelimiter(line: Line): Line {
  const { block } = line;
  if (!block || block.closed === "never" || block.delimiter === undefined || block.rule.shown === undefined)
    return line;
  const { delimiter, at } = block;
  const { shown } = block.rule;
  const head = line.text.slice(0, at) + shown;
  const rest = line.text.slice(at + delimiter.length);
  const moved = { ...block, delimiter: shown };
  if (!line.body) return { ...line, text: head + rest.slice(0, rest.indexOf(delimiter)) + shown, block: moved };
  const last = line.body.at(-1) ?? "";
  const body = [...line.body.slice(0, -1), last.slice(0, last.indexOf(delimiter)) + shown];
  return { ...line, text: head + rest, body, block: moved };
}
