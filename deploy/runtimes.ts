/**
 * Bun's runtime for a target other than this machine's, from the npm registry, held to the hash in our lockfile: a foreign
 * binary is made of exactly the bytes that `npm ci` would have installed there.
 *
 * Bun ships one x64 build that picks AVX2 at run time (`bun-linux-x64-baseline` is an alias of it), so no processor type
 * needs a build of its own.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

export type Target =
  | "linux-x64"
  | "linux-aarch64"
  | "darwin-x64"
  | "darwin-aarch64"
  | "windows-x64"
  | "windows-aarch64";

const systems: Partial<Record<NodeJS.Platform, string>> = { linux: "linux", darwin: "darwin", win32: "windows" };
const processors: Record<string, string> = { x64: "x64", arm64: "aarch64" };

export function hostTarget(platform = process.platform, arch = process.arch): Target {
  const target = `${systems[platform] ?? platform}-${processors[arch] ?? arch}`;
  if (!isTarget(target)) throw new Error(`no Bun runtime for ${target}`);
  return target;
}

function isTarget(name: string): name is Target {
  return /^(linux|darwin|windows)-(x64|aarch64)$/.test(name);
}

const Lockfile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), integrity: z.string().optional() })),
});

export interface Pinned {
  name: string;
  version: string;
  integrity: string;
}

/** The package that holds a target's runtime, as the lockfile pins it. */
export function pinnedRuntime(lockDocument: unknown, target: Target): Pinned {
  const name = `@oven/bun-${target}`;
  const { version, integrity } = Lockfile.parse(lockDocument).packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined) throw new Error(`the lockfile does not pin ${name}`);
  return { name, version, integrity };
}

export function verifyIntegrity(bytes: Uint8Array, { name, version, integrity }: Pinned): void {
  const actual = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  if (actual !== integrity)
    throw new Error(`${name}@${version}: ${actual} is not what the lockfile pins (${integrity})`);
}

function must(command: string, arguments_: string[], cwd: string): void {
  const done = spawnSync(command, arguments_, { cwd, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${command} ${arguments_.join(" ")}: ${done.error?.message ?? done.stderr}`);
}

/** The path of the target's Bun executable; fetched once, then kept under node_modules/.cache. */
export function fetchRuntime(root: string, target: Target): string {
  const pinned = pinnedRuntime(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")), target);
  const cache = join(root, "node_modules", ".cache", "farhand-runtimes");
  const folder = join(cache, `${target}-${pinned.version}`);
  const executable = join(folder, "package", "bin", target.startsWith("windows") ? "bun.exe" : "bun");
  if (existsSync(executable)) return executable;

  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, "fetch-"));
  try {
    must("npm", ["pack", `${pinned.name}@${pinned.version}`, "--pack-destination", work, "--silent"], root);
    const archive = `${pinned.name.replace("@", "").replace("/", "-")}-${pinned.version}.tgz`;
    verifyIntegrity(readFileSync(join(work, archive)), pinned);
    must("tar", ["-xzf", archive], work);
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  rmSync(join(folder, `${pinned.name.replace("@", "").replace("/", "-")}-${pinned.version}.tgz`), { force: true });
  return executable;
}
