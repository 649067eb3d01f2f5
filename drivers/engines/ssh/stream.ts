/** Bytes to and from a device, pulled: a device that talks without end waits in its own buffers, not in ours. */
export interface ByteStream {
  /** The next bytes; null when the device has closed its side. Throws CONNECTION_LOST. At most one read at a time. */
  read(): Promise<Uint8Array | null>;
  /** Resolves when there is room for more. Throws CONNECTION_LOST. */
  write(bytes: string | Uint8Array): Promise<void>;
  close(): void;
}

export interface ExecResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
