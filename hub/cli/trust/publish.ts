import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { fileOfUpdate, decodeTrustFile } from "../../../shared/tuf/file.ts";
import { rootFingerprint } from "../../../shared/tuf/set.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf, readBytes } from "../settings.ts";
import { openAnchor } from "./anchor.ts";

export const trustPublish = buildCommand<HubFlags, [string], CliContext>({
  docs: docs(
    "Hand a signed trust file to the hub",
    ["farhand trust publish trust/trust.json", "farhand trust publish trust-draft.json"],
    "All of it comes into force at once, or nothing. The first one that a hub gets is the one that it serves from then on.",
  ),
  parameters: {
    flags: hubFlags,
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Trust file", placeholder: "FILE" }] },
  },
  func: command(publish),
});

async function publish(cli: Cli, flags: HubFlags, file: string) {
  const bytes = readBytes(resolve(cli.cwd, file));
  // What does not hold is found here, before the hub does.
  const { set } = await openAnchor(bytes);
  const client = clientOf(cli, flags);
  const versions = await client.call("putTrust", { body: fileOfUpdate(decodeTrustFile(bytes)) });
  cli.out.data(
    "trust-published",
    { versions, root: rootFingerprint(set.root) },
    () => `root version ${versions.root}, documents version ${versions.targets}: in force`,
  );
  return undefined;
}
