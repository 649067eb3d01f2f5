/** Which input is being read, in a file that outlives its writer: a process that hangs or dies cannot say so itself. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

const BYTES = 8;

export interface Heartbeat {
  readonly target: number;
  readonly seed: number;
}

export class HeartbeatWriter {
  readonly #file: number;
  readonly #record = new DataView(new ArrayBuffer(BYTES));

  constructor(path: string) {
    this.#file = openSync(path, "w");
  }

  beat(target: number, seed: number): void {
    this.#record.setUint32(0, target);
    this.#record.setUint32(4, seed);
    writeSync(this.#file, new Uint8Array(this.#record.buffer), 0, BYTES, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}

export function readHeartbeat(path: string): Heartbeat | undefined {
  try {
    const bytes = readFileSync(path);
    return bytes.length < BYTES ? undefined : { target: bytes.readUInt32BE(0), seed: bytes.readUInt32BE(4) };
  } catch {
    return undefined;
  }
}
