/** Vendors' configuration trees: Cisco-IOS-XE-native in the parts that are set most, and Junos as the open tree that it shows. */
import { IOSXE_NATIVE, IOSXE_NTP, XNM } from "../names.ts";
import {
  augmented,
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
