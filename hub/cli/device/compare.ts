import { diffTexts, type DiffEntry, parseDiff } from "../../../drivers/model/diff.ts";
import { compileLanguage } from "../../../drivers/model/language.ts";

/**
 * Two stored public forms, compared by their indentation alone. They are normalised already, and this is for reading: nothing is decided by
 * it. The platform's own rules live with the agents' drivers.
 */
const byIndent = compileLanguage({
  indent: 1,
  leave: "exit",
  comment: "^[!#]\\s*$",
  noise: [],
  negate: "no",
  normalise: [],
  redact: [],
  sections: [],
  close: [],
  vanish: [],
  single: [],
  negatives: [],
  defaults: [],
  cascade: [],
  ordered: [],
  implied: [],
  moves: [],
  rewrites: [],
  blocks: [],
  management: [],
  destructive: [],
  forbidden: [],
});

export interface Comparison {
  readonly diff: string;
  readonly entries: readonly DiffEntry[];
  /** The same lines, otherwise arranged. */
  readonly orderOnly: boolean;
}

export function compare(before: string, after: string): Comparison {
  const diff = diffTexts(byIndent, before, after);
  const entries = parseDiff(diff);
  return { diff, entries, orderOnly: entries.length === 0 && before !== after };
}
