import { buildCommand } from "@stricli/core";
import { DeviceId } from "../../../shared/ids.ts";
import type { SnapshotView } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, whole, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { table } from "../terminal/table.ts";
import { utc } from "../terminal/time.ts";

interface Flags extends HubFlags {
  readonly limit: number;
}

export const deviceHistory = buildCommand<Flags, [DeviceId], CliContext>({
  docs: docs("List a device's configurations, newest first", [
    "farhand device history ams-r1",
    "farhand device history ams-r1 --limit 5 --json",
  ]),
  parameters: {
    flags: {
      ...hubFlags,
      limit: { kind: "parsed", parse: whole(1, 1000), brief: "How many", default: "50", placeholder: "N" },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(DeviceId), brief: "Device", placeholder: "DEVICE" }] },
  },
  func: command(history),
});

async function history(cli: Cli, flags: Flags, id: DeviceId) {
  const { snapshots, next, baseline, adoptions } = await clientOf(cli, flags).call("deviceHistory", {
    params: { id },
    query: { limit: flags.limit },
  });
  const { style } = cli.out;
  const rows = snapshots.map((snapshot, index) => ({
    ...snapshot,
    changed: snapshots[index + 1] !== undefined && snapshots[index + 1]?.public.sha256 !== snapshot.public.sha256,
  }));
  const baselineText = (row: SnapshotView): string => {
    const adopted = adoptions.find((one) => one.config === row.public.sha256);
    const said = adopted ? `adopted by ${adopted.by}: ${adopted.reason}` : "";
    return baseline?.config === row.public.sha256 ? `now${said && `, ${said}`}` : said;
  };
  cli.out.data("device-history", { device: id, snapshots, next, baseline, adoptions }, () =>
    table(
      [
        { title: "TAKEN", value: (row) => utc(row.takenMs) },
        { title: "DIGEST", value: (row) => row.public.sha256.slice(0, 16) },
        { title: "BYTES", value: (row) => row.public.bytes, right: true },
        { title: "CHANGED", value: (row) => (row.changed ? "yes" : ""), paint: (_row, cell) => style.yellow(cell) },
        { title: "RESTORABLE", value: (row) => (row.notRestorable === null ? "yes" : `no: ${row.notRestorable}`) },
        { title: "BASELINE", value: baselineText },
        { title: "JOB", value: (row) => row.job },
      ],
      rows,
      style,
    ),
  );
  if (rows.some((row) => row.changed)) cli.out.next(`farhand device diff ${id}`);
  return undefined;
}
