import { buildCommand } from "@stricli/core";
import type { BundleIndex } from "../../../shared/documents/bundle.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, text, type HubFlags } from "../flags.ts";
import type { Agents } from "../../../shared/documents/agents.ts";
import type { Verified } from "../../../shared/trust.ts";
import { clientOf, settingsOf } from "../settings.ts";
import { loadAnchor } from "../trust/anchor.ts";
import { loadTrust } from "../trust/load.ts";
import { describe } from "./describe.ts";
import { verifyBundle, withBundle } from "./open.ts";

export const bundleVerify = buildCommand<HubFlags, [string], CliContext>({
  docs: docs(
    "Check who signed a bundle, and every byte of it",
    ["farhand bundle verify plant.bundle --trust trust.json", "farhand bundle verify evidence.bundle"],
    "Starts from the trust file that you trust. Which agent signed evidence is asked of the hub where one is set, else of that file.",
  ),
  parameters: {
    flags: hubFlags,
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Bundle", placeholder: "FILE" }] },
  },
  func: command(verify),
});

async function verify(cli: Cli, flags: HubFlags, path: string) {
  return withBundle(cli, path, async (file) => {
    const agents = file.claimed.direction === "out" ? await agentsOf(cli, flags) : undefined;
    const { index, digest } = await verifyBundle(file, await loadAnchor(cli, flags), {
      agents,
      nowMs: cli.clock.nowMs(),
    });
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

async function agentsOf(cli: Cli, flags: HubFlags): Promise<Verified<Agents> | undefined> {
  if (settingsOf(cli, flags).hub === undefined) return undefined;
  return (await loadTrust(cli, flags, clientOf(cli, flags))).view.agents;
}
