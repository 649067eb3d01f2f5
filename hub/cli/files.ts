import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { FarhandError } from "../../shared/errors.ts";

export interface WriteOptions {
  /** 0600 unless told otherwise: most of what this tool writes is nobody else's business. */
  readonly mode?: number;
  /** Refuses to put its bytes over a file that is there: a private key is never overwritten. */
  readonly fresh?: boolean;
}

/** Writes whole or not at all, and is on disk when it returns. */
export function writeFile(path: string, data: string | Uint8Array, options: WriteOptions = {}): void {
  const part = `${path}.${process.pid}.part`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    rmSync(part, { force: true });
    const file = openSync(part, "wx", options.mode ?? 0o600);
    try {
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // A link fails where a rename would replace.
    if (options.fresh) linkSync(part, path);
    else renameSync(part, path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "not written";
    throw new FarhandError("IO", `${path}: ${code === "EEXIST" ? "is there already, and is not overwritten" : code}`, {
      cause: error,
    });
  } finally {
    rmSync(part, { force: true });
  }
}
