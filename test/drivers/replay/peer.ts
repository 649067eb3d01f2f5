import type { ByteStream, ExecResult } from "../../../drivers/engines/ssh/stream.ts";
import { cutter, type Way } from "./cut.ts";
import { answerIn, lastLine, type Exchange, type Recording } from "./recording.ts";

/** What the driver says and the recording lacks, and what stands for the answer, with the reason why it may. */
export type Standing = {
  readonly typed: RegExp;
  /** Only where the last line is such a one. */
  readonly at?: RegExp;
  readonly why: string;
} & (
  | {
      /** The recorded answer to this; where it was not recorded either, the next standing is tried. */
      readonly as: string | ((typed: string) => string);
    }
  | {
      /** Lines, from what was recorded or typed; the prompt comes behind them. */
      readonly answer: (peer: Told) => string;
      /** The prompt that then stands there, from the one before. */
      readonly prompt?: (before: string) => string;
      /** A question stays in the last line, and no prompt comes. */
      readonly asks?: true;
    }
);

export interface Told {
  readonly recording: Recording;
  /** All that the driver has typed so far, this line included. */
  readonly typed: readonly string[];
}

/** A device that says what a real one said: each line that is typed is looked up in the recording, at the prompt where it is typed. */
export class Peer implements ByteStream {
  readonly #recording: Recording;
  readonly #standings: readonly Standing[];
  /** Where no chunks are seen: with the line ends of a terminal, or without. */
  readonly #text: (text: string) => string;
  readonly #cut: (chunks: readonly string[]) => Uint8Array[];
  readonly #queue: Uint8Array[] = [];
  readonly #typed: string[] = [];
  /** Exchanges that were served, as recorded and where they were; and what stood in their place, how often. */
  readonly recorded = new Set<Exchange>();
  readonly stood = new Map<Standing, number>();
  #wake: () => void = () => undefined;
  #cursor = 0;
  #rest = "";
  #tail: string;
  #ended = false;

  constructor(recording: Recording, standings: readonly Standing[], way: Way) {
    this.#recording = recording;
    this.#standings = standings;
    this.#cut = cutter(way);
    this.#text = (text) => new TextDecoder().decode(Buffer.concat(cutter(way)([text])));
    this.#tail = lastLine(recording.greeting);
    this.#say([recording.greeting]);
  }

  async read(): Promise<Uint8Array | null> {
    while (this.#queue.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#queue.shift() ?? null;
  }

  write(bytes: string | Uint8Array): Promise<void> {
    const text = this.#rest + (typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes));
    const lines = text.split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? "";
    try {
      for (const line of lines) this.#line(line);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    return Promise.resolve();
  }

  /** A command on a channel of its own: what it said, without the echo and the prompt of a terminal. */
  exec(command: string): Promise<ExecResult> {
    this.#typed.push(command);
    const here = this.#find(command, () => true);
    if (here) this.recorded.add(here);
    const stdout = here ? answerIn(here) : this.#standInExec(command);
    return Promise.resolve({ code: 0, stdout: this.#text(stdout), stderr: "" });
  }

  #standInExec(command: string): string {
    for (const standing of this.#standings) {
      if (!standing.typed.test(command) || !("answer" in standing)) continue;
      this.stood.set(standing, (this.stood.get(standing) ?? 0) + 1);
      return standing.answer({ recording: this.#recording, typed: this.#typed });
    }
    throw new Error(`${this.#recording.name}: nobody typed ${JSON.stringify(command)}`);
  }

  close(): void {
    this.#ended = true;
    this.#wake();
  }

  #say(chunks: readonly string[]): void {
    const all = chunks.join("");
    // What is typed stands behind the prompt, until a line feed comes.
    this.#tail = lastLine(all.includes("\n") ? all : this.#tail + all);
    for (const bytes of this.#cut(chunks)) if (bytes.length > 0) this.#queue.push(bytes);
    this.#wake();
  }

  #line(line: string): void {
    this.#typed.push(line);
    const here = this.#find(line, (exchange) => exchange.at === this.#tail);
    if (here) {
      this.recorded.add(here);
      this.#say(here.came);
      return;
    }
    for (const standing of this.#standings) {
      if (!standing.typed.test(line) || standing.at?.test(this.#tail) === false) continue;
      if (!this.#standIn(standing, line)) continue;
      this.stood.set(standing, (this.stood.get(standing) ?? 0) + 1);
      return;
    }
    if (line === "") this.#say([this.#promptAgain(this.#tail)]);
    else
      throw new Error(`${this.#recording.name}: nobody typed ${JSON.stringify(line)} at ${JSON.stringify(this.#tail)}`);
  }

  /** The next exchange that fits, behind the last; then any. */
  #find(line: string, fits: (exchange: Exchange) => boolean): Exchange | undefined {
    const { exchanges } = this.#recording;
    const same = (exchange: Exchange): boolean =>
      fits(exchange) && (exchange.typed === null ? this.#tail === exchange.at : exchange.typed.trim() === line.trim());
    let at = exchanges.findIndex((exchange, index) => index >= this.#cursor && same(exchange));
    if (at < 0) at = exchanges.findIndex(same);
    if (at < 0) return undefined;
    this.#cursor = at + 1;
    return exchanges[at];
  }

  /** False where the recording has nothing to stand for it. */
  #standIn(standing: Standing, line: string): boolean {
    if ("as" in standing) {
      const as = typeof standing.as === "string" ? standing.as : standing.as(line);
      const found = this.#find(as, () => true);
      if (!found) return false;
      const [echo = "", ...answer] = found.came;
      this.#say([echo.replace(as, () => line), ...answer]);
      return true;
    }
    const answer = standing.answer({ recording: this.#recording, typed: this.#typed });
    if (standing.asks) this.#say([line, `\n${answer}`]);
    else {
      const prompt = this.#promptAgain(standing.prompt?.(this.#tail) ?? this.#tail);
      this.#say([line, answer === "" ? prompt : `\n${answer.replace(/\n$/, "")}${prompt}`]);
    }
    return true;
  }

  /** How this device shows its prompt again, with the lines above it, where somebody has typed a newline there. */
  #promptAgain(prompt: string): string {
    const again = this.#recording.exchanges.find(({ typed, at, came }) => {
      const all = came.join("");
      return typed === "" && at === prompt && lastLine(all) === prompt;
    });
    return again?.came.join("") ?? `\n${prompt}`;
  }
}
