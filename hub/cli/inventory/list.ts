import { buildCommand } from "@stricli/core";
import { meant } from "../nearest.ts";
import type { Device } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { DeviceId } from "../../../shared/ids.ts";
import type { InventoryView } from "../../../shared/trust.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { table } from "../terminal/table.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";

interface Flags extends HubFlags {
  readonly select?: string;
}

/** The hops in the order in which they are dialled. */
export const wayTo = (inventory: InventoryView, device: Device): string =>
  inventory
    .pathTo(device)
    .map((hop) => hop.id)
    .join(" > ");

const tagsOf = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

export const inventoryList = buildCommand<Flags, [], CliContext>({
  docs: docs("List the devices of the signed inventory", [
    "farhand inventory list",
    "farhand inventory list --select site=ams,tag.role=edge --json",
  ]),
  parameters: {
    flags: {
      ...hubFlags,
      select: {
        kind: "parsed",
        parse: text,
        brief: "Only these: site=ams,platform=frr_linux,tag.role=edge,device=r1",
        placeholder: "SELECTOR",
        optional: true,
      },
    },
  },
  func: command(list),
});

async function list(cli: Cli, flags: Flags) {
  const inventory = requireInventory(await loadTrust(cli, flags, clientOf(cli, flags)));
  const { version } = inventory.inventory.document;
  const devices =
    flags.select === undefined ? inventory.inventory.document.devices : pick(parseSelector(flags.select), inventory);
  cli.out.data("inventory", { version, sha256: inventory.digest, devices }, () =>
    table(
      [
        { title: "DEVICE", value: (device) => device.id },
        { title: "SITE", value: (device) => device.site },
        {
          title: "PLATFORM",
          value: ({ platform, transport }) => (transport === undefined ? platform : `${platform}/${transport}`),
        },
        { title: "ADDRESS", value: (device) => `${device.address}:${device.port}` },
        { title: "VIA", value: (device) => wayTo(inventory, device) },
        {
          title: "WAY HOME",
          value: (device) => (inventory.site(device.site)?.wayHome.includes(device.id) ? "yes" : ""),
        },
        { title: "TAGS", value: (device) => tagsOf(device.tags) },
      ],
      devices,
      cli.out.style,
    ),
  );
  return undefined;
}

export const inventoryShow = buildCommand<HubFlags, [DeviceId], CliContext>({
  docs: docs("Show one device of the signed inventory", ["farhand inventory show ams-r1"]),
  parameters: {
    flags: hubFlags,
    positional: { kind: "tuple", parameters: [{ parse: as(DeviceId), brief: "Device", placeholder: "DEVICE" }] },
  },
  func: command(show),
});

async function show(cli: Cli, flags: HubFlags, id: DeviceId) {
  const inventory = requireInventory(await loadTrust(cli, flags, clientOf(cli, flags)));
  const device = inventory.device(id);
  if (!device)
    throw new FarhandError(
      "NOT_FOUND",
      `no device ${id}${meant(
        id,
        inventory.inventory.document.devices.map((other) => other.id),
      )}`,
    );
  cli.out.data("inventory-device", { ...device, path: inventory.pathTo(device) }, () =>
    [
      `${device.id} at ${device.site}, ${device.platform}${device.transport === undefined ? "" : ` over ${device.transport}`}, ${escapeLine(device.address)}:${device.port}`,
      `credential ${device.credential}, algorithms ${device.algorithms}, serial ${escapeLine(device.serial ?? "not pinned")}`,
      ...inventory
        .pathTo(device)
        .map((hop) => `via ${hop.id}, ${escapeLine(hop.address)}:${hop.port}, credential ${hop.credential}`),
      `tags ${escapeLine(tagsOf(device.tags))}`,
      ...(device.tls === undefined ? [] : [`certificate ${device.tls.trust}`]),
      ...device.hostKeys.map((key) => `host key ${key.algorithm} ${key.publicKey}`),
    ].join("\n"),
  );
  return undefined;
}
