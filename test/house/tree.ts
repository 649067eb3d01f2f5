/** A throw-away folder holding a few files, for rules that are proved by breaking them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface Tree extends Disposable {
  root: string;
}

export function plantTree(files: Record<string, string>): Tree {
  const root = mkdtempSync(join(tmpdir(), "farhand-house-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}
