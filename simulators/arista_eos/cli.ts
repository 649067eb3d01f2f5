/** One user's command line, whether it came by terminal or by eAPI: where he stands, and what a line does there. */
import { matchLine, tokensOf } from "../kit/match.ts";
import type { Peer } from "../kit/start.ts";
import { matches } from "../faults.ts";
import { atToken, editLine, type Place } from "./config/edit.ts";
import { promptOf } from "./config/modes.ts";
import type { EosDevice } from "./device.ts";
import { EXEC, SESSION, UNPRIVILEGED, type ExecCommand, type SessionCommand } from "./exec/grammar.ts";
import { splitPipe } from "./exec/pipe.ts";
import { runExec } from "./exec/run.ts";
import { denied, done, failed, invalid, type Outcome } from "./outcome.ts";
import type { ConfigSession, Problem } from "./sessions.ts";

export interface CliUser {
  readonly sessionId: number;
  readonly user: string;
  readonly terminal: string;
}

export interface CliOptions {
  readonly device: EosDevice;
  readonly who: CliUser;
  readonly privileged: boolean;
  readonly enablePassword: string | undefined;
  /** Shortened keywords are fine at a terminal; eAPI refuses them unless asked. */
  readonly abbreviations: boolean;
  readonly peers: () => readonly Peer[];
  readonly setLength?: (rows: number) => void;
  readonly setWidth?: (columns: number) => void;
}

export interface LineOptions {
  /** A banner's lines, `EOF` included. */
  readonly body?: readonly string[];
  readonly password?: string;
}

/** `00:02:30` → milliseconds. */
export function timerMs(text: string): number | undefined {
  const found = /^(\d{1,2}):([0-5]?\d):([0-5]?\d)$/.exec(text);
  const seconds = found ? Number(found[1]) * 3600 + Number(found[2]) * 60 + Number(found[3]) : 0;
  return seconds > 0 ? seconds * 1000 : undefined;
}

export class Cli {
  readonly options: CliOptions;
  readonly device: EosDevice;
  privileged: boolean;
  #config: { place: Place; session: ConfigSession | undefined; lineNumber: number; lines: string[] } | undefined;
  #bash = false;

  constructor(options: CliOptions) {
    this.options = options;
    this.device = options.device;
    this.privileged = options.privileged;
  }

  get who(): CliUser {
    return this.options.who;
  }

  get configuring(): boolean {
    return this.#config !== undefined;
  }

  /** The session in which this command line stands. */
  get session(): ConfigSession | undefined {
    return this.#config?.session;
  }

  prompt(): string {
    const host = this.device.hostname();
    if (this.#bash) return `[${this.who.user}@${host} ~]$ `;
    if (!this.#config) return `${host}${this.privileged ? "#" : ">"}`;
    const { place, session } = this.#config;
    const name = session ? `-s-${session.name.slice(0, 6)}` : "";
    return `${host}(config${name}${place.map(({ line, mode }) => promptOf(mode, line)).join("")})#`;
  }

  run(typed: string, options: LineOptions = {}): Outcome {
    const text = typed.trim();
    if (this.#bash) return this.#bashLine(text);
    if (text === "" || text.startsWith("!")) return done();
    if (this.session) this.device.sessions.touch(this.session);
    if (!this.#config) return this.#exec(typed, options);
    return this.#configLine(typed, text, options);
  }

  /** The line is over, however it ended. Sessions that are not committed stay. */
  ended(): void {
    this.leaveConfig();
  }

  #bashLine(text: string): Outcome {
    if (text === "exit" || text === "logout") this.#bash = false;
    if (text === "" || !this.#bash) return done();
    return { kind: "done", text: `-bash: ${text.split(" ")[0]}: command not found\n` };
  }

  enterBash(): void {
    this.#bash = true;
  }

  enterConfig(session: ConfigSession | undefined): void {
    this.leaveConfig();
    this.#config = { place: [], session, lineNumber: 0, lines: [] };
  }

  leaveConfig(): void {
    const left = this.#config;
    this.#config = undefined;
    this.device.sessions.leave(this.who.sessionId);
    if (left && !left.session && left.lines.length > 0)
      this.device.store.appliedDirectly({ by: this.who.user, via: "terminal", lines: left.lines });
  }

  #configLine(typed: string, text: string, options: LineOptions): Outcome {
    const config = this.#config;
    if (!config) return done();
    if (config.session && !this.device.sessions.find(config.session.name)) {
      // Somebody aborted it from outside.
      this.leaveConfig();
      return failed(`Session ${config.session.name} has been deleted`);
    }
    const word = tokensOf(text)[0]?.text.toLowerCase() ?? "";
    if (text === "end") {
      this.leaveConfig();
      return done();
    }
    if (text === "exit" || text === "quit") {
      if (config.place.length === 0) this.leaveConfig();
      else config.place = config.place.slice(0, -1);
      return done();
    }
    const inSession = config.session ? this.#sessionLine(text, config.session) : undefined;
    if (inSession) return inSession;
    if (word.length >= 2 && "show".startsWith(word)) return this.#exec(typed, options);
    const edited = this.#edit(typed, text, options);
    if (edited.kind !== "error" || edited.code !== 1002) return edited;
    // What no configuration mode knows may be a command of the mode above.
    return matchLine(EXEC, text.split("|")[0] ?? "").kind === "matched" && !/^(?:en|di|ex|q)/.test(word)
      ? this.#exec(typed, options)
      : edited;
  }

  #edit(typed: string, text: string, { body }: LineOptions): Outcome {
    const config = this.#config;
    if (!config) return done();
    const { device } = this;
    const tree = config.session?.tree ?? device.store.running;
    const checked = (): Outcome | undefined => {
      config.lineNumber += 1;
      const fault = device.store.faults.forLine(text, config.lineNumber);
      if (!fault) return undefined;
      if (fault.kind === "denied") return denied(text);
      return invalid((fault.own ?? "% Invalid input").replace(/^% /, ""));
    };
    if (body === undefined) {
      const refused = checked();
      if (refused) return refused;
    }
    const result = editLine(tree, config.place, typed, {
      ports: device.ports,
      modern: device.modern,
      abbreviations: this.options.abbreviations,
      ...(body ? { body } : {}),
    });
    switch (result.kind) {
      case "needs-body":
        return { kind: "body" };
      case "refused":
        return /^Unavailable|^Duplicate|^This mode/.test(result.message)
          ? failed(result.message)
          : invalid(result.message);
      case "ok":
        config.place = result.place;
        if (!result.changed) return done();
        if (config.session) config.session.lines.push(result.line);
        else {
          config.lines.push(result.line);
          device.store.direct(tree, this.who.user);
        }
        return done();
      default:
        return result satisfies never;
    }
  }

  #sessionLine(text: string, session: ConfigSession): Outcome | undefined {
    const match = matchLine<SessionCommand>(SESSION, text);
    if (match.kind !== "matched") return undefined;
    switch (match.id) {
      case "abort":
        this.leaveConfig();
        this.device.sessions.abort(session, this.who);
        return done();
      case "clean":
        session.tree = this.device.clean();
        session.lines.push("rollback clean-config");
        if (this.#config) this.#config.place = [];
        return done();
      case "commit":
        return this.commit(session);
      case "commit-timer":
        return this.commit(session, match.words[2] ?? "");
      case "copy-in":
        return this.#copyIn(match.words[1] ?? "", session);
      default:
        return match.id satisfies never;
    }
  }

  #copyIn(url: string, session: ConfigSession): Outcome {
    const text = this.device.files.get(url.replace(/^flash:\/?/, ""));
    if (text === undefined) return failed(`Error copying ${url} to session-config (No such file or directory)`);
    const lines = text.split("\n");
    const [refused] = this.device.load(session.tree, lines);
    if (refused) return failed(`Error copying ${url} to session-config (> ${refused.line.trim()}: ${refused.message})`);
    session.lines.push(...lines.filter((line) => line.trim() !== "" && !line.startsWith("!")));
    return done("Copy completed successfully.\n");
  }

  /** From inside the session or by its name from outside. */
  commit(session: ConfigSession, timer?: string): Outcome {
    const timeoutMs = timer === undefined ? undefined : timerMs(timer);
    if (timer !== undefined && timeoutMs === undefined) return invalid(`Invalid input (at token 2: '${timer}')`);
    if (this.device.store.faults.get("authorization-denied")?.match !== undefined && this.denies("commit"))
      return denied("commit");
    const problem: Problem | undefined = this.device.sessions.commit(session, this.who, timeoutMs);
    if (problem) return failed(problem.problem);
    if (this.session === session) this.leaveConfig();
    return done();
  }

  denies(command: string): boolean {
    const fault = this.device.store.faults.get("authorization-denied");
    return fault !== undefined && fault.line === undefined && matches(fault.match, command);
  }

  #exec(typed: string, options: LineOptions): Outcome {
    const piped = splitPipe(typed);
    if (!piped) return invalid("Invalid input");
    const command = piped.command.trim();
    if (this.denies(command)) return denied(command);
    const match = matchLine<ExecCommand>(EXEC, command);
    switch (match.kind) {
      case "ambiguous":
        return invalid(atToken("Ambiguous command", command, command.indexOf(match.text)));
      case "incomplete":
        return invalid(atToken("Incomplete command", command, tokensOf(command).at(-1)?.at ?? 0));
      case "invalid":
        return invalid(atToken("Invalid input", command, match.at));
      case "matched":
        break;
      default:
        return match satisfies never;
    }
    const short = this.options.abbreviations
      ? -1
      : match.words.findIndex((word, at) => word !== match.tokens[at]?.text && /^[a-z]/.test(word));
    if (short >= 0) return invalid(`Incomplete token (at token ${short}: '${match.tokens[short]?.text ?? ""}')`);
    if (!this.privileged && !UNPRIVILEGED.has(match.id)) return invalid("Invalid input (privileged mode required)");
    const outcome = runExec(this, match.id, match.words, { ...options, typed: typed.trim() });
    if (outcome.kind !== "done") return outcome;
    return filtered(this.device, outcome, piped);
  }
}

function filtered(
  device: EosDevice,
  outcome: Extract<Outcome, { kind: "done" }>,
  piped: NonNullable<ReturnType<typeof splitPipe>>,
): Outcome {
  const { model } = outcome;
  if (piped.json && model === undefined)
    return { kind: "error", code: 1003, message: "Command cannot be used over the API at this time" };
  let text = piped.json ? `${JSON.stringify(model, undefined, 4)}\n` : outcome.text;
  for (const filter of piped.filters) text = filter(text);
  if (piped.file) {
    const name = piped.file.url.replace(/^flash:\/?/, "");
    device.files.set(name, (piped.file.how === "append" ? (device.files.get(name) ?? "") : "") + text);
    if (piped.file.how !== "tee") text = "";
  }
  const changed = piped.filters.length > 0 || piped.file !== undefined || piped.json;
  return changed || model === undefined ? { kind: "done", text } : { kind: "done", text, model };
}
