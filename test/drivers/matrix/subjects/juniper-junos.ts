import { startJuniperJunos, type JuniperJunosConfigInput } from "../../../../simulators/juniper_junos/index.ts";
import { sshTarget } from "../target.ts";
import type { Subject } from "../subject.ts";

const CONFIG = `version 21.4R3.15;
system {
    host-name edge-1;
    root-authentication {
        encrypted-password "$6$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"; ## SECRET-DATA
    }
    login {
        user netops {
            uid 2000;
            class super-user;
            authentication {
                encrypted-password "$6$cccccccc$dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"; ## SECRET-DATA
            }
        }
    }
    services {
        ssh;
    }
}
interfaces {
    ge-0/0/0 {
        description uplink;
        unit 0 {
            family inet {
                address 10.0.0.1/24;
            }
        }
    }
    lo0 {
        unit 0 {
            family inet {
                address 10.255.0.1/32;
            }
        }
    }
}
policy-options {
    prefix-list PL {
        10.0.0.0/8;
    }
}
`;

export const juniperJunosOf = (over: Partial<JuniperJunosConfigInput>): Subject => ({
  platform: "juniper_junos",
  transport: "cli",
  async start(clock) {
    const sim = await startJuniperJunos({ name: "edge-1", config: CONFIG, ...over }, { clock });
    return { sim, ...sshTarget(sim) };
  },
  merge: {
    text: "set interfaces ge-0/0/0 description probe\nset policy-options prefix-list PL 192.0.2.0/24\nset policy-options prefix-list PL 198.51.100.0/24\n",
    inForce: /description probe[^]*192\.0\.2\.0\/24/,
    verify: [
      { command: "show configuration policy-options prefix-list PL", contains: ["192.0.2.0/24"], withinMs: 5_000 },
    ],
  },
  replace: (running) =>
    running
      .replace("description uplink", "description probe")
      .replace(
        "set policy-options prefix-list PL 10.0.0.0/8\n",
        "set policy-options prefix-list PL 10.0.0.0/8\nset policy-options prefix-list PL 192.0.2.0/24\n",
      ),
  foreign: { lines: ["set policy-options prefix-list THEIRS 10.9.0.0/16"], shown: /THEIRS|10\.9\.0\.0\/16|^ {4}\}$/ },
  body: (config) => config.replace(/^## Last .*\n/gm, ""),
  moments: {
    beforeApply: "^configure exclusive",
    duringApply: "description probe",
    line: "description probe",
    apply: "^commit confirmed",
    confirm: "kept",
  },
});

export const juniperJunos = juniperJunosOf({});
