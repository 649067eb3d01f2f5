import { startLinux } from "../../../../simulators/linux/index.ts";
import { sampleLinux } from "../../../../simulators/linux/sample.ts";
import { hostVerdict } from "../../../../simulators/host/requirements.ts";
import { sshTarget } from "../target.ts";
import type { Subject } from "../subject.ts";

const verdict = hostVerdict();
const { config, serial } = sampleLinux({ seed: 1, index: 0, interfaces: 1, username: "netops" });

export const linux: Subject = {
  platform: "linux",
  transport: "cli",
  ...(verdict.run ? {} : { cannot: verdict.reason }),
  async start(clock) {
    const sim = await startLinux({ name: "edge-1", config, serial }, { clock });
    clock.holdWhile?.(() => sim.busy);
    return { sim, ...sshTarget(sim) };
  },
  merge: {
    text: "file /etc/chrony/conf.d/probe.conf\n |server 192.0.2.123 iburst\nfile /etc/motd\n |probe\nfile /etc/ssh/sshd_config.d/50-probe.conf\n |MaxAuthTries 3\n",
    inForce: /==> \/etc\/chrony\/conf\.d\/probe\.conf [^]*==> \/etc\/motd [^\n]*\nprobe\n[^]*MaxAuthTries 3/,
    verify: [{ command: "sshd -T", contains: ["maxauthtries 3"], withinMs: 5_000 }],
  },
  replace: (running) =>
    running
      .replace(
        "file /etc/chrony/conf.d/servers.conf",
        "file /etc/chrony/conf.d/probe.conf 0644 root:root\n |server 192.0.2.123 iburst\nfile /etc/chrony/conf.d/servers.conf",
      )
      .replace(/(file \/etc\/motd [^\n]*\n) \|[^\n]*\n/, "$1 |probe\n")
      .replace(
        "file /etc/sudoers ",
        "file /etc/ssh/sshd_config.d/50-probe.conf 0600 root:root\n |MaxAuthTries 3\nfile /etc/sudoers ",
      ),
  foreign: {
    lines: ["echo theirs > /etc/issue.net"],
    shown: /\/etc\/issue\.net|^theirs$/,
  },
  body: (running) => running,
  moments: {
    beforeApply: 'mkdir "\\$d/new"',
    // A service takes up what was written: the apply is half done, and goes on.
    duringApply: "^sshd reads its files$",
    line: "/etc/motd|^probe$",
    apply: 'setsid -w sh "\\$d/apply"',
    confirm: 'mv "\\$d/armed" "\\$d/disarmed"',
  },
  without: {
    "authorization-denied": "sudo is asked once for a whole script, never for a line of it: see wrong-privilege",
    "paging-left-on": "no terminal, so no pager",
    "confirm-lost": "a confirmation is a rename on the host's disk: it happens, or its failure is told",
    "failover-before-confirm": "no second half",
    "stale-candidate": "no candidate",
  },
};
