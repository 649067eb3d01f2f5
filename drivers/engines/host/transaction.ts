import { FarhandError } from "../../../shared/errors.ts";
import type { Finding } from "../../../shared/documents/receipt.ts";
import { deviceName } from "../../transaction/recipes.ts";
import type { Candidate, Pending, TransactionToken } from "../../types.ts";
import type { HostPlatformFile } from "../../model/files/schema.ts";
import { payload, planOf } from "./plan.ts";
import { APPLY_STAGED, CHECK, CLEAN, DISARM, FIRE, STAGE, START, STATUS, UNSTAGE } from "./scripts.ts";
import type { HostShell } from "./shell.ts";

export interface HostTransactionOptions {
  readonly shell: HostShell;
  readonly timer: HostPlatformFile["host"]["timer"];
  readonly commandMs: number;
  readonly isSysctl: (path: string) => boolean;
}

export interface Checked {
  readonly blockers: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly pending: boolean;
}

const BLOCKERS: Readonly<Record<string, string>> = {
  tools: "a program that the undo needs is not there",
  rehearsal: "root may not make a mount namespace here, and so a change cannot be tested before it is in force",
  folder: "/var/lib/farhand, where the undo lies, cannot be written",
  space: "less than 32 MiB are free",
};

/** 128 and the number of SIGKILL. */
const KILLED = 137;

/**
 * A change of files and services. `arm` starts a timer that would undo nothing yet; the candidate is a snapshot of what the change
 * touches, and a copy of /etc in which its tests are run; `apply` puts it in force, and from then on the timer undoes it.
 */
export class HostTransaction {
  readonly #o: HostTransactionOptions;

  constructor(options: HostTransactionOptions) {
    this.#o = options;
  }

  async check(): Promise<Checked> {
    const { code, stdout } = await this.#o.shell.script("# what stands in the way of a change?", CHECK, ["0"]);
    if (code !== 0) throw new FarhandError("INCOMPLETE_OUTPUT", `the check ended with ${code}`);
    const lines = stdout.split("\n").map((line) => line.split(" "));
    return {
      blockers: lines.flatMap(([kind, what = "", which = ""]) =>
        kind === "block"
          ? [
              {
                code: `HOST_${what.toUpperCase()}`.slice(0, 40),
                detail: `${BLOCKERS[what] ?? what} ${this.#o.shell.redacted(which)}`.trim(),
              },
            ]
          : [],
      ),
      warnings: lines.some(([kind, what]) => kind === "warn" && what === "reboot")
        ? [
            {
              code: "REBOOT_KEEPS",
              detail:
                "neither systemd nor cron runs here: after a reboot before the confirmation nobody would take the change back",
            },
          ]
        : [],
      pending: lines.some(([kind]) => kind === "pending"),
    };
  }

  /** Milliseconds that the host will really wait. */
  timer(confirmMs: number): number {
    const { min, max } = this.#o.timer;
    return Math.min(max, Math.max(min, Math.ceil(confirmMs / 1000))) * 1000;
  }

  begin(change: { readonly id: string; readonly confirmMs: number }): Pick<TransactionToken, "confirmMs" | "data"> {
    const confirmMs = this.timer(change.confirmMs);
    return { confirmMs, data: { name: deviceName(change.id), seconds: confirmMs / 1000 } };
  }

  async arm(token: TransactionToken): Promise<void> {
    const seconds = String(token.data["seconds"]);
    const { code } = await this.#script(`# arm the undo: ${seconds} s`, START, token, seconds);
    if (code !== 0) throw new FarhandError("ARM_FAILED", `the undo timer did not start (${code})`);
    const status = await this.#status(token);
    if (status !== "armed") throw new FarhandError("ARM_FAILED", `read back: ${status}`);
  }

  candidate(token: TransactionToken): Candidate {
    return {
      stage: async (commands) => {
        const plan = planOf(commands, this.#o.isSysctl);
        const text = `${STAGE.head}${payload(plan)}${STAGE.tail}`;
        const { code, stdout } = await this.#script("# stage, and test in a copy of /etc", text, token);
        if (code === 20 || code === 21) throw new FarhandError("COMMAND_REFUSED", this.#said(stdout));
        if (code !== 0) throw new FarhandError("COMMAND_REFUSED", `the change could not be staged (${code})`);
        return { configuration: null, diff: null };
      },
      abort: async () => void (await this.#script("# give up what is staged", UNSTAGE, token)),
    };
  }

  #said(stdout: string): string {
    return JSON.stringify(this.#o.shell.redacted(stdout.trim().split("\n")[0] ?? ""));
  }

  /** What was staged: the signed commands cannot become others between the two. */
  async apply(token: TransactionToken): Promise<void> {
    const { code, stdout } = await this.#script("# put in force", APPLY_STAGED, token);
    if (code === 0) return;
    throw new FarhandError(
      "COMMAND_REFUSED",
      code === 20
        ? this.#said(stdout)
        : code === KILLED
          ? "the undo ended it before it was done"
          : `the change was not put in force (${code})`,
    );
  }

  async pending(token: TransactionToken): Promise<Pending> {
    const status = await this.#status(token);
    if (status === "armed" || status === "other" || status === "none") return status;
    return status === "done" || status === "disarmed" ? "none" : "unknown";
  }

  async #status(token: TransactionToken): Promise<string> {
    return (await this.#script("# is the undo armed?", STATUS, token)).stdout.trim();
  }

  async confirm(token: TransactionToken): Promise<void> {
    const { code } = await this.#script("# keep it", DISARM, token);
    if (code !== 0) throw new FarhandError("COMMAND_REFUSED", "the undo timer has fired already");
  }

  async revert(token: TransactionToken): Promise<void> {
    const patience = Math.max(1, Math.floor(this.#o.commandMs / 1000) - 1);
    const { code } = await this.#script("# undo it now", FIRE, token, String(patience));
    if (code === 3) throw new FarhandError("REVERT_FAILED", "the change was confirmed before");
    if (code === 4) throw new FarhandError("COMMAND_TIMEOUT", "the undo is still at work");
    if (code !== 0) throw new FarhandError("REVERT_FAILED", `the undo did not reach the snapshot (${code})`);
  }

  async cleanup(token: TransactionToken): Promise<void> {
    await this.#script("# forget the undo", CLEAN, token);
  }

  #script(told: string, text: string, token: TransactionToken, ...words: string[]): ReturnType<HostShell["script"]> {
    return this.#o.shell.script(told, text, [String(token.data["name"]), ...words]);
  }
}
