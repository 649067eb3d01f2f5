// The addressing plan of the lab and every configuration line the routers start with. Plain data: nothing here runs.
//
//            hub 10.99.0.1 (lo)
//             | 10.30.0.0/30
//            eth4
//   agent --+-- r2 --eth3---eth1-- r3        10.0.23.0/29   (r3 is managed through r2)
//     LAN   |   |eth1               |
//  10.20.0  +-- r1                  |eth2
//           eth0 eth1: 10.0.12.0/29 |
//                eth2 --- IX 10.0.100.0/24 --- eth2 of r2 and r3 (addresses only: no peering yet)

export const routerNames = ["r1", "r2", "r3"] as const;
export type RouterName = (typeof routerNames)[number];
export type HostName = "agent" | "hub";
export type NodeName = RouterName | HostName | "switch";

export const hubAddress = "10.99.0.1";
export const agentAddress = "10.20.0.10";
export const lanPrefix = "10.20.0.0/24";

type Neighbor = { address: string; asn: number };
export type RouterPlan = {
  number: number;
  asn: number;
  /** Where the agent reaches its sshd. */
  management: string;
  interfaces: Record<string, { description: string; address: string }>;
  staticRoutes: string[];
  neighbors: Neighbor[];
  ixNeighbors: Neighbor[];
};

const ix = (number: number): Neighbor => ({ address: `10.0.100.${number}`, asn: 65000 + number });

export const plans: Record<RouterName, RouterPlan> = {
  r1: {
    number: 1,
    asn: 65001,
    management: "10.20.0.1",
    interfaces: {
      eth0: { description: "site LAN", address: "10.20.0.1/24" },
      eth1: { description: "to r2", address: "10.0.12.1/29" },
      eth2: { description: "exchange", address: "10.0.100.1/24" },
    },
    staticRoutes: [],
    neighbors: [{ address: "10.0.12.2", asn: 65002 }],
    ixNeighbors: [ix(2), ix(3)],
  },
  r2: {
    number: 2,
    asn: 65002,
    management: "10.20.0.2",
    interfaces: {
      eth0: { description: "site LAN", address: "10.20.0.2/24" },
      eth1: { description: "to r1", address: "10.0.12.2/29" },
      eth2: { description: "exchange", address: "10.0.100.2/24" },
      eth3: { description: "to r3", address: "10.0.23.2/29" },
      eth4: { description: "uplink", address: "10.30.0.2/30" },
    },
    staticRoutes: [`${hubAddress}/32 10.30.0.1`],
    neighbors: [
      { address: "10.0.12.1", asn: 65001 },
      { address: "10.0.23.3", asn: 65003 },
    ],
    ixNeighbors: [ix(1), ix(3)],
  },
  r3: {
    number: 3,
    asn: 65003,
    management: "10.0.23.3",
    interfaces: {
      eth1: { description: "to r2", address: "10.0.23.3/29" },
      eth2: { description: "exchange", address: "10.0.100.3/24" },
    },
    staticRoutes: [`${lanPrefix} 10.0.23.2`],
    neighbors: [{ address: "10.0.23.2", asn: 65002 }],
    ixNeighbors: [ix(1), ix(2)],
  },
};

/** A cable: two ends, each an interface in a node. */
export type Cable = readonly [readonly [NodeName, string], readonly [NodeName, string]];
export const cables: readonly Cable[] = [
  [
    ["switch", "lan-agent"],
    ["agent", "eth0"],
  ],
  [
    ["switch", "lan-r1"],
    ["r1", "eth0"],
  ],
  [
    ["switch", "lan-r2"],
    ["r2", "eth0"],
  ],
  [
    ["switch", "ix-r1"],
    ["r1", "eth2"],
  ],
  [
    ["switch", "ix-r2"],
    ["r2", "eth2"],
  ],
  [
    ["switch", "ix-r3"],
    ["r3", "eth2"],
  ],
  [
    ["r1", "eth1"],
    ["r2", "eth1"],
  ],
  [
    ["r2", "eth3"],
    ["r3", "eth1"],
  ],
  [
    ["r2", "eth4"],
    ["hub", "eth0"],
  ],
];

/** `ip -batch` lines for the nodes that are not routers. Routers get theirs from FRR. */
export const hostSetup: Record<HostName | "switch", string[]> = {
  agent: [`address add ${agentAddress}/24 dev eth0`, "link set eth0 up", "route add default via 10.20.0.2"],
  hub: [
    "address add 10.30.0.1/30 dev eth0",
    `address add ${hubAddress}/32 dev lo`,
    "link set eth0 up",
    `route add ${lanPrefix} via 10.30.0.2 src ${hubAddress}`,
  ],
  switch: ["lan", "ix"].flatMap((bridge) => [
    `link add ${bridge} type bridge stp_state 0`,
    `link set ${bridge} up`,
    ...cables
      .map(([[, port]]) => port)
      .filter((port) => port.startsWith(`${bridge}-`))
      .flatMap((port) => [`link set ${port} master ${bridge}`, `link set ${port} up`]),
  ]),
};

/** The frr.conf a router starts with. */
export function frrConf(name: RouterName): string {
  const plan = plans[name];
  const lines = [
    "frr defaults traditional",
    `hostname ${name}`,
    "log file /var/log/frr/frr.log informational",
    "service integrated-vtysh-config",
    "!",
    ...plan.staticRoutes.map((route) => `ip route ${route}`),
    `ip route 10.10${plan.number}.0.0/24 blackhole`,
    "!",
    "interface lo",
    ` ip address 10.255.0.${plan.number}/32`,
    "exit",
    "!",
  ];
  for (const [port, { description, address }] of Object.entries(plan.interfaces)) {
    lines.push(`interface ${port}`, ` description ${description}`, ` ip address ${address}`, "exit", "!");
  }
  lines.push(`router bgp ${plan.asn}`, ` bgp router-id 10.255.0.${plan.number}`, " no bgp ebgp-requires-policy");
  lines.push(" timers bgp 3 9");
  for (const { address, asn } of plan.neighbors) {
    lines.push(` neighbor ${address} remote-as ${asn}`, ` neighbor ${address} timers connect 1`);
  }
  lines.push(
    " !",
    " address-family ipv4 unicast",
    `  network 10.10${plan.number}.0.0/24`,
    `  network 10.255.0.${plan.number}/32`,
    " exit-address-family",
    "exit",
    "!",
    "end",
    "",
  );
  return lines.join("\n");
}

/** Changes that tests and the demo put to the lab, as configuration-mode lines in FRR's own indentation. */
export const changes = {
  /** On each router: a prefix list and the two neighbours at the exchange. On all three, the exchange's three sessions come up. */
  peerAtExchange(name: RouterName): string[] {
    const { number, asn, ixNeighbors } = plans[name];
    return [
      `ip prefix-list IX-OUT seq 5 permit 10.10${number}.0.0/24`,
      `ip prefix-list IX-OUT seq 10 permit 10.255.0.${number}/32`,
      `router bgp ${asn}`,
      ...ixNeighbors.flatMap((peer) => [
        ` neighbor ${peer.address} remote-as ${peer.asn}`,
        ` neighbor ${peer.address} timers connect 1`,
      ]),
      " address-family ipv4 unicast",
      ...ixNeighbors.map((peer) => `  neighbor ${peer.address} prefix-list IX-OUT out`),
      " exit-address-family",
      "exit",
    ];
  },
  /** On r2: the LAN stays healthy, the hub is gone. */
  killWayHome: [`no ip route ${hubAddress}/32 10.30.0.1`],
  /** On r2: the same through the uplink's address. */
  killUplinkAddress: ["interface eth4", " no ip address 10.30.0.2/30", "exit"],
  /** On r1: the router leaves the LAN, and with it the agent. */
  cutPathToR1: ["interface eth0", " no ip address 10.20.0.1/24", "exit"],
  /** On r3: the router no longer knows the way back to the agent. */
  cutPathToR3: [`no ip route ${lanPrefix} 10.0.23.2`],
  /** Passes `vtysh -C`; bgpd takes the first line and refuses the second. */
  refusedHalfWay(name: RouterName): string[] {
    return [
      `router bgp ${plans[name].asn}`,
      " neighbor 10.0.100.77 remote-as 65077",
      " neighbor 10.0.100.77 peer-group NOSUCH",
      "exit",
    ];
  },
} as const;
