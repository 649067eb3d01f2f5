/** Vendors' configuration trees: Cisco-IOS-XE-native in the parts that are set most, and Junos as the open tree that it shows. */
import {
  IOSXE_ARP,
  IOSXE_BGP,
  IOSXE_BGP_OPER,
  IOSXE_CDP,
  IOSXE_INTERFACES,
  IOSXE_LLDP,
  IOSXE_LLDP_OPER,
  IOSXE_NATIVE,
  IOSXE_NTP,
  IOSXE_OSPF,
  IOSXE_OSPF_OPER,
  OPENCONFIG_BGP,
  OPENCONFIG_LLDP,
  XNM,
} from "../names.ts";
import {
  augmented,
  boolean,
  container,
  empty,
  host,
  inModule,
  integer,
  ipv4,
  leaf,
  leafList,
  list,
  oneOf,
  string,
  text,
  type Draft,
  type SchemaNode,
} from "../schema.ts";

const nativeInterface = (name: string, key: RegExp): Draft =>
  list(
    name,
    ["name"],
    [
      leaf("name", text(32, key)),
      leaf("description", text(200)),
      leaf("shutdown", empty),
      leaf("mtu", integer(64, 18_000)),
      container("ip", [
        container("address", [
          container("primary", [leaf("address", ipv4), leaf("mask", ipv4)]),
          list("secondary", ["address"], [leaf("address", ipv4), leaf("mask", ipv4), leaf("secondary", empty)]),
        ]),
      ]),
    ],
  );

export const iosxeModels: readonly SchemaNode[] = inModule(IOSXE_NATIVE, [
  container("native", [
    leaf("version", string),
    leaf("hostname", text(63, /^[A-Za-z][\w.-]*$/)),
    container("interface", [
      nativeInterface("GigabitEthernet", /^\d+(?:\/\d+)*(?:\.\d+)?$/),
      nativeInterface("TenGigabitEthernet", /^\d+(?:\/\d+)*(?:\.\d+)?$/),
      nativeInterface("Loopback", /^\d+$/),
      nativeInterface("Vlan", /^\d+$/),
    ]),
    container("ip", [
      container("domain", [leaf("name", string)]),
      container("name-server", [leafList("no-vrf", host)]),
      container("route", [
        list(
          "ip-route-interface-forwarding-list",
          ["prefix", "mask"],
          [
            leaf("prefix", ipv4),
            leaf("mask", ipv4),
            list("fwd-list", ["fwd"], [leaf("fwd", string), leaf("metric", integer(1, 255)), leaf("name", string)]),
          ],
        ),
      ]),
    ]),
    container("lldp", [augmented(IOSXE_LLDP, leaf("run", empty))]),
    container("router", [
      augmented(
        IOSXE_OSPF,
        container("router-ospf", [
          container("ospf", [
            list(
              "process-id",
              ["id"],
              [
                leaf("id", integer(1, 65_535)),
                list(
                  "network",
                  ["ip", "wildcard"],
                  [leaf("ip", ipv4), leaf("wildcard", ipv4), leaf("area", string, { mandatory: true })],
                ),
              ],
            ),
          ]),
        ]),
      ),
      augmented(
        IOSXE_BGP,
        list(
          "bgp",
          ["id"],
          [
            leaf("id", string),
            list("neighbor", ["id"], [leaf("id", host), leaf("remote-as", string), leaf("description", text(80))]),
          ],
        ),
      ),
    ]),
    container("logging", [container("host", [list("ipv4-host-list", ["ipv4-host"], [leaf("ipv4-host", ipv4)])])]),
    container("ntp", [
      augmented(
        IOSXE_NTP,
        container("server", [list("server-list", ["ip-address"], [leaf("ip-address", host), leaf("prefer", empty)])]),
      ),
    ]),
    list(
      "username",
      ["name"],
      [
        leaf("name", string),
        leaf("privilege", integer(0, 15)),
        container("secret", [leaf("encryption", oneOf("0", "5", "8", "9")), leaf("secret", string)]),
      ],
    ),
    leaf("contact", string),
  ]),
]);

export const iosxeModules: readonly string[] = [
  `${IOSXE_NATIVE}?module=Cisco-IOS-XE-native&revision=2023-07-01`,
  `${IOSXE_NTP}?module=Cisco-IOS-XE-ntp&revision=2023-07-01`,
  `${IOSXE_BGP}?module=Cisco-IOS-XE-bgp&revision=2023-07-01`,
  `${IOSXE_BGP_OPER}?module=Cisco-IOS-XE-bgp-oper&revision=2022-11-01`,
  `${IOSXE_INTERFACES}?module=Cisco-IOS-XE-interfaces-oper&revision=2021-03-01`,
  `${IOSXE_CDP}?module=Cisco-IOS-XE-cdp-oper&revision=2019-05-01`,
  `${IOSXE_LLDP}?module=Cisco-IOS-XE-lldp&revision=2023-07-01`,
  `${IOSXE_LLDP_OPER}?module=Cisco-IOS-XE-lldp-oper&revision=2019-05-01`,
  `${IOSXE_OSPF}?module=Cisco-IOS-XE-ospf&revision=2023-07-01`,
  `${IOSXE_OSPF_OPER}?module=Cisco-IOS-XE-ospf-oper&revision=2022-11-01`,
  `${IOSXE_ARP}?module=Cisco-IOS-XE-arp-oper&revision=2019-11-01`,
];

/** Parts of OpenConfig's BGP and LLDP, which a server may have beside the IETF's models. */
export const openconfigModels: readonly SchemaNode[] = [
  ...inModule(OPENCONFIG_BGP, [
    container("bgp", [
      container("global", [container("config", [leaf("as", string), leaf("router-id", ipv4)])]),
      container("neighbors", [
        list(
          "neighbor",
          ["neighbor-address"],
          [
            leaf("neighbor-address", host),
            container("config", [
              leaf("neighbor-address", host),
              leaf("peer-as", string),
              leaf("enabled", boolean, { default: "true" }),
            ]),
          ],
        ),
      ]),
    ]),
  ]),
  ...inModule(OPENCONFIG_LLDP, [container("lldp", [container("config", [leaf("enabled", boolean)])])]),
];

export const openconfigModules: readonly string[] = [
  `${OPENCONFIG_BGP}?module=openconfig-bgp&revision=2019-07-10`,
  `${OPENCONFIG_LLDP}?module=openconfig-lldp&revision=2018-11-21`,
];

/** The statements of the top of a Junos configuration; anything else is a `syntax error`. */
const STANZAS = (
  "version groups apply-groups system logical-systems chassis services security interfaces snmp forwarding-options event-options " +
  "multi-chassis routing-options protocols policy-options class-of-service firewall routing-instances applications access vlans " +
  "bridge-domains ethernet-switching-options switch-options poe virtual-chassis schedulers accounting-options"
).split(" ");

export const junosModels: readonly SchemaNode[] = [
  {
    kind: "open",
    name: "configuration",
    ns: XNM,
    only: STANZAS,
    leafLists: [
      "apply-groups",
      "members",
      "import",
      "export",
      "permissions",
      "authentication-order",
      "source-address",
      "destination-address",
      "application",
    ],
  },
];

export const junosModules: readonly string[] = [
  "http://xml.juniper.net/netconf/junos/1.0",
  "http://xml.juniper.net/dmi/system/1.0",
];
