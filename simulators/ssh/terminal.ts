/**
 * A terminal line as a network device offers it: a line editor that echoes, a password prompt that does not, a pager.
 * What a device answers is no business of this file.
 */
import type { Duplex } from "node:stream";
import type { Clock } from "../../shared/clock.ts";
import { KeyReader } from "./keys.ts";
import { Output, SessionClosed, type Pace } from "./output.ts";

export type LineResult =
  | { kind: "line"; text: string }
  /** Ctrl-Z: the line before it is still executed in configuration mode. */
  | { kind: "end"; text: string }
  /** Ctrl-C. */
  | { kind: "cancel" }
  /** `?` typed: the text before it stays on the line and comes back as the next `prefill`. */
  | { kind: "help"; text: string };

export interface LineOptions {
  prompt: string;
  prefill?: string;
  /** Without it `?` is an ordinary character. */
  help?: boolean;
  /** With it Ctrl-D ends the input (`end`), as where a device takes lines until an end of file. */
  endOfFile?: boolean;
  /** Told of control keys that mean nothing to the line itself; true ends the line as Ctrl-C does (RouterOS: Ctrl-X, Ctrl-D). */
  control?: (key: number) => boolean;
}

export interface TerminalOptions {
  stream: Duplex;
  clock: Clock;
  signal: AbortSignal;
  pace?: () => Pace | undefined;
  onBytes?: (count: number) => void;
}

const MORE = " --More-- ";
/** What IOS sends over its own `--More--`: nine back, eight blanks, nine back. */
const ERASE_MORE = `${"\b".repeat(9)}${" ".repeat(8)}${"\b".repeat(9)}`;
const SCROLL_KEEP_FREE = 10;

export type PageText = string | Iterable<Buffer>;

export class Terminal {
  readonly output: Output;
  readonly keys: KeyReader;
  /** 0 turns paging off. */
  length = 24;
  /** 0 is unlimited. */
  width = 80;
  /** Goes out before the line end of a line that is not empty: Junos completes the last word, and a blank stays. */
  enterEcho = "";
  /** What the pager asks with, and what it sends to take the question away. */
  more = { prompt: MORE, erase: ERASE_MORE };

  constructor(options: TerminalOptions) {
    this.output = new Output({
      stream: options.stream,
      clock: options.clock,
      signal: options.signal,
      pace: options.pace ?? (() => undefined),
      ...(options.onBytes ? { onBytes: options.onBytes } : {}),
    });
    this.keys = new KeyReader(options.stream, options.signal);
  }

  write(text: string): Promise<void> {
    return this.output.text(text);
  }

  async readLine(options: LineOptions): Promise<LineResult> {
    let text = options.prefill ?? "";
    let pending = options.prompt + text;
    let scrolled = false;
    const room = () => (this.width === 0 ? Number.POSITIVE_INFINITY : Math.max(20, this.width - options.prompt.length));
    const flush = async () => {
      if (pending === "") return;
      const out = pending;
      pending = "";
      await this.output.raw(Buffer.from(out, "utf8"));
    };
    const bytes: number[] = [...Buffer.from(text, "utf8")];
    for (;;) {
      if (!this.keys.hasMore) await flush();
      const key = await this.keys.next();
      switch (key) {
        case 0x0d:
          pending += text === "" ? "\r\n" : `${this.enterEcho}\r\n`;
          await flush();
          return { kind: "line", text };
        case 0x04:
          if (!options.endOfFile) {
            if (options.control?.(key) !== true) continue;
            pending += "\r\n";
            await flush();
            return { kind: "cancel" };
          }
          pending += "^D\b\b";
          await flush();
          return { kind: "end", text };
        case 0x1a:
          pending += "^Z\r\n";
          await flush();
          return { kind: "end", text };
        case 0x03:
          pending += "^C\r\n";
          await flush();
          return { kind: "cancel" };
        case 0x7f:
        case 0x08:
          if (bytes.length > 0) {
            while (((bytes.at(-1) ?? 0) & 0xc0) === 0x80) bytes.pop();
            bytes.pop();
            text = Buffer.from(bytes).toString("utf8");
            pending += "\b \b";
          }
          continue;
        case 0x15:
          pending += "\b \b".repeat(text.length);
          bytes.length = 0;
          text = "";
          continue;
        case 0x16: {
          // Ctrl-V: the next key is text, whatever it is. The way to type a banner's real delimiter.
          const literal = await this.keys.next();
          bytes.push(literal);
          text += String.fromCharCode(literal);
          pending += literal < 0x20 ? `^${String.fromCharCode(literal + 0x40)}` : String.fromCharCode(literal);
          continue;
        }
        case 0x09:
          // Completion is for people. A tab in a pasted line is a blank.
          bytes.push(0x20);
          text += " ";
          pending += " ";
          continue;
        case 0x3f:
          if (options.help) {
            pending += "?\r\n";
            await flush();
            return { kind: "help", text };
          }
          break;
        default:
          if (key >= 0x20) break;
          if (options.control?.(key) !== true) continue;
          pending += "\r\n";
          await flush();
          return { kind: "cancel" };
      }
      bytes.push(key);
      if (key < 0x80) {
        text += String.fromCharCode(key);
        pending += String.fromCharCode(key);
      } else {
        const before = text;
        text = Buffer.from(bytes).toString("utf8");
        if (!text.endsWith("\uFFFD")) pending += text.slice(before.replace(/\uFFFD+$/, "").length);
      }
      if (text.length >= room() - 1 && (!scrolled || (text.length - room() + 1) % SCROLL_KEEP_FREE === 0)) {
        pending += scrollLeft(text, room());
        scrolled = true;
      }
    }
  }

  /** A question whose answer is a line: `Destination filename [startup-config]? `. Undefined after Ctrl-C. */
  async ask(prompt: string): Promise<string | undefined> {
    const answer = await this.readLine({ prompt });
    switch (answer.kind) {
      case "line":
      case "end":
      case "help":
        return answer.text;
      case "cancel":
        return undefined;
      default:
        return answer satisfies never;
    }
  }

  /** `[confirm]`: one key is enough, and it is not echoed. */
  async confirm(prompt: string): Promise<boolean> {
    await this.write(prompt);
    const key = await this.keys.next();
    await this.write("\n");
    return key === 0x0d || key === 0x79 || key === 0x59;
  }

  async readPassword(prompt: string): Promise<string> {
    await this.write(prompt);
    const bytes: number[] = [];
    for (;;) {
      const key = await this.keys.next();
      if (key === 0x0d) break;
      if (key === 0x7f || key === 0x08) bytes.pop();
      else if (key === 0x15) bytes.length = 0;
      else if (key >= 0x20) bytes.push(key);
    }
    await this.write("\n");
    return Buffer.from(bytes).toString("utf8");
  }

  /** Shows a text through the pager. `forced` is the length of a device that ignores what the user asked for. */
  async page(text: PageText, forced?: number): Promise<void> {
    const length = forced ?? this.length;
    if (length <= 1) {
      if (typeof text === "string") await this.write(text);
      else for (const chunk of text) await this.output.raw(chunk);
      return;
    }
    const lines = typeof text === "string" ? text.split("\n") : linesOf(text);
    await this.#pageLines(lines, length, typeof text === "string");
  }

  async #pageLines(lines: Iterable<string>, length: number, lastIsPartial: boolean): Promise<void> {
    let left = length - 1;
    let screen = "";
    let previous: string | undefined;
    for (const line of lines) {
      if (previous !== undefined) {
        if (left <= 0) {
          const screenful = screen;
          screen = "";
          await this.write(screenful + this.more.prompt);
          const step = await this.#morePressed();
          await this.output.raw(Buffer.from(this.more.erase));
          switch (step) {
            case "quit":
              await this.write("\n");
              return;
            case "page":
              left = length - 1;
              break;
            case "line":
              left = 1;
              break;
            default:
              step satisfies never;
          }
        }
        screen += `${previous}\n`;
        left -= 1;
      }
      previous = line;
    }
    await this.write(screen + (previous ?? "") + (lastIsPartial ? "" : "\n"));
  }

  async #morePressed(): Promise<"page" | "line" | "quit"> {
    const key = await this.keys.next();
    if (key === 0x20) return "page";
    if (key === 0x0d) return "line";
    return "quit";
  }
}

/** IOS shifts a line that meets the right edge: it redraws its end behind a `$`. */
function scrollLeft(text: string, room: number): string {
  const keep = room - SCROLL_KEEP_FREE - 1;
  const shown = `$${text.slice(-keep)}`;
  return `${"\b".repeat(room - 1)}${shown}${" ".repeat(SCROLL_KEEP_FREE)}${"\b".repeat(SCROLL_KEEP_FREE)}`;
}

function* linesOf(chunks: Iterable<Buffer>): Generator<string> {
  let rest = "";
  for (const chunk of chunks) {
    const parts = (rest + chunk.toString("utf8")).split(/\r?\n/);
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}

export { SessionClosed };
