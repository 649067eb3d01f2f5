import { buildCommand } from "@stricli/core";
import { GrantId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { deadlineFlags, deadlinesOf, type ReadDeadlineFlags } from "../deadlines.ts";
import { EXIT } from "../exit.ts";
import { as, hubFlags, text, waitFlag, type HubFlags } from "../flags.ts";
import { ended, followJob } from "../job/follow.ts";
import { outcomesOf } from "../job/outcome.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf } from "../settings.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";
import { checkedOf, checkText, isBlocked, outputOf } from "./report.ts";

interface Flags extends HubFlags, ReadDeadlineFlags {
  readonly select: string;
  readonly grant: GrantId;
  readonly wait: number;
}

export const checkDevices = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Is every device ready for work? Reads only",
    [
      "farhand check devices --select site=ams --grant reads",
      "farhand check devices --select device=ams-r1 --grant reads --json",
    ],
    "Reach, host key, login, rights, platform and serial, free sessions, pending changes, clock, storage, who manages it, and what\n" +
      "blocks a better level. Each finding has a stable code and a severity: blocks, warns, tells. Exits 1 if any device has one that blocks.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      select: {
        kind: "parsed",
        parse: text,
        brief: "Devices: site=ams,platform=frr_linux,tag.role=edge,device=r1",
        placeholder: "SELECTOR",
      },
      grant: { kind: "parsed", parse: as(GrantId), brief: "Grant that allows it", placeholder: "GRANT" },
      ...deadlineFlags,
      wait: waitFlag("Seconds to wait for answers", 300),
    },
  },
  func: command(check),
});

async function check(cli: Cli, flags: Flags) {
  const client = clientOf(cli, flags);
  const devices = pick(parseSelector(flags.select), requireInventory(await loadTrust(cli, flags, client)));
  const job = await client.submit({
    kind: "check",
    title: `check: ${flags.select}`.slice(0, 200),
    devices: devices.map((device) => device.id),
    grant: flags.grant,
    ...deadlinesOf(flags),
  });
  cli.out.note(`job ${job.id}: ${devices.length} devices`);
  const view = await followJob(cli, client, { job: job.id, until: ended, waitMs: flags.wait * 1000 });
  const all = await Promise.all(
    outcomesOf(view).map(async (outcome) => {
      const digest = outputOf(outcome);
      return checkedOf(
        outcome,
        digest === undefined ? undefined : new TextDecoder().decode(await client.getBlob(digest)),
      );
    }),
  );
  cli.out.data("check", { job: view.id, state: view.state, devices: all }, () => checkText(all, cli.out.style));
  const blocked = all.filter(isBlocked).length;
  cli.out.note(`${all.length - blocked} of ${all.length} devices have nothing that blocks`);
  return blocked > 0 || all.length < devices.length ? EXIT.failure : EXIT.ok;
}
