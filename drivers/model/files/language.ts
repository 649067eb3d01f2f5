import { plainLanguage, type Language } from "../language.ts";
import { hider, type Hide, type PublicForm } from "../public-form.ts";
import { findSecrets, replaceRanges, type Range } from "../redact.ts";
import { redactStream } from "../redact-stream.ts";
import { sha256 } from "../../../shared/bytes.ts";
import type { DeviceId } from "../../../shared/ids.ts";
import type { Tagger } from "../../types.ts";
import { type Foreign, type Host, type HostFile, parseHost, printHost } from "./host.ts";
import type { HostFileRule, HostPlatformFile } from "./schema.ts";

export interface Rule extends HostFileRule {
  readonly matches: RegExp;
}

/** A platform file made ready. */
export interface HostLanguage {
  readonly files: readonly Rule[];
  readonly services: ReadonlyMap<string, { readonly management: boolean }>;
  readonly destructive: readonly RegExp[];
  readonly fileBytesMax: number;
  readonly filesMax: number;
  readonly bytesMax: number;
  /** The secrets of lines, by the engine for languages of lines. */
  readonly lines: Language;
}

export function compileHostLanguage({ host, redact, destructive }: HostPlatformFile): HostLanguage {
  return {
    files: host.files.map((rule) => ({ ...rule, matches: globOf(rule.path) })),
    services: new Map(host.services.map(({ name, management }) => [name, { management }])),
    destructive: destructive.map((source) => new RegExp(source, "v")),
    ...host.caps,
    lines: plainLanguage({ comment: "^(?!)", redact }),
  };
}

/** Names that tools leave beside a file, and that no program takes up. */
export const LEFT_OVER = /~$|\.(?:dpkg-[a-z]+|ucf-[a-z]+|sw[op]|bak|orig)$|\/farhand-undo-[^\/]*$/v;

function globOf(path: string): RegExp {
  const source = path
    .split("*")
    .map((part) => RegExp.escape(part))
    .join("[A-Za-z0-9._@+\\-]*");
  return new RegExp(`^${source}$`, "v");
}

export const ruleFor = (language: HostLanguage, path: string): Rule | undefined =>
  LEFT_OVER.test(path) ? undefined : language.files.find((rule) => rule.matches.test(path));

const KEY_BEGINS = /^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/v;
const KEY_ENDS = /^-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/v;

/** Where the secrets of a file stand, line for line; the lines between the marks of a private key are secret as a whole. */
export function secretsIn(
  language: HostLanguage,
  path: string,
  lines: readonly string[],
): readonly (readonly Range[])[] {
  let inKey = false;
  return lines.map((line) => {
    if (KEY_ENDS.test(line.trim())) inKey = false;
    if (inKey) return line.trim() === "" ? [] : [{ start: 0, end: line.length, from: 0 }];
    if (KEY_BEGINS.test(line.trim())) inKey = true;
    return findSecrets(language.lines, line, path);
  });
}

export function publicLines(language: HostLanguage, path: string, lines: readonly string[], hide: Hide): string[] {
  const secrets = secretsIn(language, path, lines);
  return lines.map((line, at) => replaceRanges(line, secrets[at] ?? [], hide));
}

/** What a hash of contents tells could be guessed: it is a secret too. */
const hiddenForeign = (foreign: Foreign, hide: Hide): Foreign => ({
  ...foreign,
  line: foreign.line.replace(/(?<=^(?:binary|large) .* sha256:)[0-9a-f]{64}$/v, (digest) => hide(digest)),
});

export function publicHost(language: HostLanguage, host: Host, hide: Hide): Host {
  const hidden = (file: HostFile): HostFile => ({ ...file, lines: publicLines(language, file.path, file.lines, hide) });
  return {
    files: new Map([...host.files].map(([path, file]) => [path, hidden(file)])),
    foreign: new Map([...host.foreign].map(([path, foreign]) => [path, hiddenForeign(foreign, hide)])),
    services: host.services,
  };
}

export function hostPublicForm(language: HostLanguage, device: DeviceId, raw: string, tagger: Tagger): PublicForm {
  const publicText = printHost(publicHost(language, parseHost(raw), hider(device, tagger)));
  return { publicText, publicDigest: sha256(publicText) };
}

/** For transcripts, where nobody knows which file a line is of. */
export function hostLineRedactor(
  language: HostLanguage,
  device: DeviceId,
  tagger: Tagger,
  known: readonly string[],
): (line: string) => string {
  const stream = redactStream(language.lines, device, tagger, known);
  const hide = hider(device, tagger);
  let inKey = false;
  return (line) => {
    const text = line.replace(/^\s*\|?\s*/v, "");
    if (KEY_ENDS.test(text)) inKey = false;
    if (inKey && text.trim() !== "") return hide(text);
    if (KEY_BEGINS.test(text)) inKey = true;
    return (stream.push(line) + stream.flush()).replace(/\n$/v, "");
  };
}
