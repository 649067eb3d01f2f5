import { FarhandError } from "../../../shared/errors.ts";
import type { SnapshotView } from "../../api/client/index.ts";
import { timeOf } from "../plan/inputs.ts";

/** One configuration by its digest, which may be cut short. */
export function byPrefix(snapshots: readonly SnapshotView[], prefix: string): SnapshotView {
  const found = snapshots.filter((snapshot) => snapshot.public.sha256.startsWith(prefix.toLowerCase()));
  const digests = new Set(found.map((snapshot) => snapshot.public.sha256));
  const [first] = found;
  if (!/^[0-9a-fA-F]{4,64}$/.test(prefix) || !first)
    throw new FarhandError("NOT_FOUND", `no configuration ${prefix}: farhand device history shows them`);
  if (digests.size > 1) throw new FarhandError("USAGE", `${prefix} begins ${digests.size} digests; write more of it`);
  return first;
}

/** By digest, or as it was at a time: the newest that was taken no later. */
export function snapshotAt(snapshots: readonly SnapshotView[], to: string): SnapshotView {
  if (!to.includes("T")) return byPrefix(snapshots, to);
  const atMs = timeOf(to) * 1000;
  const found = snapshots.find((snapshot) => snapshot.takenMs <= atMs);
  if (!found) throw new FarhandError("NOT_FOUND", `no configuration as old as ${to}`);
  return found;
}
