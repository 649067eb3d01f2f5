import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** What Bun does for `import … with { type: "text" }`, which vite does not know. */
const textModules = {
  name: "text-modules",
  enforce: "pre" as const,
  load(id: string) {
    return /\.(?:sql|yaml)$/.test(id) ? `export default ${JSON.stringify(readFileSync(id, "utf8"))}` : undefined;
  },
};

export default defineConfig({
  plugins: [textModules],
  test: {
    include: ["{shared,drivers,agent,hub,simulators,deploy}/**/*.test.{ts,tsx}", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/fixtures/**"],
    pool: "threads",
    // Bounds against a hang, not measurements: a busy machine may take its time.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000, interval: 25 } },
    teardownTimeout: 10_000,
    allowOnly: false,
    passWithNoTests: false,
    reporters: ["default", "./test/house/tally.ts"],
    coverage: {
      provider: "v8",
      reportOnFailure: true,
      include: ["{shared,drivers,agent,hub,simulators}/**/*.{ts,tsx}"],
      exclude: ["**/*.test.{ts,tsx}", "**/fixtures/**"],
      reporter: ["text-summary", "json-summary"],
      reportsDirectory: "coverage",
    },
  },
});
