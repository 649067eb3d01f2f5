import { z } from "zod";
import {
  AlgorithmProfile,
  Address,
  HostKey,
  Tls,
  TransportName,
  type Inventory,
} from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { CredentialName, DeviceId, HopId, OrgId, PlatformId, SiteId } from "../../../shared/ids.ts";
import { pathFaults } from "../../../shared/path.ts";
import { meant } from "../nearest.ts";
import type { Fault, Places } from "./locate.ts";
import { readYaml } from "./yaml.ts";

/** Our YAML; README.md beside this file documents it. */
const HostKeyLine = z.string().transform((line, context) => {
  const [algorithm, publicKey, ...rest] = line.trim().split(/\s+/);
  const parsed = HostKey.safeParse({ algorithm, publicKey });
  // The blob names its own algorithm (RFC 4253 §6.6): a key pasted half, or under another name, is caught here and not at the device.
  const blob = Buffer.from(publicKey ?? "", "base64");
  const named = blob.length > 4 ? blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1") : "";
  if (parsed.success && rest.length <= 1 && named === algorithm) return parsed.data;
  context.addIssue({
    code: "custom",
    message: 'must be a host key as ssh-keyscan prints it, without the host: "ssh-ed25519 AAAA…"',
  });
  return z.NEVER;
});

const Port = z.int().min(1).max(65_535);
const Tags = z.record(z.string().min(1).max(63), z.string().max(255));
const Defaults = z.strictObject({
  platform: PlatformId.optional(),
  port: Port.optional(),
  credential: CredentialName.optional(),
  algorithms: AlgorithmProfile.optional(),
  tags: Tags.optional(),
});
const SiteLine = z.strictObject({
  id: SiteId,
  wayHome: z.array(DeviceId).max(256),
  parallel: z.int().min(1).max(1024).default(16),
});
const reached = {
  address: Address,
  port: Port.optional(),
  hostKeys: z.array(HostKeyLine).max(8),
  credential: CredentialName.optional(),
  algorithms: AlgorithmProfile.optional(),
  via: HopId.optional(),
};
const HopLine = z.strictObject({
  id: HopId,
  site: SiteId,
  ...reached,
  parallel: z.int().min(1).max(1024).default(8),
});
const DeviceLine = z.strictObject({
  id: DeviceId,
  site: SiteId,
  platform: PlatformId.optional(),
  ...reached,
  /** Without one it is logged in to by no SSH: HTTPS and SNMP have none. */
  hostKeys: z.array(HostKeyLine).max(8).optional(),
  transport: TransportName.optional(),
  tls: Tls.optional(),
  serial: z.string().min(1).max(64).optional(),
  tags: Tags.optional(),
});
const InventoryFile = z.strictObject({
  org: OrgId,
  defaults: Defaults.default({}),
  sites: z.array(SiteLine).min(1).max(5000),
  hops: z.array(HopLine).max(10_000).default([]),
  devices: z.array(DeviceLine).max(100_000),
});
type InventoryFile = z.infer<typeof InventoryFile>;

const SHAPES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^$/, Object.keys(InventoryFile.shape)],
  [/^defaults$/, Object.keys(Defaults.shape)],
  [/^sites\.\d+$/, Object.keys(SiteLine.shape)],
  [/^hops\.\d+$/, Object.keys(HopLine.shape)],
  [/^devices\.\d+$/, Object.keys(DeviceLine.shape)],
];

const FAULTS_MAX = 50;

/** Where a protocol listens unless it is told otherwise (IANA; RFC 6242 for NETCONF). */
const PORTS: Readonly<Record<TransportName, number>> = { cli: 22, netconf: 830, https: 443, snmp: 161 };

/** What the file says, as the inventory that is signed but for its version. Throws INVENTORY_FILE with every fault, `file:line:column: …`. */
export function readInventoryFile(name: string, text: string): Omit<Inventory, "version"> {
  const { places, faults: syntax, value } = readYaml(text);
  if (syntax.length > 0) refuse(name, syntax);
  const parsed = InventoryFile.safeParse(value);
  const faults = parsed.success ? [] : parsed.error.issues.flatMap((issue) => faultsOf(places, issue));
  if (!parsed.success) return refuse(name, faults);
  const inventory = assemble(parsed.data, places, faults);
  if (faults.length > 0) refuse(name, faults);
  return inventory;
}

function refuse(name: string, faults: readonly Fault[]): never {
  const sorted = faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const shown = sorted.slice(0, FAULTS_MAX).map((fault) => `${name}:${fault.line}:${fault.column}: ${fault.message}`);
  if (sorted.length > FAULTS_MAX) shown.push(`… and ${sorted.length - FAULTS_MAX} more`);
  const [only] = shown;
  throw new FarhandError("INVENTORY_FILE", shown.length === 1 ? only : `${shown.length} faults\n${shown.join("\n")}`);
}

function faultsOf(places: Places, issue: z.core.$ZodIssue): Fault[] {
  if (issue.code !== "unrecognized_keys") {
    const member = issue.path.at(-1);
    const missing = issue.code === "invalid_type" && issue.message.endsWith("received undefined");
    return [
      places.fault(
        issue.path,
        missing ? `${String(member)} is missing` : `${String(member ?? "the file")}: ${issue.message}`,
      ),
    ];
  }
  const where = issue.path.join(".");
  const known = SHAPES.find(([pattern]) => pattern.test(where))?.[1] ?? [];
  return issue.keys.map((key) => places.faultAtKey(issue.path, key, `unknown member ${key}${meant(key, known)}`));
}

function assemble(file: InventoryFile, places: Places, faults: Fault[]): Omit<Inventory, "version"> {
  const sites = new Set<SiteId>();
  file.sites.forEach((site, index) => {
    if (sites.has(site.id)) faults.push(places.fault(["sites", index, "id"], `site ${site.id} stands twice`));
    sites.add(site.id);
  });
  const devices = new Map<string, string>();
  file.devices.forEach((device, index) => {
    if (devices.has(device.id)) faults.push(places.fault(["devices", index, "id"], `device ${device.id} stands twice`));
    devices.set(device.id, device.site);
    if (!sites.has(device.site))
      faults.push(places.fault(["devices", index, "site"], `no site ${device.site}${meant(device.site, [...sites])}`));
  });
  file.sites.forEach((site, index) => {
    site.wayHome.forEach((id, at) => {
      const message = !devices.has(id)
        ? `no device ${id}${meant(id, [...devices.keys()])}`
        : devices.get(id) === site.id
          ? null
          : `${id} is at another site`;
      if (message !== null) faults.push(places.fault(["sites", index, "wayHome", at], message));
    });
  });
  const completed = file.devices.map((device, index) => completeDevice(device, index));
  const hops = file.hops.map((hop, index) => ({ ...completeLogin("hops", hop, index), parallel: hop.parallel }));
  for (const { path, message } of pathFaults(hops, completed, sites)) {
    const hop = message.startsWith("no hop ")
      ? meant(
          message.slice(7),
          file.hops.map(({ id }) => id),
        )
      : "";
    faults.push(places.fault(path, `${message}${hop}`));
  }
  return {
    type: "inventory",
    v: 1,
    org: file.org,
    sites: file.sites,
    devices: completed,
    ...(hops.length > 0 && { hops }),
  };

  function required<T>(list: "hops" | "devices", index: number, id: string, member: string, value: T | undefined) {
    if (value === undefined) faults.push(places.fault([list, index], `${id} has no ${member}, and defaults has none`));
    return value;
  }

  /** What a device and a hop have alike. */
  function completeLogin<Id extends string>(
    list: "hops" | "devices",
    line: Pick<InventoryFile["hops"][number], Exclude<keyof typeof reached, "hostKeys"> | "site"> & {
      id: Id;
      hostKeys: HostKey[];
    },
    index: number,
    usualPort = 22,
  ) {
    const credential = required(list, index, line.id, "credential", line.credential ?? file.defaults.credential);
    return {
      id: line.id,
      site: line.site,
      address: line.address,
      port: line.port ?? (usualPort === 22 ? file.defaults.port : undefined) ?? usualPort,
      hostKeys: line.hostKeys,
      algorithms: line.algorithms ?? file.defaults.algorithms ?? "modern",
      credential: credential ?? ("" as CredentialName),
      ...(line.via !== undefined && { via: line.via }),
    };
  }

  function completeDevice(device: InventoryFile["devices"][number], index: number): Inventory["devices"][number] {
    const platform = required("devices", index, device.id, "platform", device.platform ?? file.defaults.platform);
    const { transport = "cli", tls } = device;
    const overSsh = transport === "cli" || transport === "netconf";
    if (overSsh && device.hostKeys === undefined) faults.push(places.fault(["devices", index], "hostKeys is missing"));
    if (transport === "https" && tls === undefined)
      faults.push(
        places.fault(["devices", index], `${device.id} is spoken to over HTTPS and names no tls certificate`),
      );
    return {
      ...completeLogin("devices", { ...device, hostKeys: device.hostKeys ?? [] }, index, PORTS[transport]),
      ...(device.transport === undefined ? {} : { transport: device.transport }),
      ...(tls === undefined ? {} : { tls }),
      platform: platform ?? ("" as PlatformId),
      serial: device.serial ?? null,
      tags: { ...file.defaults.tags, ...device.tags },
    };
  }
}
