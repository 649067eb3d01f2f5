import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { checkEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { BreakglassId, GrantId } from "../../../shared/ids.ts";
import { verifyBreakglass } from "../../../shared/verify/breakglass.ts";
import { verifyGrant } from "../../../shared/verify/work.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { loadTrust } from "../trust/load.ts";
import { describe } from "./describe.ts";
import { writeKit } from "./kit.ts";
import { rowOf } from "./list.ts";

interface Flags extends HubFlags {
  readonly grant: GrantId;
  readonly out: string;
}

export const breakglassCarry = buildCommand<Flags, [BreakglassId], CliContext>({
  docs: docs(
    "Write all that an on-call person needs where the hub is dead into one file",
    ["farhand breakglass carry ams-night --grant reads --out ams-night.kit"],
    "The break-glass, a grant under which the agent plans, and the signed keys, agents and inventory. Nothing in it is secret, and nothing in it\n" +
      "works without an on-call key. Write it again when the inventory has changed: an agent refuses what names another one.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      grant: { kind: "parsed", parse: as(GrantId), brief: "Grant that lets the agent plan", placeholder: "GRANT" },
      out: { kind: "parsed", parse: text, brief: "File to write", placeholder: "KIT" },
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: as(BreakglassId), brief: "The newest of that id", placeholder: "ID" }],
    },
  },
  func: command(carry),
});

async function carry(cli: Cli, flags: Flags, id: BreakglassId) {
  const client = clientOf(cli, flags);
  const { store, file: trust } = await loadTrust(cli, flags, client);
  const { breakglass: views } = await client.call("listBreakglass", {});
  const row = views.map(rowOf).find((candidate) => candidate.breakglass.id === id);
  if (!row) throw new FarhandError("NOT_FOUND", `no break-glass ${id}`);
  const { grants } = await client.call("listGrants", {});
  const found = grants.find(({ grant }) => grant.id === flags.grant);
  if (!found) throw new FarhandError("NOT_FOUND", `no grant ${flags.grant}`);
  // Checked while there is still time to have another one signed.
  const context = { trust: store, time: { nowMs: cli.clock.nowMs(), errorMs: 0, floorMs: 0 } };
  const [breakglass, grant] = [checkEnvelope(row.view.envelope), checkEnvelope(found.envelope)];
  const held = await verifyBreakglass(breakglass, context);
  const { grant: leave } = await verifyGrant({ authority: grant }, context);
  if (!leave.kinds.includes("plan") || !leave.sites.includes(held.breakglass.site))
    throw new FarhandError("GRANT_SCOPE", `${leave.id} does not let the agent at ${held.breakglass.site} plan`);
  const file = resolve(cli.cwd, flags.out);
  writeKit(file, { trust, breakglass, grant });
  cli.out.data("breakglass-kit", { file, breakglass: held.breakglass, grant: leave.id }, () =>
    [...describe(held.breakglass), `in ${file}`].join("\n"),
  );
  cli.out.next(
    `farhand breakglass plan --kit ${flags.out} --reason TEXT --template FILE --key KEYFILE --out plan.bundle`,
  );
  return undefined;
}
