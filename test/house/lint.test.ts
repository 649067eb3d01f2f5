/** Each lint rule that the design leans on is shown to bite, with the repository's own configuration. */
import { spawnSync } from "node:child_process";
import { copyFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { repositoryRoot } from "./files.ts";
import { plantTree } from "./tree.ts";

const Report = z.object({
  diagnostics: z.array(z.object({ filename: z.string(), code: z.string(), message: z.string() })),
});

/** Lints all files at once and tells, per file, `rule` or `rule:name` of what was found. */
function lint(files: Record<string, string>): Map<string, string[]> {
  using tree = plantTree(files);
  for (const name of [".oxlintrc.json", "tsconfig.json"])
    copyFileSync(join(repositoryRoot, name), join(tree.root, name));
  symlinkSync(join(repositoryRoot, "node_modules"), join(tree.root, "node_modules"));
  const folders = new Set(Object.keys(files).map((path) => path.split("/")[0] ?? ""));
  const run = spawnSync(join(repositoryRoot, "node_modules/.bin/oxlint"), ["--format=json", ...folders], {
    cwd: tree.root,
    encoding: "utf8",
  });
  const found = new Map<string, string[]>(Object.keys(files).map((path) => [path, []]));
  for (const { filename, code, message } of Report.parse(JSON.parse(run.stdout)).diagnostics) {
    const rule = /\((.+)\)/.exec(code)?.[1] ?? code;
    found.get(filename)?.push(rule.startsWith("no-restricted") ? `${rule}:${/'([^']+)'/.exec(message)?.[1]}` : rule);
  }
  return found;
}

function cases(rows: [path: string, rule: string, text: string][]): Record<string, string> {
  return Object.fromEntries(rows.map(([path, , text]) => [path, text]));
}

const everywhere: [path: string, rule: string, text: string][] = [
  ["hub/any.ts", "no-explicit-any", "export const a = (x: any): unknown => x;"],
  ["hub/floating.ts", "no-floating-promises", "export function a(p: Promise<void>): void { p.then(() => {}); }"],
  ["hub/misused.ts", "no-misused-promises", "export function a(xs: string[]): void { xs.forEach(async () => {}); }"],
  ["hub/awaited.ts", "await-thenable", "export async function a(n: number): Promise<number> { return await n; }"],
  [
    "hub/switch.ts",
    "switch-exhaustiveness-check",
    `export function a(x: "b" | "c"): void { switch (x) { case "b": break; } }`,
  ],
  ["hub/unsafe.ts", "no-unsafe-member-access", "export const a = (): string => String(JSON.parse('{}').b);"],
  ["hub/assign.ts", "no-unsafe-assignment", "export const a = (): void => { const b = JSON.parse('{}'); void b; };"],
  ["hub/bang.ts", "no-non-null-assertion", "export const a = (x?: string): string => x!;"],
  ["hub/throw.ts", "only-throw-error", "export const a = (): never => { throw 'text'; };"],
  ["hub/equal.ts", "eqeqeq", "export const a = (x: number): boolean => x == 1;"],
  ["hub/eval.ts", "no-eval", "export const a = (x: string): unknown => eval(x);"],
  ["hub/ssh.ts", "no-restricted-imports:ssh2", `import { Client } from "ssh2"; export { Client };`],
  ["simulators/other/a.ts", "no-restricted-imports:ssh2", `import { Server } from "ssh2"; export { Server };`],
];

const globals = [
  "Bun.version",
  "Date.now()",
  "console.log",
  "crypto.randomUUID()",
  "fetch",
  "globalThis.Date",
  "performance.now()",
  "process.env",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
];

const inCores: [path: string, rule: string, text: string][] = ["agent", "hub"].flatMap((side) => [
  ...globals.map((use): [string, string, string] => {
    const name = use.split(".")[0] ?? use;
    return [
      `${side}/core/${name.toLowerCase()}.ts`,
      `no-restricted-globals:${name}`,
      `export const a: unknown = ${use};`,
    ];
  }),
  [`${side}/core/random.ts`, "no-restricted-properties:Math.random", "export const a = (): number => Math.random();"],
  ...["node:fs", "bun:sqlite", "zod", "../store/x.ts", "../../drivers/model/x.ts"].map(
    (from, index): [string, string, string] => [
      `${side}/core/import${index}.ts`,
      `no-restricted-imports:${from}`,
      `export * from "${from}";`,
    ],
  ),
]);

const doors: Record<string, string> = {
  "drivers/engines/ssh/client.ts": `import { Client } from "ssh2"; export { Client };`,
  "simulators/ssh/server.ts": `import { Server } from "ssh2"; export { Server };`,
  "hub/core/a.test.ts": `import { expect } from "vitest"; expect(Date.now()).toBeGreaterThan(Math.random());`,
  "hub/core/a.ts": `export * from "../../shared/clock.ts"; export * from "./b.ts";`,
  "hub/store/a.ts": `export const a = (): number => Date.now();`,
};

describe("lint", () => {
  const found = lint({ ...cases(everywhere), ...cases(inCores), ...doors });

  it.each(everywhere)("%s: %s", (path, rule) => {
    expect(found.get(path)).toContain(rule);
  });

  it.each(inCores)("%s: %s", (path, rule) => {
    expect(found.get(path)).toContain(rule);
  });

  it.each(Object.keys(doors))("%s is left alone", (path) => {
    expect(found.get(path)).toEqual([]);
  });
});
