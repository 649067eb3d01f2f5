import { buildCommand } from "@stricli/core";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, keyFlags, whole, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf } from "../settings.ts";
import { publishEdit } from "./edit.ts";
import { loadTrust } from "./load.ts";
import { SET_DAYS } from "./next-set.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly days: number;
}
const DAY_SECONDS = 86_400;

export const trustRenew = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Say again that the trust documents stand",
    ["farhand trust renew --key kim.key.json"],
    `Nothing in them changes but their ends: ${SET_DAYS} days for the set, --days for keys.json.`,
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      days: { kind: "parsed", parse: whole(1, 3650), brief: "For keys.json", default: "365", placeholder: "N" },
    },
  },
  func: command(renew),
});

async function renew(cli: Cli, flags: Flags) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const exp = Math.floor(cli.clock.nowMs() / 1000) + flags.days * DAY_SECONDS;
  const signer = await signerFromFile(cli, flags, flags.key);
  const inForce = await publishEdit(cli, client, trusted, { keys: (keys) => ({ ...keys, exp }), signer });
  const version = trusted.view.facts.versions.targets + 1;
  cli.out.data("trust-renewed", { targets: version, keysEnd: exp, inForce }, () =>
    inForce
      ? `documents version ${version} are in force for ${SET_DAYS} days`
      : `version ${version} waits for its signatures`,
  );
  return undefined;
}
