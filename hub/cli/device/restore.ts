import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { FarhandError } from "../../../shared/errors.ts";
import { DeviceId, GrantId, PersonId, PlatformId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { confirmFlag, deadlineFlags } from "../deadlines.ts";
import { as, hubFlags, optionalText, text, waitFlag } from "../flags.ts";
import { acceptFlag } from "../plan/accept.ts";
import { checksFrom } from "../plan/checks.ts";
import { readVerifications } from "../plan/inputs.ts";
import { submitPlan, type PlanFlags } from "../plan/submit.ts";
import { clientOf, readText } from "../settings.ts";
import { utc } from "../terminal/time.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";
import { sealedOf } from "./sealed.ts";
import { snapshotAt } from "./snapshots.ts";

interface Flags extends Omit<
  PlanFlags,
  "title" | "notBefore" | "lifetimeHours" | "attempts" | "standby" | "acceptLevelE"
> {
  readonly to: string;
  readonly title?: string;
  readonly verify?: string;
  readonly checks?: string;
}

export const deviceRestore = buildCommand<Flags, [DeviceId], CliContext>({
  docs: docs(
    "Plan to put a device back to a configuration that it had",
    [
      "farhand device restore ams-r1 --to 3f0c91ab --author ann --grant nightly",
      "farhand device restore ams-r1 --to 2026-11-25T02:00Z --author ann --grant nightly --reason 'the box was replaced'",
    ],
    "The text is the sealed snapshot: only an agent of the site opens it, secrets and all, after it has verified the signatures.\n" +
      "Diff and commands are on public forms; drift is exact; risk, level and undo are those of a change that replaces the whole.\n" +
      "Exits 2 where there are changes to sign, 0 where the device is like that already.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      accept: acceptFlag,
      ...deadlineFlags,
      confirmSeconds: confirmFlag,
      to: {
        kind: "parsed",
        parse: text,
        brief: "Digest, or its beginning, as farhand device history shows it; or a time",
        placeholder: "SNAPSHOT",
      },
      author: { kind: "parsed", parse: as(PersonId), brief: "You, as keys.json names you", placeholder: "P" },
      grant: { kind: "parsed", parse: as(GrantId), brief: "Grant under which the agent plans", placeholder: "GRANT" },
      title: optionalText("What it is, in one line", "TEXT"),
      reason: optionalText("Why", "TEXT"),
      verify: optionalText("Checks after the change, in YAML", "FILE.yaml"),
      checks: optionalText("State compared before and after; what is worse undoes the change", "default|FILE.yaml"),
      acceptSimulated: {
        kind: "parsed",
        parse: as(PlatformId),
        brief: "Accept a driver proved on simulators only",
        placeholder: "PLATFORM",
        variadic: true,
        optional: true,
      },
      record: optionalText("Where to remember what was planned (default: the state folder)", "PLAN.json"),
      wait: waitFlag("Seconds to wait for the plan", 900),
    },
    positional: { kind: "tuple", parameters: [{ parse: as(DeviceId), brief: "Device", placeholder: "DEVICE" }] },
  },
  func: command(restore),
});

async function restore(cli: Cli, flags: Flags, device: DeviceId) {
  const client = clientOf(cli, flags);
  const inventory = requireInventory(await loadTrust(cli, flags, client));
  if (!inventory.device(device)) throw new FarhandError("NOT_FOUND", `no device ${device} in the signed inventory`);
  const { snapshots } = await client.call("deviceHistory", { params: { id: device }, query: { limit: 1000 } });
  const snapshot = snapshotAt(snapshots, flags.to);
  const { ref } = await sealedOf(client, snapshot);
  const verify =
    flags.verify === undefined ? [] : readVerifications(flags.verify, readText(resolve(cli.cwd, flags.verify)));
  const checks = checksFrom(flags.checks, (file) => readText(resolve(cli.cwd, file)));
  const digest = snapshot.public.sha256;
  const title = flags.title ?? `Restore ${device} to ${digest.slice(0, 12)} of ${utc(snapshot.takenMs)}`;
  const source = { kind: "sealed", public: digest, keyGeneration: snapshot.keyGeneration } as const;
  return submitPlan(
    cli,
    client,
    { ...flags, title },
    {
      mode: "replace",
      drift: "exact",
      texts: [{ device, source, text: ref }],
      verify,
      checks,
      waves: null,
      inventory: inventory.digest,
    },
  );
}
