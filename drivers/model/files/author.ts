import type { ChangeMode, Source } from "../../../shared/documents/manifest.ts";
import type { Finding } from "../../../shared/documents/receipt.ts";
import type { FarhandError } from "../../../shared/errors.ts";
import type { Hide } from "../public-form.ts";
import { attempt, type HangsOn, MARK, REASON, refusal, type Refused, stop, UNRENDERED } from "../refusal.ts";
import { hasStrayMark, tokensIn } from "../token.ts";
import { substitute } from "../author.ts";
import { type Host, type HostFile, MODE, OWNER, PATH, SERVICE, type Service, UNENDED } from "./host.ts";
import { type HostLanguage, publicLines, ruleFor, secretsIn } from "./language.ts";

/** What an author wrote. `lines` as written, tokens and all; `shown` with what was written out hidden. */
export interface AuthoredFile extends HostFile {
  readonly shown: readonly string[];
  /** Of the text, one-based: where its first line stands. */
  readonly row: number;
}

export interface HostAuthor {
  readonly files: ReadonlyMap<string, AuthoredFile>;
  readonly gone: ReadonlySet<string>;
  readonly services: ReadonlyMap<string, Service>;
  /** Lines of what is only seen; a whole text holds them. */
  readonly foreign: ReadonlySet<string>;
  readonly warnings: readonly Finding[];
}

/** Control and format characters but the tab: they work on terminals, or hide from the reviewer what will be written. */
const INVISIBLE = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]--\t]/v;

const refusedLine = (row: number, shown: string, reason: string, hangsOn?: HangsOn): FarhandError =>
  refusal(row, reason, shown.replaceAll(new RegExp(INVISIBLE.source, "gv"), "·"), hangsOn);

export function refuseLine(row: number, shown: string, reason: string, hangsOn?: HangsOn): never {
  throw refusedLine(row, shown, reason, hangsOn);
}

interface Reading {
  readonly language: HostLanguage;
  readonly mode: ChangeMode;
  readonly sealed: boolean;
  /** The public form of what is there. */
  readonly live: Host;
  readonly hide: Hide;
  readonly refused: Refused;
}

/** Throws TEXT_REFUSED at the first line that may not be written, unless `refused` goes on. */
export function readHostAuthor(
  language: HostLanguage,
  mode: ChangeMode,
  text: string,
  live: Host,
  hide: Hide,
  source: Source["kind"] = "text",
  refused: Refused = stop,
): HostAuthor {
  const reading: Reading = { language, mode, sealed: source === "sealed", live, hide, refused };
  const files = new Map<string, AuthoredFile>();
  const gone = new Set<string>();
  const services = new Map<string, Service>();
  const foreign = new Set<string>();
  const warnings: Finding[] = [];
  const rows = text.replaceAll("\r\n", "\n").split("\n");
  const once = (row: number, name: string): void => {
    if (files.has(name) || gone.has(name) || services.has(name)) refuseLine(row, name, "stands here twice");
  };
  const readNoFile = (number: number, bare: string, words: readonly string[]): void => {
    const path = words[2] ?? "";
    if (words[1] !== "file" || words.length !== 3) refuseLine(number, bare, 'only "no file PATH" takes something away');
    if (mode === "replace") refuseLine(number, bare, "a removal in a whole text, which removes what it does not name");
    once(number, path);
    requireWritable(reading, number, path);
    gone.add(path);
  };
  const readForeign = (number: number, bare: string): void => {
    if (mode !== "replace" || ![...live.foreign.values()].some(({ line }) => foreignKey(line) === foreignKey(bare)))
      refuseLine(number, bare, "what is no file and no service cannot be written");
    foreign.add(foreignKey(bare));
  };
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] ?? "";
    const number = at + 1;
    const bare = row.trim();
    if (bare === "" || bare.startsWith("#")) continue;
    if (row.startsWith(" |") || row === UNENDED) {
      refused(refusedLine(number, "", "a line of no file"));
      continue;
    }
    const words = bare.split(/ +/v);
    const name = words[1] ?? "";
    switch (words[0]) {
      case "file": {
        let end = at + 1;
        while (rows[end]?.startsWith(" |") === true) end++;
        const lines = rows.slice(at + 1, end).map((line) => line.slice(2));
        const unended = rows[end] === UNENDED && lines.length > 0;
        attempt(refused, () => {
          once(number, name);
          files.set(name, fileOf(reading, number, words, lines, !unended, warnings));
        });
        at = unended ? end : end - 1;
        break;
      }
      case "no":
        attempt(refused, () => readNoFile(number, bare, words));
        break;
      case "service":
        attempt(refused, () => {
          once(number, name);
          services.set(name, serviceOf(reading, number, words));
        });
        break;
      default:
        attempt(refused, () => readForeign(number, bare));
    }
  }
  return { files, gone, services, foreign, warnings };
}

/** A snapshot's raw form has the digest that the public form hides: the kind and the path say what it is. */
export const foreignKey = (line: string): string => line.replace(/ sha256:\S*$/v, "");

function requireWritable({ language, live }: Reading, row: number, path: string): void {
  if (!PATH.test(path) || !ruleFor(language, path))
    refuseLine(row, path, "a path that this platform file does not name");
  const other = live.foreign.get(path);
  if (other) refuseLine(row, path, `it is no file of text here (${other.line.split(" ", 1)[0] ?? ""})`);
  const folder = live.foreign.get(path.slice(0, path.lastIndexOf("/")));
  if (folder?.line.startsWith("link ") === true) refuseLine(row, path, "its folder is a link");
}

function fileOf(
  reading: Reading,
  row: number,
  words: readonly string[],
  lines: readonly string[],
  ended: boolean,
  warnings: Finding[],
): AuthoredFile {
  const { language, live, hide, sealed, refused } = reading;
  const path = words[1] ?? "";
  requireWritable(reading, row, path);
  const there = live.files.get(path);
  if (words.length !== 2 && words.length !== 4)
    refuseLine(row, words.join(" "), 'not "file PATH" or "file PATH MODE USER:GROUP"');
  const mode = words[2] ?? there?.mode ?? ruleFor(language, path)?.mode ?? "0644";
  const owner = words[3] ?? there?.owner ?? "root:root";
  if (!MODE.test(mode) || !OWNER.test(owner)) refuseLine(row, words.join(" "), "a mode (0644) or an owner (root:root)");
  const isNew = there === undefined || mode !== there.mode;
  if (!sealed && isNew && (Number.parseInt(mode, 8) & 0o002) !== 0)
    refuseLine(row, words.join(" "), "a file that everybody may write");
  const shown = publicLines(language, path, lines, hide);
  const known = new Set(there?.lines);
  for (const [at, line] of lines.entries()) {
    const safe = shown[at] ?? "";
    const here = row + 1 + at;
    // Whoever may write on a host could otherwise have a secret of the vault's put in when it is restored.
    if (sealed && MARK.test(line)) refused(refusedLine(here, "", "a mark ‹ or ›, which stands for a secret"));
    if (hasStrayMark(line)) refused(refusedLine(here, safe, REASON.mark));
    if (sealed || known.has(safe)) continue;
    if (INVISIBLE.test(line)) refused(refusedLine(here, safe, REASON.invisible));
    if (UNRENDERED.test(line)) refused(refusedLine(here, safe, REASON.unrendered));
  }
  requireHidden(reading, path, row, lines);
  const tags = (text: string): number => tokensIn(text).filter(({ kind }) => kind === "tag").length;
  for (const [at, line] of lines.entries())
    if (!sealed && tags(shown[at] ?? "") > tags(line))
      warnings.push({
        code: "INLINE_SECRET",
        detail: `line ${row + 1 + at}: a secret is written out; use secret("name")`,
      });
  return { kind: "file", path, mode, owner, lines, ended, shown, row };
}

/** A secret may only stand where it would be hidden when the host shows the file. */
function requireHidden({ language, refused }: Reading, path: string, row: number, lines: readonly string[]): void {
  const filled = lines.map((line) => substitute(line, () => "Zq7xWvK93mPd"));
  const ranges = secretsIn(
    language,
    path,
    filled.map(({ line }) => line),
  );
  for (const [at, { values }] of filled.entries()) {
    const found = ranges[at] ?? [];
    if (!values.every(({ start, end }) => found.some((range) => range.start <= start && range.end >= end)))
      refused(refusedLine(row + 1 + at, lines[at] ?? "", REASON.shown));
  }
}

function serviceOf({ live, language }: Reading, row: number, words: readonly string[]): Service {
  const [, name = "", enabled = "", active = ""] = words;
  const line = words.join(" ");
  if (words.length !== 4 || !SERVICE.test(name))
    refuseLine(row, line, 'not "service NAME enabled|disabled active|inactive"');
  const there = live.services.get(name);
  if (!language.services.has(name)) refuseLine(row, line, "a service that this platform file does not name");
  if (!there) refuseLine(row, line, "a service that is not installed here", "device");
  const asked = { name, enabled, active };
  if (enabled !== there.enabled && !/^(?:enabled|disabled)$/v.test(enabled))
    refuseLine(row, line, "enabled or disabled");
  if (enabled !== there.enabled && !/^(?:enabled|disabled)$/v.test(there.enabled))
    refuseLine(row, line, `the service is ${there.enabled}, which is left to people`);
  if (active !== there.active && !/^(?:active|inactive)$/v.test(active)) refuseLine(row, line, "active or inactive");
  return asked;
}

/** Bytes as they will be written. */
export const contentOf = ({ lines, ended }: Pick<HostFile, "lines" | "ended">): string =>
  lines.length === 0 ? "" : lines.join("\n") + (ended ? "\n" : "");
