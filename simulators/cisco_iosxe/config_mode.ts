/** A visit to configuration mode: where the user stands, what was typed, and what the box says to each line. */
import type { ApplyRecord } from "../device.ts";
import { grammarOf } from "./config/grammar.ts";
import { modeOfPath, promptOf } from "./config/modes.ts";
import type { EditResult } from "./config/edit.ts";
import { nextWords } from "../kit/match.ts";
import type { Session } from "./session.ts";

export class ConfigMode {
  readonly #session: Session;
  #path: string[] = [];
  #apply: ApplyRecord | undefined;
  #lineNumber = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  get promptName(): string {
    return promptOf(modeOfPath(this.#path));
  }

  help(text: string): string[] {
    return nextWords(grammarOf(modeOfPath(this.#path)), text);
  }

  /** False at the top: one more step leaves configuration mode. */
  up(): boolean {
    if (this.#path.length === 0) return false;
    this.#path = this.#path.slice(0, -1);
    return true;
  }

  finish(): void {
    if (this.#apply) this.#session.device.afterApply();
    this.#apply = undefined;
  }

  async line(typed: string, prompt: string): Promise<void> {
    const { device, term, user } = this.#session;
    this.#lineNumber += 1;
    const fault = device.faults.forLine(typed, this.#lineNumber);
    if (fault) {
      const caret = fault.message.includes("'^'") ? `${" ".repeat(prompt.length)}^\n` : "";
      await term.write(`${caret}${fault.message}\n\n`);
      return;
    }
    let result = device.edit(this.#path, typed, user);
    if (result.kind === "needs-body") {
      const body = await this.#readBody(typed, result.isLast);
      if (!body) return;
      result = device.edit(this.#path, typed, user, { body });
    } else if (result.kind === "needs-confirm") {
      if (!(await term.confirm(result.question))) return;
      result = device.edit(this.#path, typed, user, { confirmed: true });
    }
    await this.#report(result, typed, prompt);
  }

  async #report(result: EditResult, typed: string, prompt: string): Promise<void> {
    const { device, term } = this.#session;
    switch (result.kind) {
      case "ok":
        this.#path = result.path;
        this.#apply ??= device.beginApply("terminal", this.#session.user);
        this.#apply.lines.push(typed.trim());
        device.afterEdit();
        return;
      case "refused":
        return term.write(`${result.message}\n`);
      case "invalid":
        return term.write(`${" ".repeat(prompt.length + result.at)}^\n% Invalid input detected at '^' marker.\n\n`);
      case "incomplete":
        return term.write("% Incomplete command.\n\n");
      case "ambiguous":
        return term.write(`% Ambiguous command:  "${result.text}"\n`);
      case "needs-body":
      case "needs-confirm":
        return;
      default:
        result satisfies never;
    }
  }

  async #readBody(typed: string, isLast: (line: string) => boolean): Promise<string[] | undefined> {
    const { term } = this.#session;
    const delimiter = /^\s*banner\s+\S+\s+(\S)/i.exec(typed)?.[1];
    if (delimiter !== undefined) await term.write(`Enter TEXT message.  End with the character '${delimiter}'.\n`);
    const body: string[] = [];
    for (;;) {
      const input = await term.readLine({ prompt: "" });
      if (input.kind === "cancel") return undefined;
      body.push(input.text);
      if (isLast(input.text)) return body;
    }
  }
}
