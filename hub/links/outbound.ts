import { FarhandError } from "../../shared/errors.ts";

/** What a session needs of the thing that carries it. */
export interface Carrier {
  /** False when the frame is lost. */
  send(frame: Uint8Array): boolean;
  close(): void;
}

/** Offers and documents that wait for the agent's credit. A pull yields one at a time, so few ever wait. */
const WAITING_MAX = 256;

interface Waiting {
  readonly frame: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What goes down one link: what an agent must be able to hear at any time goes at once, the rest within the agent's credit. */
export class Outbound {
  readonly #carrier: Carrier;
  readonly #onClose: () => void;
  readonly #waiting: Waiting[] = [];
  #sentBytes = 0;
  #creditBytes = 0;
  #closed = false;

  constructor(carrier: Carrier, onClose: () => void) {
    this.#carrier = carrier;
    this.#onClose = onClose;
  }

  /** At once. It counts against the credit all the same, because the agent counts whatever it has handled. */
  send(frame: Uint8Array): void {
    if (this.#closed) return;
    this.#sentBytes += frame.length;
    this.#put(frame);
  }

  /** Of the handshake: the agent counts from after its welcome. */
  sendUncounted(frame: Uint8Array): void {
    if (!this.#closed) this.#put(frame);
  }

  /** When the agent has room; in order among themselves. Rejects when the link ends first. */
  sendCredited(frame: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new FarhandError("CONNECTION_LOST", "agent"));
      if (this.#waiting.length >= WAITING_MAX) return reject(new FarhandError("CREDIT", "the agent takes nothing"));
      this.#waiting.push({ frame, resolve, reject });
      this.#flush();
    });
  }

  credit(bytes: number): void {
    this.#creditBytes = Math.max(this.#creditBytes, bytes);
    this.#flush();
  }

  close(last?: Uint8Array): void {
    if (this.#closed) return;
    this.#closed = true;
    if (last) this.#carrier.send(last);
    for (const { reject } of this.#waiting.splice(0)) reject(new FarhandError("CONNECTION_LOST", "agent"));
    this.#carrier.close();
    this.#onClose();
  }

  #flush(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (!next || this.#closed || this.#sentBytes + next.frame.length > this.#creditBytes) return;
      this.#waiting.shift();
      this.#sentBytes += next.frame.length;
      this.#put(next.frame);
      next.resolve();
    }
  }

  #put(frame: Uint8Array): void {
    // A lost frame would be a hole that neither side knows of: the link ends, and the next hello says what is missing.
    if (!this.#carrier.send(frame)) this.close();
  }
}
