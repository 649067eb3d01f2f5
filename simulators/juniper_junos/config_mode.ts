/** Configuration mode of one user: the level that he is at, and the commands there. */
import type { FaultBoard } from "../faults.ts";
import { matches } from "../faults.ts";
import { compareText } from "./config/compare.ts";
import { deleteAll, editPath, schemaAt } from "./config/edit.ts";
import { resolve, type Refusal } from "./config/resolve.ts";
import { hashPassword } from "./config/secrets.ts";
import { applyVerb, isVerb, type Verb } from "./config/set_lines.ts";
import { clone, findOrPlace, pathWords, reachFrom, type Config, type Path } from "./config/tree.ts";
import { splitWords, type Word } from "./config/words.ts";
import { parseCommit } from "./commit_words.ts";
import type { Editor } from "./editor.ts";
import { load } from "./load_command.ts";
import { rollbackMissing, showTree } from "./show_tree.ts";
import { stamp } from "./dates.ts";
import { readPipes, splitPipes, type Asked } from "./pipes.ts";
import type { JunosSession } from "./session.ts";

const COMMANDS = [
  ..."activate commit copy deactivate delete edit exit insert load quit rename".split(" "),
  ..."rollback run set show status top up update".split(" "),
];
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
          await load(this.#session, this.editor, words, {
            refuse: (refusal) => this.#refuse(refusal, line.length),
            met: (one) => this.#met(one),
          });
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
}
