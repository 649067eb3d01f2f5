/** A user's terminal on SR Linux: the greeting, the prompt of two lines, lines that go on with `...`, and the toolbar of the advanced engine. */
import { SessionClosed } from "../ssh/output.ts";
import type { Dialect, Shell } from "../kit/shell.ts";
import { matches } from "../faults.ts";
import type { Box } from "./box.ts";
import { Cli } from "./cli.ts";
import { lex } from "./lexer.ts";
import { leafAt } from "./tree.ts";

const MORE_LINES = 24;

export class Session implements Dialect {
  readonly #box: Box;
  readonly #cli: Cli;
  readonly #shell: Shell;
  #prompted = false;

  constructor(shell: Shell, box: Box, engine: Cli["engine"]) {
    this.#box = box;
    this.#shell = shell;
    this.#cli = new Cli({ box, holder: { sessionId: shell.options.sessionId, user: shell.user }, via: "terminal" });
    this.#cli.engine = engine;
  }

  hostname(): string {
    return this.#box.hostname;
  }

  mode(): "exec" | "config" {
    return this.#cli.mode === "candidate" ? "config" : "exec";
  }

  greeting(): string {
    this.#plainTerminal();
    const motd = leafAt(this.#box.store.running, "system", "banner", "motd-banner");
    const welcome =
      "Using configuration file(s): []\nWelcome to the srlinux CLI.\nType 'help' (and press <ENTER>) if you need any help using this.\n";
    return motd === undefined ? welcome : `${motd}\n${welcome}`;
  }

  /** The device does not page, and a line that is too long wraps by the terminal's own doing. */
  #plainTerminal(): void {
    this.#shell.term.length = 0;
    this.#shell.term.width = 0;
  }

  prompt(): string {
    const { status, context, engine } = this.#cli;
    const [major = 0] = this.#box.facts.version.replace(/^v/, "").split(".").map(Number);
    const who = major >= 25 ? `${this.#shell.user}@` : "";
    const gap = this.#prompted && major >= 23 ? "\r\n" : "";
    this.#prompted = true;
    const last = `A:${who}${this.#box.hostname}# `;
    const prompt = `${gap}--{ ${status} }--[ ${context} ]--\r\n${last}`;
    return engine === "basic" ? prompt : `${prompt}${this.#toolbar(last.length)}`;
  }

  /** Drawn under the prompt, and the cursor put back behind it: what a program sees last is not the prompt. */
  #toolbar(column: number): string {
    const { status, holder } = this.#cli;
    const time = new Date(this.#box.store.clock.nowMs()).toUTCString().slice(0, 22);
    const bar = `Current mode: ${status}${" ".repeat(5)}${holder.user} (${holder.sessionId})${" ".repeat(3)}${time}`;
    return `\u001b[?2004h\u001b[J\r\n\u001b[0;7m${bar}\u001b[0m\u001b[1A\r\u001b[${column}C\u001b[?25h`;
  }

  async line(typed: string, shell: Shell): Promise<"logout" | undefined> {
    this.#plainTerminal();
    if (this.#cli.engine === "advanced" && this.#prompted) await shell.term.write("\u001b[?2004l\u001b[J");
    const whole = await this.#complete(typed);
    if (whole === undefined) return undefined;
    for (const line of splitLines(whole)) {
      const lexed = lex(line);
      if (lexed.kind === "open" || lexed.tokens.length === 0) continue;
      const denied = this.#box.store.faults.get("authorization-denied");
      if (denied?.match !== undefined && matches(denied.match, line.trim())) {
        await shell.print(`Error: Command authorization failed: '${line.trim()}'\n`);
        continue;
      }
      const answer = this.#cli.run(lexed.tokens);
      if (answer.kind === "logout") return "logout";
      if (answer.kind === "error") await shell.print(`${answer.message}\n`);
      else {
        if (answer.paged === true) shell.term.length = MORE_LINES;
        await shell.print(answer.text);
        this.#plainTerminal();
      }
    }
    return undefined;
  }

  /** An open quote or bracket: the next lines belong to it, each asked for with `...`. */
  async #complete(typed: string): Promise<string | undefined> {
    let whole = typed;
    while (lex(whole).kind === "open") {
      const more = await this.#shell.term.readLine({ prompt: "..." });
      if (more.kind === "cancel") return undefined;
      whole += `\n${more.text}`;
      if (whole.length > 1_000_000) throw new SessionClosed("a line without an end");
    }
    return whole;
  }

  ended(): void {
    this.#cli.leave();
  }
}

/** A line that went on inside a quote is one line. */
function splitLines(text: string): string[] {
  const found: string[] = [];
  let pending = "";
  for (const line of text.split("\n")) {
    pending = pending === "" ? line : `${pending}\n${line}`;
    if (lex(pending).kind === "open") continue;
    found.push(pending);
    pending = "";
  }
  return found;
}
