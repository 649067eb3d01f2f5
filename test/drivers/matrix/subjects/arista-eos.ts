import { startAristaEos } from "../../../../simulators/arista_eos/index.ts";
import { httpsTarget, sshTarget } from "../target.ts";
import type { Subject } from "../subject.ts";

const CONFIG = `! device: edge-1 (DCS-7050SX3-48YC8, EOS-4.30.1F)
!
no aaa root
!
username netops privilege 15 role network-admin secret sha512 $6$aaaaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
!
transceiver qsfp default-mode 4x10G
!
hostname edge-1
!
spanning-tree mode mstp
!
management api http-commands
   no shutdown
!
interface Ethernet1
   description uplink
   no switchport
   ip address 10.0.0.1/24
!
interface Loopback0
   ip address 10.255.0.1/32
!
interface Management1
   ip address 10.1.0.1/24
!
ip routing
!
ip prefix-list PL
   seq 10 permit 10.0.0.0/8
!
end
`;

const common: Omit<Subject, "start" | "transport"> = {
  platform: "arista_eos",
  merge: {
    text: "interface Loopback0\n   description probe\nip prefix-list PL\n   seq 20 permit 192.0.2.0/24\n",
    inForce: /description probe[^]*192\.0\.2\.0\/24/,
    verify: [{ command: "show running-config section prefix-list", contains: ["192.0.2.0/24"], withinMs: 5_000 }],
  },
  replace: (running) =>
    running
      .replace("interface Loopback0\n", "interface Loopback0\n   description probe\n")
      .replace("   seq 10 permit 10.0.0.0/8\n", "   seq 10 permit 10.0.0.0/8\n   seq 20 permit 192.0.2.0/24\n"),
  foreign: {
    lines: ["ip prefix-list THEIRS", "   seq 10 permit 10.9.0.0/16"],
    shown: /^ip prefix-list THEIRS$|10\.9\.0\.0\/16|^!$/,
  },
  body: (config) => config.slice(config.indexOf("no aaa root")),
  moments: {
    beforeApply: "^configure session \\S+$",
    duringApply: "description probe",
    line: "description probe",
    apply: "^commit timer",
    confirm: "^configure session \\S+ commit$",
  },
  locks: true,
};

export function aristaEosOf(version: string): readonly Subject[] {
  const start = (clock: Parameters<Subject["start"]>[0]) =>
    startAristaEos({ name: "edge-1", config: CONFIG, serial: "SSJ17115390", version }, { clock });
  return [
    {
      ...common,
      transport: "cli",
      async start(clock) {
        const sim = await start(clock);
        return { sim, ...sshTarget(sim) };
      },
    },
    {
      ...common,
      transport: "https",
      async start(clock) {
        const sim = await start(clock);
        return { sim, ...httpsTarget(sim) };
      },
    },
  ];
}

export const aristaEos = aristaEosOf("4.30.1F");
