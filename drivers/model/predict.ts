import { jcs } from "../../shared/bytes.ts";
import type { ChangeMode, Source } from "../../shared/documents/manifest.ts";
import type { Finding } from "../../shared/documents/receipt.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId } from "../../shared/ids.ts";
import type { Prediction, Tagger } from "../types.ts";
import { allHidden, type AuthorText, forbidden, readAuthor, substitute } from "./author.ts";
import { type Command, mergeCommands, replaceCommands, typedBlock } from "./commands.ts";
import { diffJson, diffTrees } from "./diff.ts";
import { isDestructive, touchesManagement } from "./flags.ts";
import { type Keep, keeper } from "./keep.ts";
import { below, type Language } from "./language.ts";
import type { Line } from "./lines.ts";
import { merge } from "./merge.ts";
import { attempt, type Refused, stop } from "./refusal.ts";
import { remediation } from "./remediation.ts";
import { resetWarnings } from "./resets.ts";
import { hider } from "./public-form.ts";
import { withQuotedTokens } from "./set/words.ts";
import { type Token, tokensIn } from "./token.ts";
import { type ConfigNode, parse, parseLines, placed, type SourceNode } from "./tree.ts";

export interface Change {
  readonly device: DeviceId;
  readonly mode: ChangeMode;
  /** `sealed`: a text as a device showed it. */
  readonly source?: Source["kind"] | undefined;
  readonly text: string;
  /** The live configuration: its public form is compared, its raw one gives the secrets that the text keeps. */
  readonly before: { readonly raw: string; readonly publicText: string };
  readonly tagger: Tagger;
  readonly managementAddress?: string | undefined;
  /** How the platform takes a replace: as a file, or as the lines that lead there. */
  readonly replaceBy?: "file" | "lines" | undefined;
  /** What is done with a line that is refused: unless it goes on, the first one is thrown. */
  readonly refused?: Refused | undefined;
}

const WARNINGS_MAX = 64;

/**
 * What an author's text would do to a configuration: the diff that people sign and the commands that will be typed, both on
 * public forms, and `render`, which alone puts secrets in.
 */
export function predict(language: Language, change: Change): Prediction {
  const hide = hider(change.device, change.tagger);
  const { mode, source, refused = stop } = change;
  const author = readAuthor(language, mode, change.text, change.before.publicText, hide, source, refused);
  const before = parse(language, change.before.publicText);
  const { after, commands, warnings } = planned(language, change, author);
  const diff = diffTrees(language, before, after);
  const typed = commands.map((command) => command.text);
  const render = renderer(language, change, author, commands, keeper(language, change.before.raw, hide));
  return {
    diff: diffJson(diff),
    commands: new TextDecoder().decode(jcs(typed)),
    touchesManagement: touchesManagement(language, diff, [before, after], change.managementAddress),
    destructive: isDestructive(language, diff, typed),
    warnings: bounded([...author.warnings, ...resetWarnings(language, [before, after], diff), ...warnings]),
    render,
  };
}

interface Planned {
  readonly after: readonly ConfigNode[];
  readonly commands: readonly Command[];
  readonly warnings: readonly Finding[];
}

function planned(language: Language, change: Change, author: AuthorText): Planned {
  const text = parseLines(language, author.shown);
  switch (change.mode) {
    case "merge": {
      const merged = merge(language, parse(language, change.before.publicText), text, change.refused);
      return {
        after: merged.after,
        commands: mergeCommands(language, text, merged.effective),
        warnings: merged.warnings,
      };
    }
    case "replace":
      if (change.replaceBy === "lines") {
        const { commands, warnings } = remediation(language, change.before.publicText, text);
        return { after: text, commands, warnings };
      }
      return { after: text, commands: replaceCommands(author.shown), warnings: [] };
  }
}

export function bounded(warnings: readonly Finding[]): Finding[] {
  // A secret written out comes first: a plan is refused for it, and a crowd of lesser warnings must not hide it.
  const ordered = warnings.toSorted((a, b) => Number(b.code === "INLINE_SECRET") - Number(a.code === "INLINE_SECRET"));
  const cut = ordered.map(({ code, detail }) => ({ code, detail: detail.slice(0, 500) }));
  if (cut.length <= WARNINGS_MAX) return cut;
  const left = cut.length - (WARNINGS_MAX - 1);
  return [...cut.slice(0, WARNINGS_MAX - 1), { code: "MORE_WARNINGS", detail: `${left} more warnings` }];
}

/** Fails at once where a kept secret is not there: the plan must not promise what the run cannot do. */
function renderer(
  language: Language,
  { mode, replaceBy, refused = stop }: Pick<Change, "mode" | "replaceBy" | "refused">,
  author: AuthorText,
  commands: readonly Command[],
  keep: Keep,
): Prediction["render"] {
  const asFile = mode === "replace" && replaceBy !== "lines";
  const sources = new Map(author.shown.map((line, at) => [line, author.raw[at]]));
  const places = placesOf(parseLines(language, author.shown));
  const parts = commands.map((command) => {
    const raw = command.source && (sources.get(command.source) ?? madeWithSecret(command.source));
    if (!command.source || !raw) return { text: command.text, raw: undefined, path: "", header: "" };
    const { path, header } = places.get(command.source) ?? { path: "", header: undefined };
    // The line as the author wrote it: what was written out was hidden only in what people see.
    const typed = command.text === "" ? "" : (asFile ? " ".repeat(raw.indent) : "") + typedBlock(raw);
    const text = language.set && tokensIn(typed).length > 0 ? withQuotedTokens(typed) : typed;
    for (const part of text.split("\n"))
      substitute(part, (token) =>
        token.kind === "tag" ? (attempt(refused, () => kept(keep, path, part, token)) ?? "") : "",
      );
    return { text, raw, path, header: header ?? "" };
  });
  return (secret) =>
    parts.map(({ text, raw, path, header }) => {
      if (!raw) return text;
      return text
        .split("\n")
        .map((part, at) =>
          renderPart(
            language,
            mode,
            { part, path, header: at === 0 ? header : "", inBlock: at > 0, number: raw.number + at },
            keep,
            secret,
          ),
        )
        .join("\n");
    });
}

/** Not the author's: a removal that has to name a secret which the device holds. */
const madeWithSecret = (line: Line): Line | undefined => (tokensIn(line.text).length > 0 ? line : undefined);

const kept = (keep: Keep, path: string, line: string, { value: tag, start }: Token): string => {
  const value = keep(path, line.trimStart(), tag, start - (line.length - line.trimStart().length));
  if (value === undefined) throw new FarhandError("SECRET_KEEP", `${below(path, line.trimStart()).slice(0, 200)}`);
  return value;
};

interface Part {
  readonly part: string;
  readonly path: string;
  readonly header: string;
  readonly inBlock: boolean;
  readonly number: number;
}

// oxlint-disable-next-line no-control-regex -- control bytes are exactly what is refused here
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/v;

function renderPart(
  language: Language,
  mode: ChangeMode,
  { part, path, header, inBlock, number }: Part,
  keep: Keep,
  secret: (name: string) => string | undefined,
): string {
  const names: string[] = [];
  const indent = part.length - part.trimStart().length;
  const { line, values } = substitute(part.slice(indent), (token) => {
    if (token.kind === "tag") return kept(keep, path, part.slice(indent), token);
    names.push(token.value);
    const value = secret(token.value);
    if (value === undefined) throw new FarhandError("SECRET_UNKNOWN", token.value);
    if (
      value === "" ||
      CONTROL.test(value) ||
      ((language.set || language.menu) && /["\\]/v.test(value)) ||
      (language.menu && value.includes("$"))
    ) {
      throw new FarhandError(
        "TEXT_REFUSED",
        `line ${number}: the secret ${token.value} is empty or holds characters that cannot be typed`,
      );
    }
    return value;
  });
  if (values.length === 0) return part;
  // The value decides too: one with a blank may end half-way where the platform reads one word, and the rest would show.
  if (!allHidden(language, line, header, values) || forbidden(language, mode, line, inBlock) !== undefined) {
    throw new FarhandError(
      "TEXT_REFUSED",
      `line ${number}: the value of ${names.join(", ") || "a kept secret"} does not fit this platform`,
    );
  }
  return part.slice(0, indent) + line;
}

function placesOf(nodes: readonly SourceNode[]): Map<Line, { path: string; header: string | undefined }> {
  return new Map(placed(nodes).map(({ line, path, header }) => [line, { path, header }]));
}
