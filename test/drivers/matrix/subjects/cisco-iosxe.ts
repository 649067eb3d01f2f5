import { startCiscoIosxe } from "../../../../simulators/cisco_iosxe/index.ts";
import { sshTarget } from "../target.ts";
import type { Subject } from "../subject.ts";

const CONFIG = `version 17.9
service timestamps debug datetime msec
hostname edge-1
!
username netops privilege 15 secret 9 $9$aaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
!
archive
 path bootflash:archive
 maximum 10
!
interface GigabitEthernet1
 description uplink
 ip address 10.0.0.1 255.255.255.0
!
interface Loopback0
 ip address 10.255.0.1 255.255.255.255
!
ip prefix-list PL seq 5 permit 10.0.0.0/8
!
end
`;

export const ciscoIosxe: Subject = {
  platform: "cisco_iosxe",
  transport: "cli",
  async start(clock) {
    const sim = await startCiscoIosxe({ name: "edge-1", config: CONFIG }, { clock });
    return { sim, ...sshTarget(sim) };
  },
  merge: {
    text: "interface Loopback0\n description probe\nip prefix-list PL seq 10 permit 192.0.2.0/24\n",
    inForce: /description probe[^]*192\.0\.2\.0\/24/,
    verify: [{ command: "show ip prefix-list PL", contains: ["192.0.2.0/24"], withinMs: 5_000 }],
  },
  replace: (running) =>
    running
      .replace("interface Loopback0\n", "interface Loopback0\n description probe\n")
      .replace("seq 5 permit 10.0.0.0/8\n", "seq 5 permit 10.0.0.0/8\nip prefix-list PL seq 10 permit 192.0.2.0/24\n"),
  foreign: {
    lines: ["ip prefix-list THEIRS seq 5 permit 10.9.0.0/16"],
    shown: /ip prefix-list THEIRS seq 5 permit 10\.9\.0\.0\/16/,
  },
  body: (config) => config.slice(config.indexOf("version 17.9")),
  moments: {
    beforeApply: "^configure terminal revert",
    duringApply: "description probe",
    line: "description probe",
    apply: "192\\.0\\.2\\.0/24",
    confirm: "^configure confirm",
  },
  replaceMoments: { beforeApply: "^tclsh", duringApply: "^configure replace", apply: "^configure replace" },
  without: { "stale-candidate": "no candidate" },
};
