import type { Clock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Finding } from "../../shared/documents/receipt.ts";
import type { CommandChannel } from "../engines/channel.ts";
import { programAsRoot } from "../engines/ssh/answer-mark.ts";
import type { SshConnection } from "../engines/ssh/client.ts";
import type { ExecResult } from "../engines/ssh/stream.ts";
import type { PlatformFile } from "../platform.ts";
import type { Configuration, Pending, TransactionToken } from "../types.ts";
import { CHECK, CLEAN, DISARM, FIRE, PREPARE, START, STATUS } from "./frr-scripts.ts";
import { deviceName } from "./recipes.ts";
import type { ChangeStart, Undo } from "./undo.ts";

export interface FrrReloadOptions {
  readonly file: PlatformFile;
  readonly cli: CommandChannel;
  readonly connection: Pick<SshConnection, "exec">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly commandMs: number;
  readonly configuration: (raw: string) => Configuration;
}

const BYTES_MAX = 16 * 1024 * 1024;

const FINDINGS: Readonly<Record<string, Finding>> = {
  tools: {
    code: "FRR_TOOLS_MISSING",
    detail: "frr-reload.py is what undoes a change; install: apt-get install frr-pythontools",
  },
  daemon: {
    code: "FRR_DAEMON_DOWN",
    detail: "show watchfrr has a daemon that is not Up: its configuration cannot be read",
  },
  vtysh: { code: "FRR_VTYSH", detail: "sudo -n vtysh does not answer" },
  integrated: {
    code: "FRR_NOT_INTEGRATED",
    detail: 'frr-reload needs "service integrated-vtysh-config" in vtysh.conf',
  },
};

/** Words of the check that may be about this moment only. */
const PASSING: ReadonlySet<string> = new Set(["daemon", "vtysh"]);
const SETTLE_MS = 15_000;
const SETTLE_STEP_MS = 500;

/**
 * FRR has no candidate and no timer. The change goes in line by line through vtysh; the undo is frr-reload to the snapshot, in a
 * process on the router that outlives the agent and the SSH session. frr-reload never applies.
 */
export class FrrReloadUndo implements Undo {
  readonly #o: FrrReloadOptions;
  /** The last look at the router. Whether it is ready is asked in three questions, and each look costs it four vtysh and the site a round trip. */
  #seen: readonly string[] | undefined;

  constructor(options: FrrReloadOptions) {
    this.#o = options;
  }

  readonly timer = (confirmMs: number): number => Math.max(5, Math.ceil(confirmMs / 1000)) * 1000;

  async blockers(): Promise<readonly Finding[]> {
    this.#seen = undefined;
    const root = await this.#exec("sudo -n true");
    if (root.code !== 0)
      return [{ code: "SUDO", detail: 'the login may not "sudo -n"; allow it: USER ALL=(ALL) NOPASSWD: ALL' }];
    // watchfrr calls a daemon unresponsive for a moment when the box is busy: only what lasts blocks.
    const untilMs = this.#o.clock.monotonicMs() + SETTLE_MS;
    for (;;) {
      const words = await this.#look();
      const passing = words.some((word) => PASSING.has(word));
      if (!passing || this.#o.clock.monotonicMs() >= untilMs) return words.flatMap((word) => FINDINGS[word] ?? []);
      await this.#o.clock.sleep(SETTLE_STEP_MS, this.#o.signal);
    }
  }

  async pendingByOther(): Promise<string | null> {
    return (this.#seen ?? (await this.#look())).includes("pending") ? "another change's undo timer runs" : null;
  }

  async unsaved(): Promise<boolean | null> {
    const words = this.#seen ?? (await this.#look());
    return words.includes("saved") ? false : words.includes("unsaved") ? true : null;
  }

  async #look(): Promise<readonly string[]> {
    this.#seen = (await this.#script(CHECK, "0")).stdout.split(/\s+/);
    return this.#seen;
  }

  async begin(change: ChangeStart): Promise<TransactionToken["data"]> {
    await this.#refuseForeignAddresses(change);
    await this.#checkSyntax(change.text);
    return { name: deviceName(change.id), seconds: this.timer(change.confirmMs) / 1000 };
  }

  /** The undo would take from the kernel an address that the change names and FRR did not know before: measured. */
  async #refuseForeignAddresses({ text, preImage }: ChangeStart): Promise<void> {
    const named = [...text.matchAll(/\bipv?6? address (?<address>[0-9a-fA-F.:]+)\//g)].flatMap(
      (found) => found.groups?.["address"] ?? [],
    );
    if (named.length === 0) return;
    const { stdout, code } = await this.#exec("ip -o addr show");
    if (code !== 0) throw new FarhandError("TEXT_REFUSED", "the kernel's addresses cannot be read");
    const kernel = new Set(
      [...stdout.matchAll(/\binet6? (?<address>[0-9a-fA-F.:]+)\//g)].flatMap(
        (found) => found.groups?.["address"]?.toLowerCase() ?? [],
      ),
    );
    const known = new Set(
      [...preImage.raw.matchAll(/\bipv?6? address (?<address>[0-9a-fA-F.:]+)\//g)].flatMap(
        (found) => found.groups?.["address"]?.toLowerCase() ?? [],
      ),
    );
    const foreign = named.find((address) => kernel.has(address.toLowerCase()) && !known.has(address.toLowerCase()));
    if (foreign !== undefined)
      throw new FarhandError("TEXT_REFUSED", `${foreign} is set in the kernel and not in FRR: an undo would remove it`);
  }

  /** Syntax only: a peer-group that does not exist passes. Secrets stand as words. */
  async #checkSyntax(text: string): Promise<void> {
    const stdin = `${text.replace(/‹[^›]*›/g, "secret").trimEnd()}\n`;
    const { code, stderr } = await this.#exec("sudo -n vtysh -C -f /dev/stdin", stdin);
    if (code === 0) return;
    const line = stderr.split("\n").find((one) => one.startsWith("line ")) ?? stderr.split("\n")[0] ?? "";
    throw new FarhandError("TEXT_REFUSED", `vtysh -C: ${JSON.stringify(line.replace(/:.*: /, ": ").slice(0, 200))}`);
  }

  async arm(token: TransactionToken): Promise<void> {
    const prepared = await this.#script(PREPARE, name(token));
    if (prepared.code !== 0) throw new FarhandError("ARM_FAILED", `the snapshot could not be taken (${prepared.code})`);
    const snapshot = this.#o.configuration(prepared.stdout);
    if (snapshot.publicDigest !== token.preImage) {
      await this.#script(CLEAN, name(token));
      throw new FarhandError("DRIFTED", "the configuration changed before the undo timer was armed");
    }
    const started = await this.#script(START, name(token), seconds(token));
    if (started.code !== 0) throw new FarhandError("ARM_FAILED", `the undo timer did not start (${started.code})`);
    const status = await this.#status(token);
    if (status !== "armed") throw new FarhandError("ARM_FAILED", `read back: ${status}`);
  }

  async apply(_token: TransactionToken, commands: readonly string[]): Promise<void> {
    const { cli, file } = this.#o;
    await cli.enter(file.config);
    for (const command of commands) await cli.configure(command);
    await cli.enter(file.base);
  }

  async pending(token: TransactionToken): Promise<Pending> {
    const status = await this.#status(token);
    if (status === "armed" || status === "other" || status === "none") return status;
    return status === "done" || status === "disarmed" ? "none" : "unknown";
  }

  async #status(token: TransactionToken): Promise<string> {
    return (await this.#script(STATUS, name(token))).stdout.trim();
  }

  async confirm(token: TransactionToken): Promise<void> {
    const { code } = await this.#script(DISARM, name(token));
    if (code !== 0) throw new FarhandError("COMMAND_REFUSED", "the undo timer has fired already");
  }

  async revert(token: TransactionToken): Promise<void> {
    const patience = Math.max(1, Math.floor(this.#o.commandMs / 1000) - 1);
    const { code } = await this.#script(FIRE, name(token), String(patience));
    if (code === 3) throw new FarhandError("REVERT_FAILED", "the change was confirmed before");
    if (code === 4) throw new FarhandError("COMMAND_TIMEOUT", "the undo is still at work");
    if (code !== 0) throw new FarhandError("REVERT_FAILED", `frr-reload did not reach the snapshot (${code})`);
  }

  async save(): Promise<void> {
    await this.#o.cli.instruct({ send: "write memory", expect: ["\\[OK\\]"] }, {});
  }

  async cleanup(token: TransactionToken): Promise<void> {
    await this.#script(CLEAN, name(token));
  }

  async #script(script: string, ...words: string[]): Promise<ExecResult> {
    if (words.some((word) => !/^[0-9a-f]{1,16}$/.test(word)))
      throw new FarhandError("INTERNAL", "a script argument that is not hex");
    return await programAsRoot((...said) => this.#exec(...said), script, words);
  }

  #exec(command: string, stdin?: string): Promise<ExecResult> {
    const { connection, signal, commandMs } = this.#o;
    return connection.exec(command, {
      outputBytesMax: BYTES_MAX,
      deadlineMs: commandMs,
      signal,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }
}

const name = (token: TransactionToken): string => String(token.data["name"]);
const seconds = (token: TransactionToken): string => String(token.data["seconds"]);
