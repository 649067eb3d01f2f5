/**
 * `npm run build`: dist/farhand and dist/farhand-agent for this machine, each once more for one foreign target as a smoke,
 * and their sizes and hashes in dist/checksums.json and dist/checksums.txt (`sha256sum --check checksums.txt`).
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, type Binary } from "./compile.ts";
import { hostTarget, type Target } from "./runtimes.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

const programs = [
  { name: "farhand", entry: join(root, "hub", "main.ts") },
  { name: "farhand-agent", entry: join(root, "agent", "main.ts") },
];

const host = hostTarget();
const foreign: Target = host === "linux-aarch64" ? "linux-x64" : "linux-aarch64";

rmSync(dist, { recursive: true, force: true });
const binaries: Binary[] = [];
for (const target of [host, foreign]) {
  for (const { name, entry } of programs) {
    const outfile = join(dist, target === host ? name : `${name}-${target}`);
    const binary = await compile({ root, entry, outfile, target });
    binaries.push(binary);
    console.log(`${binary.file.padEnd(28)} ${(binary.bytes / 1024 ** 2).toFixed(1)} MiB  sha256 ${binary.sha256}`);
  }
}

writeFileSync(join(dist, "checksums.json"), `${JSON.stringify({ bun: Bun.version, binaries }, null, 2)}\n`);
writeFileSync(join(dist, "checksums.txt"), binaries.map(({ sha256, file }) => `${sha256}  ${file}\n`).join(""));
