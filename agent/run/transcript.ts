import type { Clock } from "../../shared/clock.ts";
import type { TextRef } from "../../shared/documents/manifest.ts";
import type { TranscriptSink } from "../../drivers/types.ts";
import type { Spool, SpoolWriter } from "./spool.ts";

const TRANSCRIPT_BYTES_MAX = 16 * 1024 * 1024;
const MARK = { sent: ">", received: "<", note: "#" } as const;

/** What was said to a device and what it said, redacted by the driver. Capped; where it was cut says so. */
export class Transcript implements TranscriptSink {
  readonly #writer: SpoolWriter;
  readonly #clock: Clock;
  readonly #startedMs: number;
  #full = false;

  constructor(spool: Spool, clock: Clock) {
    this.#writer = spool.writer("transcript");
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  async write(direction: "sent" | "received" | "note", text: string): Promise<void> {
    if (this.#full) return;
    const at = ((this.#clock.monotonicMs() - this.#startedMs) / 1000).toFixed(3);
    this.#full = this.#writer.bytes + text.length > TRANSCRIPT_BYTES_MAX;
    const line = this.#full
      ? "# the transcript is cut here: it reached its cap\n"
      : `${MARK[direction]} ${at} ${JSON.stringify(text)}\n`;
    await this.#writer.writeText(line);
  }

  /** Null when nothing was said. */
  async finish(): Promise<TextRef | null> {
    return this.#writer.bytes === 0 ? null : this.#writer.finish();
  }

  abandon(): Promise<void> {
    return this.#writer.abandon();
  }
}
