/**
 * The operations behind `show …` (Junos XML API Operational Developer Reference): the same facts as the CLI's tables, in Juniper's XML. Elements as in
 * published answers of 12.1 to 24.4; a box writes some values on lines of their own.
 */
import { element, type XmlElement } from "../../netconf/xml.ts";
import { BASE } from "../../netconf/names.ts";
import { duration } from "../dates.ts";
import type { JunosDevice } from "../device.ts";
import { bgpPeers, ethernetEntries, interfaces, lldpPeers, ospfPeers, peers } from "../operational/network.ts";
import { routeTable, type Route } from "../operational/routes.ts";

const SHOWS: Readonly<Record<string, (device: JunosDevice) => XmlElement[]>> = {
  "get-interface-information": interfaceInformation,
  "get-bgp-summary-information": bgpInformation,
  "get-ospf-neighbor-information": ospfInformation,
  "get-lldp-neighbors-information": lldpInformation,
  "get-route-information": routeInformation,
  "get-ethernet-switching-table-information": ethernetInformation,
  "get-arp-table-information": arpInformation,
};

/** Undefined for an operation that shows nothing. */
export const showOf = (device: JunosDevice, operation: string): XmlElement[] | undefined => SHOWS[operation]?.(device);

/** In the namespace of that part of the release. */
function maker(device: JunosDevice, part: string): (name: string, content?: string | XmlElement[]) => XmlElement {
  const release = /^\d+\.\d+[A-Z]\d+/.exec(device.facts.version)?.[0] ?? device.facts.version;
  return (name, content = []) => element(`http://xml.juniper.net/junos/${release}/junos-${part}`, name, content);
}

const words = (text: string): XmlElement[] => [element(BASE, "output", `\n${text}\n`)];
const state = (up: boolean): string => (up ? "\nup\n" : "\ndown\n");

function interfaceInformation(device: JunosDevice): XmlElement[] {
  const make = maker(device, "interface");
  const status = (up: boolean): XmlElement[] => [make("admin-status", state(up)), make("oper-status", state(up))];
  const made = interfaces(device).map(({ name, up, units }) =>
    make("physical-interface", [
      make("name", `\n${name}\n`),
      ...status(up),
      ...units.map((unit) =>
        make("logical-interface", [
          make("name", `\n${unit.name}\n`),
          ...status(unit.up),
          make("filter-information"),
          ...unit.families.map((family) =>
            make("address-family", [
              make("address-family-name", `\n${family.name}\n`),
              ...family.addresses.map((address) => make("interface-address", [make("ifa-local", `\n${address}\n`)])),
            ]),
          ),
        ]),
      ),
    ]),
  );
  return [make("interface-information", made)];
}

function bgpInformation(device: JunosDevice): XmlElement[] {
  const found = bgpPeers(device);
  if (!found) return words("BGP is not running");
  const make = maker(device, "routing");
  const made = found.rows.map(({ address, asn, up }) =>
    make("bgp-peer", [
      make("peer-address", address),
      make("peer-as", asn),
      make("input-messages", up ? "412" : "0"),
      make("output-messages", up ? "410" : "0"),
      make("route-queue-count", "0"),
      make("flap-count", "0"),
      make("elapsed-time", found.since),
      make("peer-state", up ? "Established" : "Active"),
      ...(up
        ? [
            make("bgp-rib", [
              make("name", "inet.0"),
              make("active-prefix-count", "1"),
              make("received-prefix-count", "2"),
              make("accepted-prefix-count", "2"),
              make("suppressed-prefix-count", "0"),
            ]),
          ]
        : []),
    ]),
  );
  const down = found.rows.filter(({ up }) => !up).length;
  return [
    make("bgp-information", [
      make("group-count", String(found.groups)),
      make("peer-count", String(found.rows.length)),
      make("down-peer-count", String(down)),
      ...made,
    ]),
  ];
}

function ospfInformation(device: JunosDevice): XmlElement[] {
  const found = ospfPeers(device);
  if (!found) return words("OSPF instance is not running");
  const make = maker(device, "routing");
  const made = found.map(({ address, unit }) =>
    make("ospf-neighbor", [
      make("neighbor-address", address),
      make("interface-name", unit),
      make("ospf-neighbor-state", "Full"),
      make("neighbor-id", address),
      make("neighbor-priority", "128"),
      make("activity-timer", "36"),
    ]),
  );
  return [make("ospf-neighbor-information", made)];
}

/** Without LLDP there is nothing at all in the reply. */
function lldpInformation(device: JunosDevice): XmlElement[] {
  const found = lldpPeers(device);
  if (!found) return [];
  const make = maker(device, "lldp");
  const made = found.map(({ port, mac, name }) =>
    make("lldp-neighbor-information", [
      make("lldp-local-port-id", port),
      make("lldp-local-parent-interface-name", "-"),
      make("lldp-remote-chassis-id-subtype", "Mac address"),
      make("lldp-remote-chassis-id", mac),
      make("lldp-remote-port-description", port),
      make("lldp-remote-system-name", name),
    ]),
  );
  return [make("lldp-neighbors-information", made)];
}

function routeInformation(device: JunosDevice): XmlElement[] {
  const make = maker(device, "routing");
  const all = routeTable(device);
  const age = duration(device.clock.nowMs() - device.store.bootedAtMs);
  const hop = ({ kind, name }: Route["next"]): XmlElement[] => {
    switch (kind) {
      case "via":
        return [make("nh", [make("selected-next-hop"), make("via", name)])];
      case "local":
        return [make("nh-type", "Local"), make("nh", [make("nh-local-interface", name)])];
      case "to":
        return [make("nh", [make("selected-next-hop"), make("to", name)])];
      case "discard":
        return [make("nh-type", "Discard")];
      default:
        return kind satisfies never;
    }
  };
  const made = all.map(({ prefix, protocol, preference, next }) =>
    make("rt", [
      make("rt-destination", prefix),
      make("rt-entry", [
        make("active-tag", "*"),
        make("current-active"),
        make("last-active"),
        make("protocol-name", protocol),
        make("preference", String(preference)),
        make("age", age),
        ...hop(next),
      ]),
    ]),
  );
  const table = make("route-table", [
    make("table-name", "inet.0"),
    make("destination-count", String(all.length)),
    make("total-route-count", String(all.length)),
    make("active-route-count", String(all.length)),
    ...made,
  ]);
  return [make("route-information", all.length === 0 ? [] : [table])];
}

/** As on switches with the later software (ELS). */
function ethernetInformation(device: JunosDevice): XmlElement[] {
  const make = maker(device, "l2al");
  const made = ethernetEntries(device).map(({ vlan, mac, unit }) =>
    make("l2ng-mac-entry", [
      make("l2ng-l2-mac-vlan-name", vlan),
      make("l2ng-l2-mac-address", mac),
      make("l2ng-l2-mac-flags", "D"),
      make("l2ng-l2-mac-age", "-"),
      make("l2ng-l2-mac-logical-interface", unit),
    ]),
  );
  return [make("l2ng-l2ald-rtb-macdb", made.length === 0 ? [] : [make("l2ng-l2ald-mac-entry-vlan", made)])];
}

function arpInformation(device: JunosDevice): XmlElement[] {
  const make = maker(device, "arp");
  const made = peers(device).map(({ address, unit, mac }) =>
    make("arp-table-entry", [
      make("mac-address", mac),
      make("ip-address", address),
      make("interface-name", unit),
      make("arp-table-entry-flags", [make("none")]),
    ]),
  );
  return [make("arp-table-information", [...made, make("arp-entry-count", String(made.length))])];
}
