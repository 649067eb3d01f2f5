import { randomBytes } from "node:crypto";
import { constants, mkdirSync, rmSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { FarhandError } from "../errors.ts";

const CHUNK_BYTES = 1024 * 1024;
/** Neither exists on Windows, where a stick holds no such things. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NO_WAIT = constants.O_NONBLOCK ?? 0;

/** Bytes that nobody else can reach: the file has no name any more. */
export interface PrivateCopy {
  readonly size: number;
  readonly file: FileHandle;
  close(): Promise<void>;
}

export async function* chunksOf(path: string, bytesMax: number): AsyncGenerator<Uint8Array> {
  const source = await openRegular(path, bytesMax);
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await source.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await source.close();
  }
}

/** A regular file and nothing else: no link is followed, a FIFO does not make this wait, a device is not read. */
async function openRegular(path: string, bytesMax: number): Promise<FileHandle> {
  let source: FileHandle;
  try {
    source = await open(path, constants.O_RDONLY | NO_FOLLOW | NO_WAIT);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "cannot be opened";
    if (code === "ELOOP" || code === "ENXIO")
      throw new FarhandError("BUNDLE_SHAPE", `${path}: not a regular file`, { cause: error });
    throw new FarhandError("IO", `${path}: ${code}`, { cause: error });
  }
  try {
    const stat = await source.stat();
    if (!stat.isFile()) throw new FarhandError("BUNDLE_SHAPE", `${path}: not a regular file`);
    if (stat.size > bytesMax) throw new FarhandError("BUNDLE_SHAPE", `${stat.size} bytes; at most ${bytesMax}`);
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Copies once and reads only the copy from then on: what is checked is what is used, whatever happens to the stick meanwhile.
 * The copy loses its name at once, so that a crash leaves nothing behind.
 */
export async function copyPrivately(
  chunks: AsyncIterable<Uint8Array>,
  dir: string,
  bytesMax: number,
): Promise<PrivateCopy> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `${randomBytes(16).toString("hex")}.part`);
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, 0o600);
  const forget = (): void => rmSync(path, { force: true });
  try {
    if (process.platform !== "win32") forget();
    let size = 0;
    for await (const chunk of chunks) {
      if (size + chunk.length > bytesMax) throw new FarhandError("BUNDLE_SHAPE", `more than ${bytesMax} bytes`);
      for (let at = 0; at < chunk.length;)
        at += (await file.write(chunk, at, chunk.length - at, size + at)).bytesWritten;
      size += chunk.length;
    }
    return { size, file, close: () => file.close().finally(forget) };
  } catch (error) {
    await file.close();
    forget();
    throw error;
  }
}
