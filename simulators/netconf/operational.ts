/**
 * State that stands beside the configuration in the same trees: RFC 8343 (interfaces), 8344 (neighbours), 8349 (routes), and OpenConfig's BGP and LLDP.
 * RFC 8343 and 8344 have it a second time in `interfaces-state`, for clients of the models before them.
 */
import type { NetconfServer } from "./server.ts";
import { INTERFACES, IP, IPV4_ROUTING, OPENCONFIG_BGP, OPENCONFIG_LLDP, ROUTING } from "./names.ts";
import { networkOf, type Link, type Network } from "./network.ts";
import { child, element, type XmlElement } from "./xml.ts";

const leaves = (ns: string, values: Readonly<Record<string, string>>): XmlElement[] =>
  Object.entries(values).map(([name, value]) => element(ns, name, value));

/** What a `<get>` of a server of the IETF's models shows, with the configuration as it is shown to this client. */
export function genericState(server: NetconfServer, shown: readonly XmlElement[]): XmlElement[] {
  const made = networkOf(server.store.running, "generic");
  const told = shown.map((top) => {
    if (top.name === "interfaces" && top.ns === INTERFACES)
      return { ...top, children: top.children.map((one) => interfaceState(one, made)) };
    if (top.name === "routing" && top.ns === ROUTING) return { ...top, children: [...top.children, ribs(made)] };
    if (top.name === "bgp" && top.ns === OPENCONFIG_BGP) return speakerState(top, made);
    return top;
  });
  const more = [interfacesState(server.store.running, made)];
  if (!shown.some(({ name, ns }) => name === "routing" && ns === ROUTING))
    more.push(element(ROUTING, "routing", [ribs(made)]));
  if (server.config.openconfig) more.push(lldp(made));
  return [...told, ...more];
}

const status = (link: Link | undefined): XmlElement[] =>
  leaves(INTERFACES, {
    "admin-status": link?.up === true ? "up" : "down",
    "oper-status": link?.up === true ? "up" : "down",
  });

const neighbors = (name: string, { peers }: Network): XmlElement[] =>
  peers
    .filter(({ link }) => link === name)
    .map(({ address, mac }) =>
      element(IP, "neighbor", leaves(IP, { ip: address, "link-layer-address": mac, origin: "dynamic" })),
    );

function interfaceState(one: XmlElement, made: Network): XmlElement {
  const name = child(one, "name")?.text ?? "";
  const learned = neighbors(name, made);
  const children = one.children.map((part) =>
    part.name === "ipv4" && part.ns === IP ? { ...part, children: [...part.children, ...learned] } : part,
  );
  return { ...one, children: [...children, ...status(made.links.find((link) => link.name === name))] };
}

function interfacesState(running: XmlElement, made: Network): XmlElement {
  const set = child(running, "interfaces", INTERFACES)?.children ?? [];
  return element(
    INTERFACES,
    "interfaces-state",
    set.map((one, index) => {
      const name = child(one, "name")?.text ?? "";
      const learned = neighbors(name, made);
      return element(INTERFACES, "interface", [
        element(INTERFACES, "name", name),
        ...one.children.filter((part) => part.name === "type"),
        ...status(made.links[index]),
        element(INTERFACES, "if-index", String(index + 1)),
        ...(learned.length === 0 ? [] : [element(IP, "ipv4", learned)]),
      ]);
    }),
  );
}

/** RFC 8349 §5.2: a route that is not the one in use has no `active`. */
function ribs({ routes }: Network): XmlElement {
  const made = routes.map(({ prefix, from, next, active }) =>
    element(ROUTING, "route", [
      element(ROUTING, "route-preference", from === "direct" ? "0" : "5"),
      element(
        ROUTING,
        "next-hop",
        from === "direct"
          ? [element(ROUTING, "outgoing-interface", next)]
          : [element(IPV4_ROUTING, "next-hop-address", next)],
      ),
      { ...element(ROUTING, "source-protocol", `rt:${from}`), prefixes: { rt: ROUTING } },
      ...(active ? [element(ROUTING, "active")] : []),
      element(IPV4_ROUTING, "destination-prefix", prefix),
    ]),
  );
  return element(ROUTING, "ribs", [
    element(ROUTING, "rib", [
      element(ROUTING, "name", "ipv4-master"),
      { ...element(ROUTING, "address-family", "v4ur:ipv4-unicast"), prefixes: { v4ur: IPV4_ROUTING } },
      element(ROUTING, "routes", made),
    ]),
  ]);
}

function speakerState(top: XmlElement, { speakers }: Network): XmlElement {
  const ns = OPENCONFIG_BGP;
  const told = (one: XmlElement): XmlElement => {
    const found = speakers.find(({ address }) => address === child(one, "neighbor-address")?.text);
    const received = found?.stands === true ? "2" : "0";
    const state = element(
      ns,
      "state",
      leaves(ns, {
        "neighbor-address": found?.address ?? "",
        "peer-as": found?.as ?? "",
        "session-state": found?.stands === true ? "ESTABLISHED" : "IDLE",
      }),
    );
    const family = element(ns, "afi-safi", [
      element(ns, "afi-safi-name", "IPV4_UNICAST"),
      element(ns, "state", [element(ns, "prefixes", leaves(ns, { received }))]),
    ]);
    return { ...one, children: [...one.children, state, element(ns, "afi-safis", [family])] };
  };
  return {
    ...top,
    children: top.children.map((part) =>
      part.name === "neighbors" ? { ...part, children: part.children.map(told) } : part,
    ),
  };
}

/** It speaks on every link that is up. */
function lldp({ links, peers }: Network): XmlElement {
  const ns = OPENCONFIG_LLDP;
  const made = links
    .filter(({ up }) => up)
    .map(({ name }) =>
      element(ns, "interface", [
        element(ns, "name", name),
        element(
          ns,
          "neighbors",
          peers
            .filter(({ link }) => link === name)
            .map((peer) =>
              element(ns, "neighbor", [
                element(ns, "id", peer.mac),
                element(
                  ns,
                  "state",
                  leaves(ns, { "system-name": peer.name, "chassis-id": peer.mac, "port-id": "eth0" }),
                ),
              ]),
            ),
        ),
      ]),
    );
  return element(ns, "lldp", [element(ns, "interfaces", made)]);
}
