/** What came of each mutant, held against the list of those that are justified. */
import type { Refusal } from "./refusals.ts";

export type Outcome =
  | { readonly kind: "killed"; readonly by: string }
  /** The tests did not end: a loop, or a wait for what never comes. */
  | { readonly kind: "endless"; readonly by: string }
  | { readonly kind: "survived"; readonly tests: number };

export interface Verdict {
  readonly refusal: Refusal;
  readonly outcome: Outcome;
}

/** A refusal whose loss no test can notice, because another one stands behind it or in front of it. */
export interface Justified {
  readonly file: string;
  readonly within: string;
  readonly code: string;
  /** Begins the text that is overruled; where several do, they are all meant. */
  readonly text: string;
  readonly why: string;
}

export const justifies = (entry: Justified, refusal: Refusal): boolean =>
  entry.file === refusal.file &&
  entry.within === refusal.within &&
  entry.code === refusal.code &&
  refusal.text.startsWith(entry.text);

export interface Summary {
  readonly lines: readonly string[];
  readonly ok: boolean;
}

/** `whole` says that all files were run, so that an entry without a mutant has outlived it. */
export function summary(verdicts: readonly Verdict[], justified: readonly Justified[], whole: boolean): Summary {
  const lines: string[] = [];
  const used = new Set<Justified>();
  const reasonFor = ({ refusal }: Verdict): Justified | undefined => {
    const entry = justified.find((one) => justifies(one, refusal));
    if (entry) used.add(entry);
    return entry;
  };
  let faults = 0;
  for (const [file, ofFile] of Map.groupBy(verdicts, ({ refusal }) => refusal.file)) {
    const survivors = ofFile.filter(({ outcome }) => outcome.kind === "survived");
    const endless = ofFile.filter(({ outcome }) => outcome.kind === "endless");
    const open = survivors.filter((one) => !reasonFor(one));
    const needless = ofFile.filter((one) => !survivors.includes(one) && reasonFor(one));
    faults += open.length + needless.length;
    const ended = endless.length === 0 ? "" : ` (${endless.length} of them by their time)`;
    lines.push(
      `${file}: ${ofFile.length} mutants, ${ofFile.length - survivors.length} killed${ended}, ${survivors.length - open.length} justified, ${open.length} survived`,
      ...endless.map(({ refusal, outcome }) => `  does not end: ${named(refusal)}${byOf(outcome)}`),
      ...open.map(({ refusal, outcome }) => `  SURVIVED ${named(refusal)}${byOf(outcome)}`),
      ...needless.map(({ refusal, outcome }) => `  JUSTIFIED WITHOUT NEED ${named(refusal)}${byOf(outcome)}`),
    );
  }
  const gone = whole ? justified.filter((entry) => !used.has(entry)) : [];
  lines.push(...gone.map(({ file, within, text }) => `JUSTIFIED BUT NOT THERE ${file} ${within}: ${text}`));
  const killed = verdicts.filter(({ outcome }) => outcome.kind !== "survived").length;
  lines.push(`${verdicts.length} mutants, ${killed} killed, ${used.size} reasons, ${faults + gone.length} faults`);
  return { lines, ok: faults + gone.length === 0 && verdicts.length > 0 };
}

const named = ({ file, line, within, code, text }: Refusal): string =>
  `${file}:${line} ${within}${code && ` ${code}`}: ${text.slice(0, 120)}`;

function byOf(outcome: Outcome): string {
  if (outcome.kind !== "survived") return ` (${outcome.by})`;
  return outcome.tests === 0 ? " (no test comes by it)" : ` (${outcome.tests} tests come by it)`;
}
