/**
 * `npm run test:mutation [-- --only PATH … --by PATH …]`: turns each refusal of the verifier and the bundle reader into a pass, one at a
 * time, and asks the tests that come by it: of the files under `only`, by the tests under `by`, or all. One that nobody misses is a missing
 * test, or stands in `justified.ts` with what makes it redundant.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { JUSTIFIED } from "./justified.ts";
import { Bench } from "./process.ts";
import { Reach } from "./reach.ts";
import type { Refusal } from "./refusals.ts";
import { allRefusals, askedTests } from "./sources.ts";
import { summary, type Outcome, type Verdict } from "./verdicts.ts";

const BENCHES = Math.max(2, Math.min(8, availableParallelism()));
/** What a busy machine may take over what the tests took with no mutant on. */
const SLOWER_TIMES = 10;
const SLOWER_MS = 20_000;

async function outcomeOf(mutant: number, refusal: Refusal, reach: Reach, bench: Bench): Promise<Outcome> {
  const attempts = reach.attempts(mutant, refusal.file);
  let tests = 0;
  for (const attempt of attempts) {
    const order = { file: attempt.file, mutant, ...(attempt.tests ? { tests: attempt.tests } : {}) };
    const ran = await bench.run(order, attempt.ms * SLOWER_TIMES + SLOWER_MS);
    if (!ran) return { kind: "endless", by: attempt.file };
    if (ran.failed !== null) return { kind: "killed", by: `${attempt.file}: ${ran.failed}` };
    tests += ran.tests.length;
  }
  return { kind: "survived", tests };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      by: { type: "string", multiple: true },
      verbose: { type: "boolean" },
    },
  });
  const within = (file: string, paths: readonly string[] = [""]): boolean =>
    paths.some((path) => file.startsWith(path));
  const startedMs = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - startedMs) / 1000)} s`;
  const benches = Array.from({ length: BENCHES }, () => new Bench());
  try {
    const reach = await Reach.of(
      askedTests().filter((file) => within(file, values.by)),
      benches,
    );
    console.log(`${seconds()}: known which tests come by which refusals`);
    const left = allRefusals()
      .map((refusal, mutant) => ({ refusal, mutant }))
      .filter(({ refusal }) => within(refusal.file, values.only));
    const total = left.length;
    const verdicts: (Verdict & { mutant: number })[] = [];
    await Promise.all(
      benches.map(async (bench) => {
        for (let next = left.shift(); next; next = left.shift()) {
          const outcome = await outcomeOf(next.mutant, next.refusal, reach, bench);
          verdicts.push({ ...next, outcome });
          if (values.verbose) console.log(`${seconds()}: ${JSON.stringify(outcome)} ${next.refusal.text}`);
          else if (verdicts.length % 50 === 0) console.log(`${seconds()}: ${verdicts.length} of ${total}`);
        }
      }),
    );
    const ordered = verdicts.toSorted((a, b) => a.mutant - b.mutant);
    const { lines, ok } = summary(ordered, JUSTIFIED, values.only === undefined);
    for (const line of lines) console.log(line);
    console.log(seconds());
    return ok ? 0 : 1;
  } finally {
    for (const bench of benches) bench.stop();
  }
}

process.exitCode = await main();
