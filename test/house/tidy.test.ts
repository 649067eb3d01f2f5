import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { folders, repositoryRoot } from "./files.ts";
import { plantTree } from "./tree.ts";
import { longestFile, misplaced, printed, untidyFiles, withoutCharter } from "./tidy.ts";

function places(files: Record<string, string>): string[] {
  using tree = plantTree(files);
  return untidyFiles(tree.root).map(({ file, line }) => (line === undefined ? file : `${file}:${line}`));
}

/** What is committed at the top level, or would be by `git add .`; a folder without git has no such thing to check. */
function topLevel(): { name: string; isFolder: boolean }[] {
  const listed = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repositoryRoot,
    encoding: "utf8",
  });
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
  const entries = new Map<string, boolean>();
  for (const path of listed.stdout.split("\0").filter((one) => one !== "")) {
    const [name = "", ...rest] = path.split("/");
    entries.set(name, rest.length > 0);
  }
  return [...entries].map(([name, isFolder]) => ({ name, isFolder }));
}

describe("a tidy house", () => {
  it.each([
    ["hub/a.ts", "connect({ rejectUnauthorized: false });"],
    ["hub/a.ts", `const options = { "rejectUnauthorized": !1 };`],
    ["agent/a.ts", "options.rejectUnauthorized = false;"],
    ["agent/a.ts", `process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";`],
    ["test/lab/a.ts", `spawn("ssh", ["-o", "StrictHostKeyChecking=no"]);`],
    ["test/lab/a.ts", `spawn("ssh", ["-o", "UserKnownHostsFile=/dev/null"]);`],
    ["hub/a.test.ts", `it.only("x", () => {});`],
    ["hub/a.test.ts", `describe.concurrent.only("x", () => {});`],
    ["hub/a.ts", "// TODO later"],
    ["drivers/platforms/a.yaml", "# FIXME"],
    ["simulators/a.ts", "const key = `-----BEGIN OPENSSH PRIVATE KEY-----"],
    ["deploy/hub.pem", "-----BEGIN PRIVATE KEY-----"],
    ["simulators/a.ts", 'const key = "-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEEIIrYSSNQFaA2Hwf1";'],
    ["shared/a.ts", "// @ts-ignore"],
    ["shared/a.ts", "// @ts-expect-error"],
    ["agent/core/a.ts", "// oxlint-disable-next-line no-restricted-globals"],
  ])("refuses in %s: %s", (file, text) => {
    expect(places({ [file]: `\n${text}\n` })).toEqual([`${file}:2`]);
  });

  it.each([
    ["agent/refuse-environment.ts", `if (env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") refuse();`],
    ["hub/a.ts", "connect({ rejectUnauthorized: true });"],
    ["hub/a.ts", "const only = rows.only;"],
    ["simulators/a.ts", "const pem = `-----BEGIN PRIVATE KEY-----\\n${body}\\n`;"],
    ["shared/a.ts", "// @ts-expect-error the library's type forgets undefined"],
    ["shared/a.ts", "const header = `-----BEGIN PUBLIC KEY-----`;"],
  ])("allows in %s: %s", (file, text) => {
    expect(places({ [file]: text })).toEqual([]);
  });

  it(`refuses a source file of more than ${longestFile} lines`, () => {
    const lines = (count: number) => "export {};\n".repeat(count);
    expect(places({ "hub/long.ts": lines(longestFile + 1), "hub/full.ts": lines(longestFile) })).toEqual([
      "hub/long.ts",
    ]);
  });

  it("knows what belongs at the top", () => {
    const entries = [
      { name: "hub", isFolder: true },
      { name: "LICENSE", isFolder: false },
      { name: "utils", isFolder: true },
      { name: "notes.md", isFolder: false },
      { name: "agent", isFolder: false },
    ];
    expect(misplaced(entries).map(({ file }) => file)).toEqual(["utils", "notes.md", "agent"]);
  });

  it("misses a folder's charter", () => {
    using tree = plantTree({ "hub/a.ts": "", "agent/README.md": "# agent\n" });
    expect(withoutCharter(tree.root).map(({ file }) => file)).toEqual(["hub/README.md"]);
  });
});

describe("this repository", () => {
  it("has only what is expected at the top", () => {
    expect(misplaced(topLevel()).map(printed)).toEqual([]);
  });

  it("has its seven folders", () => {
    const names = topLevel().map(({ name }) => name);
    expect(folders.filter((folder) => !names.includes(folder))).toEqual([]);
  });

  it("has a charter in every folder", () => {
    expect(withoutCharter(repositoryRoot).map(printed)).toEqual([]);
  });

  it("is tidy", () => {
    expect(untidyFiles(repositoryRoot).map(printed)).toEqual([]);
  });
});
