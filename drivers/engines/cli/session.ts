import type { Clock } from "../../../shared/clock.ts";
import type { CheckFinding } from "../../../shared/documents/check.ts";
import type { ChangeMode } from "../../../shared/documents/manifest.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { worse } from "../../level.ts";
import type { PlatformFile } from "../../platform.ts";
import { preflight } from "../../preflight/judge.ts";
import type { StandingFile } from "../../model/standing-file.ts";
import { standing } from "../../preflight/standing.ts";
import type { Undo } from "../../transaction/undo.ts";
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
import type { CommandChannel } from "../channel.ts";
import { substitute } from "../answers.ts";

export interface CliSessionOptions {
  readonly file: PlatformFile;
  readonly cli: CommandChannel;
  readonly undo: Undo;
  readonly login?: LoginChange | undefined;
  readonly isRead: (command: string) => boolean;
  /** Raw text of a complete configuration → what is kept of it. */
  readonly configuration: (raw: string) => Configuration;
  /** Runs a command in the shell of the host that the CLI is a program of; absent where there is none. */
  readonly host?: ((command: string) => Promise<string>) | undefined;
  /** A terminal, and no API. */
  readonly isTerminal?: boolean;
  /** Ends the connection under the terminal. */
  readonly disconnect: () => void;
}

/** A line costs a hundred times its byte: what is read as a whole is bounded in both. */
const LINES_MAX = 300_000;
const FACT_BYTES_MAX = 256 * 1024;
/** A read that is refused is answered in a line or two; more is output, in which anything may stand. */
const REFUSAL_LINES_MAX = 6;

/** A device behind a CLI. */
export class CliSession implements Session {
  readonly #o: CliSessionOptions;
  readonly login?: LoginChange;

  constructor(options: CliSessionOptions) {
    this.#o = options;
    if (options.login) this.login = options.login;
  }

  async facts(): Promise<Facts> {
    const { file, cli } = this.#o;
    let text = "";
    for (const command of file.facts.commands) text += `${await this.#read(command, FACT_BYTES_MAX)}\n`;
    const find = (source: string | undefined): string | null => {
      const groups = source === undefined ? undefined : new RegExp(source, "mv").exec(text)?.slice(1);
      const found = groups?.find((group) => group !== undefined);
      return found === undefined ? null : cli.redacted(found);
    };
    return {
      hostname: cli.redacted(cli.hostname),
      vendor: file.vendor,
      model: find(file.facts.model),
      version: find(file.facts.version),
      serial: find(file.facts.serial),
      ...(file.facts.standing && (await this.#standing(file.facts.standing))),
    };
  }

  #standing(file: StandingFile): ReturnType<typeof standing> {
    return standing(
      file,
      (command) => this.#read(command, FACT_BYTES_MAX),
      (text) => this.#o.cli.redacted(text),
    );
  }

  async preflight(clock: Clock): Promise<readonly CheckFinding[]> {
    const { file, cli, host } = this.#o;
    return await preflight(file.preflight, {
      ask: (command, onHost) => (onHost && host ? host(command) : this.#read(command, FACT_BYTES_MAX)),
      clock,
      limits: file.limits,
      isListed: this.#o.isTerminal ?? true,
      redacted: (text) => cli.redacted(text),
    });
  }

  async running(): Promise<Configuration> {
    const { get } = this.#o.file;
    return this.#complete(await this.#read(get.command, get.bytesMax));
  }

  #complete(raw: string): Configuration {
    const { get } = this.#o.file;
    if (get.denied?.some((source) => new RegExp(source, "mv").test(raw)))
      throw new FarhandError("AUTHORIZATION_DENIED", "the login may not see all of the configuration");
    // Without volatile lines: a log message behind the last line must not hide it.
    const configuration = this.#o.configuration(raw);
    const shown = configuration.raw.trimEnd();
    const last = shown.slice(shown.lastIndexOf("\n") + 1);
    if (!new RegExp(`^(?:${get.endMarker})$`, "v").test(last))
      throw new FarhandError("INCOMPLETE_OUTPUT", "no end marker");
    if (raw.length < get.bytesMin) throw new FarhandError("INCOMPLETE_OUTPUT", `only ${raw.length} bytes`);
    return configuration;
  }

  /** READ_NOT_ALLOWED before anything is sent; COMMAND_REFUSED when the device does not know the command. */
  async run(command: string, options: RunOptions): Promise<string> {
    if (!this.#o.isRead(command)) throw new FarhandError("READ_NOT_ALLOWED", command.slice(0, 200));
    const { cli } = this.#o;
    const head: string[] = [];
    let count = 0;
    let output = "";
    await cli.command(command, {
      outputBytesMax: options.outputBytesMax,
      onLines: async (lines, redacted) => {
        count += lines.length;
        if (head.length <= REFUSAL_LINES_MAX) head.push(...lines.slice(0, REFUSAL_LINES_MAX + 1));
        const text = `${redacted.join("\n")}\n`;
        if (options.sink) await options.sink(text);
        else output += text;
      },
    });
    if (count <= REFUSAL_LINES_MAX) cli.requireNoError(command, head, "read");
    return output;
  }

  async #read(command: string, outputBytesMax: number): Promise<string> {
    const { cli, file } = this.#o;
    // Leaving a candidate would give up its lock, and what is staged in it.
    const reads = file.modes.find((mode) => mode.name === cli.mode)?.reads;
    if (reads === undefined) await cli.enter(file.base);
    const typed = reads === undefined ? command : substitute(reads, { command });
    const parts: string[] = [];
    const onLines = (lines: readonly string[]): void => {
      for (const line of lines) parts.push(line);
      if (parts.length > LINES_MAX) throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${LINES_MAX} lines`);
    };
    await cli.command(typed, { outputBytesMax, onLines });
    if (parts.length <= REFUSAL_LINES_MAX) cli.requireNoError(command, parts, "read");
    return `${parts.join("\n")}\n`;
  }

  async readiness(mode: ChangeMode): Promise<Readiness> {
    const { file, undo } = this.#o;
    const transaction = file.transactions[mode];
    if (!transaction) {
      const blockers = [{ code: "MODE_UNSUPPORTED", detail: `${file.id} cannot ${mode}` }];
      return {
        level: "E",
        undoCost: { kind: "in-place" },
        blockers,
        pendingByOther: false,
        unsaved: null,
        warnings: [],
      };
    }
    await this.#o.cli.enter(file.base);
    const blockers = await undo.blockers(mode);
    const blocked = blockers.length > 0;
    const unsaved = await undo.unsaved(mode);
    const unfinished = (await undo.unfinished?.(mode)) ?? [];
    const warnings =
      unsaved === true
        ? [
            {
              code: "UNSAVED_RUNNING",
              detail:
                "running differs from what a reboot loads; the change is kept but not saved, or that would be saved with it",
            },
            ...unfinished,
          ]
        : unfinished;
    const pendingBy = blocked ? null : await undo.pendingByOther(mode);
    return {
      level: blocked ? worse(transaction.level, transaction.blockedLevel) : transaction.level,
      undoCost: transaction.undoCost,
      blockers,
      pendingByOther: pendingBy !== null,
      ...(pendingBy === null ? {} : { pendingBy }),
      unsaved,
      warnings,
    };
  }

  async begin(change: Parameters<Session["begin"]>[0]): Promise<TransactionToken> {
    const data = await this.#o.undo.begin(change);
    const { id, mode, preImage } = change;
    // What the device will really wait: whole minutes on some.
    const confirmMs = this.#o.undo.timer(change.confirmMs);
    return { platform: this.#o.file.id, id, mode, confirmMs, preImage: preImage.publicDigest, data };
  }

  arm(token: TransactionToken): Promise<void> {
    return this.#o.undo.arm(token);
  }

  candidate(token: TransactionToken): Candidate | null {
    const inner = this.#o.undo.candidate?.(token);
    if (!inner) return null;
    return {
      stage: async (commands) => {
        const { configuration, diff } = await inner.stage(commands);
        return { configuration: configuration === null ? null : this.#complete(configuration), diff };
      },
      abort: () => inner.abort(),
    };
  }

  apply(token: TransactionToken, commands: readonly string[]): Promise<void> {
    return this.#o.undo.apply(token, commands);
  }

  pending(token: TransactionToken): Promise<Pending> {
    return this.#o.undo.pending(token);
  }

  confirm(token: TransactionToken): Promise<void> {
    return this.#o.undo.confirm(token);
  }

  revert(token: TransactionToken): Promise<void> {
    return this.#o.undo.revert(token);
  }

  save(token: TransactionToken): Promise<void> {
    return this.#o.undo.save(token);
  }

  cleanup(token: TransactionToken): Promise<void> {
    return this.#o.undo.cleanup(token);
  }

  async close(): Promise<void> {
    await this.#o.cli.close();
    this.#o.disconnect();
  }
}
