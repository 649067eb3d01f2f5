import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../deploy/compile.ts";
import { hostTarget } from "../../deploy/runtimes.ts";
import { ROOT } from "./child.ts";

const ENTRIES = { farhand: "hub/main.ts", "farhand-agent": "agent/main.ts" } as const;

/** One of the two programs as one binary, made the way `npm run build` makes it, in a folder of its own. */
export async function buildBinary(name: keyof typeof ENTRIES): Promise<{ path: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "farhand-binary-"));
  const outfile = join(folder, name);
  await compile({ root: ROOT, entry: join(ROOT, ENTRIES[name]), outfile, target: hostTarget() });
  return { path: outfile, remove: () => rmSync(folder, { recursive: true }) };
}

export const buildAgent = (): Promise<{ path: string; remove(): void }> => buildBinary("farhand-agent");
