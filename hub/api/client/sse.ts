import { FarhandError } from "../../../shared/errors.ts";

/** One dispatched event of a text/event-stream, as the HTML standard parses it. */
export interface ServerSentEvent {
  readonly id: string;
  readonly data: string;
}

const BUFFER_CHARS_MAX = 4 * 1024 * 1024;

/** Turns chunks of bytes into events. An event that the stream's end cut off is not dispatched: it will come again. */
export class SseParser {
  readonly #decoder = new TextDecoder();
  #buffer = "";
  #data: string[] = [];
  #size = 0;
  #id = "";

  push(chunk: Uint8Array): ServerSentEvent[] {
    this.#buffer += this.#decoder.decode(chunk, { stream: true });
    const events: ServerSentEvent[] = [];
    for (;;) {
      const end = this.#buffer.search(/\r\n|\n|\r(?!$)/);
      if (end === -1) break;
      const line = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + (this.#buffer.startsWith("\r\n", end) ? 2 : 1));
      const event = this.#line(line);
      if (event) events.push(event);
    }
    if (this.#buffer.length + this.#size > BUFFER_CHARS_MAX)
      throw new FarhandError("PROTOCOL", "an event is too large");
    return events;
  }

  #line(line: string): ServerSentEvent | undefined {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return undefined;
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") {
      this.#data.push(value);
      this.#size += value.length;
    } else if (field === "id" && !value.includes("\0")) this.#id = value;
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    if (this.#data.length === 0) return undefined;
    const event = { id: this.#id, data: this.#data.join("\n") };
    this.#data = [];
    this.#size = 0;
    return event;
  }
}
