import { existsSync } from "node:fs";
import { z } from "zod";
import { FarhandError } from "../../../shared/errors.ts";
import { TrustVersions } from "../../../shared/tuf/file.ts";
import { ROLES } from "../../../shared/tuf/metadata.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { readText, statePath } from "../settings.ts";
import type { Trusted } from "./load.ts";

type Versions = z.infer<typeof TrustVersions>;
const SeenFile = z.record(z.string(), TrustVersions);

/**
 * Every set that a hub shows is signed, and so was the one before: a hub could show the set from before an agent was banned. This machine
 * remembers the highest versions that it has seen and takes no lower one.
 */
export function refuseOlder(cli: Pick<CliContext, "env" | "home">, { view, store }: Trusted): void {
  const path = statePath(cli, "seen.json");
  const seen = read(path);
  const name = `${store.org}/${store.hubId}`;
  const before: Versions = seen[name] ?? { root: 0, timestamp: 0, snapshot: 0, targets: 0 };
  const now = view.facts.versions;
  // A newer root that names other timestamp keys lets that role begin afresh: TUF's way back from a version that ran ahead (§5.3.11).
  const counted = now.root > before.root ? (["root", "targets"] as const) : ROLES;
  for (const role of counted) {
    if (now[role] < before[role])
      throw new FarhandError(
        "TRUST_ROLLBACK",
        `${role}.json is version ${now[role]} here, and was version ${before[role]} before (${path})`,
      );
  }
  if (ROLES.some((role) => now[role] !== before[role]))
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
