/** The menus that this box knows, in the order of its export (as recorded exports have it). What is not here is a bad command name. */

export interface Menu {
  readonly path: string;
  /** `list`: items come and go. `fixed`: items are there, and are set. `single`: one set of values. */
  readonly kind: "list" | "fixed" | "single";
  /** Of a fixed item, and how its export names it: `[ find default-name=ether1 ]`, `telnet`, `0`. */
  readonly key?: string;
  readonly findsKey?: boolean;
  /** The order of items means something: `move` and `place-before` work. */
  readonly ordered?: boolean;
  /** Values that are unique: an item with the same is refused. */
  readonly unique?: readonly string[];
  readonly required?: readonly string[];
  /** Only these are known; without it any well-formed name is. */
  readonly props?: ReadonlySet<string>;
  readonly defaults?: Readonly<Record<string, string>>;
  /** Shown only with `show-sensitive`. */
  readonly sensitive?: readonly string[];
  /** Names an interface that must be there. */
  readonly interfaces?: readonly string[];
  /** Values of an item that no export has. */
  readonly unsaid?: readonly string[];
  /** Never in an export (users, files). */
  readonly hidden?: boolean;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));
const FIREWALL =
  "action address-list address-list-timeout chain comment connection-bytes connection-limit connection-mark connection-nat-state connection-rate connection-state connection-type content disabled dscp dst-address dst-address-list dst-address-type dst-limit dst-port fragment hotspot hop-limit hw-offload icmp-options in-bridge-port in-interface in-interface-list ingress-priority ipsec-policy ipv4-options jump-target layer7-protocol limit log log-prefix new-connection-mark new-dscp new-mss new-packet-mark new-routing-mark nth out-bridge-port out-interface out-interface-list packet-mark packet-size passthrough port priority protocol psd random reject-with routing-mark routing-table same-not-by-dst src-address src-address-list src-address-type src-mac-address src-port tcp-flags tcp-mss time tls-host to-addresses to-ports ttl";
const rules = (path: string): Menu => ({
  path,
  kind: "list",
  ordered: true,
  required: ["chain"],
  props: words(FIREWALL),
  defaults: { disabled: "no", log: "no" },
});
const list = (path: string, more: Partial<Menu> = {}): Menu => ({
  path,
  kind: "list",
  ...more,
  defaults: { disabled: "no", ...more.defaults },
});
const single = (path: string, more: Partial<Menu> = {}): Menu => ({ path, kind: "single", ...more });

export const MENUS: readonly Menu[] = [
  list("/interface bridge", {
    unique: ["name"],
    defaults: { "auto-mac": "yes", "protocol-mode": "rstp", "vlan-filtering": "no" },
  }),
  {
    path: "/interface ethernet",
    kind: "fixed",
    key: "default-name",
    findsKey: true,
    props: words(
      "advertise arp arp-timeout auto-negotiation bandwidth comment default-name disable-running-check disabled fec-mode l2mtu loop-protect mac-address mtu name poe-out rx-flow-control speed tx-flow-control",
    ),
    defaults: {
      mtu: "1500",
      disabled: "no",
      "disable-running-check": "yes",
      arp: "enabled",
      "auto-negotiation": "yes",
    },
  },
  list("/interface wireguard", { unique: ["name"], sensitive: ["private-key"] }),
  list("/interface vlan", { unique: ["name"], required: ["name", "vlan-id", "interface"], interfaces: ["interface"] }),
  list("/interface bonding", { unique: ["name"] }),
  list("/interface list", { unique: ["name"] }),
  list("/ip ipsec profile", { unique: ["name"] }),
  list("/ip ipsec peer", { unique: ["name"] }),
  list("/ip ipsec proposal", { unique: ["name"] }),
  list("/ip pool", { unique: ["name"] }),
  { path: "/port", kind: "fixed", key: "number" },
  list("/ppp profile", { unique: ["name"] }),
  list("/routing bgp template", { unique: ["name"] }),
  list("/routing ospf instance", { unique: ["name"] }),
  list("/routing ospf area", { unique: ["name"] }),
  list("/routing table", { unique: ["name"] }),
  list("/snmp community", { unique: ["name"], sensitive: ["authentication-password", "encryption-password"] }),
  list("/system logging action", { unique: ["name"] }),
  list("/user group", { unique: ["name"] }),
  single("/disk settings"),
  list("/interface bridge port", { required: ["interface"], interfaces: ["bridge", "interface"] }),
  list("/interface bridge vlan"),
  single("/ip firewall connection tracking"),
  single("/ip neighbor discovery-settings", { defaults: { "discover-interface-list": "static" } }),
  single("/ip settings"),
  single("/ipv6 settings"),
  list("/interface list member", { required: ["interface", "list"], interfaces: ["interface"] }),
  list("/interface wireguard peers", { sensitive: ["preshared-key", "private-key"], interfaces: ["interface"] }),
  list("/ip address", {
    unique: ["address", "interface"],
    required: ["address", "interface"],
    props: words("address broadcast comment disabled interface netmask network"),
    interfaces: ["interface"],
  }),
  list("/ip arp"),
  list("/ip dhcp-client", { required: ["interface"], interfaces: ["interface"] }),
  list("/ip dhcp-server", { unique: ["name"], interfaces: ["interface"] }),
  list("/ip dhcp-server lease"),
  list("/ip dhcp-server network", { unique: ["address"] }),
  single("/ip dns", { defaults: { "allow-remote-requests": "no", servers: "", "cache-size": "2048KiB" } }),
  list("/ip dns static"),
  list("/ip firewall address-list", {
    unique: ["address", "list"],
    required: ["address", "list"],
    props: words("address comment disabled list timeout dynamic"),
  }),
  rules("/ip firewall filter"),
  rules("/ip firewall mangle"),
  rules("/ip firewall nat"),
  rules("/ip firewall raw"),
  list("/ip ipsec identity", { sensitive: ["secret"] }),
  list("/ip ipsec policy"),
  list("/ip route", {
    required: ["dst-address"],
    props: words(
      "blackhole check-gateway comment disabled distance dst-address gateway pref-src routing-table scope suppress-hw-offload target-scope vrf-interface",
    ),
    defaults: { distance: "1", "routing-table": "main", scope: "30", "target-scope": "10" },
  }),
  {
    path: "/ip service",
    kind: "fixed",
    key: "name",
    defaults: { disabled: "no", address: "", vrf: "main" },
  },
  single("/ip ssh"),
  list("/ipv6 address", { required: ["address", "interface"], interfaces: ["interface"] }),
  list("/ipv6 firewall address-list", { unique: ["address", "list"] }),
  rules("/ipv6 firewall filter"),
  rules("/ipv6 firewall nat"),
  list("/ipv6 route"),
  list("/ppp secret", { unique: ["name"], sensitive: ["password"] }),
  list("/queue simple", { unique: ["name"], ordered: true }),
  list("/radius", { sensitive: ["secret"] }),
  list("/routing bgp connection", {
    unique: ["name"],
    required: ["name", "remote.address"],
    sensitive: ["tcp-md5-key"],
  }),
  list("/routing filter rule", { ordered: true, required: ["chain", "rule"] }),
  list("/routing ospf interface-template"),
  single("/snmp", { defaults: { enabled: "no", contact: "", location: "" } }),
  single("/system clock", { defaults: { "time-zone-name": "UTC" } }),
  single("/system identity", { props: words("name"), defaults: { name: "MikroTik" } }),
  list("/system logging"),
  single("/system note", { defaults: { note: "", "show-at-login": "yes" } }),
  single("/system ntp client", { defaults: { enabled: "no" } }),
  list("/system ntp client servers", { unique: ["address"] }),
  list("/system scheduler", {
    unique: ["name"],
    props: words("comment disabled interval name on-event policy start-date start-time"),
    defaults: { interval: "0s" },
    unsaid: ["owner"],
  }),
  list("/system script", { unique: ["name"] }),
  single("/tool mac-server", { defaults: { "allowed-interface-list": "all" } }),
  single("/tool mac-server mac-winbox", { defaults: { "allowed-interface-list": "all" } }),
  list("/user", { unique: ["name"], sensitive: ["password"], hidden: true }),
];

const byPath = new Map(MENUS.map((menu) => [menu.path, menu]));
export const menuAt = (path: string): Menu | undefined => byPath.get(path);

/** Nodes of the menu tree that hold no items of their own (`/ip`, `/system backup`). */
const BRANCHES = new Set([
  "/file",
  "/interface",
  "/ip neighbor",
  "/system",
  "/system backup",
  "/system device-mode",
  "/system history",
  "/system license",
  "/system package",
  "/system package update",
  "/system resource",
  "/system routerboard",
  "/routing bgp session",
  "/routing ospf neighbor",
  "/interface bridge host",
]);
for (const path of [...MENUS.map((menu) => menu.path), ...BRANCHES]) {
  const parts = path.split(" ");
  for (let count = 1; count < parts.length; count++) BRANCHES.add(parts.slice(0, count).join(" "));
}
export const isNode = (path: string): boolean => path === "" || byPath.has(path) || BRANCHES.has(path);
