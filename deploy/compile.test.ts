import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, type Binary } from "./compile.ts";
import { hostTarget, pinnedRuntime, verifyIntegrity } from "./runtimes.ts";

const root = join(import.meta.dirname, "..");

describe("a compiled binary", () => {
  let folder: string;
  let binary: Binary;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "farhand-compile-"));
    const entry = join(folder, "entry.ts");
    writeFileSync(
      entry,
      `console.log(JSON.stringify({ hostile: process.env["HOSTILE"] ?? null, args: process.argv.slice(2) }));`,
    );
    binary = await compile({ root, entry, outfile: join(folder, "out", "program"), target: hostTarget() });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is listed with its size and hash", () => {
    const bytes = readFileSync(join(folder, "out", binary.file));
    expect(binary).toEqual({
      file: binary.file,
      target: hostTarget(),
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    });
  });

  it("T25: takes nothing from the folder that it is started in", () => {
    const hostile = join(folder, "hostile");
    mkdirSync(hostile);
    writeFileSync(join(hostile, ".env"), "HOSTILE=dotenv\n");
    writeFileSync(join(hostile, "bunfig.toml"), `preload = ["./preload.ts"]\n`);
    writeFileSync(join(hostile, "preload.ts"), `process.env["HOSTILE"] = "preload";\n`);
    const ran = spawnSync(join(folder, "out", binary.file), ["one", "--two"], {
      cwd: hostile,
      env: {},
      encoding: "utf8",
    });
    expect(JSON.parse(ran.stdout)).toEqual({ hostile: null, args: ["one", "--two"] });
    expect(ran.status).toBe(0);
  });

  it("does not come of an entry that does not build", async () => {
    const entry = join(folder, "broken.ts");
    writeFileSync(entry, `import "./nowhere.ts";`);
    await expect(compile({ root, entry, outfile: join(folder, "broken"), target: hostTarget() })).rejects.toThrow();
  });
});

describe("a foreign runtime", () => {
  const bytes = new TextEncoder().encode("a runtime");
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;

  it("is pinned by this repository's lockfile, in the version that runs here", () => {
    const lock: unknown = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
    expect(pinnedRuntime(lock, "linux-aarch64").version).toBe(Bun.version);
  });

  it("is refused where the lockfile does not pin it", () => {
    expect(() => pinnedRuntime({ packages: {} }, "linux-x64")).toThrow("does not pin @oven/bun-linux-x64");
  });

  it("is refused with one byte changed", () => {
    const pinned = { name: "@oven/bun-linux-x64", version: "1.0.0", integrity };
    expect(() => verifyIntegrity(bytes, pinned)).not.toThrow();
    expect(() => verifyIntegrity(bytes.with(0, 0), pinned)).toThrow("is not what the lockfile pins");
  });

  it("is known by Bun's names", () => {
    expect(hostTarget("linux", "arm64")).toBe("linux-aarch64");
    expect(hostTarget("win32", "x64")).toBe("windows-x64");
    expect(() => hostTarget("sunos", "x64")).toThrow("no Bun runtime");
  });
});
