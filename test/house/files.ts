/** The files that the house rules look at. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

export const repositoryRoot = join(import.meta.dirname, "..", "..");

export const folders = ["shared", "drivers", "agent", "hub", "simulators", "deploy", "test"] as const;

const skipped = new Set(["node_modules", "dist", "coverage", "fixtures", ".git"]);

/** Every file under the seven folders and at the top, as paths from the root with forward slashes. */
export function filesUnder(root: string): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (skipped.has(entry.name)) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) found.push(path);
      else if (entry.isDirectory() && (folder !== "" || isFolder(entry.name))) walk(path);
    }
  };
  walk("");
  return found.toSorted();
}

function isFolder(name: string): boolean {
  return folders.some((folder) => folder === name);
}

export function isSource(path: string): boolean {
  return /\.tsx?$/.test(path) && !path.endsWith(".d.ts");
}

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}
