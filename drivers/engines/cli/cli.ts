import type { Clock } from "../../../shared/clock.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { Credential } from "../../../shared/secret.ts";
import type { Instruction, PlatformFile } from "../../platform.ts";
import type { TranscriptSink } from "../../types.ts";
import type { CommandChannel, CommandOptions, Variables } from "../channel.ts";
import type { ByteStream } from "../ssh/stream.ts";
import { checkAnswer, complaint, refuseErrors, substitute } from "../answers.ts";
import { Dialogue, type TailVerdict } from "./dialogue.ts";
import { Prompts } from "./prompt.ts";
import { requireTypable } from "./reads.ts";
import type { LineRedactor } from "./redactor.ts";

export interface CliOptions {
  readonly file: PlatformFile;
  readonly stream: ByteStream;
  readonly credential: Credential;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly connectMs: number;
  readonly commandMs: number;
  readonly transcript: TranscriptSink;
  readonly redact: LineRedactor;
}

/** Of a configuration line or a recipe: nothing that answers one is long. */
const ANSWER_BYTES_MAX = 256 * 1024;
const QUESTIONS_MAX = 12;
const NUDGES_MAX = 3;
const HELD_MAX = 64;

/** A network CLI on a byte stream, driven by a platform file: prompts, modes, echo, paging, questions. One command at a time. */
export class Cli implements CommandChannel {
  readonly #o: CliOptions;
  readonly #dialogue: Dialogue;
  readonly #prompts: Prompts;
  readonly #more: RegExp | undefined;
  #mode = "";
  #busy = false;

  constructor(options: CliOptions) {
    this.#o = options;
    this.#dialogue = new Dialogue(options.stream, options.clock);
    this.#prompts = new Prompts(options.file);
    this.#more = options.file.paging ? new RegExp(options.file.paging.more, "v") : undefined;
  }

  get hostname(): string {
    return this.#prompts.hostname;
  }

  redacted(text: string): string {
    return this.#o.redact(text);
  }

  get mode(): string {
    return this.#mode;
  }

  get usable(): boolean {
    return this.#dialogue.usable;
  }

  /** From the first byte to the base mode, with paging off. Errors: PROMPT, LOGIN_REFUSED, PRIVILEGE, COMMAND_TIMEOUT, CONNECTION_LOST. */
  async open(): Promise<void> {
    await this.#login();
    if (this.#mode !== this.#o.file.base) await this.#rise();
    for (const step of this.#o.file.onOpen) await this.instruct(step, {});
  }

  /** A way up that the device refuses is a matter of the login's rights, whatever words it has for that. */
  async #rise(): Promise<void> {
    try {
      await this.enter(this.#o.file.base);
    } catch (error) {
      if (!(error instanceof FarhandError) || error.code !== "COMMAND_REFUSED") throw error;
      throw new FarhandError("PRIVILEGE", error.detail, { cause: error });
    }
  }

  async enter(name: string, variables: Variables = {}): Promise<void> {
    for (let hops = 0; this.#mode !== name; hops++) {
      const steps = hops < 8 ? this.#towards(name) : undefined;
      if (!steps) throw new FarhandError("PRIVILEGE", `no way from mode ${this.#mode} to ${name}`);
      const before = this.#mode;
      for (const step of steps) await this.instruct(step, variables);
      if (this.#mode === before) throw new FarhandError("PRIVILEGE", `the device stays in mode ${before}`);
    }
  }

  #towards(name: string): readonly Instruction[] | undefined {
    const modes = this.#o.file.modes;
    const target = modes.find((mode) => mode.name === name);
    if (target?.enter?.from === this.#mode) return target.enter.steps;
    const current = modes.find((mode) => mode.name === this.#mode);
    if (current?.leave) return current.leave.steps;
    // One step up through a mode between: exec → privileged → configuration.
    const between = modes.find((mode) => mode.name === target?.enter?.from);
    return between?.enter?.from === this.#mode ? between.enter.steps : undefined;
  }

  async instruct(step: Instruction, variables: Variables): Promise<string> {
    const command = substitute(step.send, variables);
    const lines: string[] = [];
    await this.command(command, {
      outputBytesMax: ANSWER_BYTES_MAX,
      onLines: (more) => void lines.push(...more),
      variables,
      ...(step.answers ? { answers: step.answers } : {}),
    });
    return checkAnswer(step, command, lines, this.#o.redact);
  }

  mayRename(line: string): void {
    const renames = this.#o.file.prompt.renames;
    const host = renames === undefined ? undefined : new RegExp(renames, "v").exec(line)?.groups?.["host"];
    if (host !== undefined) this.mayBeCalled(host);
  }

  mayBeCalled(host: string): void {
    if (host !== this.hostname) this.#prompts.expectRename(host);
  }

  async configure(line: string): Promise<void> {
    this.mayRename(line);
    const mode = this.#mode;
    const lines: string[] = [];
    await this.command(line, {
      outputBytesMax: ANSWER_BYTES_MAX,
      onLines: (more) => void lines.push(...more),
      answers: this.#o.file.answers ?? [],
    });
    this.requireNoError(line, lines, "config");
    // An `exi` would make commands of the lines behind it.
    if (this.#mode !== mode)
      throw new FarhandError("COMMAND_REFUSED", complaint(this.#o.redact, line, "it left the configuration mode"));
  }

  requireNoError(command: string, lines: readonly string[], kind: "config" | "read"): void {
    refuseErrors(this.#o.file.errors, { command, lines, kind }, this.#o.redact);
  }

  /** Types a command, swallows its echo, hands over its answer, returns at the prompt. Poisons the session when it cannot. */
  async command(text: string, options: CommandOptions): Promise<void> {
    const [first = "", ...block] = text.split("\n");
    requireTypable(first, this.#o.redact(first));
    // In a block of free text (a banner) "?" is a letter.
    for (const line of block) requireTypable(line.replaceAll("?", ""), this.#o.redact(line));
    if (this.#busy) throw new FarhandError("INTERNAL", "two commands at once on one session");
    this.#busy = true;
    try {
      await this.#o.transcript.write("sent", text.split("\n").map(this.#o.redact).join("\n"));
      this.#dialogue.forgetTail();
      await this.#dialogue.type(text.replaceAll("\n", this.#o.file.transport.newline) + this.#o.file.transport.newline);
      await this.#answer(text, options);
    } finally {
      this.#busy = false;
    }
  }

  async #answer(text: string, options: CommandOptions): Promise<void> {
    // The lines of a block are echoed one by one; the prompt comes after the last.
    const echo = echoMatcher(text.slice(text.lastIndexOf("\n") + 1));
    const answers = (options.answers ?? []).map(({ question, answer }) => ({
      question: new RegExp(question, "iv"),
      answer,
    }));
    let echoed = false;
    let bytes = 0;
    let questions = 0;
    /** From a line that begins with a prompt on: the command may be over, and the rest log messages behind the prompt. */
    const held: string[] = [];
    let nudges = 0;
    /** The last line, where it may be the upper half of a prompt: told only when something else follows it. */
    let above: string | undefined;
    const lines = async (given: readonly string[]): Promise<void> => {
      const received: string[] = [];
      for (const line of given) {
        if (above !== undefined && echoed) {
          bytes += above.length + 1;
          received.push(above);
        }
        above = undefined;
        if (this.#prompts.isAbove(line)) {
          above = line;
          continue;
        }
        if (!echoed) {
          // A log message may come between what we typed and its echo. It is no answer.
          echoed = echo(line);
          continue;
        }
        bytes += line.length + 1;
        if (held.length > 0 || this.#prompts.begins(line)) held.push(line);
        else received.push(line);
      }
      if (held.length > HELD_MAX) {
        // Too much to be messages: it is an answer that shows a prompt.
        received.push(...held.splice(0));
      }
      if (bytes > options.outputBytesMax)
        throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${options.outputBytesMax} bytes`);
      if (received.length === 0) return;
      const redacted = received.map(this.#o.redact);
      await this.#o.transcript.write("received", redacted.join("\n"));
      await options.onLines?.(received, redacted);
    };
    const settle = async (): Promise<void> => {
      if (held.length === 0) return;
      const noise = nudges > 0 || held.every((line) => line === "" || this.#prompts.match(line) !== undefined);
      const redacted = held.map(this.#o.redact);
      await this.#o.transcript.write(noise ? "note" : "received", redacted.join("\n"));
      if (!noise) await options.onLines?.(held, redacted);
    };
    const tail = (last: string): TailVerdict<string> => {
      if (!echoed) return undefined;
      if (options.until?.test(last)) return { stop: this.#mode };
      const mode = this.#prompts.match(last, above);
      if (mode !== undefined) return { stop: mode };
      if (this.#more?.test(last)) return { page: this.#o.file.paging?.next ?? " " };
      const known = answers.find(({ question }) => question.test(last));
      if (!known) return undefined;
      if (++questions > QUESTIONS_MAX)
        throw new FarhandError("PROMPT", "the device asks the same question again and again");
      return { type: this.#reply(known.answer, options.variables ?? {}) };
    };
    const patience = {
      deadlineMs: this.#o.commandMs,
      signal: this.#o.signal,
      what: this.#o.redact(text).slice(0, 100),
    };
    // A log message right behind the prompt hides it. Where a prompt has been seen and then nothing comes, a newline shows it again.
    const idle = {
      armed: () => held.length > 0 && nudges < NUDGES_MAX,
      type: () => {
        nudges += 1;
        return this.#o.file.transport.newline;
      },
    };
    this.#mode = await this.#dialogue.listen<string>({ lines, tail, idle }, patience);
    await settle();
  }

  #reply(answer: string, variables: Variables): string {
    const { enable, password } = this.#o.credential;
    if (answer === "${enable}") {
      const secret = enable ?? password;
      if (!secret) throw new FarhandError("PRIVILEGE", "the device asks for an enable secret and the vault has none");
      return secret.reveal() + this.#o.file.transport.newline;
    }
    return substitute(answer, variables) + this.#o.file.transport.newline;
  }

  /**
   * The first prompt is not known yet, and a banner may end in `#`. So a candidate counts only when a bare newline brings the
   * same line again.
   */
  async #login(): Promise<void> {
    const { file, credential, connectMs, signal } = this.#o;
    const questions = file.login.map(({ question, answer }) => ({ question: new RegExp(question, "iv"), answer }));
    const newline = file.transport.newline;
    let candidate: string | undefined;
    let asked = 0;
    let linesSince = 0;
    const reply = (answer: (typeof file.login)[number]["answer"]): string => {
      if (typeof answer === "object") return answer.say + newline;
      const value = {
        password: credential.password?.reveal(),
        enable: credential.enable?.reveal(),
        username: credential.username,
      };
      if (answer === "newline") return newline;
      if (answer === "yes" || answer === "no") return answer + newline;
      return (value[answer] ?? "") + newline;
    };
    let bytes = 0;
    let above = "";
    const seen = async (given: readonly string[]): Promise<void> => {
      linesSince += given.length;
      above = given.at(-1) ?? above;
      for (const line of given) bytes += line.length + 1;
      if (bytes > ANSWER_BYTES_MAX)
        throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${ANSWER_BYTES_MAX} bytes at login`);
      await this.#o.transcript.write("received", given.map(this.#o.redact).join("\n"));
    };
    const tail = (last: string): TailVerdict<string> => {
      const question = questions.find((one) => one.question.test(last));
      if (question) {
        if (++asked > QUESTIONS_MAX) throw new FarhandError("LOGIN_REFUSED", "the device keeps asking");
        if (question.answer === "password" && candidate === undefined && asked > 3)
          throw new FarhandError("LOGIN_REFUSED", "the device asks for the password again");
        return { type: reply(question.answer) };
      }
      if (this.#prompts.hostOf(last) === undefined) return undefined;
      if (last === candidate) return linesSince > 0 ? { stop: last } : undefined;
      candidate = last;
      linesSince = 0;
      return { type: newline };
    };
    try {
      const prompt = await this.#dialogue.listen<string>(
        { lines: seen, tail },
        { deadlineMs: connectMs, signal, what: "login" },
      );
      this.#prompts.learn(this.#prompts.hostOf(prompt) ?? "");
      const mode = this.#prompts.match(prompt, above);
      if (mode === undefined)
        throw new FarhandError("PROMPT", `${JSON.stringify(this.#o.redact(prompt))} belongs to no mode`);
      this.#mode = mode;
    } catch (error) {
      if (error instanceof FarhandError && error.code === "COMMAND_TIMEOUT")
        throw new FarhandError("PROMPT", `no prompt within ${connectMs} ms`, { cause: error });
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#dialogue.usable) {
      try {
        if (this.#mode !== this.#o.file.base) await this.enter(this.#o.file.base);
        for (const step of this.#o.file.onClose) await this.#dialogue.type(step.send + this.#o.file.transport.newline);
      } catch {
        // The device's state is what was journalled; a failed good-bye changes nothing.
      }
    }
    this.#dialogue.poison(new Error("closed by us"));
  }
}

const squeeze = (text: string): string => text.replace(/\s+/g, "");

/** A line is the echo when it ends in what was typed. Where a narrow terminal cut it, its end is enough. */
function echoMatcher(text: string): (line: string) => boolean {
  const typed = squeeze(text);
  return (line) => {
    const shown = squeeze(line);
    if (shown.endsWith(typed)) return true;
    return typed.length > 40 && shown.length >= 12 && typed.endsWith(shown.slice(-12));
  };
}
