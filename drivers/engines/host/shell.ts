import { FarhandError } from "../../../shared/errors.ts";
import type { TranscriptSink } from "../../types.ts";
import type { LineRedactor } from "../cli/redactor.ts";
import { behindMark, programAsRoot, SAY_MARK } from "../ssh/answer-mark.ts";
import type { SshConnection } from "../ssh/client.ts";
import { quoted } from "../ssh/connect-error.ts";
import type { ExecResult } from "../ssh/stream.ts";

export interface HostShellOptions {
  readonly connection: Pick<SshConnection, "exec" | "alive" | "close">;
  readonly signal: AbortSignal;
  readonly commandMs: number;
  readonly transcript: TranscriptSink;
  readonly redact: LineRedactor;
}

/** Where the programs of an administrator are; a login's own path may lack half of them. */
const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Programs on a host, each on a channel of its own, without a terminal. */
export class HostShell {
  readonly #o: HostShellOptions;
  #poisoned = false;

  constructor(options: HostShellOptions) {
    this.#o = options;
  }

  get alive(): boolean {
    return !this.#poisoned && this.#o.connection.alive;
  }

  redacted(text: string): string {
    return quoted(this.#o.redact, text);
  }

  /** A fixed text as root, `words` in hex. `told` is what the transcript holds of it. PRIVILEGE where sudo asks for a password. */
  async script(told: string, text: string, words: readonly string[], outputBytesMax = 65_536): Promise<ExecResult> {
    if (words.some((word) => !/^[0-9a-f]{1,16}$/v.test(word)))
      throw new FarhandError("INTERNAL", "a script argument that is not hex");
    await this.#o.transcript.write("sent", `${told}\n`);
    const exec = (command: string, stdin: string): Promise<ExecResult> => this.#exec(command, outputBytesMax, stdin);
    const result = await programAsRoot(exec, text, words);
    if (!result.began && result.code === 1 && /^(?:sudo: |Sorry, user )/mv.test(result.stderr))
      throw new FarhandError("PRIVILEGE", this.redacted(result.stderr));
    return result;
  }

  /** A fixed text as the login itself. */
  async plain(told: string, text: string): Promise<ExecResult> {
    await this.#o.transcript.write("sent", `${told}\n`);
    return behindMark(await this.#exec("sh -s", 65_536, `${SAY_MARK}${text}`));
  }

  /** Words, each quoted: the login's shell finds nothing in them that it could act on. */
  async words(words: readonly string[], root: boolean, outputBytesMax: number): Promise<ExecResult> {
    if (words.some((word) => !/^[A-Za-z0-9._@+:=,%\/\-]+$/v.test(word)))
      throw new FarhandError("INTERNAL", "a word that a shell could act on");
    await this.#o.transcript.write("sent", `${words.join(" ")}\n`);
    const said = words.map((word) => `'${word}'`).join(" ");
    const command = `${SAY_MARK.trim()}; ${root ? "sudo -n " : ""}env ${PATH} LC_ALL=C ${said}`;
    return behindMark(await this.#exec(command, outputBytesMax));
  }

  close(): void {
    this.#o.connection.close();
  }

  async #exec(command: string, outputBytesMax: number, stdin = ""): Promise<ExecResult> {
    if (this.#poisoned) throw new FarhandError("CONNECTION_LOST", "after a command without an end");
    const { connection, commandMs, signal } = this.#o;
    try {
      return await connection.exec(command, { outputBytesMax, deadlineMs: commandMs, signal, stdin });
    } catch (error) {
      // What it does now is not known: nothing more is said on this line.
      this.#poisoned = true;
      throw error;
    }
  }
}
