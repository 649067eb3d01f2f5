/** One user's line on the box: prompts, levels, the loop that reads a command and answers it. */
import type { CommandRecord } from "../device.ts";
import { SessionClosed, type Terminal } from "../ssh/terminal.ts";
import type { ConfigMode } from "./config_mode.ts";
import type { Device } from "./device.ts";
import { EXEC, UNPRIVILEGED, type ExecCommand } from "./exec/grammar.ts";
import { splitPipe } from "./exec/pipe.ts";
import { between, matches } from "../faults.ts";
import { matchLine, nextWords } from "../kit/match.ts";
import { runExec, type ExecAnswer } from "./run_exec.ts";

export interface SessionOptions {
  device: Device;
  term: Terminal;
  sessionId: number;
  user: string;
  remote: string;
  privilege: number;
  signal: AbortSignal;
  drop: (how: "reset" | "close") => void;
  enablePassword: () => string | undefined;
  log: CommandRecord[];
  others: () => readonly { user: string; remote: string; line: number }[];
}

export class Session {
  readonly device: Device;
  readonly term: Terminal;
  readonly options: SessionOptions;
  privilege: number;
  config: ConfigMode | undefined;
  /** Said right after the next prompt, as the box's timer does. */
  notice: string | undefined;
  #wrongPrompt: string | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.device = options.device;
    this.term = options.term;
    this.privilege = options.privilege;
  }

  get user(): string {
    return this.options.user;
  }

  prompt(): string {
    const fault = this.device.faults.get("wrong-prompt");
    if (fault && fault.at === undefined) this.#wrongPrompt = fault.prompt;
    if (!fault) this.#wrongPrompt = undefined;
    const host = this.device.hostname;
    if (this.#wrongPrompt !== undefined) return this.#wrongPrompt.replaceAll("{host}", host);
    if (this.config) return `${shorten(host)}(${this.config.promptName})#`;
    return `${host}${this.privilege > 1 ? "#" : ">"}`;
  }

  async run(): Promise<void> {
    try {
      await this.#greet();
      let prefill = "";
      for (;;) {
        const prompt = this.prompt();
        let shown = prompt;
        if (this.notice !== undefined) {
          await this.term.write(prompt + this.notice);
          this.notice = undefined;
          shown = "";
        }
        const input = await this.term.readLine({ prompt: shown, prefill, help: true });
        prefill = "";
        this.device.touch(this.options.sessionId);
        switch (input.kind) {
          case "cancel":
            this.#leaveConfig();
            break;
          case "help":
            await this.#help(input.text);
            prefill = input.text;
            break;
          case "end":
            if (this.config && input.text.trim() !== "") await this.line(input.text, prompt);
            this.#leaveConfig();
            break;
          case "line":
            if ((await this.line(input.text, prompt)) === "logout") return;
            break;
          default:
            input satisfies never;
        }
      }
    } catch (error) {
      if (!(error instanceof SessionClosed)) throw error;
    } finally {
      this.#leaveConfig();
    }
  }

  async #greet(): Promise<void> {
    const banner = (name: string) => bannerText(this.device, name);
    const motd = banner("motd");
    const exec = banner("exec");
    await this.term.write([motd, exec].map((text) => (text === undefined ? "" : `\n${text}\n`)).join("") + "\n");
  }

  #leaveConfig(): void {
    this.config?.finish();
    this.config = undefined;
  }

  async #help(text: string): Promise<void> {
    const words = this.config ? this.config.help(text) : nextWords(EXEC, text);
    await this.term.write(
      words.length === 0 ? "% Unrecognized command\n" : `${words.map((word) => `  ${word}`).join("\n")}\n\n`,
    );
  }

  /** Runs one typed line in whatever mode the session is. */
  async line(typed: string, prompt: string): Promise<"logout" | undefined> {
    const text = typed.trim();
    if (text === "" || text.startsWith("!")) return undefined;
    const mode = this.config ? "config" : "exec";
    this.options.log.push({
      atMs: this.device.clock.nowMs(),
      sessionId: this.options.sessionId,
      user: this.user,
      mode,
      line: text,
    });
    await this.#meetFaults(text);
    const answer = this.config ? await this.#configLine(typed, text, prompt) : await this.exec(typed, prompt);
    const drop = this.device.faults.bites("drop", text, "after");
    if (drop?.kind === "drop") {
      this.options.drop(drop.how);
      throw new SessionClosed("dropped by a fault");
    }
    const wrong = this.device.faults.get("wrong-prompt");
    if (wrong && matches(wrong.at, text)) this.#wrongPrompt = wrong.prompt;
    return answer;
  }

  async #meetFaults(text: string): Promise<void> {
    const drop = this.device.faults.bites("drop", text);
    if (drop?.kind === "drop") {
      this.options.drop(drop.how);
      throw new SessionClosed("dropped by a fault");
    }
    if (this.device.faults.bites("hang", text)) await this.#silence();
    const asked = this.device.faults.get("command-authorization");
    if (asked) await this.device.clock.sleep(asked.delayMs, this.options.signal);
  }

  #silence(): Promise<never> {
    return new Promise((_resolve, reject) => {
      const { signal } = this.options;
      const closed = () => reject(new SessionClosed("closed while hanging"));
      if (signal.aborted) closed();
      else signal.addEventListener("abort", closed, { once: true });
    });
  }

  async #configLine(typed: string, text: string, prompt: string): Promise<undefined> {
    const config = this.config;
    if (!config) return undefined;
    const [first = "", ...rest] = text.split(/\s+/);
    if (first.toLowerCase() === "do" && rest.length > 0) {
      await this.exec(typed.replace(/^\s*do\s+/i, ""), prompt, typed.length - typed.replace(/^\s*do\s+/i, "").length);
      return undefined;
    }
    if (text === "end") {
      this.#leaveConfig();
      return undefined;
    }
    if (text === "exit" || text === "quit") {
      if (!config.up()) this.#leaveConfig();
      return undefined;
    }
    await config.line(typed, prompt);
    return undefined;
  }

  /** One exec command with its pipe, its errors and its pager. */
  async exec(typed: string, prompt: string, shift = 0): Promise<"logout" | undefined> {
    const pipe = splitPipe(typed);
    if (pipe.kind === "invalid") return this.#caret(prompt, pipe.at + shift);
    const { command, filter, redirect } = pipe.piped;
    if (this.device.denies(command.trim())) {
      await this.term.write("Command authorization failed.\n\n");
      return undefined;
    }
    const match = matchLine<ExecCommand>(EXEC, command);
    switch (match.kind) {
      case "ambiguous":
        await this.term.write(`% Ambiguous command:  "${command.trim()}"\n`);
        return undefined;
      case "incomplete":
        await this.term.write("% Incomplete command.\n\n");
        return undefined;
      case "invalid":
        if (match.at === command.search(/\S/) && !/\s/.test(command.trim())) return this.#unknown(command.trim());
        return this.#caret(prompt, match.at + shift);
      case "matched":
        break;
      default:
        return match satisfies never;
    }
    if (this.privilege < 2 && !UNPRIVILEGED.has(match.id)) return this.#caret(prompt, command.search(/\S/) + shift);
    const answer = await runExec(this, match.id, match.words);
    return this.#answer(answer, { prompt, match: match.tokens, shift, filter, redirect });
  }

  async #answer(
    answer: ExecAnswer,
    how: {
      prompt: string;
      match: readonly { at: number }[];
      shift: number;
      filter: ((text: string) => string) | undefined;
      redirect: string | undefined;
    },
  ): Promise<"logout" | undefined> {
    switch (answer.kind) {
      case "logout":
        return "logout";
      case "caret":
        return this.#caret(how.prompt, (how.match[answer.word]?.at ?? 0) + how.shift);
      case "bulk":
        await this.term.page(answer.chunks, this.device.faults.get("paging-left-on")?.length);
        return undefined;
      case "text":
        if (how.redirect !== undefined) this.device.writeFile(how.redirect, answer.text);
        else await this.#page(how.filter ? how.filter(answer.text) : answer.text);
        return undefined;
      default:
        return answer satisfies never;
    }
  }

  /** Log lines of a box that nobody told to keep them off the line come in between. */
  async #page(text: string): Promise<void> {
    const noise = this.device.faults.get("log-noise");
    const shown = noise ? between(text, noise.every, `*Nov 28 04:00:00.000: ${noise.text}`) : text;
    await this.term.page(shown, this.device.faults.get("paging-left-on")?.length);
  }

  async #caret(prompt: string, at: number): Promise<undefined> {
    await this.term.write(`${" ".repeat(prompt.length + at)}^\n% Invalid input detected at '^' marker.\n\n`);
    return undefined;
  }

  async #unknown(word: string): Promise<undefined> {
    const asked = this.device.has("no ip domain lookup")
      ? ""
      : `Translating "${word}"...domain server (255.255.255.255)\n`;
    await this.term.write(`${asked}% Unknown command or computer name, or unable to find computer address\n\n`);
    return undefined;
  }
}

/** A long hostname is cut in configuration prompts, where the whole may take 20 characters before the mode's name. */
function shorten(host: string): string {
  return host.length > 20 ? host.slice(0, 20) : host;
}

export function bannerText(device: Device, name: string): string | undefined {
  const entry = device.running.find((candidate) => candidate.line.startsWith(`banner ${name} `));
  if (!entry) return undefined;
  const first = entry.line.replace(/^banner \w+ \^C/, "");
  return [first, ...(entry.body ?? [])].join("\n").replace(/\^C$/, "");
}
