import { startMikrotikRouteros } from "../../../../simulators/mikrotik_routeros/index.ts";
import { sampleMikrotikRouteros } from "../../../../simulators/mikrotik_routeros/sample.ts";
import { sshTarget } from "../target.ts";
import type { Subject } from "../subject.ts";

const { config } = sampleMikrotikRouteros({ seed: 1, index: 0, interfaces: 2, username: "netops" });

export const mikrotikRouteros: Subject = {
  platform: "mikrotik_routeros",
  transport: "cli",
  async start(clock) {
    const sim = await startMikrotikRouteros({ name: "edge-1", config }, { clock });
    return { sim, ...sshTarget(sim) };
  },
  merge: {
    text: "/interface ethernet\nset [ find default-name=ether3 ] comment=probe\n/ip firewall filter\nadd action=drop chain=input comment=probe src-address=203.0.113.7 place-before=[ find comment=management ]\n/ip firewall address-list\nadd address=198.51.100.0/24 list=blocked\n",
    inForce: /default-name=ether3 \] comment=probe[^]*address=198\.51\.100\.0\/24/,
    verify: [
      {
        command: "/ip firewall address-list print terse where list=blocked",
        contains: ["198.51.100.0/24"],
        withinMs: 5_000,
      },
    ],
  },
  replace: (running) =>
    running
      .replace("default-name=ether3 ] mtu=1514", "default-name=ether3 ] comment=probe mtu=1514")
      .replace(
        "/ip firewall filter add ",
        "/ip firewall address-list add address=198.51.100.0/24 list=blocked\n/ip firewall filter add ",
      ),
  foreign: {
    lines: ["/ip firewall address-list add address=10.9.0.0/16 list=theirs"],
    shown: /list=theirs/,
  },
  // The timer itself stands among the items of the box's scheduler.
  body: (running) => running.replace(/\/system scheduler\nadd (?:[^\n]*\\\n)*[^\n]*\n/, ""),
  moments: {
    beforeApply: "^/system backup save",
    duringApply: "default-name=ether3",
    line: "default-name=ether3",
    apply: "198\\.51\\.100\\.0/24",
    confirm: "^/system scheduler remove",
  },
  without: {
    "stale-candidate": "no candidate",
    "failover-before-confirm": "no second half",
  },
};
