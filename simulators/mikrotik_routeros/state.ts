/**
 * What the box finds out by itself: which ports run, who is on the other end, which routes are in force. All of it follows from the
 * configuration: a port that is disabled takes its addresses, routes, neighbours and sessions with it. Flags after MikroTik's documents and
 * recorded outputs of release 7.
 */
import { createHash } from "node:crypto";
import type { Box } from "./box.ts";
import { itemsOf, valueAt, type Config, type Item } from "./config.ts";
import { networkOf } from "./edit.ts";
import { showSpan } from "./times.ts";

export interface StateRow {
  /** Letters; upper case for state, lower case for where a route comes from. */
  readonly flags: string;
  readonly props: ReadonlyMap<string, string>;
  /** Of the item of the configuration that it shows. */
  readonly id?: number;
}

export interface StateMenu {
  readonly legend: string;
  /** Of the form for people. */
  readonly columns: readonly string[];
  readonly rows: (box: Box) => StateRow[];
  /** Properties that it has, though no row may show them. */
  readonly knows: readonly string[];
}

const row = (flags: string, props: readonly (readonly [string, string])[], id?: number): StateRow => ({
  flags,
  props: new Map(props),
  ...(id === undefined ? {} : { id }),
});
const isOff = ({ props }: Item): boolean => props.get("disabled") === "yes";
const nameOf = ({ props }: Item): string => props.get("name") ?? props.get("default-name") ?? "";
const mac = (seed: string): string => {
  const bytes = createHash("sha256").update(seed).digest();
  return ["02", ...[0, 1, 2, 3, 4].map((at) => (bytes[at] ?? 0).toString(16).padStart(2, "0").toUpperCase())].join(":");
};

interface Port {
  readonly item: Item;
  readonly name: string;
  readonly type: string;
  readonly running: boolean;
  readonly slave: boolean;
}

const PORTS = [
  ["/interface ethernet", "ether"],
  ["/interface bridge", "bridge"],
  ["/interface vlan", "vlan"],
  ["/interface bonding", "bond"],
  ["/interface wireguard", "wg"],
] as const;

function ports(config: Config): Port[] {
  const all = PORTS.flatMap(([path, type]) =>
    itemsOf(config, path).map((item) => ({ item, type, name: nameOf(item) })),
  );
  const members = itemsOf(config, "/interface bridge port").filter((item) => !isOff(item));
  const slaves = new Set([
    ...members.map(({ props }) => props.get("interface") ?? ""),
    ...itemsOf(config, "/interface bonding").flatMap(({ props }) => (props.get("slaves") ?? "").split(",")),
  ]);
  /** `depth`: two interfaces may name each other. */
  const runs = (name: string, depth = 0): boolean => {
    const port = all.find((one) => one.name === name);
    if (!port || isOff(port.item) || depth > 8) return false;
    const { item, type } = port;
    if (type === "vlan") return runs(item.props.get("interface") ?? "", depth + 1);
    if (type === "bond") return (item.props.get("slaves") ?? "").split(",").some((one) => runs(one, depth + 1));
    if (type !== "bridge") return true;
    const own = members.filter(({ props }) => props.get("bridge") === name);
    return own.length === 0 || own.some(({ props }) => runs(props.get("interface") ?? "", depth + 1));
  };
  return all.map((port) => ({ ...port, running: runs(port.name), slave: slaves.has(port.name) }));
}

function interfaces({ config }: Box): StateRow[] {
  return ports(config).map(({ item, name, type, running, slave }) => {
    const mtu = item.props.get("mtu") ?? "1500";
    const flags = (isOff(item) ? "X" : running ? "R" : "") + (slave ? "S" : "");
    const shown = new Map(item.props);
    shown.delete("disabled");
    const address = shown.get("mac-address") ?? mac(`${name} of ${type}`);
    return row(flags, [
      ...shown,
      ["name", name],
      ["type", type],
      ["mtu", mtu],
      ["actual-mtu", mtu === "auto" ? "1500" : mtu],
      ["mac-address", address],
    ]);
  });
}

interface Address {
  readonly item: Item;
  readonly address: string;
  readonly prefix: string;
  readonly port: string;
  readonly up: boolean;
}

function addresses(config: Config): Address[] {
  const known = ports(config);
  return itemsOf(config, "/ip address").map((item) => {
    const address = item.props.get("address") ?? "";
    const port = item.props.get("interface") ?? "";
    const up = !isOff(item) && known.some(({ name, running }) => name === port && running);
    return { item, address, prefix: `${networkOf(address) ?? ""}/${address.split("/")[1] ?? "32"}`, port, up };
  });
}

function ipAddresses({ config }: Box): StateRow[] {
  return addresses(config).map(({ item, port, up }) => {
    const props = [...item.props].filter(([key]) => key !== "disabled");
    return row(isOff(item) ? "X" : up ? "" : "I", [...props, ["actual-interface", port]], item.id);
  });
}

const numberOf = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

function isWithin(address: string, prefix: string): boolean {
  const [network = "", length = "32"] = prefix.split("/");
  const size = 2 ** (32 - Number(length));
  return Math.floor(numberOf(address) / size) === Math.floor(numberOf(network) / size);
}

function routes({ config }: Box): StateRow[] {
  const own = addresses(config).filter(({ up }) => up);
  const running = new Set(ports(config).flatMap(({ name, running: is }) => (is ? [name] : [])));
  const connected = own.map(({ prefix, port, address }) =>
    row("DAc", [
      ["dst-address", prefix],
      ["routing-table", "main"],
      ["gateway", port],
      ["immediate-gw", port],
      ["distance", "0"],
      ["scope", "10"],
      ["local-address", `${address.split("/")[0] ?? ""}%${port}`],
    ]),
  );
  const fixed = itemsOf(config, "/ip route").map((item) => {
    const gateways = (item.props.get("gateway") ?? "").split(",");
    const reached = gateways.some((one) => running.has(one) || own.some(({ prefix }) => isWithin(one, prefix)));
    const isFixed = reached || item.props.get("blackhole") === "yes";
    const props = new Map([["dst-address", "0.0.0.0/0"], ["routing-table", "main"], ["distance", "1"], ...item.props]);
    props.delete("disabled");
    return row(isOff(item) ? "Xs" : isFixed ? "As" : "Is", [...props], item.id);
  });
  return [...fixed, ...connected];
}

/** Who is on a port: the other end of a link of two, and one host of a larger network. */
function peers(config: Config): { address: string; port: string; identity: string }[] {
  return addresses(config)
    .filter(({ up }) => up)
    .flatMap(({ address, port }) => {
      const [own = "", length = ""] = address.split("/");
      const bits = Number(length);
      if (bits > 31 || bits < 8) return [];
      const last = Number(own.split(".")[3]);
      const other = bits === 31 ? last ^ 1 : bits === 30 ? (last % 4 === 1 ? last + 1 : last - 1) : 254;
      const peer = [...own.split(".").slice(0, 3), other].join(".");
      return peer === own ? [] : [{ address: peer, port, identity: `n${peer.replaceAll(".", "-")}` }];
    });
}

/** `discover-interface-list`: of all, of none, or of the interfaces of a list. */
function neighbors({ config }: Box): StateRow[] {
  const wanted = valueAt(config, "/ip neighbor discovery-settings", "discover-interface-list") ?? "static";
  const listed = new Set(
    itemsOf(config, "/interface list member")
      .filter((item) => !isOff(item) && item.props.get("list") === wanted.replace(/^!/, ""))
      .map(({ props }) => props.get("interface") ?? ""),
  );
  const speaks = (port: string): boolean => {
    if (wanted === "none" || wanted === "dynamic") return false;
    if (["all", "static", "!dynamic", "!none"].includes(wanted)) return true;
    return listed.has(port) !== wanted.startsWith("!");
  };
  return peers(config)
    .filter(({ port }) => speaks(port))
    .map(({ address, port, identity }) =>
      row("", [
        ["interface", port],
        ["address", address],
        ["mac-address", mac(address)],
        ["identity", identity],
        ["platform", "MikroTik"],
        ["interface-name", "ether1"],
        ["discovered-by", "cdp,lldp,mndp"],
      ]),
    );
}

function bgpSessions({ config, store }: Box): StateRow[] {
  const known = new Set(peers(config).map(({ address }) => address));
  const uptime = showSpan(Math.max(1000, store.clock.nowMs() - store.bootedAtMs));
  return itemsOf(config, "/routing bgp connection")
    .filter((item) => !isOff(item))
    .map(({ props }) => {
      const remote = (props.get("remote.address") ?? "").split("/")[0] ?? "";
      const stands = known.has(remote);
      return row(stands ? "E" : "", [
        ["name", `${props.get("name") ?? ""}-1`],
        ["remote.address", remote],
        ["remote.as", props.get("remote.as") ?? props.get("as") ?? ""],
        ["remote.id", remote],
        ["local.role", props.get("local.role") ?? "ebgp"],
        ["local.as", props.get("as") ?? ""],
        ...(stands
          ? ([
              ["uptime", uptime],
              ["prefix-count", "2"],
            ] as const)
          : []),
      ]);
    });
}

function ospfNeighbors({ config }: Box): StateRow[] {
  const templates = itemsOf(config, "/routing ospf interface-template").filter(
    (item) => !isOff(item) && !item.props.has("passive"),
  );
  return peers(config).flatMap(({ address, port }) => {
    const template = templates.find(
      ({ props }) =>
        (props.get("interfaces") ?? "").split(",").some((one) => one === port || one === "all") ||
        (props.get("networks") ?? "").split(",").some((one) => one !== "" && isWithin(address, one)),
    );
    if (!template) return [];
    return [
      row("D", [
        ["instance", "default"],
        ["area", template.props.get("area") ?? ""],
        ["address", address],
        ["priority", "128"],
        ["router-id", address],
        ["state", "Full"],
        ["state-changes", "6"],
      ]),
    ];
  });
}

function arp({ config }: Box): StateRow[] {
  const fixed = itemsOf(config, "/ip arp").map((item) =>
    row(
      isOff(item) ? "X" : "C",
      [...item.props].filter(([key]) => key !== "disabled"),
      item.id,
    ),
  );
  const learned = peers(config).map(({ address, port }) =>
    row("DC", [
      ["address", address],
      ["mac-address", mac(address)],
      ["interface", port],
      ["status", "reachable"],
    ]),
  );
  return [...fixed, ...learned];
}

/** One host behind each port that runs, and the port's own address. */
function bridgeHosts({ config }: Box): StateRow[] {
  const running = new Set(ports(config).flatMap(({ name, running: is }) => (is ? [name] : [])));
  return itemsOf(config, "/interface bridge port")
    .filter((item) => !isOff(item) && running.has(item.props.get("interface") ?? ""))
    .flatMap(({ props }) => {
      const port = props.get("interface") ?? "";
      const bridge = props.get("bridge") ?? "";
      const host = (flags: string, address: string): StateRow =>
        row(flags, [
          ["mac-address", address],
          ["on-interface", port],
          ["bridge", bridge],
        ]);
      return [host("DL", mac(`${port} of ether`)), host("DE", mac(`behind ${port}`))];
    });
}

export const STATE_MENUS: Readonly<Record<string, StateMenu>> = {
  "/interface": {
    legend: "D - DYNAMIC; X - DISABLED, R - RUNNING; S - SLAVE",
    columns: ["name", "type", "actual-mtu", "mac-address"],
    rows: interfaces,
    knows: ["comment", "l2mtu", "max-l2mtu"],
  },
  "/ip address": {
    legend: "D - DYNAMIC; X - DISABLED, I - INVALID",
    columns: ["address", "network", "interface"],
    rows: ipAddresses,
    knows: ["comment", "network"],
  },
  "/ip route": {
    legend: "D - DYNAMIC; X - DISABLED, I - INACTIVE, A - ACTIVE; c - CONNECT, s - STATIC",
    columns: ["dst-address", "gateway", "distance"],
    rows: routes,
    knows: ["comment", "scope", "target-scope", "immediate-gw"],
  },
  "/ip neighbor": {
    legend: "",
    columns: ["interface", "address", "mac-address", "identity"],
    rows: neighbors,
    knows: [
      "interface",
      "address",
      "mac-address",
      "identity",
      "platform",
      "version",
      "interface-name",
      "discovered-by",
    ],
  },
  "/routing bgp session": {
    legend: "E - established",
    columns: [],
    rows: bgpSessions,
    knows: [],
  },
  "/routing ospf neighbor": {
    legend: "V - VIRTUAL; D - DYNAMIC",
    columns: [],
    rows: ospfNeighbors,
    knows: ["instance", "area", "address", "priority", "router-id", "dr", "bdr", "state", "state-changes", "timeout"],
  },
  "/ip arp": {
    legend: "D - DYNAMIC; C - COMPLETE",
    columns: ["address", "mac-address", "interface"],
    rows: arp,
    knows: ["address", "mac-address", "interface", "status", "comment"],
  },
  "/interface bridge host": {
    legend: "D - DYNAMIC, L - LOCAL, E - EXTERNAL",
    columns: ["mac-address", "on-interface", "bridge"],
    rows: bridgeHosts,
    knows: ["mac-address", "vid", "on-interface", "bridge", "interface", "age"],
  },
};
