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
/** What stays in memory of a text that is being written; what never grows beyond it goes into the journal. */
const HELD_BYTES = CHUNK_BYTES;
const UTF8_LONGEST = 4;
const encoder = new TextEncoder();

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
    await writer.write(bytes);
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

  async readPart(name: string, offset: number, into: Uint8Array): Promise<void> {
    const read = this.#reading.then(async () => {
      if (this.#lastRead?.name !== name) {
        await this.#lastRead?.file.close();
        this.#lastRead = undefined;
        this.#lastRead = { name, file: await open(join(this.#folder, name), "r") };
      }
      const { bytesRead } = await this.#lastRead.file.read(into, 0, into.length, offset);
      if (bytesRead !== into.length) throw new FarhandError("IO", `spool file ${name} is short`);
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
  /** One buffer for the whole text: what goes through it leaves no garbage. Made when something is written. */
  #held: Uint8Array<ArrayBuffer> | undefined;
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
    for (let at = 0; at < chunk.length;) {
      const held = (this.#held ??= new Uint8Array(HELD_BYTES));
      const part = chunk.subarray(at, at + held.length - this.#heldBytes);
      held.set(part, this.#heldBytes);
      at += part.length;
      await this.#took(part.length);
    }
  }

  async writeText(text: string): Promise<void> {
    for (let rest = text; rest.length > 0;) {
      const held = (this.#held ??= new Uint8Array(HELD_BYTES));
      const { read, written } = encoder.encodeInto(rest, held.subarray(this.#heldBytes));
      rest = rest.slice(read);
      await this.#took(written);
      // A character that does not fit the rest of the buffer waits for the next one.
      if (rest.length > 0 && held.length - this.#heldBytes < UTF8_LONGEST) await this.#flush();
    }
  }

  async finish(): Promise<TextRef> {
    if (!this.#file) return this.#options.keepInline((this.#held ?? new Uint8Array(0)).slice(0, this.#heldBytes));
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    return this.#options.keepFile(this.#options.path, this.#hash.digest("hex") as Digest, this.#bytes);
  }

  async abandon(): Promise<void> {
    if (!this.#file) return;
    await this.#file.close();
    await unlink(this.#options.path);
    this.#options.reserve(-(this.#bytes - this.#heldBytes));
  }

  async #took(bytes: number): Promise<void> {
    this.#bytes += bytes;
    this.#heldBytes += bytes;
    if (this.#heldBytes === HELD_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (!this.#held || this.#heldBytes === 0) return;
    this.#file ??= await open(this.#options.path, "wx", 0o600);
    this.#options.reserve(this.#heldBytes);
    const part = this.#held.subarray(0, this.#heldBytes);
    this.#hash.update(part);
    await this.#file.write(part);
    this.#heldBytes = 0;
  }
}
