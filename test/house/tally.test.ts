import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "./files.ts";
import { plantTree } from "./tree.ts";

const config = `
import { defineConfig } from "vitest/config";
export default defineConfig({ test: { pool: "threads", reporters: ["default", "./tally.ts"] } });
`;

function run(files: Record<string, string>): { code: number | null; lastLines: string[] } {
  const tally = `export { default } from ${JSON.stringify(join(import.meta.dirname, "tally.ts"))};`;
  using tree = plantTree({ "vitest.config.ts": config, "tally.ts": tally, ...files });
  symlinkSync(join(repositoryRoot, "node_modules"), join(tree.root, "node_modules"));
  const bun = join(repositoryRoot, "node_modules/.bin/bun");
  const done = spawnSync(bun, ["--bun", "vitest", "run", "--root", tree.root], { cwd: tree.root, encoding: "utf8" });
  return { code: done.status, lastLines: done.stdout.trimEnd().split("\n").slice(-3) };
}

const head = `import { describe, it, expect, beforeAll } from "vitest";\n`;

describe("the line that CI reads", () => {
  it("counts, and gives each skipped test's reason", () => {
    const { code, lastLines } = run({
      "a.test.ts": `${head}it("a", () => {}); it("b", (context) => context.skip("no sshd here")); it.todo("c");`,
      "b.test.ts": `${head}describe("d", () => it("e", () => {}));`,
    });
    expect(lastLines).toEqual([
      "skipped: a.test.ts > b: no sshd here",
      "skipped: a.test.ts > c: to be written",
      "2 passed, 0 failed, 2 skipped",
    ]);
    expect(code).toBe(0);
  });

  it("finds a reason in the name of what was skipped, and fails what was skipped without one", () => {
    const { code, lastLines } = run({
      "a.test.ts": `${head}it("a", () => {}); describe.skipIf(true)("b: no FRR here", () => it("c", () => {})); it.skipIf(true)("d", () => {});`,
    });
    expect(lastLines).toEqual([
      "skipped: a.test.ts > b: no FRR here > c: no FRR here",
      "skipped: a.test.ts > d: NO REASON GIVEN, which fails the run",
      "1 passed, 1 failed, 2 skipped",
    ]);
    expect(code).not.toBe(0);
  });

  it.each([
    ["a failed test", `it("a", () => {}); it("b", () => expect(1).toBe(2));`, "1 passed, 1 failed"],
    ["a file that does not load", `await import("./nowhere.ts");`, "0 passed, 1 failed"],
    [
      "an error that nobody caught",
      `it("a", async () => { await new Promise((done) => { setTimeout(done, 20); setTimeout(() => { throw new Error("x"); }, 1); }); });`,
      "1 passed, 1 failed",
    ],
    ["nothing that ran", `it("a", (context) => context.skip("why"));`, "0 passed, 0 failed, 1 skipped"],
  ])("fails on %s", (_, text, line) => {
    const { code, lastLines } = run({ "a.test.ts": head + text });
    expect(lastLines.at(-1)).toBe(line);
    expect(code).not.toBe(0);
  });

  it("fails on a hook that throws", () => {
    const { code, lastLines } = run({
      "a.test.ts": `${head}it("a", () => {}); describe("b", () => { beforeAll(() => { throw new Error("x"); }); it("c", () => {}); });`,
    });
    expect(lastLines.at(-1)).toMatch(/^1 passed, [12] failed/);
    expect(code).not.toBe(0);
  });

  it("fails where there is no test at all", () => {
    const { code, lastLines } = run({});
    expect(lastLines.at(-1)).toBe("0 passed, 0 failed");
    expect(code).not.toBe(0);
  });
});
