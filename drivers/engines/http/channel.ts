import { FarhandError } from "../../../shared/errors.ts";
import type { Secret } from "../../../shared/secret.ts";
import type { Instruction, PlatformFile } from "../../platform.ts";
import type { TranscriptSink } from "../../types.ts";
import { checkAnswer, refuseErrors, substitute } from "../answers.ts";
import type { CommandChannel, CommandOptions, Variables } from "../channel.ts";
import { requireTypable } from "../cli/reads.ts";
import type { LineRedactor } from "../cli/redactor.ts";
import type { RpcOptions } from "./json-rpc.ts";
import type { Api } from "./api.ts";

export interface CommandRunner {
  /**
   * Runs the commands in one request, in order, stopping at the first that is refused. Gives the text of each. Errors: those of
   * `Api`; COMMAND_REFUSED and AUTHORIZATION_DENIED name the command. `safe`: only reads, which may be said twice.
   */
  run(commands: readonly string[], options: RpcOptions): Promise<readonly string[]>;
  hostname(): Promise<string>;
  readonly usable: boolean;
  /** Never throws. */
  close(): Promise<void>;
}

/** What each API's way of running commands is made of. */
export interface RunnerOptions {
  readonly api: Api;
  readonly path: string;
  readonly enable: Secret | undefined;
  /** The platform's own words for a refusal. */
  readonly errors: PlatformFile["errors"];
  readonly redact: (text: string) => string;
}

export interface ApiChannelOptions {
  readonly file: PlatformFile;
  readonly runner: CommandRunner;
  readonly commandMs: number;
  readonly transcript: TranscriptSink;
  readonly redact: LineRedactor;
  readonly isRead: (command: string) => boolean;
}

type Https = NonNullable<PlatformFile["https"]>;
type ApiMode = Https["modes"][number];

const ANSWER_BYTES_MAX = 256 * 1024;

interface Entered {
  readonly mode: ApiMode;
  readonly prefix: readonly string[];
  /** Typed here and not sent yet. */
  waiting: string[];
  /** Sent, and said again with each request where the API forgets. */
  said: string[];
}

/** A CLI behind an HTTPS API: commands go in requests, modes are what is put before them. */
export class ApiChannel implements CommandChannel {
  readonly #o: ApiChannelOptions;
  readonly #https: Https;
  readonly #leaves: RegExp;
  #hostname = "";
  #entered: Entered | undefined;

  constructor(options: ApiChannelOptions) {
    this.#o = options;
    const { https } = options.file;
    if (!https) throw new FarhandError("INTERNAL", `${options.file.id} has no HTTPS API`);
    this.#https = https;
    this.#leaves = new RegExp(https.leaves, "v");
  }

  get hostname(): string {
    return this.#hostname;
  }

  get mode(): string {
    return this.#entered?.mode.name ?? this.#o.file.base;
  }

  get usable(): boolean {
    return this.#o.runner.usable;
  }

  redacted(text: string): string {
    return this.#o.redact(text);
  }

  async open(): Promise<void> {
    this.#hostname = await this.#o.runner.hostname();
  }

  async enter(name: string, variables: Variables = {}): Promise<void> {
    if (name === this.mode) return;
    if (name === this.#o.file.base) {
      await this.#flush();
      this.#entered = undefined;
      return;
    }
    const mode = this.#https.modes.find((one) => one.name === name);
    if (!mode) throw new FarhandError("PRIVILEGE", `the API knows no mode ${name}`);
    this.#enter(
      mode,
      mode.prefix.map((command) => substitute(command, variables)),
    );
  }

  #enter(mode: ApiMode, prefix: readonly string[]): void {
    this.#entered = { mode, prefix, waiting: [], said: [] };
  }

  async instruct(step: Instruction, variables: Variables): Promise<string> {
    const command = substitute(step.send, variables);
    const lines: string[] = [];
    try {
      await this.command(command, {
        outputBytesMax: ANSWER_BYTES_MAX,
        onLines: (more) => void lines.push(...more),
        variables,
      });
    } catch (error) {
      throw busyOr(step, error);
    }
    return checkAnswer(step, command, lines, this.#o.redact);
  }

  async command(text: string, options: CommandOptions): Promise<void> {
    const inside = this.#entered;
    const answer = await this.#send(text, options.outputBytesMax);
    const lines =
      answer === ""
        ? []
        : answer
            .replace(/\n$/, "")
            .split("\n")
            .map((line) => line.replace(/\r$/, ""));
    if (lines.length > 0) {
      const redacted = lines.map(this.#o.redact);
      await this.#o.transcript.write("received", redacted.join("\n"));
      await options.onLines?.(lines, redacted);
    }
    if (inside && this.#leaves.test(text)) this.#entered = undefined;
    const entered = inside ? undefined : this.#https.modes.find((mode) => this.#leadsTo(mode, text, options.variables));
    if (entered) this.#enter(entered, [text]);
  }

  /** A recipe says what a person would: on a terminal that is what leads into the mode. */
  #leadsTo({ prefix }: ApiMode, text: string, variables: Variables = {}): boolean {
    const [first, ...rest] = prefix;
    if (first === undefined || rest.length > 0) return false;
    // What does not know the name of our candidate leads into no candidate of ours.
    const names = [...first.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name);
    return names.every((name) => variables[name] !== undefined) && substitute(first, variables) === text;
  }

  /** Said with what leads to the mode before it, and with what waits there. Returns the answer to the last. */
  async #send(text: string, outputBytesMax: number): Promise<string> {
    const inside = this.#entered;
    const isRead = this.#o.isRead(text);
    // Most reads mean the same in every mode, and must not bring a candidate to life.
    if (!inside || (isRead && inside.mode.keeps && inside.waiting.length === 0 && meansTheSame(inside.mode, text)))
      return (await this.#run([text], outputBytesMax, isRead)).at(-1) ?? "";
    await this.#flush();
    const before = inside.mode.keeps ? inside.prefix : [...inside.prefix, ...inside.said];
    const answers = await this.#run([...before, text], outputBytesMax, false);
    return withoutNotice(inside.mode, answers.at(-1) ?? "");
  }

  async configure(line: string): Promise<void> {
    const inside = this.#entered;
    if (!inside) throw new FarhandError("INTERNAL", "a configuration line outside a configuration mode");
    for (const part of line.split("\n")) requireTypable(part.replaceAll("?", ""), this.#o.redact(part));
    await Promise.resolve();
    inside.waiting.push(line);
  }

  /** What waits goes in one request, so that sections stay open from line to line. */
  async #flush(): Promise<void> {
    const inside = this.#entered;
    if (!inside || inside.waiting.length === 0) return;
    const lines = inside.waiting;
    if (lines.length + inside.prefix.length + inside.said.length > this.#https.batchMax)
      throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${this.#https.batchMax} commands in one request`);
    inside.waiting = [];
    const before = inside.mode.keeps ? inside.prefix : [...inside.prefix, ...inside.said];
    const answers = await this.#run([...before, ...lines], ANSWER_BYTES_MAX * 16, false);
    lines.forEach((line, at) => {
      const answer = answers[before.length + at] ?? "";
      this.requireNoError(line, answer.split("\n"), "config");
    });
    inside.said.push(...lines);
  }

  async #run(commands: readonly string[], outputBytesMax: number, safe: boolean): Promise<readonly string[]> {
    const { transcript, redact, runner, commandMs } = this.#o;
    for (const command of commands)
      await transcript.write(
        "sent",
        command
          .split("\n")
          .map((line) => redact(line))
          .join("\n"),
      );
    return await runner.run(commands, { outputBytesMax, deadlineMs: commandMs, safe });
  }

  requireNoError(command: string, lines: readonly string[], kind: "config" | "read"): void {
    refuseErrors(this.#o.file.errors, { command, lines, kind }, this.#o.redact);
  }

  mayRename(): void {
    // No prompt to be taken for another.
  }

  mayBeCalled(): void {
    // As above.
  }

  close(): Promise<void> {
    return this.#o.runner.close();
  }
}

const meansTheSame = ({ outside }: ApiMode, command: string): boolean =>
  outside === undefined || new RegExp(outside, "v").test(command);

function withoutNotice({ notice }: ApiMode, answer: string): string {
  if (notice === undefined) return answer;
  const lines = answer.split("\n");
  const pattern = new RegExp(`^(?:${notice})$`, "v");
  const first = lines.findIndex((line) => !pattern.test(line.replace(/\r$/, "")));
  return first < 0 ? "" : lines.slice(first).join("\n");
}

/** An API refuses by an error where a terminal shows a line: the same words name the owner. */
function busyOr({ busy = [] }: Instruction, error: unknown): unknown {
  if (!(error instanceof FarhandError) || error.code !== "COMMAND_REFUSED") return error;
  const detail = error.detail ?? "";
  const isBusy = busy.some((source) => new RegExp(source, "imv").test(detail));
  return isBusy ? new FarhandError("CANDIDATE_BUSY", detail, { cause: error }) : error;
}
