/**
 * The vitest reporter behind `npm test`: names every skipped test with its reason and ends the output with one plain line,
 * `N passed, N failed, N skipped`, which CI reads. A run in which nothing passed fails.
 */
import { writeSync } from "node:fs";
import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

interface Skipped {
  test: string;
  reason: string;
}

function skippedBecause(test: TestCase): string {
  const result = test.result();
  if (result.state === "skipped" && result.note !== undefined) return result.note;
  return test.options.mode === "todo" ? "to be written" : "no reason given";
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

  onInit(): void {
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
      this.#skipped.push({ test: `${module.relativeModuleId} > ${test.fullName}`, reason: skippedBecause(test) });
    } else this.#failed++;
  }

  #print(): void {
    const lines = this.#skipped.map(({ test, reason }) => `skipped: ${test}: ${reason}`);
    const skipped = this.#skipped.length === 0 ? "" : `, ${this.#skipped.length} skipped`;
    writeSync(1, ["", ...lines, `${this.#passed} passed, ${this.#failed} failed${skipped}`, ""].join("\n"));
    if (this.#passed === 0 || this.#failed > 0) process.exitCode ||= 1;
  }
}
