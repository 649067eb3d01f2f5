import { describe, expect, it } from "vitest";
import { checkArrows, printed } from "./arrows.ts";
import { repositoryRoot } from "./files.ts";
import { plantTree } from "./tree.ts";

function report(files: Record<string, string>): string[] {
  using tree = plantTree(files);
  return checkArrows(tree.root).map((violation) => printed(violation).split(": ")[0] ?? "");
}

/** [the file that reaches out, what it must not reach] */
const forbidden: [file: string, target: string][] = [
  ["shared/a.ts", "drivers/x.ts"],
  ["shared/a.ts", "agent/x.ts"],
  ["shared/a.ts", "hub/x.ts"],
  ["shared/a.ts", "simulators/x.ts"],
  ["drivers/a.ts", "agent/x.ts"],
  ["drivers/a.ts", "hub/x.ts"],
  ["drivers/a.ts", "simulators/x.ts"],
  ["drivers/a.test.ts", "simulators/x.ts"],
  ["drivers/model/a.ts", "drivers/engines/x.ts"],
  ["drivers/types.ts", "drivers/engines/x.ts"],
  ["hub/cli/a.ts", "drivers/types.ts"],
  ["agent/a.ts", "hub/x.ts"],
  ["agent/a.ts", "simulators/x.ts"],
  ["agent/a.ts", "test/x.ts"],
  ["agent/core/a.ts", "agent/link/x.ts"],
  ["agent/core/a.ts", "drivers/model/x.ts"],
  ["agent/core/deep/a.ts", "agent/x.ts"],
  ["hub/a.ts", "agent/x.ts"],
  ["hub/a.ts", "drivers/x.ts"],
  ["hub/store/a.ts", "drivers/model/x.ts"],
  ["hub/api/a.ts", "hub/cli/x.ts"],
  ["hub/api/a.ts", "hub/main.ts"],
  ["hub/core/a.ts", "hub/store/x.ts"],
  ["hub/core/a.ts", "agent/core/x.ts"],
  ["hub/cli/a.ts", "hub/store/x.ts"],
  ["hub/cli/a.ts", "drivers/engines/x.ts"],
  ["hub/cli/a.ts", "hub/api/routes.ts"],
  ["hub/cli/a.ts", "agent/x.ts"],
  ["hub/desk/a.ts", "hub/cli/x.ts"],
  ["hub/api/client/a.ts", "hub/api/routes.ts"],
  ["hub/console/a.tsx", "hub/api/routes.ts"],
  ["hub/console/a.tsx", "drivers/model/x.ts"],
  ["hub/main.ts", "agent/x.ts"],
  ["hub/serve.ts", "drivers/model/x.ts"],
  ["simulators/a.ts", "drivers/model/x.ts"],
  ["simulators/a.ts", "agent/x.ts"],
  ["deploy/a.ts", "hub/x.ts"],
  ["deploy/a.ts", "test/x.ts"],
];

const allowed: [file: string, target: string][] = [
  ["shared/a.ts", "shared/b.ts"],
  ["drivers/a.ts", "shared/b.ts"],
  ["drivers/model/a.ts", "drivers/types.ts"],
  ["agent/a.ts", "drivers/b.ts"],
  ["agent/core/a.ts", "shared/b.ts"],
  ["agent/core/deep/a.ts", "agent/core/b.ts"],
  ["hub/store/a.ts", "hub/core/b.ts"],
  ["hub/cli/a.ts", "drivers/model/b.ts"],
  ["hub/cli/a.ts", "hub/api/client.ts"],
  ["hub/api/client/a.ts", "hub/api/contract/routes.ts"],
  ["hub/console/a.tsx", "hub/api/client/index.ts"],
  ["hub/main.ts", "hub/cli/b.ts"],
  ["simulators/a.ts", "shared/b.ts"],
  ["test/a.ts", "hub/core/b.ts"],
  ["test/a.ts", "simulators/b.ts"],
];

function specifier(file: string, target: string): string {
  return "../".repeat(file.split("/").length - 1) + target;
}

describe("arrows between folders", () => {
  it.each(forbidden)("%s must not import %s", (file, target) => {
    const files = { [file]: `\nimport "${specifier(file, target)}";\n`, [target]: "export {};\n" };
    expect(report(files)).toEqual([`${file}:2 → ${target}`]);
  });

  it.each(allowed)("%s may import %s", (file, target) => {
    expect(report({ [file]: `import "${specifier(file, target)}";\n`, [target]: "export {};\n" })).toEqual([]);
  });

  it.each([
    ["a type", `import type { X } from "../hub/x.ts";`],
    ["a re-export", `export { x } from "../hub/x.ts";`],
    ["everything re-exported", `export * from "../hub/x.ts";`],
    ["a dynamic import", `export const x = await import("../hub/x.ts");`],
    ["an import in a type position", `export type X = import("../hub/x.ts").X;`],
    ["require", `export const x: unknown = require("../hub/x.ts");`],
    ["a worker by URL", `export const x = new Worker(new URL("../hub/x.ts", import.meta.url));`],
  ])("sees %s", (_, text) => {
    expect(report({ "drivers/a.ts": text })).toEqual(["drivers/a.ts:1 → hub/x.ts"]);
  });

  it("does not take a comment or a string for an import", () => {
    expect(report({ "shared/a.ts": `// import "../hub/x.ts"\nexport const a = 'import "../hub/x.ts"';` })).toEqual([]);
  });

  it("refuses what it cannot read", () => {
    expect(report({ "agent/a.ts": "export const load = (name: string) => import(name);" })).toEqual([
      "agent/a.ts:1 → ?",
    ]);
  });

  it.each(["hub/a.ts", "drivers/engines/ssh/other.ts", "drivers/engines/cli/client.ts", "test/a.ts"])(
    "keeps ssh2 out of %s",
    (file) => {
      expect(report({ [file]: `import "ssh2";` })).toEqual([`${file}:1 → ssh2`]);
    },
  );

  it.each(["drivers/engines/ssh/client.ts", "simulators/ssh/server.ts"])("lets %s have ssh2", (file) => {
    expect(report({ [file]: `import { Client } from "ssh2"; export { Client };` })).toEqual([]);
  });

  it("lets a core import no library", () => {
    expect(report({ "hub/core/a.ts": `import "zod";\nimport "node:fs";` })).toEqual([
      "hub/core/a.ts:1 → zod",
      "hub/core/a.ts:2 → node:fs",
    ]);
  });

  it("keeps Bun and Node out of the console", () => {
    expect(report({ "hub/console/a.tsx": `import "react";\nimport "node:fs";` })).toEqual([
      "hub/console/a.tsx:2 → node:fs",
    ]);
  });

  it.each([
    ["a Node module", `import "node:fs";`],
    ["Bun's SQLite", `import "bun:sqlite";`],
    ["the clock", "export const now = () => Date.now();"],
    ["a new Date of now", "export const now = () => new Date();"],
    ["randomness", "export const roll = () => Math.random();"],
    ["a timer", "export const later = (fn: () => void) => setTimeout(fn, 1);"],
    ["Web Crypto", "export const id = () => crypto.randomUUID();"],
  ])("keeps a core from %s behind shared/", (_, text) => {
    const files = {
      "agent/core/a.ts": `import "../../shared/front.ts";`,
      "shared/front.ts": `import "./back.ts";`,
      "shared/back.ts": text,
    };
    expect(report(files)).toEqual(["agent/core/a.ts:1 → shared/front.ts"]);
  });

  it("lets a core take a type from an impure module, and parse a date", () => {
    const files = {
      "agent/core/a.ts": `import type { Now } from "../../shared/impure.ts";\nimport "../../shared/pure.ts";`,
      "shared/impure.ts": "export const now = () => Date.now(); export type Now = number;",
      "shared/pure.ts": "export const parse = (text: string) => new Date(text).getTime();",
    };
    expect(report(files)).toEqual([]);
  });

  it("hold in this repository", () => {
    expect(checkArrows(repositoryRoot).map(printed)).toEqual([]);
  });
});
