/** Configuration mode of one user: the level that he is at, and the commands there. */
import type { FaultBoard } from "../faults.ts";
import { matches } from "../faults.ts";
import { compareText } from "./config/compare.ts";
import { deleteAll, editPath, schemaAt } from "./config/edit.ts";
import { loadBraces, type LoadOptions } from "./config/load.ts";
import { printBraces, printSet, printStatement, printXml, setLines } from "./config/print.ts";
import { resolve, type Refusal } from "./config/resolve.ts";
import { hashPassword } from "./config/secrets.ts";
import { applyVerb, isVerb, loadSet, type Verb } from "./config/set_lines.ts";
import { at, clone, emptyConfig, findOrPlace, pathWords, reachFrom, type Config, type Path } from "./config/tree.ts";
import { splitWords, type Word } from "./config/words.ts";
import { parseCommit } from "./commit_words.ts";
import type { Editor } from "./device.ts";
import { stamp } from "./dates.ts";
import { readPipes, splitPipes, type Asked } from "./pipes.ts";
import type { JunosSession } from "./session.ts";

const COMMANDS = [
  ..."activate commit copy deactivate delete edit exit insert load quit rename".split(" "),
  ..."rollback run set show status top up update".split(" "),
];
const LOAD_KINDS = ["merge", "override", "replace", "set", "update"];
const LOAD_MAX_BYTES = 16 * 1024 * 1024;
const ABBREVIATIONS = { abbreviations: true };

export class ConfigMode {
  readonly editor: Editor;
  readonly #session: JunosSession;
  /** Where `exit` goes back to. */
  #back: Path[] = [];

  constructor(session: JunosSession, editor: Editor) {
    this.#session = session;
    this.editor = editor;
  }

  banner(): string {
    const words = pathWords(this.editor.path).join(" ");
    return words === "" ? "[edit]" : `[edit ${words}]`;
  }

  get #faults(): FaultBoard {
    return this.#session.shell.options.faults;
  }

  get #tree(): Config {
    return this.#session.device.candidate(this.editor);
  }

  #say(text: string): Promise<void> {
    return this.#session.shell.print(text);
  }

  async #refuse(refusal: Refusal, end: number, shift = 0): Promise<void> {
    const dot = refusal.message.includes("\n") || refusal.message.endsWith(".") ? "" : ".";
    await this.#session.caret(refusal.word ? refusal.word.from + shift : end + 1, `${refusal.message}${dot}`);
  }

  async line(line: string): Promise<"logout" | undefined> {
    this.editor.lastMs = this.#session.device.clock.nowMs();
    const [first, ...words] = splitWords(line);
    if (!first) return undefined;
    const hits = COMMANDS.includes(first.text) ? [first.text] : COMMANDS.filter((name) => name.startsWith(first.text));
    const [command, second] = hits;
    if (command === undefined) await this.#refuse({ word: first, message: "unknown command" }, line.length);
    else if (second !== undefined) {
      const list = hits.map((name) => `  ${name}`).join("\n");
      const message = `'${first.text}' is ambiguous.\nPossible completions:\n${list}`;
      await this.#refuse({ word: first, message }, line.length);
    } else return this.#run(command, words, line);
    return undefined;
  }

  async #run(command: string, words: readonly Word[], line: string): Promise<"logout" | undefined> {
    if (isVerb(command)) await this.#verb(command, words, line);
    else
      switch (command) {
        case "show":
          await this.#show(line);
          break;
        case "edit":
          await this.#edit(words, line);
          break;
        case "up":
          this.#move(this.editor.path.slice(0, Math.max(0, this.editor.path.length - Number(words[0]?.text ?? 1))));
          break;
        case "top":
          await this.#top(words, line);
          break;
        case "exit":
        case "quit":
          await this.#exit(words);
          break;
        case "run":
          return this.#session.operational(line.slice(words[0]?.from ?? line.length), words[0]?.from ?? 0);
        case "commit":
          await this.#commit(words, line);
          break;
        case "rollback":
          await this.#rollback(words, line);
          break;
        case "load":
          await this.#load(words, line);
          break;
        case "status":
          await this.#status();
          break;
        case "update":
          await this.#update();
          break;
        default:
          throw new Error(`the grammar knows ${command}, configuration mode does not`);
      }
    return undefined;
  }

  #move(path: Path): void {
    this.editor.path = path;
  }

  async #top(words: readonly Word[], line: string): Promise<void> {
    const [next] = words;
    if (!next) {
      this.#back = [];
      this.#move([]);
      return;
    }
    // `top show …`: one command from the top, and back.
    const here = this.editor.path;
    this.#move([]);
    await this.line(`${" ".repeat(next.from)}${line.slice(next.from)}`);
    if (!"edit".startsWith(next.text)) this.#move(here);
  }

  async #edit(words: readonly Word[], line: string): Promise<void> {
    const path = editPath(this.#tree, this.editor.path, words, ABBREVIATIONS);
    if ("message" in path) {
      await this.#refuse(path, line.length);
      return;
    }
    this.#back.push(this.editor.path);
    this.#move(path);
  }

  /** What a fault or another's lock says about a line. */
  #met(line: string): string | undefined {
    this.editor.count += 1;
    const denied = this.#faults.get("authorization-denied");
    const hit = (fault: { line?: number | undefined; match?: string | undefined }): boolean =>
      fault.line === this.editor.count ||
      matches(fault.match, line) ||
      (fault.line === undefined && fault.match === undefined);
    if (denied && hit(denied)) return "permission denied";
    const refused = this.#faults.get("refuse-line");
    return refused && hit(refused) ? "syntax error" : undefined;
  }

  async #verb(verb: Verb, words: readonly Word[], line: string): Promise<void> {
    const locked = this.#session.device.lockedText(this.editor.sessionId);
    if (locked !== undefined) return this.#say(locked);
    const met = this.#met(line.trim());
    if (met === "permission denied") return this.#say("error: permission denied\n");
    if (met !== undefined) return this.#refuse({ word: words.at(-1), message: met }, line.length);
    if (verb === "delete" && words.length === 0) {
      if (await this.#session.agrees("Delete everything under this level?", "no"))
        deleteAll(this.#tree, this.editor.path);
      return undefined;
    }
    const result = applyVerb(this.#tree, this.editor.path, verb, words, ABBREVIATIONS);
    if (result.refusal) return this.#refuse(result.refusal, line.length);
    if (result.said !== undefined) return this.#say(result.said);
    if (result.prompt) {
      const password = await this.#newPassword();
      if (password === undefined) return undefined;
      const holder = reachFrom(this.#tree, result.prompt.path);
      const target = holder.schema.children.find((child) => child.words[0] === result.prompt?.schema.prompts);
      if (target) findOrPlace(holder, target, []).values = [hashPassword(password)];
    }
    this.editor.typed.push(line.trim());
    return undefined;
  }

  async #newPassword(): Promise<string | undefined> {
    const { term } = this.#session.shell;
    const first = await term.readPassword("New password:");
    const again = await term.readPassword("Retype new password:");
    if (first === again && first.length >= 6) return first;
    await this.#say(first === again ? "error: minimum password length is 6\n" : "error: passwords do not match\n");
    return undefined;
  }

  async #show(line: string): Promise<void> {
    const { command, pipes } = splitPipes(line);
    const [, ...words] = splitWords(command);
    const asked = readPipes(pipes, line.length);
    if ("message" in asked) return this.#session.caret(asked.at, `${asked.message}.`);
    const found = resolve(schemaAt(this.#tree, this.editor.path), words, { ...ABBREVIATIONS, open: true });
    if (found.refusal) return this.#refuse(found.refusal, command.trimEnd().length);
    const path = [...this.editor.path, ...(found.targets[0] ?? [])];
    return this.#session.show(this.#shown(path, asked), asked);
  }

  #shown(path: Path, asked: Asked): string {
    const { device } = this.#session;
    if (asked.compare !== undefined) {
      const older = asked.compare === 0 ? device.store.running : device.commits[asked.compare]?.tree;
      return older ? compareText(older, this.#tree, path) : rollbackMissing(asked.compare);
    }
    const changedMs = device.store.lastChange?.atMs ?? device.commits[0]?.atMs ?? 0;
    const header = path.length === 0 ? `## Last changed: ${stamp(changedMs)}\n` : "";
    return showTree(this.#tree, path, asked, header);
  }

  async #status(): Promise<void> {
    const { device } = this.#session;
    const editors = [...device.others(-1)].map((editor) => device.describe(editor)).join("");
    await this.#say(`Users currently editing the configuration:\n${editors}`);
  }

  async #update(): Promise<void> {
    if (this.editor.mode !== "private") return this.#say("error: update is only for a private configuration\n");
    const { device } = this.#session;
    device.setCandidate(this.editor, clone(device.store.running));
    this.editor.base = clone(device.store.running);
    return undefined;
  }

  async #rollback(words: readonly Word[], line: string): Promise<void> {
    const locked = this.#session.device.lockedText(this.editor.sessionId);
    if (locked !== undefined) return this.#say(locked);
    const [word, more] = words;
    const number = Number(word?.text ?? 0);
    if (more || !Number.isInteger(number) || number < 0 || number > 49)
      return this.#refuse(
        { word: more ?? word, message: `invalid numeric value: '${(more ?? word)?.text ?? ""}'` },
        line.length,
      );
    const { device } = this.#session;
    const tree = number === 0 ? device.store.running : device.commits[number]?.tree;
    if (!tree) return this.#say(rollbackMissing(number));
    device.setCandidate(this.editor, clone(tree));
    this.editor.typed.push(line.trim());
    return this.#say("load complete\n");
  }

  async #commit(words: readonly Word[], line: string): Promise<void> {
    const request = parseCommit(words);
    if ("message" in request) return this.#refuse(request, line.length);
    const answer = this.#session.device.commit(this.editor, request);
    await this.#say(answer.text);
    if (answer.ok && request.andQuit) await this.#leave();
    return undefined;
  }

  async #exit(words: readonly Word[]): Promise<void> {
    const all = words[0] !== undefined && "configuration-mode".startsWith(words[0].text);
    const back = this.#back.pop();
    if (!all && (back !== undefined || this.editor.path.length > 0)) {
      this.#move(back ?? []);
      return;
    }
    const { device } = this.#session;
    if (device.dirty(this.editor)) {
      await this.#say("The configuration has been changed but not committed\n");
      const question = {
        shared: "Exit with uncommitted changes?",
        exclusive: "Discard uncommitted changes?",
        private: "Discard uncommitted changes?",
      }[this.editor.mode];
      if (this.editor.mode === "exclusive")
        await this.#say("warning: Auto rollback on exiting 'configure exclusive'\n");
      if (this.editor.mode === "private") await this.#say("warning: private edits will be discarded on exit\n");
      if (!(await this.#session.agrees(question, "yes"))) {
        if (back) this.#back.push(back);
        return;
      }
      if (this.editor.mode === "exclusive") await this.#say("warning: discarding uncommitted changes\nload complete\n");
    }
    await this.#leave();
  }

  async #leave(): Promise<void> {
    this.#session.device.leave(this.editor);
    this.#session.config = undefined;
    await this.#say("Exiting configuration mode\n");
  }

  async #load(words: readonly Word[], line: string): Promise<void> {
    const { device, shell } = this.#session;
    const [kindWord, from, relative] = words;
    const kind = kindWord && LOAD_KINDS.find((name) => name.startsWith(kindWord.text));
    if (!kindWord || !from) return this.#refuse({ word: undefined, message: "missing argument" }, line.length);
    if (kind === undefined) return this.#refuse({ word: kindWord, message: "syntax error" }, line.length);
    const locked = device.lockedText(this.editor.sessionId);
    if (locked !== undefined) return this.#say(locked);
    const terminal = "terminal".startsWith(from.text);
    const text = terminal ? await this.#typedLines() : device.files.get(from.text);
    if (text === undefined)
      return terminal ? undefined : this.#say(`error: open failed: ${from.text}: No such file or directory\n`);
    for (const typed of text.split("\n").filter((one) => one.trim() !== ""))
      shell.options.log.push({
        atMs: device.clock.nowMs(),
        sessionId: this.editor.sessionId,
        user: this.editor.user,
        mode: "config",
        line: typed.trim(),
      });
    const base = relative?.text === "relative" ? this.editor.path : [];
    const options: LoadOptions = {
      source: terminal ? "terminal" : from.text,
      replace: kind === "replace",
      meets: (one) => this.#met(one),
    };
    const whole = kind === "override" || kind === "update";
    const tree = whole ? emptyConfig() : this.#tree;
    const problems = kind === "set" ? loadSet(tree, base, text, options) : loadBraces(tree, base, text, options);
    if (whole) device.setCandidate(this.editor, tree);
    this.editor.typed.push(line.trim(), ...text.split("\n").filter((one) => one.trim() !== ""));
    const errors = problems.filter((problem) => !problem.text.startsWith("warning")).length;
    // `load set` ends without a count (seen on vJunos 25.4).
    const count = errors === 0 || kind === "set" ? "" : ` (${errors} errors)`;
    const spinner = terminal ? "" : "|\b";
    return this.#say(`${spinner}${problems.map((problem) => problem.text).join("")}load complete${count}\n`);
  }

  async #typedLines(): Promise<string | undefined> {
    const { term } = this.#session.shell;
    await term.write("[Type ^D at a new line to end input]\n");
    const echo = term.enterEcho;
    term.enterEcho = "";
    const lines: string[] = [];
    let bytes = 0;
    try {
      for (;;) {
        const input = await term.readLine({ prompt: "", endOfFile: true });
        if (input.kind === "cancel") return undefined;
        lines.push(input.text);
        bytes += input.text.length + 1;
        if (bytes > LOAD_MAX_BYTES) {
          await this.#say("error: configuration file too large\n");
          return undefined;
        }
        if (input.kind === "end") return lines.join("\n");
      }
    } finally {
      term.enterEcho = echo;
    }
  }
}

export function rollbackMissing(number: number): string {
  return `error: rollback configuration ${number} does not exist\n`;
}

/** A configuration, or what stands under a path of it, in the form that was asked for. */
export function showTree(root: Config, path: Path, asked: Asked, header: string): string {
  const parent = at(root, path.slice(0, -1));
  const last = path.at(-1);
  const here = at(root, path);
  const words = pathWords(path.slice(0, -1));
  // The keyword of a list alone: every entry of it.
  const entries =
    last && last.keys.length < last.schema.keys.length
      ? (parent?.children.filter((child) => child.schema === last.schema) ?? [])
      : undefined;
  const leaf = here && last && here.children.length === 0 ? [here] : undefined;
  const shown = entries ?? leaf;
  switch (asked.display) {
    case "set": {
      if (shown) return joined(shown.flatMap((statement) => setLines(statement, words)));
      return here ? joined(printSet(here, pathWords(path))) : "";
    }
    case "xml": {
      const inner = shown
        ? shown.flatMap((one) => printXml({ ...one, children: [one] }, 8))
        : here
          ? printXml(here, 8)
          : [];
      return joined(["<rpc-reply>", "    <configuration>", ...inner, "    </configuration>", "</rpc-reply>"]);
    }
    case "json":
      return `${JSON.stringify({ configuration: here ? jsonOf(here) : {} }, null, 4)}\n`;
    case "text":
      if (shown) return joined(shown.flatMap((statement) => printStatement(statement)));
      return here ? header + printBraces(here) : "";
    default:
      return asked.display satisfies never;
  }
}

function joined(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function jsonOf(statement: Config): unknown {
  const out: Record<string, unknown> = {};
  for (const child of statement.children) {
    const name = child.schema.words.join(" ") || "name";
    const value =
      child.schema.kind === "flag"
        ? [null]
        : child.values.length > 0 && child.keys.length === 0
          ? child.values
          : undefined;
    const held = value === undefined ? (jsonOf(child) as Record<string, unknown>) : undefined;
    if (child.keys.length > 0) {
      const list = (out[name] ?? []) as unknown[];
      list.push({ name: child.keys.join(" "), ...held });
      out[name] = list;
    } else out[name] = held ?? (value && child.schema.kind === "leaf" ? value[0] : value);
  }
  return out;
}
