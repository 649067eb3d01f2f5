import type { Finding } from "../../shared/documents/receipt.ts";
import { FarhandError } from "../../shared/errors.ts";
import { forbidden } from "./author.ts";
import { type Command, mergeCommands } from "./commands.ts";
import { type DiffEntry, diffTrees } from "./diff.ts";
import type { Language } from "./language.ts";
import { scan } from "./lines.ts";
import { merge, type Merged } from "./merge.ts";
import { gapWarnings } from "./resets.ts";
import { sectionRemediation } from "./section-remediation.ts";
import { menuRemediation } from "./menu/remediation.ts";
import { setRemediation } from "./set/remediation.ts";
import { type ConfigNode, parse, parseLines, type SourceNode } from "./tree.ts";

/** How a device gets from one configuration to another by typed lines. */
export interface Remediation {
  readonly commands: readonly Command[];
  /** What they do, as people read it. */
  readonly diff: readonly DiffEntry[];
  /** Lists that traffic sees half-built while the lines are typed; the sessions that end are in the prediction (`resets.ts`). */
  readonly warnings: readonly Finding[];
}

/**
 * What must be typed so that `before` becomes the target, on a platform that takes no whole text, and, the other way round, the inverse of
 * a change. Applied as the platform would, the lines lead to the target exactly: TEXT_REFUSED where none are known that do.
 */
export function remediation(language: Language, before: string, target: string | readonly SourceNode[]): Remediation {
  const wanted = typeof target === "string" ? parseLines(language, scan(language, target)) : target;
  const start = parse(language, before);
  const { text, after, effective } = language.set
    ? { ...setRemediation(language, language.set, start, wanted), effective: undefined }
    : language.menu
      ? { ...menuRemediation(language, language.menu, start, wanted), effective: undefined }
      : bySections(language, before, start, wanted);
  const [left] = diffTrees(language, after, wanted);
  if (left)
    throw new FarhandError(
      "TEXT_REFUSED",
      `no lines are known that lead there; left: ${left.op} ${left.line.slice(0, 120)}`,
    );
  const commands = mergeCommands(language, text, effective ?? new Set(text));
  for (const { text: command, source } of commands) {
    const reason = source?.number === 0 ? forbidden(language, "replace", command, false) : undefined;
    if (reason !== undefined) throw new FarhandError("TEXT_REFUSED", `${reason}: ${command.slice(0, 120)}`);
  }
  const diff = diffTrees(language, start, wanted);
  return {
    commands,
    diff,
    warnings: gapWarnings(language, diff, commands),
  };
}

/** Merged as the platform would, so that what does nothing is not typed and what falls short is seen. */
function bySections(
  language: Language,
  before: string,
  start: readonly ConfigNode[],
  wanted: readonly SourceNode[],
): Pick<Merged, "after" | "effective"> & { readonly text: readonly SourceNode[] } {
  const text = sectionRemediation(language, start, wanted);
  return { text, ...merge(language, parse(language, before), text) };
}
