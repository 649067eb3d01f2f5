import { buildCommand } from "@stricli/core";
import { PlatformId, SiteId } from "../../../shared/ids.ts";
import type { DeviceView, HubClient } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { stateText } from "../job/outcome.ts";
import { clientOf } from "../settings.ts";
import { table } from "../terminal/table.ts";
import { ago, utc } from "../terminal/time.ts";

interface Flags extends HubFlags {
  readonly site?: SiteId;
  readonly platform?: PlatformId;
  readonly tag?: string;
}

export const deviceList = buildCommand<Flags, [], CliContext>({
  docs: docs("List devices with their last backup and last outcome", [
    "farhand device list",
    "farhand device list --site ams --tag role=edge --json",
  ]),
  parameters: {
    flags: {
      ...hubFlags,
      site: { kind: "parsed", parse: as(SiteId), brief: "Only this site", placeholder: "SITE", optional: true },
      platform: {
        kind: "parsed",
        parse: as(PlatformId),
        brief: "Only this platform",
        placeholder: "PLATFORM",
        optional: true,
      },
      tag: {
        kind: "parsed",
        parse: text,
        brief: "Only devices with this tag",
        placeholder: "KEY=VALUE",
        optional: true,
      },
    },
  },
  func: command(list),
});

async function list(cli: Cli, flags: Flags) {
  const devices = await allDevices(clientOf(cli, flags), flags);
  const { style } = cli.out;
  cli.out.data("devices", { devices }, () =>
    table(
      [
        { title: "DEVICE", value: (device) => device.id },
        { title: "SITE", value: (device) => device.site },
        { title: "PLATFORM", value: (device) => device.platform },
        { title: "ADDRESS", value: (device) => `${device.address}:${device.port}` },
        { title: "VIA", value: (device) => device.via.join(" > ") },
        {
          title: "BACKUP",
          // Changed, and not by what people signed here: farhand device diff shows how.
          value: (device) =>
            `${ago(device.collectedMs, cli.clock.nowMs())}${isOther(device) ? ", not its baseline" : ""}`,
        },
        {
          title: "LAST",
          value: (device) => device.lastState ?? "",
          paint: (device, cell) =>
            device.lastState ? cell.replace(device.lastState, stateText(device.lastState, style)) : cell,
        },
        {
          title: "HELD",
          value: ({ hold }) =>
            hold ? `by ${hold.owner}${hold.untilMs === null ? "" : ` until ${utc(hold.untilMs)}`}: ${hold.reason}` : "",
          paint: (_device, cell) => style.yellow(cell),
        },
        { title: "JOB", value: (device) => device.lastJob ?? "" },
      ],
      devices,
      style,
    ),
  );
  return undefined;
}

const isOther = ({ baseline, config }: DeviceView): boolean => baseline !== null && baseline !== config;

const PAGE = 1000;

async function allDevices(client: HubClient, flags: Flags): Promise<DeviceView[]> {
  const devices: DeviceView[] = [];
  let after: string | undefined;
  do {
    const { site, platform, tag } = flags;
    const page = await client.call("listDevices", {
      query: {
        limit: PAGE,
        ...(after !== undefined && { after }),
        ...(site && { site }),
        ...(platform && { platform }),
        ...(tag !== undefined && { tag }),
      },
    });
    devices.push(...page.devices);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return devices;
}
