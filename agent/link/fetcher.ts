import { sha256, type Bytes } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest } from "../../shared/ids.ts";
import type { DownHeader } from "../../shared/wire/messages.ts";
import type { Clock } from "../../shared/clock.ts";

export const TEXT_BYTES_MAX = 16 * 1024 * 1024;
const FETCH_MS = 60_000;

interface Want {
  readonly parts: Uint8Array[];
  received: number;
  readonly bytesMax: number;
  resolve(bytes: Bytes): void;
  reject(error: unknown): void;
}

/** Texts by digest, asked for part by part and used only when they have the digest that was asked for. */
export class Fetcher {
  readonly #wants = new Map<Digest, Want>();
  readonly #ask: (sha256: Digest, offset: number) => void;
  readonly #clock: Clock;

  constructor(ask: (sha256: Digest, offset: number) => void, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  async fetch(digest: Digest, bytesMax: number): Promise<Bytes> {
    if (this.#wants.has(digest)) throw new FarhandError("INTERNAL", "asked for twice");
    const timer = this.#clock.after(FETCH_MS, () => this.#end(digest, new FarhandError("BUNDLE_INCOMPLETE", digest)));
    try {
      return await new Promise<Bytes>((resolve, reject) => {
        this.#wants.set(digest, {
          parts: [],
          received: 0,
          bytesMax: Math.min(bytesMax, TEXT_BYTES_MAX),
          resolve,
          reject,
        });
        this.#ask(digest, 0);
      });
    } finally {
      timer.clear();
      this.#wants.delete(digest);
    }
  }

  /** A part arrived. Parts that were not asked for, or come twice, are dropped. */
  take(header: DownHeader<"blob">, body: Bytes): void {
    const want = this.#wants.get(header.sha256);
    if (!want || header.offset !== want.received) return;
    if (
      header.total > want.bytesMax ||
      want.received + body.length > header.total ||
      (body.length === 0 && header.total > 0)
    ) {
      this.#end(
        header.sha256,
        new FarhandError("BUNDLE_INCOMPLETE", `${header.sha256} is not the size that was signed`),
      );
      return;
    }
    want.parts.push(body);
    want.received += body.length;
    if (want.received < header.total) {
      this.#ask(header.sha256, want.received);
      return;
    }
    const bytes = new Uint8Array(Buffer.concat(want.parts));
    if (sha256(bytes) === header.sha256) want.resolve(bytes);
    else this.#end(header.sha256, new FarhandError("BUNDLE_INCOMPLETE", "a text with another digest than its name"));
  }

  stop(reason: FarhandError): void {
    for (const digest of this.#wants.keys()) this.#end(digest, reason);
  }

  #end(digest: Digest, error: FarhandError): void {
    this.#wants.get(digest)?.reject(error);
  }
}
