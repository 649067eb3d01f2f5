import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { FarhandError } from "../../../shared/errors.ts";
import { encodeTrustFile, fileOfUpdate } from "../../../shared/tuf/file.ts";
import { openUntimed } from "../../../shared/tuf/open.ts";
import type { TrustUpdate } from "../../../shared/tuf/set.ts";
import type { HubClient } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import { writeFile } from "../files.ts";
import { shownRoots, type Trusted } from "./load.ts";
import { wanting, type Wanting } from "./next-set.ts";

/** Where a set that lacks signatures waits for the next keyadmin. */
export const DRAFT = "trust-draft.json";

/** To the hub when it is complete; else into a draft beside the person who began it. True when it is in force. */
export async function handOver(cli: Cli, client: HubClient, trusted: Trusted, update: TrustUpdate): Promise<boolean> {
  const whole = { ...update, roots: [...shownRoots(trusted), ...(update.roots ?? [])] };
  const missing = wanting(whole, trusted.view.set.root);
  if (isComplete(missing)) {
    await putWhole(client, trusted, whole);
    return true;
  }
  const path = resolve(cli.cwd, DRAFT);
  if (existsSync(path)) throw new FarhandError("CONFLICT", `${path} is there already: finish it first, or remove it`);
  writeFile(path, encodeTrustFile(whole), { mode: 0o644, fresh: true });
  cli.out.note(`Nothing is in force yet: ${missingText(missing)}`);
  cli.out.next(`farhand trust sign ${DRAFT} --key KEYFILE`);
  return false;
}

/** Opened once more with what everyone else trusts: what does not hold is found before the hub finds it. */
export async function putWhole(client: HubClient, trusted: Trusted, update: TrustUpdate): Promise<void> {
  await openUntimed(trusted.view.set.root, update);
  await client.call("putTrust", { body: fileOfUpdate(update) });
}

export const isComplete = ({ root, keyadmins }: Wanting): boolean => root === 0 && keyadmins === 0;

export function missingText({ root, keyadmins }: Wanting): string {
  const parts = [];
  if (root > 0) parts.push(`${root} more root ${root === 1 ? "key" : "keys"}`);
  if (keyadmins > 0) parts.push(`${keyadmins} more of the keyadmins`);
  return `${parts.join(" and ")} must sign it`;
}
