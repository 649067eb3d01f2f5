import { createReadStream, statSync } from "node:fs";
import { FarhandError } from "../../../shared/errors.ts";
import { LINE_BYTES_MAX } from "../../../shared/audit/export.ts";
import type { Line } from "../../../shared/audit/verify-export.ts";

const NEWLINE = 0x0a;

/** A file's lines as bytes, one at a time; one that is longer than any of ours is handed on cut, and fails where it is read. */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  requireFile(path);
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  let isTooLong = false;
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    let at = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, at)) {
      const bytes = Buffer.concat([rest, chunk.subarray(at, end)]);
      rest = Buffer.alloc(0);
      at = end + 1;
      yield { bytes, number: ++number };
      isTooLong = false;
    }
    if (!isTooLong) rest = Buffer.concat([rest, chunk.subarray(at)]);
    if (rest.length > LINE_BYTES_MAX) isTooLong = true;
  }
  if (rest.length > 0) yield { bytes: rest, number: ++number };
}

function requireFile(path: string): void {
  try {
    if (statSync(path).isFile()) return;
  } catch (error) {
    throw new FarhandError("IO", `${path}: cannot be read`, { cause: error });
  }
  throw new FarhandError("IO", `${path}: not a file`);
}
