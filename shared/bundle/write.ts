import { constants, rmSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { sha256 } from "../bytes.ts";
import type { BundleEntry } from "../documents/bundle.ts";
import { envelopeBytes, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import { encodeHead, INDEX_BYTES_MAX } from "./format.ts";

/** The file, part by part; one body is in memory at a time. A body that is not what the index says is a fault of ours. */
export async function* bundleChunks(
  envelope: Envelope,
  entries: readonly BundleEntry[],
  body: (position: number) => Promise<Uint8Array> | Uint8Array,
): AsyncGenerator<Uint8Array> {
  const index = envelopeBytes(envelope);
  if (index.length > INDEX_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", "the index");
  yield encodeHead(index.length);
  yield index;
  for (const [position, entry] of entries.entries()) {
    const bytes = await body(position);
    if (bytes.length !== entry.bytes || sha256(bytes) !== entry.sha256)
      throw new FarhandError("INTERNAL", `entry ${position} is not what the index says`);
    yield bytes;
  }
}

/**
 * Writes a file that was not there, and is on disk when it returns. Straight under its name, because a stick knows no links; a
 * file that was cut off is refused by whoever reads it.
 */
export async function writeFresh(path: string, chunks: AsyncIterable<Uint8Array>, mode = 0o600): Promise<number> {
  let file: FileHandle;
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
    file = await open(path, flags, mode);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "not written";
    throw new FarhandError("IO", `${path}: ${code === "EEXIST" ? "is there already, and is not overwritten" : code}`, {
      cause: error,
    });
  }
  let size = 0;
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at, chunk.length - at)).bytesWritten;
      size += chunk.length;
    }
    await file.sync();
  } catch (error) {
    await file.close();
    rmSync(path, { force: true });
    throw error;
  }
  await file.close();
  return size;
}
