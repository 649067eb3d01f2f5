import type { Clock } from "../../../shared/clock.ts";
import type { CheckFinding } from "../../../shared/documents/check.ts";
import type { ChangeMode } from "../../../shared/documents/manifest.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { HostPlatformFile } from "../../model/files/schema.ts";
import { preflight } from "../../preflight/judge.ts";
import type {
  Candidate,
  Configuration,
  Facts,
  LoginChange,
  Pending,
  Readiness,
  RunOptions,
  Session,
  TransactionToken,
} from "../../types.ts";
import { hostFrom } from "./read.ts";
import { FACTS, readScript } from "./scripts.ts";
import type { HostShell } from "./shell.ts";
import type { HostTransaction } from "./transaction.ts";

const ANSWER_BYTES_MAX = 64 * 1024;

export interface HostSessionOptions {
  readonly file: HostPlatformFile;
  readonly shell: HostShell;
  readonly transaction: HostTransaction;
  readonly login?: LoginChange | undefined;
  /** Whether inventory says which serial it must have. */
  readonly serialExpected: boolean;
  /** The rule of a read; undefined where it is none. */
  readonly readOf: (command: string) => { readonly root: boolean } | undefined;
  readonly configuration: (raw: string) => Configuration;
  readonly told: (direction: "received", text: string) => Promise<string>;
}

/** A Linux host: programs with an exit status, no prompt anywhere. */
export class HostSession implements Session {
  readonly #o: HostSessionOptions;
  readonly login?: LoginChange;

  constructor(options: HostSessionOptions) {
    this.#o = options;
    if (options.login) this.login = options.login;
  }

  async facts(): Promise<Facts> {
    const { shell, file } = this.#o;
    const { code, stdout } = await shell.plain("# what is this?", FACTS);
    if (code !== 0) throw new FarhandError("INCOMPLETE_OUTPUT", `the facts ended with ${code}`);
    const found = new Map(
      stdout.split("\n").map((line) => [line.split(" ", 1)[0] ?? "", line.slice(line.indexOf(" ") + 1)]),
    );
    const value = (name: string): string | null => {
      const text = shell.redacted(found.get(name) ?? "").trim();
      return text === "" ? null : text;
    };
    const serial = value("serial")?.slice(0, 64) ?? null;
    const isNone = serial === null || file.noSerial.some((source) => new RegExp(`^(?:${source})$`, "iv").test(serial));
    // Who may not read it has not reached another host.
    if (serial === null && this.#o.serialExpected && value("refused") !== null)
      throw new FarhandError("PRIVILEGE", 'the serial is root\'s to read, and the login may not "sudo -n"');
    const version = [value("os"), value("kernel")].filter((part) => part !== null).join(", ");
    return {
      hostname: value("hostname") ?? "",
      vendor: file.vendor,
      model: value("model"),
      version: version === "" ? null : version,
      serial: isNone ? null : serial,
    };
  }

  async running(): Promise<Configuration> {
    const { shell, file, configuration } = this.#o;
    const { bytesMax, filesMax } = file.host.caps;
    // Base64 is a third longer, and each file has a line or two of its own.
    const outputBytesMax = Math.ceil(bytesMax * 1.4) + filesMax * 8_192;
    const { code, stdout } = await shell.script(
      "# read the managed files and services",
      readScript(file),
      ["0"],
      outputBytesMax,
    );
    if (code !== 0) throw new FarhandError("INCOMPLETE_OUTPUT", `the read ended with ${code}`);
    return configuration(hostFrom(stdout));
  }

  /** READ_NOT_ALLOWED before anything is sent; COMMAND_REFUSED for an exit status other than 0. */
  async run(command: string, options: RunOptions): Promise<string> {
    const { shell, readOf, told } = this.#o;
    const rule = readOf(command);
    if (!rule) throw new FarhandError("READ_NOT_ALLOWED", command.slice(0, 200));
    const { code, stdout, stderr } = await shell.words(command.split(" "), rule.root, options.outputBytesMax);
    const output = await told("received", stdout);
    if (options.sink) await options.sink(output);
    if (code !== 0)
      throw new FarhandError(
        "COMMAND_REFUSED",
        `${JSON.stringify(command)} ended with ${code}: ${shell.redacted(stderr.trim().split("\n")[0] ?? "")}`,
      );
    return options.sink ? "" : output;
  }

  async readiness(_mode: ChangeMode): Promise<Readiness> {
    const undoCost = { kind: "in-place" } as const;
    try {
      const { blockers, warnings, pending } = await this.#o.transaction.check();
      // What is in a file is what a reboot reads.
      const ready = { undoCost, blockers, pendingByOther: pending, unsaved: false, warnings };
      return { level: blockers.length === 0 ? "C" : "E", ...ready };
    } catch (error) {
      if (!(error instanceof FarhandError) || error.code !== "PRIVILEGE") throw error;
      const detail = 'the login may not "sudo -n"; allow it: USER ALL=(ALL) NOPASSWD: ALL';
      return {
        level: "E",
        undoCost,
        blockers: [{ code: "SUDO", detail }],
        pendingByOther: false,
        unsaved: null,
        warnings: [],
      };
    }
  }

  async preflight(clock: Clock): Promise<readonly CheckFinding[]> {
    const { shell, file } = this.#o;
    return await preflight(file.preflight, {
      ask: (command) => this.run(command, { outputBytesMax: ANSWER_BYTES_MAX }),
      clock,
      limits: undefined,
      isListed: true,
      redacted: (text) => shell.redacted(text),
    });
  }

  begin(change: Parameters<Session["begin"]>[0]): Promise<TransactionToken> {
    const { id, mode, preImage } = change;
    const begun = this.#o.transaction.begin(change);
    return Promise.resolve({ platform: this.#o.file.id, id, mode, preImage: preImage.publicDigest, ...begun });
  }

  arm(token: TransactionToken): Promise<void> {
    return this.#o.transaction.arm(token);
  }

  candidate(token: TransactionToken): Candidate {
    return this.#o.transaction.candidate(token);
  }

  apply(token: TransactionToken, _commands: readonly string[]): Promise<void> {
    return this.#o.transaction.apply(token);
  }

  pending(token: TransactionToken): Promise<Pending> {
    return this.#o.transaction.pending(token);
  }

  confirm(token: TransactionToken): Promise<void> {
    return this.#o.transaction.confirm(token);
  }

  revert(token: TransactionToken): Promise<void> {
    return this.#o.transaction.revert(token);
  }

  /** Nothing to save: the files are what a reboot reads, and each was synced as it was written. */
  save(_token: TransactionToken): Promise<void> {
    return Promise.resolve();
  }

  cleanup(token: TransactionToken): Promise<void> {
    return this.#o.transaction.cleanup(token);
  }

  close(): Promise<void> {
    this.#o.shell.close();
    return Promise.resolve();
  }
}
