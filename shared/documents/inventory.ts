import { z } from "zod";
import { CredentialName, DeviceId, HopId, OrgId, PlatformId, SiteId } from "../ids.ts";
import { pathFaults } from "../path.ts";

export const Address = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9.:_-]+$/, "must be an IP address or a host name");

/** An SSH host key as the device shows it: the public key blob of RFC 4253 §6.6 in base64. */
export const HostKey = z.strictObject({
  algorithm: z.enum(["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]),
  publicKey: z
    .string()
    .max(2048)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/),
});
export type HostKey = z.infer<typeof HostKey>;

export const AlgorithmProfile = z.enum(["modern", "compat", "legacy"]);
export type AlgorithmProfile = z.infer<typeof AlgorithmProfile>;

const reached = {
  address: Address,
  port: z.int().min(1).max(65_535),
  /** None: its address is known and its key is not. It can be asked for its host keys, and is never logged in to. */
  hostKeys: z.array(HostKey).max(8),
  algorithms: AlgorithmProfile,
  credential: CredentialName,
  /** The hop that opens the connection; without one the agent dials itself. */
  via: HopId.optional(),
};

/** How a device is spoken to. Absent: by the first that its platform file names, its CLI over SSH for most. */
export const TransportName = z.enum(["cli", "netconf", "https", "snmp"]);
export type TransportName = z.infer<typeof TransportName>;

const Certificates = z
  .string()
  .min(1)
  .max(65_536)
  .regex(/^-----BEGIN CERTIFICATE-----/, "must be PEM certificates");

/** What a device's HTTPS certificate must be. Nothing else is trusted, no authority of the operating system either. */
export const Tls = z.discriminatedUnion("trust", [
  /** It is one of these, whatever name is in it; several while they change. One that is out of its dates is refused all the same. */
  z.strictObject({ trust: z.literal("pinned"), certificates: Certificates }),
  /** One of these issued it, for `serverName` or else the device's address. */
  z.strictObject({
    trust: z.literal("authority"),
    certificates: Certificates,
    serverName: z.string().min(1).max(253).optional(),
  }),
]);
export type Tls = z.infer<typeof Tls>;

/** A machine on the way to devices: logged in to with its own pin and its own credential, then asked to forward. Never worked on. */
export const Hop = z.strictObject({
  id: HopId,
  site: SiteId,
  ...reached,
  /** How many devices behind it may be worked on at once. */
  parallel: z.int().min(1).max(1024),
});
export type Hop = z.infer<typeof Hop>;

export const Device = z.strictObject({
  id: DeviceId,
  site: SiteId,
  platform: PlatformId,
  ...reached,
  transport: TransportName.optional(),
  /** For HTTPS: without it nothing is spoken there. */
  tls: Tls.optional(),
  /** The chassis serial that PRECHECK must find; null where the platform has none. */
  serial: z.string().min(1).max(64).nullable(),
  tags: z.record(z.string().max(63), z.string().max(255)),
});
export type Device = z.infer<typeof Device>;

export const Site = z.strictObject({
  id: SiteId,
  /** Devices on the agent's own way to the hub: a change there is confirmed only after a fresh connection home. */
  wayHome: z.array(DeviceId).max(256),
  /** How many devices of the site may be worked on at once. */
  parallel: z.int().min(1).max(1024),
});
export type Site = z.infer<typeof Site>;

/** inventory.json: the only document that may name an address, a host key or a credential. Signed by keyadmin. */
export const Inventory = z
  .strictObject({
    type: z.literal("inventory"),
    v: z.literal(1),
    org: OrgId,
    version: z.int().min(1),
    sites: z.array(Site).max(5000),
    devices: z.array(Device).max(100_000),
    /** Absent where every device is dialled directly. */
    hops: z.array(Hop).min(1).max(10_000).optional(),
  })
  .superRefine((inventory, context) => {
    const sites = new Set(inventory.sites.map((site) => site.id));
    const devices = new Set<string>();
    inventory.devices.forEach((device, index) => {
      if (!sites.has(device.site))
        context.addIssue({ code: "custom", path: ["devices", index, "site"], message: `no site ${device.site}` });
      if (devices.has(device.id))
        context.addIssue({ code: "custom", path: ["devices", index, "id"], message: `${device.id} stands twice` });
      devices.add(device.id);
    });
    for (const { path, message } of pathFaults(inventory.hops ?? [], inventory.devices, sites))
      context.addIssue({ code: "custom", path, message });
    inventory.sites.forEach((site, index) => {
      for (const id of site.wayHome) {
        if (!devices.has(id))
          context.addIssue({ code: "custom", path: ["sites", index, "wayHome"], message: `no device ${id}` });
      }
    });
  });
export type Inventory = z.infer<typeof Inventory>;
