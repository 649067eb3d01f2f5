/** One user's command line: which datastore it looks at, where in it the user stands, and what a typed command does. It knows no terminal. */
import type { Holder } from "../kit/datastores.ts";
import { modify, NOTHING, refuse, say, splitPipes, type Answer } from "./answer.ts";
import type { Box } from "./box.ts";
import type { Candidate } from "./candidates.ts";
import { info, parseInfo } from "./info.ts";
import type { Token } from "./lexer.ts";
import { ROOT } from "./model/root.ts";
import { unknownToken } from "./parse.ts";
import { pathText } from "./print.ts";
import { Reader } from "./reader.ts";
import { show } from "./show.ts";
import { stateTree } from "./state.ts";
import { baseline, commit, configurationTool, diff, discard, load, save } from "./transaction.ts";
import { applyEdit, prune, sameItem, type Branch } from "./tree.ts";

export type Mode = "running" | "candidate" | "state" | "show";

const GLOBALS = [
  "back",
  "commit",
  "delete",
  "diff",
  "discard",
  "enter",
  "environment",
  "exit",
  "info",
  "load",
  "pwc",
  "quit",
  "save",
  "set",
  "show",
  "tools",
];
/** Commands that need a candidate, so that nobody runs them by mistake on what is in force. */
const IN_CANDIDATE = ["baseline", "commit", "delete", "discard", "load", "set"];

const FILES_MAX = 32;

export interface CliOptions {
  readonly box: Box;
  readonly holder: Holder;
  /** How an apply is recorded: `terminal`, `api`. */
  readonly via: string;
}

export class Cli {
  readonly box: Box;
  readonly holder: Holder;
  readonly via: string;
  readonly reader = new Reader(ROOT);
  mode: Mode = "running";
  candidate: Candidate | undefined;
  /** `basic` has no toolbar and no colours. */
  engine: "advanced" | "basic" = "advanced";
  #before: Reader["path"] = [];
  #lineNumber = 0;

  constructor({ box, holder, via }: CliOptions) {
    this.box = box;
    this.holder = holder;
    this.via = via;
  }

  /** `+* candidate private private-admin`: what is between the braces of the prompt's first line. */
  get status(): string {
    const { candidate, box } = this;
    const unsaved = sameItem(box.store.running, box.store.startup) ? "" : "+";
    const outdated = candidate && box.candidates.isOutdated(candidate) ? "!" : "";
    const dirty = candidate && box.candidates.isDirty(candidate) ? "*" : "";
    const flags = `${unsaved}${outdated}${dirty}`;
    const kind = candidate?.exclusive?.sessionId === this.holder.sessionId ? "exclusive" : candidate?.kind;
    return `${flags === "" ? "" : `${flags} `}${this.mode}${candidate ? ` ${kind} ${candidate.name}` : ""}`;
  }

  get context(): string {
    return pathText(ROOT, this.reader.path);
  }

  leave(): void {
    if (this.candidate) this.box.candidates.leave(this.candidate, this.holder.sessionId);
    this.candidate = undefined;
  }

  toRunning(): void {
    this.leave();
    this.mode = "running";
  }

  run(tokens: readonly Token[]): Answer {
    const { command, pipes } = splitPipes(tokens);
    const redirect = command.findIndex(({ text, quoted }) => !quoted && (text === ">" || text === ">>"));
    const answer = this.#command(redirect < 0 ? command : command.slice(0, redirect));
    const shown = pipes.reduce(modify, answer);
    const file = command[redirect + 1]?.text;
    if (redirect < 0 || shown.kind !== "text") return shown;
    if (file === undefined) return refuse("Parsing error: Missing value for 'file'");
    this.box.files.set(file, (command[redirect]?.text === ">>" ? (this.box.files.get(file) ?? "") : "") + shown.text);
    const [oldest] = this.box.files.keys();
    if (this.box.files.size > FILES_MAX && oldest !== undefined) this.box.files.delete(oldest);
    return NOTHING;
  }

  #command(tokens: readonly Token[]): Answer {
    // `/tools …` and `/show …` are the same commands from anywhere.
    const [slash, second] = tokens;
    const isRooted = slash?.text === "/" && !slash.quoted && ["tools", "show"].includes(second?.text ?? "");
    const [first, ...rest] = isRooted ? tokens.slice(1) : tokens;
    if (first === undefined) return NOTHING;
    const word = first.quoted ? "" : first.text;
    if (IN_CANDIDATE.includes(word) && this.candidate === undefined)
      return refuse(
        unknownToken(
          word,
          GLOBALS.filter((name) => !IN_CANDIDATE.includes(name)),
        ),
      );
    switch (word) {
      case "enter":
        return this.#enter(rest.map(({ text }) => text));
      case "quit":
        return { kind: "logout" };
      case "exit":
        return this.#exit(rest.map(({ text }) => text));
      case "back": {
        const here = this.reader.path;
        this.reader.path = this.#before;
        this.#before = here;
        return NOTHING;
      }
      case "pwc":
        return say(`/${this.context}\n`);
      case "info":
        return this.#info(rest);
      case "show":
        return this.reader.path.length > 0 && rest[0]?.text !== "/" && !isRooted
          ? show(this.box, [...this.#words(), ...rest])
          : show(this.box, rest);
      case "diff":
        return diff(this, rest);
      case "save":
        return save(this, rest);
      case "tools":
        return this.#tools(rest.map(({ text }) => text));
      case "environment":
        return this.#environment(rest.map(({ text }) => text));
      default:
        return this.#inCandidate(word, rest, tokens);
    }
  }

  #words(): Token[] {
    return this.context.split(" ").map((text) => ({ text, quoted: false }));
  }

  #inCandidate(word: string, rest: readonly Token[], tokens: readonly Token[]): Answer {
    const { candidate } = this;
    if (candidate === undefined) return this.#navigate(tokens);
    switch (word) {
      case "commit":
        return commit(this, candidate, rest);
      case "discard":
        return discard(this, candidate, rest);
      case "baseline":
        return baseline(this, candidate, rest);
      case "load":
        return load(this, candidate, rest);
      default:
        return this.#edit(candidate, tokens);
    }
  }

  #navigate(tokens: readonly Token[]): Answer {
    const before = this.reader.path;
    const taken = this.reader.take(tokens, GLOBALS);
    if (taken.kind === "error") return refuse(taken.message);
    if (taken.edits.some(({ op }) => op !== "create")) {
      this.reader.path = before;
      return refuse(`Error: Configuration cannot be modified in ${this.mode} mode`);
    }
    this.#before = before;
    return NOTHING;
  }

  #edit(candidate: Candidate, tokens: readonly Token[]): Answer {
    this.#lineNumber += 1;
    const typed = tokens.map(({ text }) => text).join(" ");
    const { faults } = this.box.store;
    if (faults.get("wrong-privilege"))
      return refuse(`Error: Permission denied: user '${this.holder.user}' is not authorized to modify configuration`);
    const fault = faults.forLine(typed, this.#lineNumber);
    if (fault !== undefined) return refuse(nativeRefusal(fault.message, typed));
    const before = this.reader.path;
    const taken = this.reader.take(tokens, GLOBALS);
    if (taken.kind === "error") return refuse(taken.message);
    for (const edit of taken.edits) applyEdit(candidate.tree, edit);
    if (taken.edits.some(({ op }) => op === "delete")) prune(candidate.tree, ROOT);
    this.#before = before;
    return NOTHING;
  }

  #enter(words: readonly string[]): Answer {
    const [mode = "", ...rest] = words;
    if (mode === "running" || mode === "state" || mode === "show") {
      this.leave();
      this.mode = mode;
      return NOTHING;
    }
    if (mode !== "candidate") return refuse(unknownToken(mode, ["candidate", "running", "show", "state"]));
    if (this.box.store.faults.get("wrong-privilege"))
      return refuse(`Error: Permission denied: user '${this.holder.user}' is not authorized to modify configuration`);
    const kind = rest[0] === "private" || rest[0] === "exclusive" ? rest[0] : "shared";
    const named = kind === "shared" ? rest : rest.slice(1);
    if (named.length > 0 && (named[0] !== "name" || named.length !== 2))
      return refuse(unknownToken(named[0] ?? "", ["exclusive", "name", "private"]));
    const before = this.candidate;
    const entered = this.box.candidates.enter(this.holder, { kind, name: named[1] });
    if (entered.kind === "refused") return refuse(entered.message);
    if (before !== undefined && before !== entered.candidate) this.leave();
    this.candidate = entered.candidate;
    this.mode = "candidate";
    this.#lineNumber = 0;
    return say(entered.notice);
  }

  #exit(words: readonly string[]): Answer {
    if (words[0] === "all" || words.join(" ") === "to root" || words.join(" ") === "to /") this.reader.home();
    else if (words.length > 0) return refuse(unknownToken(words[0] ?? "", ["all", "to"]));
    else this.reader.up();
    return NOTHING;
  }

  #info(tokens: readonly Token[]): Answer {
    const request = parseInfo(tokens);
    if (typeof request === "string") return refuse(request);
    const from = request.from ?? (this.mode === "show" ? "running" : this.mode);
    const tree = this.#datastore(from);
    if (tree === undefined) return refuse(`Error: Datastore '${from}' is not available outside candidate mode`);
    return info(tree, this.reader.path, request, from === "state");
  }

  #datastore(name: string): Branch | undefined {
    switch (name) {
      case "state":
        return stateTree(this.box);
      case "startup":
        return this.box.store.startup;
      case "candidate":
        return this.candidate?.tree;
      case "baseline":
        return this.candidate?.baseline;
      default:
        return this.box.store.running;
    }
  }

  #tools(words: readonly string[]): Answer {
    const [first = "", second = "", ...rest] = words[0] === "/" ? words.slice(1) : words;
    if (first === "system" && second === "configuration") {
      if (this.box.store.faults.get("wrong-privilege"))
        return refuse(`Error: Permission denied: user '${this.holder.user}' is not authorized to run tools`);
      return configurationTool(this.box, this.holder.user, rest);
    }
    if (first === "interface" && rest.join(" ") === "statistics clear")
      return say(`/interface[name=${second}]:\n    interface ${second} statistics cleared\n\n`);
    return refuse(
      unknownToken(
        first === "system" ? second : first,
        first === "system" ? ["configuration"] : ["interface", "system"],
      ),
    );
  }

  #environment(words: readonly string[]): Answer {
    const [what = "", ...values] = words;
    switch (what) {
      case "cli-engine":
        if (values[0] !== "type" || (values[1] !== "basic" && values[1] !== "advanced"))
          return refuse(unknownToken(values[1] ?? values[0] ?? "", ["advanced", "basic"]));
        this.engine = values[1];
        return NOTHING;
      case "complete-on-space":
        return values[0] === "true" || values[0] === "false"
          ? NOTHING
          : refuse(unknownToken(values[0] ?? "", ["false", "true"]));
      default:
        return refuse(unknownToken(what, ["cli-engine", "complete-on-space"]));
    }
  }
}

/** A fault's words where the test chose them; else what this device would say. */
function nativeRefusal(message: string, typed: string): string {
  if (message.startsWith("Command authorization failed")) return `Error: Command authorization failed: '${typed}'`;
  if (message.startsWith("% Invalid input")) return unknownToken(typed.split(" ").at(-1) ?? "", GLOBALS);
  return message;
}
