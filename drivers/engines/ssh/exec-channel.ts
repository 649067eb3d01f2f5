import { FarhandError } from "../../../shared/errors.ts";
import type { Instruction, PlatformFile } from "../../platform.ts";
import type { TranscriptSink } from "../../types.ts";
import { checkAnswer, refuseErrors, substitute } from "../answers.ts";
import type { CommandChannel, CommandOptions, Variables } from "../channel.ts";
import { requireTypable } from "../cli/reads.ts";
import type { LineRedactor } from "../cli/redactor.ts";
import type { SshConnection } from "./client.ts";

export interface ExecChannelOptions {
  readonly file: PlatformFile;
  readonly connection: Pick<SshConnection, "exec">;
  readonly signal: AbortSignal;
  readonly connectMs: number;
  readonly commandMs: number;
  readonly transcript: TranscriptSink;
  readonly redact: LineRedactor;
}

const ANSWER_BYTES_MAX = 256 * 1024;

/**
 * A CLI that answers each command on a channel of its own (RFC 4254 §6.5), where the device does that well: no terminal, so no prompt to
 * be taken for another, no echo, no pager, no log lines. What needs a terminal (RouterOS's safe mode) cannot be said here. One mode.
 */
export class ExecChannel implements CommandChannel {
  readonly #o: ExecChannelOptions;
  #hostname = "";
  #broken: string | undefined;

  constructor(options: ExecChannelOptions) {
    this.#o = options;
  }

  get hostname(): string {
    return this.#hostname;
  }

  get mode(): string {
    return this.#o.file.base;
  }

  get usable(): boolean {
    return this.#broken === undefined;
  }

  redacted(text: string): string {
    return this.#o.redact(text);
  }

  /** Errors: PLATFORM_MISMATCH where what answers does not tell its name as this platform does. */
  async open(): Promise<void> {
    const { identity } = this.#o.file.transport;
    if (!identity) throw new FarhandError("INTERNAL", `${this.#o.file.id} does not say how it tells its name`);
    const answer = await this.#say(identity.send, ANSWER_BYTES_MAX, this.#o.connectMs);
    const found = new RegExp(identity.pattern, "mv").exec(answer.join("\n"))?.[1];
    if (found === undefined) throw new FarhandError("PLATFORM_MISMATCH", `"${identity.send}" does not tell its name`);
    this.#hostname = found.trim();
    for (const step of this.#o.file.onOpen) await this.instruct(step, {});
  }

  async enter(name: string): Promise<void> {
    if (name !== this.mode && name !== this.#o.file.config)
      throw new FarhandError("PRIVILEGE", `an exec channel has no mode ${name}`);
    await Promise.resolve();
  }

  async instruct(step: Instruction, variables: Variables): Promise<string> {
    const command = substitute(step.send, variables);
    const lines = await this.#say(command, ANSWER_BYTES_MAX);
    this.#deniedAnywhere(command, lines);
    return checkAnswer(step, command, lines, this.#o.redact);
  }

  /** A recipe that is not allowed says so, whatever else it expected. */
  #deniedAnywhere(command: string, lines: readonly string[]): void {
    const denied = this.#o.file.errors.filter(({ code }) => code === "AUTHORIZATION_DENIED");
    if (lines.length <= 4) refuseErrors(denied, { command, lines, kind: "config" }, this.#o.redact);
  }

  async command(text: string, options: CommandOptions): Promise<void> {
    const lines = await this.#say(text, options.outputBytesMax);
    if (lines.length > 0) await options.onLines?.(lines, lines.map(this.#o.redact));
  }

  async configure(line: string): Promise<void> {
    this.requireNoError(line, await this.#say(line, ANSWER_BYTES_MAX), "config");
  }

  requireNoError(command: string, lines: readonly string[], kind: "config" | "read"): void {
    refuseErrors(this.#o.file.errors, { command, lines, kind }, this.#o.redact);
  }

  async #say(text: string, outputBytesMax: number, deadlineMs = this.#o.commandMs): Promise<string[]> {
    const { connection, signal, transcript, redact } = this.#o;
    if (this.#broken !== undefined)
      throw new FarhandError("CONNECTION_LOST", `the session is not usable after: ${this.#broken}`);
    // No terminal reads along: a question mark is a letter here.
    requireTypable(text.replaceAll("?", ""), redact(text));
    await transcript.write("sent", redact(text));
    try {
      const { stdout, stderr } = await connection.exec(text, { outputBytesMax, deadlineMs, signal });
      const lines = this.#lines(stdout + stderr);
      if (lines.length > 0) await transcript.write("received", lines.map(redact).join("\n"));
      return lines;
    } catch (error) {
      this.#broken = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  /** Whole lines: half of a secret in each of two would be seen by no pattern. */
  #lines(text: string): string[] {
    const { continues } = this.#o.file.transport;
    const raw = text.replace(/\r?\n$/, "").split(/\r?\n/);
    if (raw.length === 1 && raw[0] === "") return [];
    if (continues === undefined) return raw;
    const out: string[] = [];
    let open: string[] | undefined;
    for (const line of raw) {
      const part = open ? line.trimStart() : line;
      const goesOn = part.endsWith(continues);
      const own = goesOn ? part.slice(0, -continues.length) : part;
      if (open) open.push(own);
      else open = [own];
      if (goesOn) continue;
      out.push(open.join(""));
      open = undefined;
    }
    if (open) out.push(open.join(""));
    return out;
  }

  mayRename(): void {
    // No prompt to be taken for another.
  }

  mayBeCalled(): void {
    // As above.
  }

  close(): Promise<void> {
    this.#broken ??= "closed by us";
    return Promise.resolve();
  }
}
