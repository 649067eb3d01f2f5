import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { ChangeMode, DriftMode, TEXT_SOURCE } from "../../../shared/documents/manifest.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId, DeviceId, GrantId, PersonId, PlatformId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { confirmFlag, deadlineFlags } from "../deadlines.ts";
import { as, hubFlags, neededText, optionalText, text, waitFlag, whole } from "../flags.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf, readText } from "../settings.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";
import { checksFrom } from "./checks.ts";
import { readVerifications, readWaves, timeOf } from "./inputs.ts";
import { submitPlan, type PlanFlags } from "./submit.ts";
import { acceptFlag } from "./accept.ts";
import { renderTexts, upload } from "./texts.ts";

interface Flags extends PlanFlags {
  readonly template: string;
  readonly vars?: string;
  readonly select: string;
  readonly mode: ChangeMode;
  readonly drift: DriftMode;
  readonly verify?: string;
  readonly checks?: string;
  readonly wave?: readonly string[];
}

export const planChange = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Render a template for each device and have the agents plan the change",
    [
      "farhand plan change --template edge.j2 --vars vars.yaml --select site=ams,tag.role=edge --author ann --grant nightly --title 'NTP at the edge'",
      "farhand plan change --template r1.j2 --select device=r1 --author ann --grant nightly --title 'Peer 64510' --verify bgp.yaml --wave device=r1@2026-11-25T02:00Z",
    ],
    "Templates are Jinja; an undefined variable is an error. A template sees its variables and device.{id, site, platform, address, tags};\n" +
      'secret("name") stays a token until the agent has verified the signatures.\n' +
      "Variables: a YAML file with all:, sites: {SITE: …}, devices: {DEVICE: …}; the nearer one wins.\n" +
      "Verification: a YAML list of {command, contains, absent, withinSeconds}.\n" +
      "State checks: --checks default, or a YAML file {defaults, except: [{name, keys}], expect: [{expect: kept|unchanged|not-fallen|holds|rows,\n" +
      "name, table, where: [{column, op, value}], …}], settleSeconds, withinSeconds}; farhand run --parse shows tables and columns.\n" +
      "Exits 2 where there are changes to sign, 0 where no device would change.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      template: neededText("Jinja template of the configuration text", "FILE.j2"),
      vars: optionalText("Variables in YAML", "FILE.yaml"),
      select: neededText("Devices: site=ams,platform=frr_linux,tag.role=edge,device=r1", "SELECTOR"),
      author: { kind: "parsed", parse: as(PersonId), brief: "You, as keys.json names you", placeholder: "P" },
      grant: {
        kind: "parsed",
        parse: as(GrantId),
        brief: "Grant under which the agents read and plan",
        placeholder: "GRANT",
      },
      title: neededText("What it is, in one line", "TEXT"),
      reason: optionalText("Why", "TEXT"),
      mode: {
        kind: "enum",
        values: ChangeMode.options,
        brief: "merge adds the text; replace makes it the whole configuration",
        default: "merge",
      },
      drift: {
        kind: "enum",
        values: DriftMode.options,
        brief: "exact: any drift refuses; same-diff: an equal diff goes on",
        default: "exact",
      },
      verify: optionalText("Checks after the change, in YAML", "FILE.yaml"),
      checks: optionalText("State compared before and after; what is worse undoes the change", "default|FILE.yaml"),
      wave: {
        kind: "parsed",
        parse: text,
        brief: "SELECTOR[@TIME], in order; what no wave names is the last one",
        placeholder: "WAVE",
        variadic: true,
        optional: true,
      },
      notBefore: {
        kind: "parsed",
        parse: timeOf,
        brief: "Earliest start, as 2026-11-25T02:00Z",
        placeholder: "TIME",
        optional: true,
      },
      lifetimeHours: {
        kind: "parsed",
        parse: whole(1, 4_320),
        brief: "How long the warrant is valid",
        placeholder: "N",
        optional: true,
      },
      attempts: {
        kind: "parsed",
        parse: whole(1, 10),
        brief: "Attempts at most, and only for devices proved not applied",
        placeholder: "N",
        optional: true,
      },
      standby: {
        kind: "parsed",
        parse: as(AgentId),
        brief: "May go on where its site's agent is gone: farhand job takeover",
        placeholder: "AGENT",
        variadic: true,
        optional: true,
      },
      acceptLevelE: {
        kind: "parsed",
        parse: as(DeviceId),
        brief: "Accept that this device cannot undo the change",
        placeholder: "DEVICE",
        variadic: true,
        optional: true,
      },
      acceptSimulated: {
        kind: "parsed",
        parse: as(PlatformId),
        brief: "Accept a driver proved on simulators only",
        placeholder: "PLATFORM",
        variadic: true,
        optional: true,
      },
      accept: acceptFlag,
      ...deadlineFlags,
      confirmSeconds: confirmFlag,
      record: optionalText("Where to remember what was planned (default: the state folder)", "PLAN.json"),
      wait: waitFlag("Seconds to wait for the plan", 900),
    },
  },
  func: command(planFrom),
});

async function planFrom(cli: Cli, flags: Flags) {
  if (flags.mode === "replace" && flags.drift !== "exact")
    throw new FarhandError("USAGE", "--mode replace is always --drift exact");
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const inventory = requireInventory(trusted);
  const devices = pick(parseSelector(flags.select), inventory);
  if (!trusted.store.person(flags.author)?.roles.some((entry) => entry.role === "author")) {
    throw new FarhandError("NO_AUTHOR", `${flags.author} is no author in keys.json`);
  }
  const verify =
    flags.verify === undefined ? [] : readVerifications(flags.verify, readText(resolve(cli.cwd, flags.verify)));
  const checks = checksFrom(flags.checks, (file) => readText(resolve(cli.cwd, file)));
  const waves = flags.wave === undefined ? null : readWaves(flags.wave, devices, inventory);
  const rendered = await renderTexts(cli, flags, devices, inventory);

  await upload(client, rendered);
  const texts = rendered.map(({ device, ref }) => ({ device, source: TEXT_SOURCE, text: ref }));
  return submitPlan(cli, client, flags, { ...flags, texts, verify, checks, waves, inventory: inventory.digest });
}
