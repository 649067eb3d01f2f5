/** `show interfaces status`, `show ip interface brief`, `show vlan`. */
import { shortInterface } from "../config/interfaces.ts";
import type { EosDevice } from "../device.ts";
import { done, type Outcome } from "../outcome.ts";
import { interfacesOf, valueOf } from "./facts.ts";
import { table } from "./table.ts";

export function showInterfacesStatus(device: EosDevice, only: string | undefined): Outcome {
  const shown = interfacesOf(device).filter(
    ({ name }) => /^(?:Ethernet|Management|Port-Channel)/.test(name) && (only === undefined || name === only),
  );
  const status = (one: (typeof shown)[number]): string => (one.up ? "connected" : "disabled");
  const text = table(
    [
      { head: "Port", width: 10 },
      { head: "Name", width: 18 },
      { head: "Status", width: 12 },
      { head: "Vlan", width: 8 },
      { head: "Duplex", width: 6 },
      { head: "Speed", width: 6 },
      { head: "Type", width: 15 },
      { head: "Flags Encapsulation", width: 19 },
    ],
    shown.map((one) => [
      shortInterface(one.name),
      one.description.slice(0, 18),
      status(one),
      one.vlan,
      "full",
      one.name.startsWith("Management") ? "1G" : "10G",
      one.name.startsWith("Management") ? "10/100/1000" : "10GBASE-SR",
      "",
    ]),
  );
  return done(text, {
    interfaceStatuses: Object.fromEntries(
      shown.map((one) => [
        one.name,
        {
          description: one.description,
          linkStatus: status(one),
          lineProtocolStatus: one.up ? "up" : "down",
          vlanInformation:
            one.vlan === "routed" || one.vlan === "trunk"
              ? {
                  interfaceMode: one.vlan,
                  interfaceForwardingModel: one.vlan === "trunk" ? "bridged" : "routed",
                  vlanExplanation: one.vlan,
                }
              : { interfaceMode: "bridged", interfaceForwardingModel: "bridged", vlanId: Number(one.vlan) },
          duplex: "duplexFull",
          bandwidth: one.name.startsWith("Management") ? 1_000_000_000 : 10_000_000_000,
          interfaceType: one.name.startsWith("Management") ? "10/100/1000" : "10GBASE-SR",
          autoNegotiateActive: false,
        },
      ]),
    ),
  });
}

export function showIpInterfaceBrief(device: EosDevice): Outcome {
  const shown = interfacesOf(device).filter(({ address }) => address !== undefined);
  const text = table(
    [
      { head: "Interface", width: 17 },
      { head: "IP Address", width: 21 },
      { head: "Status", width: 12 },
      { head: "Protocol", width: 14 },
      { head: "MTU", width: 7, right: true },
      { head: "Owner", width: 7 },
    ],
    shown.map((one) => [
      one.name,
      one.address ?? "",
      one.enabled ? "up" : "admin down",
      one.up ? "up" : "down",
      String(one.mtu),
      "",
    ]),
    true,
  );
  return done(`${" ".repeat(78)}Address\n${text}`, {
    interfaces: Object.fromEntries(
      shown.map((one) => {
        const [address = "", length = "32"] = (one.address ?? "").split("/");
        return [
          one.name,
          {
            name: one.name,
            interfaceStatus: one.enabled ? "connected" : "disabled",
            lineProtocolStatus: one.up ? "up" : "down",
            mtu: one.mtu,
            ipv4Routable240: false,
            interfaceAddress: { ipAddr: { address, maskLen: Number(length) } },
          },
        ];
      }),
    ),
  });
}

export function showVlan(device: EosDevice): Outcome {
  const configured = device.store.running.filter(({ line }) => /^vlan \d/.test(line));
  const vlans = [
    ...(configured.some(({ line }) => line === "vlan 1") ? [] : [{ id: "1", name: "default" }]),
    ...configured.map((section) => {
      const id = section.line.slice(5);
      return { id, name: valueOf(section, "name") ?? `VLAN${id.padStart(4, "0")}` };
    }),
  ];
  const members = (id: string): string[] =>
    interfacesOf(device)
      .filter(({ vlan, up }) => up && vlan === id)
      .map(({ name }) => name);
  const text = table(
    [
      { head: "VLAN", width: 5 },
      { head: "Name", width: 32 },
      { head: "Status", width: 9 },
      { head: "Ports", width: 31 },
    ],
    vlans.map(({ id, name }) => [id, name, "active", members(id).map(shortInterface).join(", ")]),
    true,
  );
  return done(text, {
    vlans: Object.fromEntries(
      vlans.map(({ id, name }) => [
        id,
        {
          name,
          status: "active",
          dynamic: false,
          interfaces: Object.fromEntries(members(id).map((port) => [port, { privatePromoted: false }])),
        },
      ]),
    ),
  });
}
