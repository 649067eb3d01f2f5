import { buildCommand } from "@stricli/core";
import { FarhandError } from "../../../shared/errors.ts";
import { DeviceId, type Digest } from "../../../shared/ids.ts";
import { diffLines } from "../../../drivers/model/render-diff.ts";
import type { HubClient, SnapshotView } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { hubFlags, as, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { diffText } from "../terminal/diff.ts";
import { utc } from "../terminal/time.ts";
import { compare } from "./compare.ts";
import { byPrefix } from "./snapshots.ts";

interface Flags extends HubFlags {
  readonly from?: string;
  readonly to?: string;
}

const digestFlag = (brief: string) =>
  ({ kind: "parsed", parse: text, brief, placeholder: "DIGEST", optional: true }) as const;

export const deviceDiff = buildCommand<Flags, [DeviceId], CliContext>({
  docs: docs(
    "Show what changed between two configurations of a device",
    ["farhand device diff ams-r1", "farhand device diff ams-r1 --from 3fa8 --to 91c0 --json"],
    "Without --from and --to: the newest configuration and the baseline, which is what was adopted or what a signed change left; where the\n" +
      "device is as its baseline says, or has none, the one before it that was different. A digest may be cut short.\n" +
      "Exits 2 if there are differences.",
  ),
  parameters: {
    flags: { ...hubFlags, from: digestFlag("The older one"), to: digestFlag("The newer one") },
    positional: { kind: "tuple", parameters: [{ parse: as(DeviceId), brief: "Device", placeholder: "DEVICE" }] },
  },
  func: command(diff),
});

async function diff(cli: Cli, flags: Flags, id: DeviceId) {
  const client = clientOf(cli, flags);
  const { snapshots, baseline } = await client.call("deviceHistory", { params: { id }, query: { limit: 1000 } });
  const [newest] = snapshots;
  if (!newest)
    throw new FarhandError(
      "NOT_FOUND",
      `${id} has no configuration yet: farhand job submit collect --select device=${id}`,
    );
  const to = flags.to === undefined ? newest : byPrefix(snapshots, flags.to);
  const kept = flags.to === undefined && baseline && baseline.config !== to.public.sha256 ? baseline.config : undefined;
  const from =
    flags.from === undefined
      ? (snapshots.find((snapshot) => snapshot.public.sha256 === kept) ?? beforeOf(snapshots, to))
      : byPrefix(snapshots, flags.from);
  if (!from || from.public.sha256 === to.public.sha256) {
    cli.out.data(
      "device-diff",
      { device: id, from: from?.public.sha256 ?? null, to: to.public.sha256, diff: [], orderOnly: false },
      () => `${id}: no difference`,
    );
    return EXIT.ok;
  }
  const [older, newer] = await Promise.all([
    configText(client, from.public.sha256),
    configText(client, to.public.sha256),
  ]);
  const found = compare(older, newer);
  const keys =
    from.keyGeneration === to.keyGeneration
      ? []
      : ["The site key changed in between: every secret's tag differs, though the secrets may be the same."];
  cli.out.data(
    "device-diff",
    { device: id, from: from.public.sha256, to: to.public.sha256, diff: found.entries, orderOnly: found.orderOnly },
    () =>
      [
        cli.out.style.bold(
          `${id}  ${utc(from.takenMs)} ${from.public.sha256.slice(0, 12)} → ${utc(to.takenMs)} ${to.public.sha256.slice(0, 12)}`,
        ),
        ...keys,
        found.orderOnly ? "the same lines in another order" : diffText(diffLines(found.diff), cli.out.style),
      ].join("\n"),
  );
  return EXIT.differences;
}

export const beforeOf = (snapshots: readonly SnapshotView[], to: SnapshotView): SnapshotView | undefined =>
  snapshots.slice(snapshots.indexOf(to) + 1).find((snapshot) => snapshot.public.sha256 !== to.public.sha256);

export async function configText(client: HubClient, digest: Digest): Promise<string> {
  return new TextDecoder().decode(await client.getBlob(digest));
}
