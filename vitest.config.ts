import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{shared,drivers,agent,hub,simulators,deploy}/**/*.test.{ts,tsx}", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/fixtures/**"],
    pool: "threads",
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    allowOnly: false,
    passWithNoTests: false,
    reporters: process.env["FARHAND_TEST_REPORT"] === "verbose" ? ["verbose"] : ["default"],
    coverage: {
      provider: "v8",
      include: ["{shared,drivers,agent,hub,simulators}/**/*.{ts,tsx}"],
      exclude: ["**/*.test.{ts,tsx}", "**/fixtures/**"],
      reporter: ["text-summary", "json-summary"],
      reportsDirectory: "coverage",
    },
  },
});
