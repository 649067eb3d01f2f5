import type { Clock } from "../../../shared/clock.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { ByteStream } from "../ssh/stream.ts";
import { LineFolder } from "./fold.ts";

/** What a last line asks for: to stop here, to be answered, or nothing yet. */
export type TailVerdict<T> = { stop: T } | { type: string } | { page: string } | undefined;

export interface Listener<T> {
  /** Called with the lines that came in, in order; the next read waits for it. */
  lines(lines: readonly string[]): Promise<void> | void;
  /** Called after each chunk with the unfinished last line. */
  tail(text: string): TailVerdict<T>;
  /** Where armed: what to type when nothing has come for a while. */
  readonly idle?: { armed(): boolean; type(): string };
}

export interface Patience {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** What the wait is for, in the error. */
  readonly what: string;
}

const IDLE_MS = 500;

/**
 * A way out of whatever is being waited for. Not `Promise.race` with one long-lived promise: that keeps every value that ever won,
 * which here is all that the device has said.
 */
class Escape {
  #error: Error | undefined;
  #leave: ((error: Error) => void) | undefined;

  now(error: Error): void {
    this.#error ??= error;
    this.#leave?.(error);
  }

  from<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#error) reject(this.#error);
      this.#leave = reject;
      promise.then(resolve, reject);
    });
  }
}

/** Waits on a terminal, one wait at a time, each with a deadline. After a failed wait the terminal's state is unknown: it is closed. */
export class Dialogue {
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  readonly #folder = new LineFolder();
  #broken: Error | undefined;
  #reading: Promise<Uint8Array | null> | undefined;

  constructor(stream: ByteStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  get usable(): boolean {
    return this.#broken === undefined;
  }

  async type(text: string): Promise<void> {
    this.#refuseBroken();
    await this.#stream.write(text);
  }

  /** Drops the unfinished line, so that the next verdict is on what comes after. */
  forgetTail(): void {
    this.#folder.takeTail();
  }

  /** Listens until a verdict says stop. Errors: COMMAND_TIMEOUT, CONNECTION_LOST, what the listener throws; all poison. */
  async listen<T>(listener: Listener<T>, patience: Patience): Promise<T> {
    this.#refuseBroken();
    patience.signal.throwIfAborted();
    const escape = new Escape();
    const giveUp = (error: Error): void => escape.now(error);
    const abort = (): void =>
      giveUp(patience.signal.reason instanceof Error ? patience.signal.reason : new Error("aborted"));
    patience.signal.addEventListener("abort", abort, { once: true });
    const timer = this.#clock.after(patience.deadlineMs, () =>
      giveUp(new FarhandError("COMMAND_TIMEOUT", `${patience.what}: no prompt after ${patience.deadlineMs} ms`)),
    );
    try {
      return await this.#listen(listener, patience, escape);
    } catch (error) {
      this.poison(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      timer.clear();
      patience.signal.removeEventListener("abort", abort);
    }
  }

  async #listen<T>(listener: Listener<T>, patience: Patience, escape: Escape): Promise<T> {
    for (;;) {
      const bytes = await this.#read(listener, escape);
      if (bytes === null) throw new FarhandError("CONNECTION_LOST", `${patience.what}: the device ended the session`);
      const lines = this.#folder.push(bytes);
      if (lines.length > 0) await escape.from(Promise.resolve(listener.lines(lines)));
      const tail = this.#folder.tail();
      const verdict = tail === undefined || tail === "" ? undefined : listener.tail(tail);
      if (verdict === undefined) continue;
      if ("stop" in verdict) {
        this.#folder.takeTail();
        return verdict.stop;
      }
      if ("page" in verdict) {
        this.#folder.blankTail();
        await this.#stream.write(verdict.page);
      } else {
        this.#folder.takeTail();
        await this.#stream.write(verdict.type);
      }
    }
  }

  async #read<T>(listener: Listener<T>, escape: Escape): Promise<Uint8Array | null> {
    this.#reading ??= this.#stream.read();
    const reading = this.#reading;
    reading.catch(() => undefined);
    for (;;) {
      const silence = Promise.withResolvers<undefined>();
      const timer = listener.idle?.armed() ? this.#clock.after(IDLE_MS, () => silence.resolve(undefined)) : undefined;
      try {
        const bytes = await escape.from(timer === undefined ? reading : Promise.race([reading, silence.promise]));
        if (bytes !== undefined) {
          this.#reading = undefined;
          return bytes;
        }
      } finally {
        timer?.clear();
      }
      const text = listener.idle?.type();
      if (text !== undefined) await this.#stream.write(text);
    }
  }

  poison(error: Error): void {
    if (this.#broken) return;
    this.#broken = error;
    this.#stream.close();
  }

  #refuseBroken(): void {
    if (this.#broken)
      throw new FarhandError("CONNECTION_LOST", `the session is not usable after: ${this.#broken.message}`);
  }
}
