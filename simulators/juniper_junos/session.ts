/** One user's terminal: shell, operational mode or configuration mode, and the prompts, carets and echoes of each. */
import type { Dialect, Shell } from "../kit/shell.ts";
import { matches } from "../faults.ts";
import { splitWords } from "./config/words.ts";
import type { ConfigMode } from "./config_mode.ts";
import type { JunosDevice } from "./device.ts";
import { matchCommand } from "./operational/match.ts";
import { runOperational, COMMANDS } from "./operational/commands.ts";
import { readPipes, splitPipes, type Asked } from "./pipes.ts";
import { shellCommand } from "./root_shell.ts";
import { stamp } from "./dates.ts";

/** What `---(more)---` leaves on the line is blanked out by the device itself. */
const MORE = { prompt: "---(more)---", erase: `\r${" ".repeat(40)}\r` };

export class JunosSession implements Dialect {
  readonly device: JunosDevice;
  readonly shell: Shell;
  readonly terminal: string;
  readonly pid: number;
  readonly sinceMs: number;
  config: ConfigMode | undefined;
  /** The users of the Unix shells that are open, innermost last. The CLI runs while there is none. */
  readonly shells: string[] = [];
  timestamps = false;
  #fresh = true;

  constructor(device: JunosDevice, shell: Shell) {
    this.device = device;
    this.shell = shell;
    this.pid = device.nextPid();
    this.terminal = `pts/${shell.options.sessionId - 1}`;
    this.sinceMs = device.clock.nowMs();
    shell.term.more = MORE;
    device.shells.set(shell.options.sessionId, shell);
    // Root lands in the Unix shell; everybody else in the CLI.
    if (shell.user === "root") this.shells.push("root");
  }

  hostname(): string {
    return this.device.hostname ?? "";
  }

  get userAtHost(): string {
    const host = this.device.hostname;
    return host === undefined ? this.shell.user : `${this.shell.user}@${host}`;
  }

  greeting(): string {
    const { version, built } = this.device.facts;
    return `Last login: ${new Date(this.sinceMs).toUTCString().replace(",", "").slice(0, 25)} from ${this.shell.options.remote}\n--- JUNOS ${version} built ${built}\n`;
  }

  mode(): "exec" | "config" {
    return this.config ? "config" : "exec";
  }

  /** The last line of the prompt: carets are counted from its start. */
  get promptLine(): string {
    return `${this.userAtHost}${this.config ? "#" : ">"} `;
  }

  prompt(): string {
    const { term } = this.shell;
    // The screen width wraps output only: the line editor of a box scrolls in a way that is not simulated.
    term.width = 0;
    const shellUser = this.shells.at(-1);
    term.enterEcho = shellUser === undefined ? " " : "";
    const first = this.#fresh;
    this.#fresh = false;
    if (shellUser !== undefined) return `${shellUser}@${this.hostname()}% `;
    const role = this.device.facts.role;
    const blank = first ? "" : "\r\n";
    if (!this.config) return `${blank}${role === undefined ? "" : `${role}\r\n`}${this.promptLine}`;
    const left = this.device.minutesLeft();
    const pending = left === undefined ? "" : `# commit confirmed will be rolled back in ${left} minutes\r\n`;
    return `${blank}${pending}${role ?? ""}${this.config.banner()}\r\n${this.promptLine}`;
  }

  async line(typed: string, shell: Shell): Promise<"logout" | undefined> {
    const text = typed.replace(/\s+$/, "");
    if (this.shells.length > 0) return shellCommand(this, text);
    if (this.config) return this.config.line(text);
    const printed = shell.options.faults.get("authorization-denied");
    if (printed?.match !== undefined && matches(printed.match, text.trim())) {
      await this.caret(text.search(/\S/), "unknown command.");
      return undefined;
    }
    return this.operational(text, 0);
  }

  ended(): void {
    this.device.shells.delete(this.shell.options.sessionId);
    if (this.config) this.device.leave(this.config.editor);
    this.config = undefined;
  }

  /** The mark under a word, and what is wrong with it. `at` counts from the start of what was typed. */
  async caret(at: number, message: string): Promise<void> {
    await this.shell.print(`${" ".repeat(this.promptLine.length + at)}^\n${message}\n`);
  }

  /** One operational command. `shift`: what stood before it on the line (`run `). */
  async operational(line: string, shift: number): Promise<"logout" | undefined> {
    const { command, pipes } = splitPipes(line);
    const words = splitWords(command);
    if (words.length === 0) return undefined;
    const faults = this.shell.options.faults;
    const limited = faults.get("wrong-privilege") !== undefined;
    const found = matchCommand(COMMANDS, words, limited);
    if (found.kind === "refused") {
      await this.caret(shift + (found.word?.from ?? command.trimEnd().length + 1), found.message);
      return undefined;
    }
    const asked = readPipes(pipes, line.length);
    if ("message" in asked) {
      await this.caret(shift + asked.at, `${asked.message}.`);
      return undefined;
    }
    const answer = await runOperational(this, found.command, found.args, asked);
    switch (answer.kind) {
      case "text":
        await this.show(answer.text, asked);
        return undefined;
      case "refused":
        await this.caret(shift + (answer.word?.from ?? command.trimEnd().length + 1), answer.message);
        return undefined;
      case "logout":
        return "logout";
      case "done":
        return undefined;
      default:
        return answer satisfies never;
    }
  }

  /** Through the filters and the pager. */
  async show(text: string, asked: Asked): Promise<void> {
    const { term } = this.shell;
    const shown = asked.filter(text);
    const time = this.timestamps ? `${stamp(this.device.clock.nowMs()).slice(0, 19)}\n` : "";
    const length = term.length;
    if (asked.noMore) term.length = 0;
    try {
      await this.shell.print(time + shown);
    } finally {
      term.length = length;
    }
  }

  /** Whether somebody answers a question of the kind `[yes,no] (yes)` with yes. */
  async agrees(question: string, byDefault: "yes" | "no"): Promise<boolean> {
    const { term } = this.shell;
    const echo = term.enterEcho;
    term.enterEcho = "";
    for (;;) {
      const answer = await term.ask(`${question} [yes,no] (${byDefault}) `);
      const word = (answer ?? "no").trim().toLowerCase() || byDefault;
      if (/^y(?:es)?$/.test(word) || /^no?$/.test(word)) {
        await term.write("\n");
        term.enterEcho = echo;
        return word.startsWith("y");
      }
    }
  }
}
