/** One user's terminal on a simulated device: greeting, prompt, a line, an answer, and the faults that meet any command. */
import { SessionClosed } from "../ssh/output.ts";
import type { Clock } from "../../shared/clock.ts";
import type { CommandRecord } from "../device.ts";
import { between, matches, type FaultBoard } from "../faults.ts";
import type { PageText, Terminal } from "../ssh/terminal.ts";

export interface ShellOptions {
  readonly term: Terminal;
  readonly clock: Clock;
  readonly faults: FaultBoard;
  readonly sessionId: number;
  readonly user: string;
  readonly remote: string;
  /** Ends with the connection. */
  readonly signal: AbortSignal;
  readonly drop: (how: "reset" | "close") => void;
  readonly log: CommandRecord[];
}

/** What a platform adds to a terminal. `line` prints through `shell.print`. */
export interface Dialect {
  hostname(): string;
  /** Two lines where the platform's prompt has two. */
  prompt(): string;
  mode(): CommandRecord["mode"];
  greeting(): string;
  /** Runs one typed line, prompt and echo being out already. `logout` ends the session. */
  line(text: string, shell: Shell): Promise<"logout" | undefined>;
  /** A log line as this platform shows it on a terminal; Cisco's without it. */
  logLine?(text: string): string;
  /** A control key that means something here; true shows the prompt again. */
  control?(key: number): boolean;
  /** The session is over, however it ended. */
  ended(): void;
}

export class Shell {
  readonly options: ShellOptions;
  readonly term: Terminal;
  readonly #dialect: Dialect;
  #wrongPrompt: string | undefined;

  constructor(options: ShellOptions, dialect: (shell: Shell) => Dialect) {
    this.options = options;
    this.term = options.term;
    this.#dialect = dialect(this);
  }

  get user(): string {
    return this.options.user;
  }

  /** Output with the device's own pager; log lines come in between where a fault says so. */
  async print(text: PageText): Promise<void> {
    const noise = this.options.faults.get("log-noise");
    const noisy = noise && typeof text === "string" ? between(text, noise.every, this.#logLine(noise.text)) : text;
    await this.term.page(noisy, this.options.faults.get("paging-left-on")?.length);
  }

  #logLine(text: string): string {
    return this.#dialect.logLine?.(text) ?? `*Nov 28 04:00:00.000: ${text}`;
  }

  async run(): Promise<void> {
    try {
      await this.term.write(this.#dialect.greeting());
      for (;;) {
        const input = await this.term.readLine({
          prompt: this.#prompt(),
          control: (key) => this.#dialect.control?.(key) === true,
        });
        if (input.kind === "cancel" || input.kind === "help") continue;
        if ((await this.line(input.text)) === "logout") return;
      }
    } catch (error) {
      if (!(error instanceof SessionClosed)) throw error;
    } finally {
      this.#dialect.ended();
    }
  }

  /** One command of an exec channel: no prompt, no echo. */
  async runOnce(command: string): Promise<void> {
    this.term.length = 0;
    try {
      await this.line(command);
    } catch (error) {
      if (!(error instanceof SessionClosed)) throw error;
    } finally {
      this.#dialect.ended();
    }
  }

  #prompt(): string {
    const fault = this.options.faults.get("wrong-prompt");
    if (fault && fault.at === undefined) this.#wrongPrompt = fault.prompt;
    if (!fault) this.#wrongPrompt = undefined;
    return this.#wrongPrompt?.replaceAll("{host}", this.#dialect.hostname()) ?? this.#dialect.prompt();
  }

  async line(typed: string): Promise<"logout" | undefined> {
    const text = typed.trim();
    if (text === "") return undefined;
    const { clock, faults, log, sessionId, user } = this.options;
    log.push({ atMs: clock.nowMs(), sessionId, user, mode: this.#dialect.mode(), line: text });
    const before = faults.bites("drop", text);
    if (before?.kind === "drop") this.#dropNow(before.how);
    if (faults.bites("hang", text)) await this.#silence();
    const asked = faults.get("command-authorization");
    if (asked) await clock.sleep(asked.delayMs, this.options.signal);
    const answer = await this.#dialect.line(typed, this);
    const after = faults.bites("drop", text, "after");
    if (after?.kind === "drop") this.#dropNow(after.how);
    const wrong = faults.get("wrong-prompt");
    if (wrong && matches(wrong.at, text)) this.#wrongPrompt = wrong.prompt;
    return answer;
  }

  #dropNow(how: "reset" | "close"): never {
    this.options.drop(how);
    throw new SessionClosed("dropped by a fault");
  }

  #silence(): Promise<never> {
    return new Promise((_resolve, reject) => {
      const { signal } = this.options;
      const closed = (): void => reject(new SessionClosed("closed while hanging"));
      if (signal.aborted) closed();
      else signal.addEventListener("abort", closed, { once: true });
    });
  }
}
