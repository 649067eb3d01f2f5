import type { Clock } from "../../shared/clock.ts";
import type { Signer } from "../../shared/keys.ts";
import type { Store } from "../../shared/store.ts";
import type { Random } from "../core/model.ts";
import type { Refusals } from "../audit/refusals.ts";
import type { EffectSink } from "../effects.ts";
import type { Pump } from "../ingest/pump.ts";
import type { Log } from "../log.ts";
import type { BlobCipher } from "../store/cipher.ts";
import type { TrustHolder } from "../trust.ts";

/** What every carrier's links need; nothing of it is global. */
export interface LinkDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly cipher: BlobCipher;
  readonly trust: TrustHolder;
  readonly hubId: string;
  readonly signer: Signer;
  readonly pump: Pump;
  readonly effects: EffectSink;
  readonly refusals: Refusals;
  readonly log: Log;
}
