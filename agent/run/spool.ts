import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { open, rename, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { sha256, utf8 } from "../../shared/bytes.ts";
import type { TextRef } from "../../shared/documents/manifest.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import { appendBlob, appendSpooled, CHUNK_BYTES, neededSpools } from "../journal/outbox.ts";

const SPOOL_BYTES_MAX = 8 * 1024 * 1024 * 1024;
const WRITE_BYTES = 64 * 1024;

export interface SpoolOptions {
  readonly stateDir: string;
  readonly store: Store;
  /** Something was put into the outbox. */
  readonly changed: () => void;
  readonly quotaBytes?: number;
}

/**
 * Texts on their way to the hub. What is small goes into the journal; what is large is hashed while it is written to a file,
 * and the journal's rows name parts of that file. Memory does not grow with either.
 */
export class Spool {
  readonly #folder: string;
  readonly #options: SpoolOptions;
  #usedBytes = 0;
  #lastRead: { name: string; file: FileHandle } | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  /** Adding and removing files take turns, so that a file is never removed between its writing and its row. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: SpoolOptions) {
    this.#options = options;
    this.#folder = join(options.stateDir, "spool");
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** Removes what a crash left behind: files that no record names. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    const needed = await options.store.read(neededSpools);
    for (const name of readdirSync(spool.#folder)) {
      if (!needed.has(name)) rmSync(join(spool.#folder, name));
      else spool.#usedBytes += Bun.file(join(spool.#folder, name)).size;
    }
    return spool;
  }

  async put(media: string, text: string | Uint8Array): Promise<TextRef> {
    const bytes = typeof text === "string" ? utf8(text) : text;
    if (bytes.length <= CHUNK_BYTES) return this.#putInline(media, bytes);
    const writer = this.writer(media);
    for (let at = 0; at < bytes.length; at += WRITE_BYTES) await writer.write(bytes.subarray(at, at + WRITE_BYTES));
    return writer.finish();
  }

  writer(media: string): SpoolWriter {
    const name = `part-${randomUUID()}`;
    return new SpoolWriter({
      path: join(this.#folder, name),
      reserve: (bytes) => this.#reserve(bytes),
      keepInline: (bytes) => this.#putInline(media, bytes),
      keepFile: (path, digest, bytes) => this.#inTurn(() => this.#keepFile(media, path, digest, bytes)),
    });
  }

  async readPart(name: string, offset: number, length: number): Promise<Uint8Array> {
    const read = this.#reading.then(async () => {
      if (this.#lastRead?.name !== name) {
        await this.#lastRead?.file.close();
        this.#lastRead = undefined;
        this.#lastRead = { name, file: await open(join(this.#folder, name), "r") };
      }
      const bytes = new Uint8Array(length);
      const { bytesRead } = await this.#lastRead.file.read(bytes, 0, length, offset);
      if (bytesRead !== length) throw new FarhandError("IO", `spool file ${name} is short`);
      return bytes;
    });
    this.#reading = read.catch(() => undefined);
    return read;
  }

  /** Removes files that no record needs; asked again in turn, because the same text may have come once more. */
  release(names: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const needed = await this.#options.store.read(neededSpools);
      for (const name of names) {
        if (needed.has(name)) continue;
        if (this.#lastRead?.name === name) await this.#closeRead();
        const path = join(this.#folder, name);
        this.#usedBytes -= Bun.file(path).size;
        await unlink(path).catch(() => undefined);
      }
    });
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#closeRead();
  }

  async #closeRead(): Promise<void> {
    await this.#reading;
    await this.#lastRead?.file.close();
    this.#lastRead = undefined;
  }

  async #putInline(media: string, bytes: Uint8Array): Promise<TextRef> {
    const digest = sha256(bytes);
    await this.#options.store.tx(`blob:${media}`, (tx) => appendBlob(tx, digest, media, bytes));
    this.#options.changed();
    return { sha256: digest, bytes: bytes.length };
  }

  async #keepFile(media: string, path: string, digest: Digest, bytes: number): Promise<TextRef> {
    await rename(path, join(this.#folder, digest));
    const folder = await open(this.#folder, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    await this.#options.store.tx(`blob:${media}`, (tx) => appendSpooled(tx, { digest, media, name: digest, bytes }));
    this.#options.changed();
    return { sha256: digest, bytes };
  }

  #reserve(bytes: number): void {
    const quota = this.#options.quotaBytes ?? SPOOL_BYTES_MAX;
    if (bytes > 0 && this.#usedBytes + bytes > quota) throw new FarhandError("DISK_FULL", "spool");
    this.#usedBytes += bytes;
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(act);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

interface WriterOptions {
  readonly path: string;
  reserve(bytes: number): void;
  keepInline(bytes: Uint8Array): Promise<TextRef>;
  keepFile(path: string, digest: Digest, bytes: number): Promise<TextRef>;
}

/** One text as it comes. A file is made only once it is too large for the journal. */
export class SpoolWriter {
  readonly #options: WriterOptions;
  readonly #hash = createHash("sha256");
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #file: FileHandle | undefined;
  #bytes = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    // A copy: a view would keep the whole buffer that it was cut from.
    this.#held.push(chunk.slice());
    this.#heldBytes += chunk.length;
    if (this.#file ? this.#heldBytes >= WRITE_BYTES : this.#heldBytes > CHUNK_BYTES) await this.#flush();
  }

  async finish(): Promise<TextRef> {
    if (!this.#file) return this.#options.keepInline(Buffer.concat(this.#held));
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    return this.#options.keepFile(this.#options.path, this.#hash.digest("hex") as Digest, this.#bytes);
  }

  async abandon(): Promise<void> {
    if (!this.#file) return;
    await this.#file.close();
    await unlink(this.#options.path);
    this.#options.reserve(-this.#bytes);
  }

  async #flush(): Promise<void> {
    this.#file ??= await open(this.#options.path, "wx", 0o600);
    this.#options.reserve(this.#heldBytes);
    await this.#file.write(Buffer.concat(this.#held));
    this.#held = [];
    this.#heldBytes = 0;
  }
}
