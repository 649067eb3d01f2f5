import { buildCommand } from "@stricli/core";
import { stringify } from "yaml";
import { FarhandError } from "../../shared/errors.ts";
import { command, docs, type Cli } from "./command.ts";
import type { CliContext } from "./context.ts";
import { writeFile } from "./files.ts";
import { hubFlags, type HubFlags } from "./flags.ts";
import { clientOf, ConfigFile, configPath, settingsOf } from "./settings.ts";
import { escapeLine } from "./terminal/escape.ts";
import { loadTrust } from "./trust/load.ts";

export const login = buildCommand<HubFlags, [], CliContext>({
  docs: docs(
    "Remember the hub, its CA, your token file and your trust file",
    ["farhand login --hub https://hub.example:8443 --ca hub-ca.pem --token-file ~/token --trust trust/trust.json"],
    "Asks the hub who it is, checks its trust documents from yours, and writes the paths (never a secret) to\n~/.config/farhand/config.yaml. Flags and FARHAND_HUB, FARHAND_CA, FARHAND_TOKEN_FILE, FARHAND_TRUST win over it.",
  ),
  parameters: { flags: hubFlags },
  func: command(remember),
});

async function remember(cli: Cli, flags: HubFlags) {
  const settings = settingsOf(cli, flags);
  if (settings.hub === undefined || settings.tokenFile === undefined)
    throw new FarhandError("USAGE", "login needs --hub and --token-file");
  const client = clientOf(cli, flags);
  const status = await client.call("status", {});
  if (settings.trust !== undefined && status.trust) await loadTrust(cli, flags, client);
  const config = ConfigFile.parse({
    hub: client.base.href,
    ca: settings.ca,
    tokenFile: settings.tokenFile,
    trust: settings.trust,
  });
  const path = configPath(cli);
  writeFile(path, stringify(config));
  cli.out.data(
    "login",
    { hub: status.hub, org: status.org, version: status.version, config: path },
    () =>
      `hub ${escapeLine(status.hub)}${status.org === "" ? "" : ` of ${escapeLine(status.org)}`}, version ${escapeLine(status.version)}; written to ${path}`,
  );
  if (settings.trust === undefined)
    cli.out.note("No --trust given: inventory, plan, review and sign will ask for one.");
  return undefined;
}
