import type { Evidence } from "../shared/documents/common.ts";
import type { Finding } from "../shared/documents/receipt.ts";
import type { Digest, PlatformId } from "../shared/ids.ts";
import type { Facts, OpenOptions } from "./types.ts";

/** The seam to what can only be read, facts and telemetry: no configuration, no command, no change. Every result is JSON. */
export interface ReadDriver {
  readonly platform: PlatformId;
  /** SHA-256 of the data file's canonical form. */
  readonly digest: Digest;
  readonly evidence: Evidence;
  /** The names that `read` takes. */
  readonly reads: readonly string[];
  open(options: OpenOptions): Promise<ReadSession>;
}

/** One login. */
export interface ReadSession {
  /** How this login is weaker than it should be: part of every result that comes of it. */
  readonly findings: readonly Finding[];
  facts(): Promise<Facts>;
  /** One set of rows; READ_NOT_ALLOWED for a name that is none. OUTPUT_TOO_LARGE beyond the bounds. */
  read(name: string, options: ReadOptions): Promise<{ readonly rows: number }>;
  close(): Promise<void>;
}

export interface ReadOptions {
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** Receives rows as they come; resolves when there is room. */
  readonly sink: (rows: readonly ReadRow[]) => Promise<void>;
}

/** Counters of 64 bits are decimal text; text of the device is bounded and without control characters. */
export type Cell = string | number | null;

export interface ReadRow {
  readonly index: string;
  readonly cells: Readonly<Record<string, Cell>>;
}
