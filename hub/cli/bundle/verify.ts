import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import type { BundleIndex } from "../../../shared/documents/bundle.ts";
import { envelopeBytes } from "../../../shared/envelope.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf, readBytes, settingsOf } from "../settings.ts";
import { loadAnchor, loadTrust } from "../trust/load.ts";
import { describe } from "./describe.ts";
import { verifyBundle, withBundle } from "./open.ts";

interface Flags extends HubFlags {
  readonly agents?: string;
}

export const bundleVerify = buildCommand<Flags, [string], CliContext>({
  docs: docs(
    "Check who signed a bundle, and every byte of it",
    [
      "farhand bundle verify plant.bundle --trust keys.json",
      "farhand bundle verify evidence.bundle --trust keys.json --agents agents.json",
    ],
    "Starts from the keys.json that you trust. For evidence, agents.json is fetched from the hub unless a file is given.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      agents: { kind: "parsed", parse: text, brief: "The signed agents.json", placeholder: "FILE", optional: true },
    },
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Bundle", placeholder: "FILE" }] },
  },
  func: command(verify),
});

async function verify(cli: Cli, flags: Flags, path: string) {
  return withBundle(cli, path, async (file) => {
    const agents = file.claimed.direction === "out" ? await agentsOf(cli, flags) : undefined;
    const { index, digest } = await verifyBundle(file, await loadAnchor(cli, flags), agents);
    const { lines, value } = await describe(file, index);
    cli.out.data("bundle", { verified: true, sha256: digest, ...value }, () =>
      [...lines, `signed by ${signerOf(index)}; every byte is what it says`].join("\n"),
    );
    return undefined;
  });
}

function signerOf(index: BundleIndex): string {
  switch (index.direction) {
    case "in":
      return "the hub";
    case "out":
      return index.agent;
    case "breakglass":
      return `${index.oncall}, on call`;
    default:
      return index satisfies never;
  }
}

async function agentsOf(cli: Cli, flags: Flags): Promise<Uint8Array | undefined> {
  if (flags.agents !== undefined) return readBytes(resolve(cli.cwd, flags.agents));
  if (settingsOf(cli, flags).hub === undefined) return undefined;
  const { envelopes } = await loadTrust(cli, flags, clientOf(cli, flags));
  return envelopes.agents ? envelopeBytes(envelopes.agents) : undefined;
}
