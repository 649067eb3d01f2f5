import type { BundleFile } from "../../shared/bundle/read.ts";
import { carriedTrust } from "../../shared/bundle/trust.ts";
import type { TrustStore } from "../../shared/trust.ts";
import { readMetadata } from "../../shared/tuf/metadata.ts";
import type { TrustUpdate } from "../../shared/tuf/set.ts";
import type { Trust } from "../trust.ts";

/** The trust that a bundle carries: looked at before anything of it counts, taken once all of the bundle holds. */
export interface BundleTrust {
  /** The keys that would be in force: the hub's own may be newer than those held. */
  readonly keys: TrustStore;
  /** What of it was new. */
  take(): Promise<readonly string[]>;
}

export async function openBundleTrust(file: BundleFile, held: Trust): Promise<BundleTrust> {
  const update = await carriedTrust(file);
  // A stick may be slower than a line: what it carries of trust is then passed over, and the rest of it is still of use.
  if (!update || isOlder(update, held)) return { keys: held.keys, take: () => Promise.resolve([]) };
  const { keys } = await held.preview(update);
  return {
    keys,
    async take() {
      const before = held.view;
      await held.take(update);
      const { view } = held;
      const moved: string[] = [];
      if (view.keys.keys.digest !== before.keys.keys.digest) moved.push("keys");
      if (view.agents?.digest !== before.agents?.digest) moved.push("agents");
      if (view.inventory?.digest !== before.inventory?.digest) moved.push("inventory");
      if (view.facts.versions.root !== before.facts.versions.root) moved.unshift("root");
      return moved;
    },
  };
}

/** Nothing of it would be taken but for the names of older versions; it need not even hold under the newer root. */
function isOlder({ timestamp, snapshot }: TrustUpdate, { facts }: Trust): boolean {
  if (!timestamp || !snapshot) return false;
  return (
    readMetadata("timestamp", timestamp).signed.version <= facts.versions.timestamp &&
    readMetadata("snapshot", snapshot).signed.version <= facts.versions.snapshot
  );
}
