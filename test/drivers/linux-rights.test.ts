// What takes an agent's own rights on a Linux host away, or the door it came in by: on a simulated host, whose clock is fast.
import { describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { PlatformId } from "../../shared/ids.ts";
import type { FaultInput } from "../../simulators/faults.ts";
import { linux } from "./matrix/subjects/linux.ts";
import { fastClock, recorder, rig } from "./support.ts";

const MOTD = "file /etc/motd\n |x\n";
interface Ending {
  readonly what: string;
  readonly text: string;
  readonly fault?: FaultInput;
  readonly state: string;
  readonly code: string;
  readonly detail: RegExp;
  /** What became of it on the host: by its own timer, as it was told, or never in force. */
  readonly by: "timer" | "asked" | "nothing";
}

const ENDINGS: readonly Ending[] = [
  {
    what: "the login's own rule of sudo is taken away",
    text: "file /etc/sudoers\n |Defaults env_reset\n |root ALL=(ALL:ALL) ALL\n |netops ALL=(ALL) ALL\n |@includedir /etc/sudoers.d\n",
    state: "ROLLED_BACK",
    code: "PRIVILEGE",
    detail: /a password is required/,
    by: "timer",
  },
  {
    what: "the login is denied at the door",
    text: "file /etc/ssh/sshd_config.d/9.conf\n |DenyUsers netops\n",
    state: "ROLLED_BACK",
    code: "LOGIN_REFUSED",
    detail: /authentication/,
    by: "timer",
  },
  {
    what: "sshd is stopped",
    text: "service ssh enabled inactive\n",
    state: "ROLLED_BACK",
    code: "CONNECT_REFUSED",
    detail: /./,
    by: "timer",
  },
  {
    what: "sudo denies the apply",
    text: MOTD,
    fault: { kind: "authorization-denied", match: 'setsid -w sh "\\$d/apply"' },
    state: "ROLLED_BACK",
    code: "PRIVILEGE",
    detail: /is not allowed to execute/,
    by: "nothing",
  },
  {
    what: "sudo denies the confirmation",
    text: MOTD,
    fault: { kind: "authorization-denied", match: 'mv "\\$d/armed" "\\$d/disarmed"' },
    state: "ROLLED_BACK",
    code: "PRIVILEGE",
    detail: /is not allowed to execute/,
    by: "asked",
  },
  {
    what: "a rule of sudo is none",
    text: "file /etc/sudoers.d/bad\n |x ALL=(ALL NOPASSWD\n",
    state: "FAILED",
    code: "COMMAND_REFUSED",
    detail: /bad:1:12: syntax error/,
    by: "nothing",
  },
];

describe.skipIf(linux.cannot !== undefined)(
  `a Linux host${linux.cannot === undefined ? "" : `: ${linux.cannot}`}`,
  () => {
    test.concurrent.each(ENDINGS)("$what: it ends as it was, and says why", async ({ text, fault, by, ...ending }) => {
      const clock = fastClock(30);
      const { sim, target, credential } = await linux.start(clock);
      try {
        const driver = driverFor(PlatformId.parse("linux"));
        if (!driver) throw new Error("no driver");
        const box = rig({ driver, target, credential, clock, connectMs: 60_000, commandMs: 60_000 });
        const spec = await box.plan(text, { confirmMs: 120_000 });
        const before = sim.runningConfig();
        if (fault) sim.setFault(fault);
        const result = await runChange(box.context(), spec, recorder().hooks);
        const { state, code } = ending;
        expect(result, `${result.code} ${result.detail}`).toMatchObject({ state, code });
        expect(result.detail).toMatch(ending.detail);
        expect(sim.runningConfig()).toBe(before);
        expect(sim.pendingRollback()).toBeUndefined();
        const ended = sim.events().find((event) => event.kind === "rolled-back");
        expect(ended?.kind === "rolled-back" ? ended.why : "nothing").toBe(by);
      } finally {
        await sim.stop();
      }
    });
  },
);
