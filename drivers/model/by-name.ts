import type { Language } from "./language.ts";
import { naturalOrder } from "./natural.ts";

interface Unit {
  readonly rule: RegExp;
  readonly name: string;
  readonly lines: readonly string[];
}

/**
 * Lists and sections that a device shows in the order in which they came to be, put in the order of their names (stable: what has one name keeps its
 * order). What was removed and came back stands behind the others there, and is the same configuration.
 */
export function inOrderOfNames(language: Language, lines: readonly string[]): readonly string[] {
  if (language.byName.length === 0) return lines;
  const out: (string | Unit)[] = [];
  for (let at = 0; at < lines.length;) {
    const unit = unitAt(language, lines, at);
    out.push(unit ?? lines[at] ?? "");
    at += unit?.lines.length ?? 1;
  }
  let run: number[] = [];
  const settle = (): void => {
    const units = run.flatMap((index) => {
      const unit = out[index];
      return typeof unit === "object" ? [unit] : [];
    });
    const sorted = units.toSorted((a, b) => naturalOrder(a.name, b.name));
    for (const [at, index] of run.entries()) out[index] = sorted[at] ?? "";
    run = [];
  };
  for (const [index, one] of out.entries()) {
    const first = out[run[0] ?? -1];
    const begun = typeof first === "object" ? first.rule : undefined;
    if (typeof one === "string") {
      if (!language.isNoise(one) && one !== "") settle();
      continue;
    }
    if (begun !== undefined && begun !== one.rule) settle();
    run.push(index);
  }
  settle();
  return out.flatMap((one) => (typeof one === "string" ? [one] : one.lines));
}

/** A line of the top with what stands below it, and the line that leaves it. */
function unitAt(language: Language, lines: readonly string[], at: number): Unit | undefined {
  const header = lines[at] ?? "";
  for (const rule of language.byName) {
    const name = rule.exec(header)?.groups?.["name"];
    if (name === undefined) continue;
    let end = at + 1;
    while (lines[end]?.startsWith(" ") === true) end++;
    if (lines[end] === language.leave) end++;
    return { rule, name, lines: lines.slice(at, end) };
  }
  return undefined;
}
