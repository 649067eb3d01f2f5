/** Parts of the IETF's own models: RFC 8343, 8344, 7317, 8349 and 8519, cut to what the tests and people set. */
import { ACL, IANA_IF, INTERFACES, IP, IPV4_ROUTING, IPV6_ROUTING, ROUTING, SYSTEM } from "../names.ts";
import {
  augmented,
  boolean,
  container,
  host,
  inModule,
  integer,
  ipv4,
  ipv4Prefix,
  ipv6,
  leaf,
  leafList,
  list,
  oneOf,
  string,
  text,
  type Draft,
  type SchemaNode,
  type ValueType,
} from "../schema.ts";

const interfaceType: ValueType = {
  kind: "identity",
  ns: IANA_IF,
  names: ["ethernetCsmacd", "softwareLoopback", "l3ipvlan", "ieee8023adLag", "tunnel", "bridge"],
};

const family = (name: "ipv4" | "ipv6", address: ValueType, bits: number): Draft =>
  augmented(
    IP,
    container(
      name,
      [
        leaf("enabled", boolean, { default: "true" }),
        leaf("forwarding", boolean, { default: "false" }),
        leaf("mtu", integer(name === "ipv4" ? 68 : 1280, 65_535)),
        list("address", ["ip"], [leaf("ip", address), leaf("prefix-length", integer(0, bits), { mandatory: true })]),
        list("neighbor", ["ip"], [leaf("ip", address), leaf("link-layer-address", string, { mandatory: true })]),
      ],
      true,
    ),
  );

const interfaces = inModule(INTERFACES, [
  container("interfaces", [
    list(
      "interface",
      ["name"],
      [
        leaf("name", text(64)),
        leaf("description", text(255)),
        leaf("type", interfaceType, { mandatory: true }),
        leaf("enabled", boolean, { default: "true" }),
        leaf("link-up-down-trap-enable", oneOf("enabled", "disabled")),
        family("ipv4", ipv4, 32),
        family("ipv6", ipv6, 128),
      ],
    ),
  ]),
]);

const system = inModule(SYSTEM, [
  container("system", [
    leaf("contact", string),
    leaf("hostname", text(253, /^[\w.-]+$/)),
    leaf("location", string),
    container("clock", [leaf("timezone-name", string), leaf("timezone-utc-offset", integer(-1500, 1500))]),
    container(
      "ntp",
      [
        leaf("enabled", boolean, { default: "true" }),
        list(
          "server",
          ["name"],
          [
            leaf("name", string),
            container("udp", [
              leaf("address", host, { mandatory: true }),
              leaf("port", integer(1, 65_535), { default: "123" }),
            ]),
            leaf("association-type", oneOf("server", "peer", "pool"), { default: "server" }),
            leaf("iburst", boolean, { default: "false" }),
            leaf("prefer", boolean, { default: "false" }),
          ],
        ),
      ],
      true,
    ),
    container("dns-resolver", [
      leafList("search", host, true),
      list(
        "server",
        ["name"],
        [
          leaf("name", string),
          container("udp-and-tcp", [
            leaf("address", host, { mandatory: true }),
            leaf("port", integer(1, 65_535), { default: "53" }),
          ]),
        ],
        true,
      ),
    ]),
    container("authentication", [
      leafList("user-authentication-order", oneOf("radius", "local-users"), true),
      list("user", ["name"], [leaf("name", string), leaf("password", text(255, /^\$0\$.*|^\$[156]\$.+/))]),
    ]),
  ]),
]);

const nextHop = (ns: string, address: ValueType): Draft =>
  augmented(
    ns,
    container("next-hop", [
      leaf("outgoing-interface", text(64)),
      leaf("next-hop-address", address),
      leaf("special-next-hop", oneOf("blackhole", "unreachable", "prohibit", "receive")),
    ]),
  );

const staticRoutes = (ns: string, name: "ipv4" | "ipv6", prefix: ValueType, address: ValueType): Draft =>
  augmented(
    ns,
    container(name, [
      list(
        "route",
        ["destination-prefix"],
        [leaf("destination-prefix", prefix), leaf("description", string), nextHop(ns, address)],
      ),
    ]),
  );

const routing = inModule(ROUTING, [
  container("routing", [
    leaf("router-id", ipv4),
    container("control-plane-protocols", [
      list(
        "control-plane-protocol",
        ["type", "name"],
        [
          leaf("type", { kind: "identity", ns: ROUTING, names: ["static", "direct"] }),
          leaf("name", string),
          leaf("description", string),
          container("static-routes", [
            staticRoutes(IPV4_ROUTING, "ipv4", ipv4Prefix, ipv4),
            staticRoutes(IPV6_ROUTING, "ipv6", { kind: "string", pattern: /^[\da-fA-F:.]+\/\d{1,3}$/ }, ipv6),
          ]),
        ],
      ),
    ]),
  ]),
]);

const acls = inModule(ACL, [
  container("acls", [
    list(
      "acl",
      ["name"],
      [
        leaf("name", text(64)),
        container("aces", [
          list(
            "ace",
            ["name"],
            [
              leaf("name", text(64)),
              container("matches", [
                container("ipv4", [
                  leaf("protocol", integer(0, 255)),
                  leaf("destination-ipv4-network", ipv4Prefix),
                  leaf("source-ipv4-network", ipv4Prefix),
                ]),
              ]),
              container("actions", [leaf("forwarding", oneOf("accept", "drop", "reject"), { mandatory: true })]),
            ],
            true,
          ),
        ]),
      ],
    ),
  ]),
]);

export const ietfModels: readonly SchemaNode[] = [...interfaces, ...system, ...routing, ...acls];

/** As `<hello>` and a library list them (RFC 6020 §5.6.4). */
export const ietfModules: readonly string[] = [
  `${INTERFACES}?module=ietf-interfaces&revision=2018-02-20`,
  `${IP}?module=ietf-ip&revision=2018-02-22`,
  `${SYSTEM}?module=ietf-system&revision=2014-08-06`,
  `${ROUTING}?module=ietf-routing&revision=2018-03-13`,
  `${IPV4_ROUTING}?module=ietf-ipv4-unicast-routing&revision=2018-03-13`,
  `${IPV6_ROUTING}?module=ietf-ipv6-unicast-routing&revision=2018-03-13`,
  `${ACL}?module=ietf-access-control-list&revision=2019-03-04`,
  `${IANA_IF}?module=iana-if-type&revision=2023-01-26`,
];

/** Those of YANG version 1.1. */
export const YANG_1_1: ReadonlySet<string> = new Set([INTERFACES, IP, ROUTING, IPV4_ROUTING, IPV6_ROUTING, ACL]);
