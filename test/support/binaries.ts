import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../deploy/compile.ts";
import { hostTarget } from "../../deploy/runtimes.ts";
import { ROOT } from "./child.ts";

/** The agent as one binary, made the way `npm run build` makes it, in a folder of its own. */
export async function buildAgent(): Promise<{ path: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "farhand-binary-"));
  const outfile = join(folder, "farhand-agent");
  await compile({ root: ROOT, entry: join(ROOT, "agent/main.ts"), outfile, target: hostTarget() });
  return { path: outfile, remove: () => rmSync(folder, { recursive: true }) };
}
