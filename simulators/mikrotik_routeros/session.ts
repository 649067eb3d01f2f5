/** One login: prompt, safe mode, questions. RouterOS answers an exec channel without any of them. */
import type { Dialect, Shell } from "../kit/shell.ts";
import type { Actor, Box } from "./box.ts";
import { Console, type Ran } from "./console.ts";

export const CTRL_D = 0x04;
export const CTRL_X = 0x18;

/** `admin+ct511w4098h` is admin, with a terminal of 4098 columns. */
export const accountOf = (username: string): string => username.replace(/\+[a-z0-9]*$/, "");

const LICENSE = "MikroTikls SIA - end-user licence agreement\n\n(here: a text of some pages)\n";

export class Session implements Dialect {
  readonly #box: Box;
  readonly #shell: Shell;
  readonly #actor: Actor;
  #console: Console;
  #interactive = false;
  #quit = false;
  /** What is to be said before the next prompt. */
  #said = "";
  #ask: Ran["ask"] | undefined;
  #login: "license" | "enter" | "done";

  constructor(shell: Shell, box: Box, asksLicense: boolean) {
    this.#box = box;
    this.#shell = shell;
    const { sessionId, user, remote } = shell.options;
    this.#actor = { sessionId, user: accountOf(user), remote };
    this.#console = new Console(box, this.#actor, "exec");
    this.#login = asksLicense ? "license" : "done";
  }

  hostname(): string {
    return this.#box.identity;
  }

  mode(): "exec" {
    return "exec";
  }

  greeting(): string {
    this.#interactive = true;
    this.#console = new Console(this.#box, this.#actor, "terminal");
    return `\n\n  MikroTik RouterOS ${this.#box.facts.version} (c) 1999-2024       https://www.mikrotik.com/\n\nPress F1 for help\n\n`;
  }

  prompt(): string {
    const said = this.#said;
    this.#said = "";
    if (this.#login === "license") {
      // An empty answer is a no.
      this.#login = "done";
      this.#ask = { question: "", yes: () => ((this.#login = "enter"), LICENSE) };
      return `${said}Do you want to see the software license? [Y/n]: `;
    }
    if (this.#login === "enter") {
      this.#login = "done";
      return `${said}Please press "Enter" to continue!`;
    }
    if (this.#ask && this.#ask.question !== "") return `${said}${this.#ask.question}`;
    const { safe } = this.#box;
    const mine = safe?.owner.sessionId === this.#actor.sessionId;
    const path = this.#console.path.replaceAll(" ", "/");
    return `${said}[${this.#actor.user}@${this.#box.identity}] ${path}${mine ? "<SAFE> " : "> "}`;
  }

  control(key: number): boolean {
    const { safe } = this.#box;
    const mine = safe?.owner.sessionId === this.#actor.sessionId;
    if (key === CTRL_D) {
      if (!mine) return false;
      this.#box.unroll("asked");
      this.#said = "[Safe Mode unrolled]\n";
      return true;
    }
    if (key !== CTRL_X) return false;
    if (mine) {
      this.#box.releaseSafe();
      this.#said = "[Safe Mode released]\n";
    } else if (safe) {
      this.#ask = {
        question: "Hijacking Safe Mode from someone - unroll/release/don't take it [u/r/d]:",
        yes: () => "",
      };
    } else {
      this.#box.takeSafe(this.#actor);
      this.#said = "[Safe Mode taken]\n";
    }
    return true;
  }

  async line(typed: string, shell: Shell): Promise<"logout" | undefined> {
    const ask = this.#ask;
    this.#ask = undefined;
    if (ask) return await this.#answered(ask, typed.trim().toLowerCase());
    const ran = this.#console.run(typed);
    await this.#print(ran.text, shell);
    if (ran.quit) {
      this.#quit = true;
      return "logout";
    }
    if (ran.ask) {
      if (this.#interactive) this.#ask = ran.ask;
      else await shell.term.write(ran.ask.question);
    }
    return undefined;
  }

  async #answered(ask: NonNullable<Ran["ask"]>, answer: string): Promise<undefined> {
    if (ask.question.startsWith("Hijacking")) {
      if (answer === "u") this.#box.unroll("asked");
      if (answer === "u" || answer === "r") {
        this.#box.takeSafe(this.#actor);
        this.#said = "[Safe Mode taken]\n";
      }
      return undefined;
    }
    // The license is shown to whoever says nothing else.
    if (answer.startsWith("y")) await this.#shell.term.write(ask.yes());
    return undefined;
  }

  /** No pager and no log lines without a terminal. */
  async #print(text: string, shell: Shell): Promise<void> {
    if (this.#interactive) await shell.print(text);
    else if (text !== "") await shell.term.write(text);
  }

  logLine(text: string): string {
    return `(1 messages not shown)\n12:00:00 echo: ${text}`;
  }

  ended(): void {
    if (!this.#interactive) return;
    // Who says `/quit` leaves his changes; who is cut off has them undone when TCP gives up.
    if (this.#quit) {
      if (this.#box.safe?.owner.sessionId === this.#actor.sessionId) this.#box.releaseSafe();
    } else this.#box.lost(this.#actor.sessionId);
  }
}
