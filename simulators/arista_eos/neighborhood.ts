/** What the switch sees around it: made up once from what it boots with, and seen only through interfaces that are up. */
import { z } from "zod";
import type { ConfigNode } from "./config/tree.ts";
import { inPrefix, valueOf } from "./show/facts.ts";

export const Neighborhood = z.strictObject({
  lldp: z.array(z.strictObject({ port: z.string(), device: z.string(), remotePort: z.string() })).default([]),
  macs: z.array(z.strictObject({ vlan: z.number().int(), mac: z.string(), port: z.string() })).default([]),
  arp: z
    .array(
      z.strictObject({
        address: z.string(),
        mac: z.string(),
        interface: z.string(),
        ageSeconds: z.number().int().default(60),
      }),
    )
    .default([]),
  /** Prefixes that an established neighbour sends, by its address. */
  prefixes: z.record(z.string(), z.array(z.string())).default({}),
});
export type Neighborhood = z.output<typeof Neighborhood>;

const mac = (value: number): string =>
  `001c.73${String(Math.floor(value / 10_000)).padStart(2, "0")}.${String(value % 10_000).padStart(4, "0")}`;

/** A BGP neighbour on a connected network is there and speaks LLDP; a host hangs on each access port. */
export function neighborhoodOf(root: readonly ConfigNode[]): Neighborhood {
  const interfaces = root.filter(({ line }) => line.startsWith("interface "));
  const bgp = root.find(({ line }) => line.startsWith("router bgp "));
  const peers = new Set(bgp?.children.flatMap(({ line }) => /^neighbor (\d+\.\d+\.\d+\.\d+) /.exec(line)?.[1] ?? []));
  const near = [...peers].flatMap((address, at) => {
    const port = interfaces.find((section) => inPrefix(address, valueOf(section, "ip address") ?? "0.0.0.0/32"));
    const name = valueOf(bgp, `neighbor ${address} description`) ?? address;
    return port ? [{ address, at, port: port.line.slice("interface ".length), name }] : [];
  });
  return {
    lldp: near.map(({ at, port, name }) => ({ port, device: name, remotePort: `Ethernet${at + 1}` })),
    arp: near.map(({ address, at, port }) => ({ address, mac: mac(500 + at), interface: port, ageSeconds: 60 + at })),
    macs: interfaces.flatMap((section, at) => {
      const vlan = valueOf(section, "switchport access vlan");
      return vlan === undefined
        ? []
        : [{ vlan: Number(vlan), mac: mac(1000 + at), port: section.line.slice("interface ".length) }];
    }),
    prefixes: Object.fromEntries(near.map(({ address }) => [address, ["192.0.255.1/32", "10.254.0.0/16"]])),
  };
}
