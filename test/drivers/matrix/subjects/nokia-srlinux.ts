import { startNokiaSrlinux } from "../../../../simulators/nokia_srlinux/index.ts";
import { sampleNokiaSrlinux } from "../../../../simulators/nokia_srlinux/sample.ts";
import { httpsTarget, sshTarget } from "../target.ts";
import type { Subject } from "../subject.ts";

const { config } = sampleNokiaSrlinux({ seed: 1, index: 0, interfaces: 2, username: "netops" });

const start = (clock: Parameters<Subject["start"]>[0]) => startNokiaSrlinux({ name: "edge-1", config }, { clock });

const common: Omit<Subject, "start" | "transport"> = {
  platform: "nokia_srlinux",
  merge: {
    text: 'set / interface lo0 description probe\nset / system information contact "noc probe"\nset / routing-policy prefix-set loopbacks prefix 198.51.100.0/24 mask-length-range 32..32\n',
    inForce: /lo0 description probe[^]*198\.51\.100\.0\/24/,
    verify: [{ command: "info flat from running /interface lo0", contains: ["description probe"], withinMs: 5_000 }],
  },
  replace: (running) =>
    `${running}set / interface lo0 description probe\nset / routing-policy prefix-set loopbacks prefix 198.51.100.0/24 mask-length-range 32..32\n`,
  foreign: {
    lines: ["set / routing-policy prefix-set theirs prefix 10.9.0.0/16 mask-length-range exact"],
    shown: /prefix-set theirs/,
  },
  body: (running) => running,
  moments: {
    beforeApply: "^enter candidate",
    duringApply: "lo0 description probe",
    line: "lo0 description probe",
    apply: "^commit confirmed",
    confirm: "confirmed-accept",
  },
};

export const nokiaSrlinux: readonly Subject[] = [
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
    // A request is logged as one line: its method, and its commands with semicolons between them.
    moments: {
      beforeApply: "enter candidate private",
      duringApply: "lo0 description probe",
      line: "lo0 description probe",
      apply: "commit confirmed",
      confirm: "confirmed-accept",
    },
    async start(clock) {
      const sim = await start(clock);
      return { sim, ...httpsTarget(sim) };
    },
  },
];
