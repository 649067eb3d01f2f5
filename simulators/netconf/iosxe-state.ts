/** State of IOS-XE in Cisco's operational models (YangModels/yang, 16.12 to 17.9), and in the draft of ietf-routing that it has kept. */
import {
  IOSXE_ARP,
  IOSXE_BGP_OPER,
  IOSXE_CDP,
  IOSXE_INTERFACES,
  IOSXE_LLDP_OPER,
  IOSXE_OSPF_OPER,
  ROUTING,
} from "./names.ts";
import { networkOf, type Network } from "./network.ts";
import type { NetconfServer } from "./server.ts";
import { element, type XmlElement } from "./xml.ts";

const leaves = (ns: string, values: Readonly<Record<string, string>>): XmlElement[] =>
  Object.entries(values).map(([name, value]) => element(ns, name, value));

export function iosxeState({ store }: NetconfServer): XmlElement[] {
  const made = networkOf(store.running, "iosxe");
  return [interfaces(made), cdp(made), lldp(made), bgp(made), ospf(made), routes(made), arp(made)];
}

function interfaces({ links }: Network): XmlElement {
  const ns = IOSXE_INTERFACES;
  return element(
    ns,
    "interfaces",
    links.map(({ name, up, addresses }) =>
      element(
        ns,
        "interface",
        leaves(ns, {
          name,
          "interface-type": "iana-iftype-ethernet-csmacd",
          "admin-status": up ? "if-state-up" : "if-state-down",
          "oper-status": up ? "if-oper-state-ready" : "if-oper-state-no-pass",
          ipv4: addresses[0]?.ip ?? "0.0.0.0",
        }),
      ),
    ),
  );
}

/** `device-id` is a number that each neighbour gets as it comes. */
function cdp({ peers }: Network): XmlElement {
  const ns = IOSXE_CDP;
  return element(
    ns,
    "cdp-neighbor-details",
    peers.map(({ address, link, name }, index) =>
      element(
        ns,
        "cdp-neighbor-detail",
        leaves(ns, {
          "device-id": String(index + 1),
          "device-name": name,
          "local-intf-name": link,
          "port-id": "GigabitEthernet0/1",
          capability: "R S I",
          "platform-name": "cisco C9300-24T",
          "ip-address": address,
        }),
      ),
    ),
  );
}

/** Interfaces go by their short names in it. */
function lldp({ peers, lldp: runs }: Network): XmlElement {
  const ns = IOSXE_LLDP_OPER;
  const short = (name: string): string => name.replace(/^TenGigabitEthernet/, "Te").replace(/^GigabitEthernet/, "Gi");
  return element(
    ns,
    "lldp-entries",
    (runs ? peers : []).map(({ link, name }) =>
      element(
        ns,
        "lldp-entry",
        leaves(ns, { "device-id": name, "local-interface": short(link), "connecting-interface": "Gi0/1", ttl: "120" }),
      ),
    ),
  );
}

function ospf({ adjacencies }: Network): XmlElement {
  const ns = IOSXE_OSPF_OPER;
  const areas = [...new Set(adjacencies.map(({ area }) => area))].map((area) =>
    element(ns, "ospf-area", [
      element(ns, "area-id", area),
      ...adjacencies
        .filter((one) => one.area === area)
        .map(({ peer }) =>
          element(ns, "ospf-interface", [
            element(ns, "name", peer.link),
            element(ns, "state", "DR"),
            element(
              ns,
              "ospf-neighbor",
              leaves(ns, { "neighbor-id": peer.address, address: peer.address, state: "ospf-nbr-full" }),
            ),
          ]),
        ),
    ]),
  );
  const instance = element(ns, "ospf-instance", [
    ...leaves(ns, { af: "address-family-ipv4", "router-id": "167772417" }),
    ...areas,
  ]);
  return element(ns, "ospf-oper-data", [
    element(ns, "ospf-state", [
      element(ns, "op-mode", "ospf-ships-in-the-night"),
      ...(areas.length === 0 ? [] : [instance]),
    ]),
  ]);
}

function bgp({ speakers }: Network): XmlElement {
  const ns = IOSXE_BGP_OPER;
  const summaries = speakers.map(({ address, as, stands }) =>
    element(
      ns,
      "bgp-neighbor-summary",
      leaves(ns, {
        id: address,
        "bgp-version": "4",
        "messages-received": stands ? "412" : "0",
        "up-time": stands ? "01:23:45" : "never",
        state: stands ? "fsm-established" : "fsm-idle",
        "prefixes-received": stands ? "2" : "0",
        as,
      }),
    ),
  );
  const families = [
    element(ns, "address-family", [
      element(ns, "afi-safi", "ipv4-unicast"),
      element(ns, "vrf-name", "default"),
      element(ns, "bgp-neighbor-summaries", summaries),
    ]),
  ];
  return element(ns, "bgp-state-data", [element(ns, "address-families", speakers.length === 0 ? [] : families)]);
}

/** What is in force, and nothing else. */
function routes({ routes: all }: Network): XmlElement {
  const made = all
    .filter(({ active }) => active)
    .map(({ prefix, from, next }) =>
      element(ROUTING, "route", [
        element(ROUTING, "destination-prefix", prefix),
        element(ROUTING, "route-preference", from === "direct" ? "0" : "1"),
        element(
          ROUTING,
          "next-hop",
          leaves(ROUTING, from === "direct" ? { "outgoing-interface": next } : { "next-hop-address": next }),
        ),
        element(ROUTING, "source-protocol", from),
        element(ROUTING, "active"),
      ]),
    );
  return element(ROUTING, "routing-state", [
    element(ROUTING, "routing-instance", [
      element(ROUTING, "name", "default"),
      element(ROUTING, "ribs", [
        element(ROUTING, "rib", [element(ROUTING, "name", "ipv4-default"), element(ROUTING, "routes", made)]),
      ]),
    ]),
  ]);
}

function arp({ peers }: Network): XmlElement {
  const ns = IOSXE_ARP;
  return element(ns, "arp-data", [
    element(ns, "arp-vrf", [
      element(ns, "vrf", "Default"),
      ...peers.map(({ address, link, mac }) =>
        element(
          ns,
          "arp-oper",
          leaves(ns, {
            address,
            interface: link,
            mode: "ios-arp-mode-dynamic",
            hwtype: "ios-linktype-ether",
            hardware: mac,
          }),
        ),
      ),
    ]),
  ]);
}
