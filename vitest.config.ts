import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What Bun does for `import … with { type: "text" }`, which vite does not know. */
const textModules = {
  name: "text-modules",
  enforce: "pre" as const,
  load(id: string) {
    return /\.(?:sql|yaml)$/.test(id) ? `export default ${JSON.stringify(readFileSync(id, "utf8"))}` : undefined;
  },
};

const EXCLUDED = ["**/node_modules/**", "**/fixtures/**"];
/**
 * One file at a time, with the machine to itself: what counts network namespaces and their processes, or the memory of its own process, would see
 * another file's.
 */
const ALONE = [
  "test/lab/**/*.test.ts",
  "test/real/**/*.test.ts",
  "test/drivers/frr.test.ts",
  "test/agent/output.test.ts",
  "test/faults/real-crash.test.ts",
];

/** Begun first, longest first: one that begins last keeps the machine waiting with one core idle. A clean clone knows no times of an earlier run. */
const LONG = [
  "test/faults/simulated-crash.test.ts",
  "test/drivers/linux-sysv.test.ts",
  "test/faults/rotate-crash.test.ts",
  "test/e2e/leaver.test.ts",
  "test/drivers/matrix/matrix.test.ts",
  "test/faults/takeover.test.ts",
  "test/drivers/junos-others.test.ts",
  "test/faults/stream.test.ts",
  "test/simulation/simulation.test.ts",
  "test/airgap/round-trip.test.ts",
  "test/drivers/certify/certify.test.ts",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? LONG.length : at;
    };
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => place(a) - place(b));
  }
}

/** Bounds against a hang, not measurements: a busy machine may take its time. */
const patience = {
  // What runs at once in a file waits for clocks, not for the processor.
  maxConcurrency: 12,
  testTimeout: 60_000,
  hookTimeout: 120_000,
  teardownTimeout: 10_000,
  expect: { poll: { timeout: 20_000, interval: 25 } },
};

export default defineConfig({
  plugins: [textModules],
  test: {
    pool: "threads",
    allowOnly: false,
    passWithNoTests: false,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/house/tally.ts"],
    coverage: {
      provider: "v8",
      reportOnFailure: true,
      include: ["{shared,drivers,agent,hub,simulators}/**/*.{ts,tsx}"],
      exclude: ["**/*.test.{ts,tsx}", "**/fixtures/**"],
      reporter: ["text-summary", "json-summary"],
      reportsDirectory: "coverage",
    },
    projects: [
      {
        extends: true,
        test: {
          name: "beside",
          include: ["{shared,drivers,agent,hub,simulators,deploy}/**/*.test.{ts,tsx}", "test/**/*.test.ts"],
          exclude: [...EXCLUDED, ...ALONE],
          // One more than the two cores of a small machine: what waits for a process, a timer or a disk leaves them to others.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
          ...patience,
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: ALONE,
          exclude: EXCLUDED,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          ...patience,
        },
      },
    ],
  },
});
