import { existsSync } from "node:fs";
import { z } from "zod";
import { FarhandError } from "../../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { readText, statePath } from "../settings.ts";
import type { Trusted } from "./load.ts";

const Versions = z.strictObject({ keys: z.int().min(0), agents: z.int().min(0), inventory: z.int().min(0) });
type Versions = z.infer<typeof Versions>;
const SeenFile = z.record(z.string(), Versions);

const DOCUMENTS = ["keys", "agents", "inventory"] as const;

/**
 * Every document that a hub shows is signed, and so was the one before: a hub could show the agents.json from before an agent was banned.
 * This machine remembers the highest versions that it has seen and takes no lower one.
 */
export function refuseOlder(cli: Pick<CliContext, "env" | "home">, trusted: Trusted): void {
  const path = statePath(cli, "seen.json");
  const seen = read(path);
  const name = `${trusted.store.org}/${trusted.store.hubId}`;
  const before = seen[name] ?? { keys: 0, agents: 0, inventory: 0 };
  const now: Versions = {
    keys: trusted.store.keys.document.version,
    agents: trusted.agents?.document.version ?? 0,
    inventory: trusted.inventory?.inventory.document.version ?? 0,
  };
  for (const document of DOCUMENTS) {
    if (now[document] < before[document]) {
      throw new FarhandError(
        "CONFLICT",
        `${document}.json is version ${now[document]} here, and was version ${before[document]} before (${path}): publish the newer one again`,
      );
    }
  }
  if (DOCUMENTS.some((document) => now[document] > before[document]))
    writeFile(path, `${JSON.stringify({ ...seen, [name]: now }, null, 2)}\n`);
}

function read(path: string): Readonly<Record<string, Versions>> {
  if (!existsSync(path)) return {};
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    throw new FarhandError("IO", `${path}: not JSON`, { cause: error });
  }
  const parsed = SeenFile.safeParse(value);
  if (!parsed.success) throw new FarhandError("IO", `${path}: not understood`);
  return parsed.data;
}
