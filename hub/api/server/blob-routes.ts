import type { Digest } from "../../../shared/ids.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { audit } from "../../store/audit.ts";
import { findBlob, readBlob } from "../../store/blobs.ts";
import type { ApiDeps } from "./deps.ts";

/** A stored text, part by part: what a device said may be larger than memory. Never anything that a browser would show. */
export async function blobResponse(
  deps: Pick<ApiDeps, "store" | "cipher" | "clock">,
  sha256: Digest,
  actor: string,
): Promise<Response> {
  const blob = await findBlob(deps.store, sha256);
  if (!blob) throw new FarhandError("NOT_FOUND", `no text ${sha256}`);
  // A sealed configuration holds a device's secrets, for whoever has a key to it: who took one away is told before it is given.
  if (blob.media === "sealed") {
    const nowMs = deps.clock.nowMs();
    await deps.store.tx("text.reveal", (tx) =>
      audit(tx, nowMs, { actor, action: "text.reveal", object: "sealed", digest: sha256, decision: "allowed" }),
    );
  }
  let at = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (at >= blob.total) return controller.close();
        const part = await readBlob(deps.store, deps.cipher, blob, at);
        if (part.length === 0) throw new FarhandError("IO", `text ${sha256} has a hole`);
        at += part.length;
        controller.enqueue(part);
        if (at >= blob.total) controller.close();
      },
    },
    { highWaterMark: 1 },
  );
  return new Response(body, {
    headers: {
      "content-type": "application/octet-stream",
      "content-length": String(blob.total),
      "content-disposition": `attachment; filename="${sha256}"`,
    },
  });
}
