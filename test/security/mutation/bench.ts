/**
 * One vitest that stays: a child process that runs one test file at a time, or some tests of it, with the mutant that it is told to put
 * on. All mutants are in the code at once, so nothing is compiled or copied between them.
 */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";
import { createVitest, type TestCase, type TestModule, type Vitest } from "vitest/node";
import { repositoryRoot } from "../../house/files.ts";
import { instrumented } from "./instrument.ts";
import type { Refusal } from "./refusals.ts";
import { ASK } from "./question.ts";
import { allRefusals } from "./sources.ts";

export interface Order {
  readonly file: string;
  readonly mutant: number;
  /** Ids of the tests to run; all where it is not given. */
  readonly tests?: readonly string[];
}

export interface Ran {
  readonly tests: readonly {
    readonly id: string;
    readonly name: string;
    readonly passed: readonly number[];
    readonly ms: number;
  }[];
  /** Come by outside any test. */
  readonly between: readonly number[];
  /** The first that failed, by name and message. */
  readonly failed: string | null;
  readonly ms: number;
}

function mutants(refusals: readonly Refusal[]): Plugin {
  const numbered = Map.groupBy(
    refusals.map((refusal, number) => ({ refusal, number })),
    ({ refusal }) => refusal.file,
  );
  return {
    name: "mutants",
    enforce: "pre",
    load(id) {
      const found = numbered.get(relative(repositoryRoot, id.replace(/\?.*$/, "")).replaceAll("\\", "/"));
      if (!found) return undefined;
      const text = readFileSync(id, "utf8");
      const [files, numbers] = [found.map((one) => one.refusal), found.map((one) => one.number)];
      return instrumented(text, files, numbers, `globalThis.${ASK}`);
    },
  };
}

async function start(): Promise<Vitest> {
  return createVitest(
    "test",
    {
      root: repositoryRoot,
      watch: false,
      reporters: [{}],
      coverage: { enabled: false },
      setupFiles: [join(import.meta.dirname, "switch.ts")],
      provide: { mutant: -1 },
      bail: 1,
      maxWorkers: 1,
      testTimeout: 20_000,
      silent: true,
    },
    { plugins: [mutants(allRefusals())] },
  );
}

async function run(vitest: Vitest, { file, mutant, tests }: Order): Promise<Ran> {
  const project = vitest.getRootProject();
  project.provide("mutant", mutant);
  const specification = project.createSpecification(join(repositoryRoot, file), tests ? { testIds: [...tests] } : {});
  const startedMs = performance.now();
  const { testModules: kept, unhandledErrors } = await vitest.runTestSpecifications([specification]);
  const ms = performance.now() - startedMs;
  // Those of earlier runs are kept too.
  const testModules = kept.filter((module) => module.moduleId === specification.moduleId);
  const cases = testModules.flatMap((module) => [...module.children.allTests()]);
  const [unhandled] = unhandledErrors;
  const failed = testModules.flatMap(faultsOf)[0] ?? (unhandled === undefined ? null : messageOf(unhandled));
  return {
    tests: cases
      .filter((test) => test.result().state !== "skipped")
      .map((test) => ({
        id: test.id,
        name: test.fullName,
        passed: test.meta().passed ?? [],
        ms: test.diagnostic()?.duration ?? 0,
      })),
    between: [...new Set(cases.flatMap((test) => test.meta().passedBetween ?? []))],
    failed,
    ms,
  };
}

const messageOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);

/** A file that cannot be loaded and a hook that throws fail without a test of their own. */
function faultsOf(module: TestModule): string[] {
  const failed = (test: TestCase): string[] =>
    (test.result().errors ?? []).slice(0, 1).map((error) => `${test.fullName}: ${error.message}`);
  const around = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())];
  return [...[...module.children.allTests("failed")].flatMap(failed), ...around.map((error) => error.message)];
}

const vitest = await start();
process.on("message", (order: Order) => {
  void run(vitest, order).then(
    (ran) => process.send?.({ ran }),
    (error: unknown) => process.send?.({ broken: messageOf(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.({ ready: true });
