/** Writes every refusal's edit into its file at once, each behind the question whether its own number is the one that is on. */
import { ON, type Refusal } from "./refusals.ts";

interface Insertion {
  readonly at: number;
  readonly text: string;
  /** Of what stands at one place: what closes stands first, inner before outer; then what opens, outer before inner. */
  readonly order: number;
}

/** `numbers[i]` is the number of `refusals[i]`. `on` is the name of the function that is asked. */
export function instrumented(
  text: string,
  refusals: readonly Refusal[],
  numbers: readonly number[],
  on: string,
): string {
  const insertions = refusals.flatMap(({ start, end, before, after }, i): Insertion[] => {
    const asked = `${on}(${numbers[i] ?? -1})`;
    // Of two edits of the same text, the later one lies inside.
    const length = end - start + 1 - i / (refusals.length + 1);
    return [
      { at: start, text: before.replaceAll(ON, asked), order: 1 / length },
      { at: end, text: after, order: -1 / length },
    ];
  });
  let written = "";
  let done = 0;
  for (const { at, text: added } of insertions.toSorted((a, b) => a.at - b.at || a.order - b.order)) {
    written += text.slice(done, at) + added;
    done = at;
  }
  return written + text.slice(done);
}
