/** Ports and what is on them. */
import { boolean, container, counter, leaf, list, oneOf, presence, reported, string, text, uint } from "../schema.ts";
import { adminState, operState, description, v4Prefix, v6Prefix, interfaceName } from "./types.ts";

const family = (prefix: ReturnType<typeof text>, isV4: boolean) =>
  presence({
    "admin-state": adminState,
    ...(isV4 ? { "allow-directed-broadcast": leaf(boolean) } : {}),
    address: list(
      { "ip-prefix": prefix },
      { ...(isV4 ? { primary: presence({}) } : {}), origin: reported(string), status: reported(string) },
    ),
    "dhcp-client": presence({}),
  });

export const interfaceList = list(
  { name: interfaceName },
  {
    description,
    "admin-state": adminState,
    mtu: leaf(uint(1450, 9500)),
    "vlan-tagging": leaf(boolean),
    ifindex: reported(uint(0, 4_294_967_295)),
    "oper-state": operState,
    "last-change": reported(string),
    statistics: container(
      Object.fromEntries(
        [
          "in-packets",
          "in-octets",
          "in-error-packets",
          "out-packets",
          "out-octets",
          "out-error-packets",
          "carrier-transitions",
        ].map((counted) => [counted, reported(counter)]),
      ),
      { state: true },
    ),
    ethernet: container({
      "auto-negotiate": leaf(boolean),
      "port-speed": leaf(oneOf("10M", "100M", "1G", "10G", "25G", "40G", "50G", "100G", "400G")),
      "aggregate-id": leaf(text(/^(?:lag(?:[1-9]\d?|1[01]\d|12[0-8]))$/)),
      "hw-mac-address": reported(string),
      "flow-control": container({ receive: leaf(boolean), transmit: leaf(boolean) }),
    }),
    subinterface: list(
      { index: uint(0, 9999) },
      {
        type: leaf(oneOf("routed", "bridged")),
        description,
        "admin-state": adminState,
        "ip-mtu": leaf(uint(1280, 9486)),
        "l2-mtu": leaf(uint(1450, 9500)),
        name: reported(string),
        ifindex: reported(uint(0, 4_294_967_295)),
        "oper-state": operState,
        ipv4: family(v4Prefix, true),
        ipv6: family(v6Prefix, false),
        vlan: container(
          {
            encap: container({ untagged: presence({}), "single-tagged": presence({ "vlan-id": leaf(uint(1, 4094)) }) }),
          },
          { module: "srl_nokia-interfaces-vlans" },
        ),
      },
    ),
    lag: container(
      {
        "lag-type": leaf(oneOf("static", "lacp")),
        "min-links": leaf(uint(1, 64)),
        "member-speed": leaf(oneOf("10G", "25G", "40G", "100G", "400G")),
        lacp: container({
          interval: leaf(oneOf("FAST", "SLOW")),
          "lacp-mode": leaf(oneOf("ACTIVE", "PASSIVE")),
          "admin-key": leaf(uint(1, 65_535)),
        }),
      },
      { module: "srl_nokia-interfaces-lag" },
    ),
  },
  { module: "srl_nokia-interfaces" },
);
