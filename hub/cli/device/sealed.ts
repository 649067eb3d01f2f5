import { sha256, type Bytes } from "../../../shared/bytes.ts";
import { TextRef } from "../../../shared/documents/manifest.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { HubClient, SnapshotView } from "../../api/client/index.ts";

/** The sealed form behind a snapshot, checked against its digest. Throws NOT_RESTORABLE where there is none, or none that helps. */
export async function sealedOf(
  client: HubClient,
  snapshot: SnapshotView,
  purpose: "restore" | "read" = "restore",
): Promise<{ bytes: Bytes; ref: TextRef }> {
  if (purpose === "restore" && snapshot.notRestorable !== null)
    throw new FarhandError("NOT_RESTORABLE", snapshot.notRestorable);
  if (snapshot.sealed === null) throw new FarhandError("NOT_RESTORABLE", "its sealed form was not kept");
  const bytes = await client.getBlob(snapshot.sealed);
  if (sha256(bytes) !== snapshot.sealed)
    throw new FarhandError("RECEIPT_MISMATCH", "the hub sent other bytes than the receipt names");
  const ref = TextRef.safeParse({ sha256: snapshot.sealed, bytes: bytes.length });
  if (!ref.success) throw new FarhandError("NOT_RESTORABLE", `its sealed form has ${bytes.length} bytes`);
  return { bytes, ref: ref.data };
}
