import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { parseEnvelope } from "../../../shared/envelope.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf, readBytes } from "../settings.ts";
import { typeOf } from "./show.ts";

/** keys.json first: the others are verified against it. */
const ORDER = ["keys", "agents", "inventory"] as const;

export const trustPublish = buildCommand<HubFlags, string[], CliContext>({
  docs: docs("Hand signed trust documents to the hub", [
    "farhand trust publish trust/keys.json",
    "farhand trust publish trust/keys.json inventory.json",
  ]),
  parameters: {
    flags: hubFlags,
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { parse: text, brief: "Signed document", placeholder: "FILE" },
    },
  },
  func: command(publish),
});

async function publish(cli: Cli, flags: HubFlags, ...files: string[]) {
  const documents = files
    .map((file) => parseEnvelope(readBytes(resolve(cli.cwd, file))))
    .map((envelope) => ({ envelope, type: typeOf(envelope) }));
  const client = clientOf(cli, flags);
  for (const { envelope, type } of documents.toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type))) {
    const stored = await client.call("putTrust", { params: { document: type }, body: envelope });
    cli.out.data(
      "trust-published",
      { type, ...stored },
      () => `${type}.json version ${stored.version} ${stored.sha256}`,
    );
  }
  return undefined;
}
