import { resolve } from "node:path";
import { parseEnvelope } from "../../../shared/envelope.ts";
import type { TrustStore } from "../../../shared/trust.ts";
import type { Cli } from "../command.ts";
import { readBytes } from "../settings.ts";
import { openAnchor } from "./load.ts";

/** The keys.json that this person trusts, without a hub: by flag, else by FARHAND_TRUST. */
export async function anchorOf(cli: Cli, path: string | undefined): Promise<TrustStore | undefined> {
  const chosen = path ?? cli.env["FARHAND_TRUST"];
  return chosen === undefined ? undefined : openAnchor(parseEnvelope(readBytes(resolve(cli.cwd, chosen))));
}
