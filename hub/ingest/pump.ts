import type { Clock } from "../../shared/clock.ts";
import { errorCode } from "../../shared/errors.ts";
import type { Store } from "../../shared/store.ts";
import type { HubEffect } from "../effects.ts";
import { checkWholeUploads } from "../store/blobs.ts";
import type { BlobCipher } from "../store/cipher.ts";
import { messagesAfter, takeMessage, type StoredMessage } from "../store/messages.ts";
import { streamsBehind } from "../store/streams.ts";
import { applyBacklog, type ApplyDeps } from "./apply.ts";
import { decideAssignmentIn, decideJobIn, type At } from "./decide.ts";
import type { Random } from "../core/model.ts";

const MESSAGES_AT_ONCE = 200;

export interface PumpDeps extends ApplyDeps {
  readonly cipher: BlobCipher;
  readonly clock: Clock;
  readonly random: Random;
  readonly onFault: (where: string, error: unknown) => void;
}

/**
 * Carries what one aggregate tells another, and what records mean, each in a transaction of its own. All of it stands in
 * rows: a pump that dies loses nothing, and the next one begins where it stopped.
 */
export class Pump {
  readonly #deps: PumpDeps;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(deps: PumpDeps) {
    this.#deps = deps;
  }

  /** There may be something to do. */
  kick(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** Resolves when nothing was left to do. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.idle();
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        if (await pumpOnce(this.#deps)) this.#again = true;
      }
    } catch (error) {
      // The rows are still there; the next kick or tick begins again.
      this.#deps.onFault("pump", error);
    } finally {
      this.#running = undefined;
    }
  }
}

/** Does what is there to do now; true when something was. */
export async function pumpOnce(deps: PumpDeps): Promise<boolean> {
  const at: At = { nowMs: deps.clock.nowMs(), random: deps.random };
  let did = await checkWholeUploads(deps.store, deps.cipher, at.nowMs);
  const streams = await streamsBehind(deps.store);
  // What an agent began by itself is told in its receipts' lane: the words about it are understood only after that.
  for (const isReceipts of [true, false]) {
    await Promise.all(
      streams
        .filter(({ lane }) => (lane === "receipt") === isReceipts)
        .map(async ({ id }) => {
          if (await applyBacklog(deps, id, at)) did = true;
        }),
    );
  }
  const messages = await messagesAfter(deps.store, 0, MESSAGES_AT_ONCE);
  if (messages.length === 0) return did;
  await pumpMessages(deps, messages, at);
  return true;
}

/** Messages to one target stay in order; those to different ones share a commit. */
async function pumpMessages(deps: PumpDeps, messages: readonly StoredMessage[], at: At): Promise<void> {
  const byTarget = new Map<string, StoredMessage[]>();
  for (const message of messages) {
    const target = message.to === "job" ? `job ${message.job}` : `${message.key.manifest} ${message.key.attempt}`;
    const queue = byTarget.get(target);
    if (queue) queue.push(message);
    else byTarget.set(target, [message]);
  }
  await Promise.all(
    [...byTarget.values()].map(async (queue) => {
      for (const message of queue) {
        const effects = await deliver(deps.store, message, at);
        deps.effects.perform(effects);
      }
    }),
  );
  deps.effects.moved();
}

async function deliver(store: Store, message: StoredMessage, at: At): Promise<readonly HubEffect[]> {
  return store.tx("message", async (tx): Promise<readonly HubEffect[]> => {
    if (!(await takeMessage(tx, message.id))) return [];
    if (message.to === "job") {
      try {
        return await decideJobIn(tx, message.job, { type: "progress" }, at);
      } catch (error) {
        if (errorCode(error) === "NOT_FOUND") return [];
        throw error;
      }
    }
    const decided = await decideAssignmentIn(tx, message.key, [message.body], at);
    return decided?.effects ?? [];
  });
}
