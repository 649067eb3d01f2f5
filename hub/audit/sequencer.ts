import { entryHash } from "../../shared/audit/entry.ts";
import { Frontier } from "../../shared/audit/merkle.ts";
import { signCheckpoint } from "../../shared/audit/proofs.ts";
import type { Clock, TimerHandle } from "../../shared/clock.ts";
import type { Checkpoint } from "../../shared/documents/checkpoint.ts";
import { errorCode } from "../../shared/errors.ts";
import type { Digest, OrgId } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import type { Store, Tx } from "../../shared/store.ts";
import type { Log } from "../log.ts";
import {
  addCheckpoint,
  addNodes,
  chainRow,
  holdsLease,
  isBehind,
  isSignedSince,
  isStored,
  lastCheckpoint,
  logEnd,
  rangeHash,
  subtreeHashes,
  unchained,
  type StoredCheckpoint,
} from "../store/audit-log.ts";

const LOOK_MS = 400;
const LEASE_MS = 5_000;
const ROWS_AT_ONCE = 500;
const CHECKPOINT_MS = 60_000;
/** Another life of the log begins only with a document that people sign; there is none yet. */
const EPOCH = 1;

export interface SequencerDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly signer: Signer;
  readonly hubId: string;
  /** Undefined until keys.json says which it is: until then entries are chained, and no checkpoint is signed. */
  readonly org: () => OrgId | undefined;
  /** Names this process among those that share the store. */
  readonly holder: string;
  readonly onCheckpoint: () => void;
  readonly log: Log;
}

/**
 * Gives every audit row its place in the log, and signs what the log is. One at a time, by lease: with replicas the one that
 * holds it works and the others look. It owns its timer, and none of it is in the way of those who write rows.
 */
export class Sequencer {
  readonly #deps: SequencerDeps;
  #timer: TimerHandle | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: SequencerDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#deps.clock.after(LOOK_MS, () => {
      this.#running = this.#look().finally(() => this.start());
    });
  }

  /** What was written so far is chained and signed before it ends. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.clear();
    await this.#running;
    await this.#look(true);
  }

  async #look(isLast = false): Promise<void> {
    try {
      await this.tick(isLast);
    } catch (error) {
      this.#deps.log.error("audit", { code: errorCode(error), detail: String(error).slice(0, 500) });
    }
  }

  /** Chains what is there, and signs a checkpoint if one is due. `isDue` asks for one whenever there is something new. */
  async tick(isDue = false): Promise<void> {
    const { store } = this.#deps;
    if (await store.read(isBehind)) while (await store.tx("audit.chain", (tx) => this.#chain(tx)));
    await this.#checkpoint(isDue);
  }

  /** True when there may be more. */
  async #chain(tx: Tx): Promise<boolean> {
    if (!(await this.#leads(tx))) return false;
    const rows = await unchained(tx, ROWS_AT_ONCE);
    const { size, last } = await logEnd(tx);
    const frontier = Frontier.at(size, await subtreeHashes(tx, { start: 0, end: size }));
    let prev = last;
    for (const row of rows) {
      const place = frontier.size;
      const hash = entryHash(row.at(place, prev));
      await chainRow(tx, row.id, place, hash);
      await addNodes(tx, frontier.push(hash).filter(isStored));
      prev = hash;
    }
    return rows.length === ROWS_AT_ONCE;
  }

  #leads(tx: Tx): Promise<boolean> {
    const nowMs = this.#deps.clock.nowMs();
    return holdsLease(tx, { name: "audit", holder: this.#deps.holder, nowMs, expiresMs: nowMs + LEASE_MS });
  }

  async #checkpoint(isDue: boolean): Promise<void> {
    const { store, clock, hubId, signer } = this.#deps;
    const org = this.#deps.org();
    const nowMs = clock.nowMs();
    const state = org && (await store.read((tx) => dueState(tx, nowMs, isDue)));
    if (!org || !state) return;
    const { size, root } = state;
    const at = Math.floor(nowMs / 1000);
    const checkpoint: Checkpoint = { type: "checkpoint", v: 1, org, hub: hubId, epoch: EPOCH, size, root, at };
    const envelope = await signCheckpoint(checkpoint, signer);
    const stored: StoredCheckpoint = { epoch: EPOCH, size, root, atMs: nowMs, envelope };
    const isNew = await store.tx(
      "audit.checkpoint",
      async (tx) => (await this.#leads(tx)) && addCheckpoint(tx, stored),
    );
    if (isNew) this.#deps.onCheckpoint();
  }
}

/** The log as it is to be signed now: at once when a person's signature was stored, within a minute for everything else. */
async function dueState(
  tx: Pick<Tx, "all" | "get">,
  nowMs: number,
  isDue: boolean,
): Promise<{ readonly size: number; readonly root: Digest } | undefined> {
  const { size } = await logEnd(tx);
  const held = await lastCheckpoint(tx);
  if (size === (held?.size ?? 0)) return undefined;
  const isOld = !held || nowMs - held.atMs >= CHECKPOINT_MS || nowMs < held.atMs;
  if (!isDue && !isOld && !(await isSignedSince(tx, held.size))) return undefined;
  return { size, root: await rangeHash(tx, { start: 0, end: size }) };
}
