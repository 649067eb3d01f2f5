import type { Clock } from "../../../shared/clock.ts";
import type { JobId } from "../../../shared/ids.ts";
import type { Signer } from "../../../shared/keys.ts";
import type { Store } from "../../../shared/store.ts";
import type { Refusals } from "../../audit/refusals.ts";
import type { BundleFolder } from "../../bundles/import.ts";
import type { EffectSink } from "../../effects.ts";
import type { Pump } from "../../ingest/pump.ts";
import type { Links } from "../../links/registry.ts";
import type { Log } from "../../log.ts";
import type { BlobCipher } from "../../store/cipher.ts";
import type { TrustHolder } from "../../trust.ts";
import type { Watchers } from "./watchers.ts";

/** Everything the HTTP surface acts through: nothing in it is global. */
export interface ApiDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly cipher: BlobCipher;
  readonly trust: TrustHolder;
  readonly hubId: string;
  readonly signer: Signer;
  readonly pump: Pump;
  readonly effects: EffectSink;
  readonly log: Log;
  readonly publicUrl: string;
  readonly caPem: string;
  readonly version: string;
  readonly startedMs: number;
  readonly composer: { compose(job: JobId): Promise<void> };
  readonly links: Pick<Links, "kick" | "grantsMoved" | "holdsMoved" | "readmitted">;
  /** Woken by the effect sink; event streams look at once instead of at their next poll. */
  readonly watchers?: Watchers;
  /** Evidence that comes as files; absent where none is taken. */
  readonly bundles?: BundleFolder;
  /** Where refusals are written; the API makes its own where it shares none with the links. */
  readonly refusals?: Refusals;
}
