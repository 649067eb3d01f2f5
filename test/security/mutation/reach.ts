/** Which tests come by which refusals, found out once by running them all with no mutant on. */
import type { Bench, Ran } from "./process.ts";

/** Tests of one file to run against a mutant; all of them where `tests` is undefined. */
export interface Attempt {
  readonly file: string;
  readonly tests: readonly string[] | undefined;
  readonly ms: number;
}

const RECORD_MS_MAX = 300_000;

export class Reach {
  readonly #ran = new Map<string, Ran>();

  static async of(files: readonly string[], benches: readonly Bench[]): Promise<Reach> {
    const reach = new Reach();
    const left = [...files];
    await Promise.all(
      benches.map(async (bench) => {
        for (let file = left.shift(); file !== undefined; file = left.shift())
          reach.#take(file, await bench.run({ file, mutant: -1 }, RECORD_MS_MAX));
      }),
    );
    return reach;
  }

  #take(file: string, ran: Ran | undefined): void {
    if (!ran) throw new Error(`${file} does not end with no mutant on`);
    if (ran.failed !== null) throw new Error(`${file} fails with no mutant on: ${ran.failed}`);
    this.#ran.set(file, ran);
  }

  /** Cheapest first; those beside the mutated file count half, because they are about it. */
  attempts(mutant: number, mutatedFile: string): Attempt[] {
    const folder = mutatedFile.slice(0, mutatedFile.lastIndexOf("/") + 1);
    const weighed = (attempt: Attempt): number => (attempt.file.startsWith(folder) ? attempt.ms / 2 : attempt.ms);
    return [...this.#ran]
      .flatMap(([file, ran]) => attemptIn(file, ran, mutant) ?? [])
      .toSorted((a, b) => weighed(a) - weighed(b));
  }
}

function attemptIn(file: string, ran: Ran, mutant: number): Attempt | undefined {
  if (ran.between.includes(mutant)) return { file, tests: undefined, ms: ran.ms };
  const by = ran.tests.filter(({ passed }) => passed.includes(mutant));
  if (by.length === 0) return undefined;
  const spentMs = (tests: Ran["tests"]): number => tests.reduce((sum, { ms }) => sum + ms, 0);
  return { file, tests: by.map(({ id }) => id), ms: Math.max(0, ran.ms - spentMs(ran.tests)) + spentMs(by) };
}
