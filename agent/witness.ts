import { continues, openCheckpoint } from "../shared/audit/proofs.ts";
import type { Bytes } from "../shared/bytes.ts";
import { parseEnvelope } from "../shared/envelope.ts";
import { FarhandError } from "../shared/errors.ts";
import type { Store, Tx } from "../shared/store.ts";
import type { DownHeader, UpHeader } from "../shared/wire/messages.ts";
import { addConflict, heldCheckpoint, isDoubted, keepCheckpoint } from "./journal/checkpoints.ts";
import { revocationHeads } from "./journal/revocations.ts";
import type { AgentLog } from "./log.ts";
import type { Trust } from "./trust.ts";

export interface WitnessOptions {
  readonly store: Store;
  readonly trust: Pick<Trust, "keys">;
  readonly nowMs: () => number;
  readonly log: AgentLog;
  readonly say: (header: UpHeader<"witnessed">) => void;
}

const REVOKED_TOLD_MAX = 1000;

/**
 * Watches that the hub only adds to its audit log. What it has seen is on disk before a receipt quotes it; a log that is not a
 * continuation stops new work here, and both checkpoints are kept, each with the hub's own signature.
 */
export class Witness {
  readonly #options: WitnessOptions;

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  /** What the next checkpoint must continue, and how far the log was seen before each revocation. */
  async tell(): Promise<void> {
    const { store, trust, say } = this.#options;
    const [held, heads] = await store.read(
      async (tx) => [await heldCheckpoint(tx), await revocationHeads(tx)] as const,
    );
    const kids = [...new Set(trust.keys.keys.document.revoked.map(({ kid }) => kid))].slice(-REVOKED_TOLD_MAX);
    say({
      checkpoint: held ? { epoch: held.epoch, size: held.size, root: held.root } : null,
      ...(kids.length > 0 && { revoked: kids.map((kid) => ({ kid, size: heads.get(kid)?.size ?? null })) }),
    });
  }

  /** Nothing that is not signed by the hub counts, neither for it nor against it. */
  async take({ from, proof }: DownHeader<"checkpoint">, bytes: Bytes): Promise<void> {
    const { store, trust, log, nowMs } = this.#options;
    const envelope = parseEnvelope(bytes);
    const offered = await openCheckpoint(envelope, trust.keys);
    const held = await store.read(heldCheckpoint);
    // A proof from elsewhere shows nothing, so it accuses nobody: the hub is told again where this agent stands.
    if (held && offered.epoch === held.epoch && offered.size > held.size && from !== held.size) return this.tell();
    const seenMs = nowMs();
    const { epoch, size, root } = offered;
    const verdict = continues(held, offered, proof);
    if (verdict === "known") return;
    if (verdict === "newer") {
      await store.tx("checkpoint", (tx) => keepCheckpoint(tx, { epoch, size, root, envelope, seenMs }));
      return;
    }
    if (!held) throw new FarhandError("INTERNAL", "a conflict with nothing");
    await store.tx("checkpoint:conflict", (tx) =>
      addConflict(tx, { kind: verdict, held: held.envelope, offered: envelope, proof, seenMs }),
    );
    log.error("audit-log-rewritten", {
      code: "CHECKPOINT",
      detail: `${verdict}: witnessed ${held.size} entries (${held.root}), offered ${size} (${root}); see farhand-agent witness show`,
    });
  }
}

/** Throws CHECKPOINT while the hub's log contradicts itself: nothing new is taken from it. */
export async function requireUndoubted(tx: Pick<Tx, "all" | "get">): Promise<void> {
  if (await isDoubted(tx)) throw new FarhandError("CHECKPOINT", "evidence is kept; see farhand-agent witness show");
}
