import type { Clock, TimerHandle } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Bytes } from "../../shared/bytes.ts";
import type { Digest } from "../../shared/ids.ts";
import type { DownHeader, DownMessage, UpHeader, UpMessage } from "../../shared/wire/messages.ts";
import { Fetcher } from "./fetcher.ts";
import { Pump, type PumpOptions } from "./pump.ts";
import { Reconnect } from "./reconnect.ts";
import { Closed, newNonce, Session, type HelloFacts, type LinkIdentity } from "./session.ts";

const PULL_EVERY_MS = 30_000;
/** How much the hub may be ahead of what this agent has handled. */
const DOWN_WINDOW_BYTES = 4 * 1024 * 1024;
/** A hub that keeps to its window stays far below; beyond, it would decide how much memory this process takes. */
const WAITING_BYTES_MAX = 4 * DOWN_WINDOW_BYTES;
const NONCES_MAX = 64;
const WAY_HOME_MS = 30_000;
const WAY_HOME_AGAIN_MS = 1_000;

/** What the rest of the agent does with what arrives. Each may take its time; messages wait for it in order. */
export interface LinkHandlers {
  facts(): Promise<HelloFacts>;
  capacity(): Promise<number>;
  /** What the hub holds of each lane. Throws to end the session before anything of it is used. */
  welcomed(welcome: DownHeader<"welcome">): Promise<void>;
  readmission(bytes: Bytes): Promise<void>;
  hold(bytes: Bytes): Promise<void>;
  /** Both sides have proved who they are: say again what the hub may not know. */
  connected(): Promise<void>;
  offer(header: DownHeader<"offer">, nonces: ReadonlySet<string>): Promise<void>;
  manifest(header: DownHeader<"manifest">, bytes: Bytes): Promise<void>;
  cancel(header: DownHeader<"cancel">): Promise<void>;
  trust(header: DownHeader<"trust">, bytes: Bytes): Promise<void>;
  settled(header: DownHeader<"settled">): Promise<void>;
  grant(header: DownHeader<"grant">): Promise<void>;
  checkpoint(header: DownHeader<"checkpoint">, bytes: Bytes): Promise<void>;
  credential(header: DownHeader<"credential">, bytes: Bytes): Promise<void>;
}

export interface LinkOptions {
  readonly identity: LinkIdentity;
  readonly clock: Clock;
  readonly random: () => number;
  readonly pump: PumpOptions;
  readonly handlers: LinkHandlers;
  /** How long a change's way home is looked for. */
  readonly wayHomeMs?: number;
  log(event: "link-up" | "link-down", fields: { code?: string; detail?: string }): void;
}

interface Live {
  readonly session: Session;
  readonly pump: Pump;
  readonly fetcher: Fetcher;
  readonly nonces: Set<string>;
}

/** The agent's one way to the hub: connects out, proves itself, pulls, sends what the outbox holds, and comes back when cut. */
export class Link {
  readonly #options: LinkOptions;
  #live: Live | undefined;
  #pullTimer: TimerHandle | undefined;
  #receivedBytes = 0;
  #lastError: FarhandError | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isLive(): boolean {
    return this.#live !== undefined;
  }

  get lastError(): FarhandError | undefined {
    return this.#lastError;
  }

  /** Ends the session, so that the next hello says what is so now. */
  renew(): void {
    this.#live?.session.end(new FarhandError("CONNECTION_LOST", "this agent begins a session anew"));
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const reconnect = new Reconnect(clock, random);
    let first = true;
    while (!signal.aborted) {
      const startedMs = { value: clock.monotonicMs() };
      let retryAfterMs = 0;
      try {
        await reconnect.beforeAttempt(signal, first);
        first = false;
        startedMs.value = clock.monotonicMs();
        await this.#session(signal);
      } catch (error) {
        if (signal.aborted) return;
        const reason =
          error instanceof FarhandError
            ? error
            : new FarhandError("INTERNAL", String(error).slice(0, 200), { cause: error });
        this.#lastError = reason;
        if (reason instanceof Closed) retryAfterMs = reason.retryAfterMs;
        this.#options.log("link-down", {
          code: reason.code,
          ...(reason.detail === undefined ? {} : { detail: reason.detail }),
        });
      }
      reconnect.ended(clock.monotonicMs() - startedMs.value, retryAfterMs);
    }
  }

  /** There may be something to send. */
  kick(): void {
    this.#live?.pump.kick();
  }

  /** Sent when the link is up; otherwise lost, and said again after the next hello. */
  say<K extends UpMessage["kind"]>(kind: K, header: UpHeader<K>): void {
    const live = this.#live;
    if (live && !live.session.ended) live.session.send(kind, header);
  }

  async fetch(digest: Digest, bytesMax: number): Promise<Bytes> {
    if (!this.#live) throw new FarhandError("CONNECTION_LOST", "hub");
    return this.#live.fetcher.fetch(digest, bytesMax);
  }

  pullSoon(): void {
    const live = this.#live;
    if (live) void this.#pull(live).catch((error: unknown) => this.#fail(live, error));
  }

  /**
   * A fresh TLS connection on which the hub proves itself: what a change must not have cut. Routing may need a moment to
   * settle, so it is tried again for a while, and no longer than the device's own timer allows (`signal`).
   */
  async wayHome(signal: AbortSignal): Promise<void> {
    const { identity, clock, handlers, wayHomeMs } = this.#options;
    const facts = async (): Promise<HelloFacts> => ({ ...(await handlers.facts()), wayHome: true });
    const untilMs = clock.monotonicMs() + (wayHomeMs ?? WAY_HOME_MS);
    for (;;) {
      try {
        const session = await Session.open(identity, facts, clock, signal);
        session.end(new FarhandError("CANCELED", "the way home is proved"));
        return;
      } catch (error) {
        const isOver = signal.aborted || clock.monotonicMs() + WAY_HOME_AGAIN_MS >= untilMs;
        if (isOver)
          throw new FarhandError("WAY_HOME_LOST", error instanceof FarhandError ? error.code : undefined, {
            cause: error,
          });
      }
      await clock.sleep(WAY_HOME_AGAIN_MS, signal);
    }
  }

  async #session(signal: AbortSignal): Promise<void> {
    const { identity, clock, handlers, pump: pumpOptions } = this.#options;
    const session = await Session.open(identity, () => handlers.facts(), clock, signal);
    await this.#welcomed(session);
    const pump = new Pump(pumpOptions, session, session.welcome, (error) => this.#fail(live, error));
    const fetcher = new Fetcher((sha256, offset) => session.send("fetch", { sha256, offset }), clock);
    const live: Live = { session, pump, fetcher, nonces: new Set() };
    this.#live = live;
    this.#receivedBytes = 0;
    this.#options.log("link-up", {});
    const intake = new Intake(
      (message) => this.#handle(live, message),
      (error) => this.#fail(live, error),
    );
    let waitingBytes = 0;
    try {
      session.send("credit", { bytes: DOWN_WINDOW_BYTES });
      await handlers.connected();
      pump.kick();
      await this.#pull(live);
      for (;;) {
        const { message, bytes } = await session.receive();
        if (this.#atOnce(live, message)) this.#handled(session, bytes);
        else {
          waitingBytes += bytes;
          if (waitingBytes > WAITING_BYTES_MAX) throw new FarhandError("CREDIT", "the hub sends without credit");
          intake.add(message, () => {
            waitingBytes -= bytes;
            this.#handled(session, bytes);
          });
        }
      }
    } finally {
      this.#live = undefined;
      this.#pullTimer?.clear();
      session.end(new FarhandError("CONNECTION_LOST", "hub"));
      fetcher.stop(new FarhandError("CONNECTION_LOST", "hub"));
      await pump.stop();
      await intake.drained;
    }
  }

  async #welcomed(session: Session): Promise<void> {
    try {
      await this.#options.handlers.welcomed(session.welcome);
    } catch (error) {
      session.end(error instanceof FarhandError ? error : new FarhandError("INTERNAL", "welcome", { cause: error }));
      throw error;
    }
  }

  #fail(live: Live, error: unknown): void {
    const reason = error instanceof FarhandError ? error : new FarhandError("INTERNAL", "link", { cause: error });
    live.session.end(reason);
  }

  /** Messages that nothing has to wait for, and that those which wait may depend on. */
  #atOnce(live: Live, message: DownMessage): boolean {
    switch (message.kind) {
      case "blob":
        live.fetcher.take(message.header, message.body);
        return true;
      case "credit":
        live.pump.credit(message.header.bytes);
        return true;
      case "ack":
        live.pump.ack(message.header);
        return true;
      case "wake":
        this.pullSoon();
        return true;
      case "challenge":
      case "welcome":
        throw new FarhandError("PROTOCOL", `${message.kind} in a session`);
      case "close":
        throw new Closed(message.header);
      case "offer":
      case "manifest":
      case "cancel":
      case "trust":
      case "settled":
      case "checkpoint":
      case "credential":
      case "grant":
      case "readmission":
      case "hold":
        return false;
      default:
        return message satisfies never;
    }
  }

  async #handle(live: Live, message: DownMessage): Promise<void> {
    const { handlers } = this.#options;
    switch (message.kind) {
      case "offer":
        await handlers.offer(message.header, live.nonces);
        break;
      case "manifest":
        await handlers.manifest(message.header, message.body);
        break;
      case "cancel":
        await handlers.cancel(message.header);
        break;
      case "trust":
        await handlers.trust(message.header, message.body);
        break;
      case "settled":
        await handlers.settled(message.header);
        break;
      case "grant":
        await handlers.grant(message.header);
        break;
      case "checkpoint":
        await handlers.checkpoint(message.header, message.body);
        break;
      case "credential":
        await handlers.credential(message.header, message.body);
        break;
      case "readmission":
        await handlers.readmission(message.body);
        break;
      case "hold":
        await handlers.hold(message.body);
        break;
      case "blob":
      case "credit":
      case "ack":
      case "wake":
      case "challenge":
      case "welcome":
      case "close":
        break;
      default:
        message satisfies never;
    }
  }

  /** Handled, not received: a slow agent slows its hub down. */
  #handled(session: Session, bytes: number): void {
    const before = Math.floor(this.#receivedBytes / (DOWN_WINDOW_BYTES / 4));
    this.#receivedBytes += bytes;
    const after = Math.floor(this.#receivedBytes / (DOWN_WINDOW_BYTES / 4));
    if (after !== before && !session.ended) session.send("credit", { bytes: this.#receivedBytes + DOWN_WINDOW_BYTES });
  }

  async #pull(live: Live): Promise<void> {
    const capacity = await this.#options.handlers.capacity();
    if (this.#live !== live || live.session.ended) return;
    if (capacity > 0) {
      const nonce = newNonce();
      live.nonces.add(nonce);
      if (live.nonces.size > NONCES_MAX) {
        const [oldest] = live.nonces;
        if (oldest !== undefined) live.nonces.delete(oldest);
      }
      live.session.send("pull", { nonce, capacity });
    }
    this.#pullTimer?.clear();
    const delayMs = PULL_EVERY_MS * (0.5 + this.#options.random());
    this.#pullTimer = this.#options.clock.after(delayMs, () => this.pullSoon());
  }
}

/** Handles messages one after the other, so that a trust update is in force before the offer behind it is checked. */
class Intake {
  readonly #handle: (message: DownMessage) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(handle: (message: DownMessage) => Promise<void>, onError: (error: unknown) => void) {
    this.#handle = handle;
    this.#onError = onError;
  }

  get drained(): Promise<void> {
    return this.#last;
  }

  add(message: DownMessage, done: () => void): void {
    this.#last = this.#last.then(() => this.#one(message, done));
  }

  async #one(message: DownMessage, done: () => void): Promise<void> {
    if (this.#failed) return;
    try {
      await this.#handle(message);
      done();
    } catch (error) {
      this.#failed = true;
      this.#onError(error);
    }
  }
}
