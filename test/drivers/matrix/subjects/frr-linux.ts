import { startFrrLinux } from "../../../../simulators/frr_linux/index.ts";
import { sampleFrrLinux } from "../../../../simulators/frr_linux/sample.ts";
import { hostVerdict } from "../../../../simulators/host/requirements.ts";
import { sshTarget } from "../target.ts";
import type { Subject } from "../subject.ts";

const verdict = hostVerdict();
const { config } = sampleFrrLinux({ seed: 1, index: 0, interfaces: 2 });

/** vtysh on a terminal, and a host beside it that really runs what undoes a change. */
export const frrLinux: Subject = {
  platform: "frr_linux",
  transport: "cli",
  ...(verdict.run ? {} : { cannot: verdict.reason }),
  async start(clock) {
    const sim = await startFrrLinux({ name: "edge-1", config }, { clock });
    clock.holdWhile?.(() => sim.busy());
    const { target, credential } = sshTarget(sim);
    // FRR knows no serial of the machine that it is on.
    return { sim, target: { ...target, serial: null }, credential };
  },
  merge: {
    text: "ip prefix-list PROBE seq 5 permit 198.51.100.0/24\ninterface eth1\n description probe\nrouter bgp 64512\n neighbor 172.16.0.1 timers connect 7\nroute-map PROBE permit 10\n match tag 77\n",
    inForce: /^ description probe$[^]* timers connect 7$[^]*^ip prefix-list PROBE seq 5 [^]*^ match tag 77$/m,
    verify: [{ command: "show ip prefix-list PROBE", contains: ["198.51.100.0/24"], withinMs: 5_000 }],
  },
  replace: (running) =>
    running
      .replace(/ description port \w+/, " description probe")
      .replace(/( neighbor 172\.16\.0\.1 password .*\n)/, "$1 neighbor 172.16.0.1 timers connect 7\n")
      .replace(/^(bgp community-list)/m, "ip prefix-list PROBE seq 5 permit 198.51.100.0/24\n$1")
      .replace(/^end$/m, "route-map PROBE permit 10\n match tag 77\nexit\n!\nend"),
  foreign: { lines: ["ip prefix-list THEIRS seq 5 permit 10.9.0.0/16"], shown: /ip prefix-list THEIRS / },
  body: (running) => running,
  moments: {
    beforeApply: "^configure terminal$",
    duringApply: "^description probe$",
    line: "^description probe$",
    apply: "^match tag 77$",
    confirm: 'mv "\\$d/armed" "\\$d/disarmed"',
  },
  without: {
    "authorization-denied": "vtysh asks nobody about a line; what sudo allows is wrong-privilege",
    "paging-left-on": "vtysh pages nothing unless somebody says `terminal paginate`",
    "confirm-lost": "the confirmation is a rename on the router's own disk, which is done or is not",
    "failover-before-confirm": "no second half",
    "stale-candidate": "no candidate and no lock",
  },
};
