import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { withBundle } from "./open.ts";

export const bundleImport = buildCommand<HubFlags, [string], CliContext>({
  docs: docs(
    "Hand the evidence of an agent without a line to the hub",
    ["farhand bundle import evidence.bundle"],
    "The hub checks the agent's signature and the order, and stores every record once. Sticks that never came are named, here and\n" +
      "in the audit log. The next bundle to the agent acknowledges this one.",
  ),
  parameters: {
    flags: hubFlags,
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Bundle", placeholder: "FILE" }] },
  },
  func: command(importBundle),
});

const ranged = ({ first, last }: { first: number; last: number }): string =>
  first === last ? `number ${first}` : `numbers ${first} to ${last}`;

async function importBundle(cli: Cli, flags: HubFlags, path: string) {
  // Looked at here first: what is no bundle at all is not sent anywhere.
  await withBundle(cli, path, (file) => file.checkBodies());
  const taken = await clientOf(cli, flags).importBundle(Bun.file(resolve(cli.cwd, path)));
  cli.out.data("bundle-imported", taken, () => {
    const lines = [`number ${taken.number} of ${taken.agent} is taken in, ${taken.records} records`];
    if (taken.missing)
      lines.push(`never brought: ${ranged(taken.missing)}; ask who carried it. This one holds all of it again`);
    if (taken.unacknowledged)
      lines.push(`the agent has not taken in ${ranged(taken.unacknowledged)} of what was sent to it`);
    return lines.join("\n");
  });
  cli.out.next(`farhand bundle export --agent ${taken.agent} --out FILE`);
  return undefined;
}
