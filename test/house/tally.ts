/**
 * The vitest reporter behind `npm test`: names every skipped test with its reason, fails those without one, and ends the output with one plain line,
 * `N passed, N failed, N skipped`, which CI reads. A run in which nothing passed fails.
 */
import { writeSync } from "node:fs";
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite, Vitest } from "vitest/node";

interface Skipped {
  test: string;
  reason: string;
}

function skippedBecause(test: TestCase): string | undefined {
  const result = test.result();
  if (result.state === "skipped" && result.note !== undefined) return result.note;
  return test.options.mode === "todo" ? "to be written" : reasonInName(test);
}

/** What was skipped as a whole says why at the end of its name, behind a colon or in brackets: `the corpus: FARHAND_CORPUS does not name a folder`. */
function reasonInName(test: TestCase): string | undefined {
  const reasons: string[] = [];
  for (let at: TestCase | TestSuite | TestModule = test; at.type !== "module"; at = at.parent) {
    const why = /^.*(?:: |\()(?:skipped[:,] )?(?<why>[^\)]+)\)?$/v.exec(at.name)?.groups?.["why"];
    if (at.options.mode === "skip" && why !== undefined) reasons.push(why);
  }
  return reasons.at(-1);
}

/** A file that cannot be loaded and a hook that throws have no failed test of their own, and are failures all the same. */
function brokenAround(module: TestModule): number {
  const suites = [...module.children.allSuites()].filter((suite) => suite.errors().length > 0).length;
  return suites + (module.errors().length > 0 ? 1 : 0);
}

export default class Tally implements Reporter {
  #passed = 0;
  #failed = 0;
  #skipped: Skipped[] = [];
  #isWhole = true;

  onInit(vitest: Pick<Vitest, "config">): void {
    // With `-t` somebody chose by name: what was not chosen needs no reason.
    this.#isWhole = vitest.config.testNamePattern === undefined;
    process.once("exit", () => this.#print());
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#failed = unhandled.length;
    for (const module of modules) {
      this.#failed += brokenAround(module);
      for (const test of module.children.allTests()) this.#count(module, test);
    }
  }

  #count(module: TestModule, test: TestCase): void {
    const { state } = test.result();
    if (state === "passed") this.#passed++;
    else if (state === "skipped") {
      const reason = skippedBecause(test);
      if (reason === undefined && !this.#isWhole) return;
      if (reason === undefined) this.#failed++;
      this.#skipped.push({
        test: `${module.relativeModuleId} > ${test.fullName}`,
        reason: reason ?? "NO REASON GIVEN, which fails the run",
      });
    } else this.#failed++;
  }

  #print(): void {
    const lines = this.#skipped.map(({ test, reason }) => `skipped: ${test}: ${reason}`);
    const skipped = this.#skipped.length === 0 ? "" : `, ${this.#skipped.length} skipped`;
    writeSync(1, ["", ...lines, `${this.#passed} passed, ${this.#failed} failed${skipped}`, ""].join("\n"));
    if (this.#passed === 0 || this.#failed > 0) process.exitCode ||= 1;
  }
}
