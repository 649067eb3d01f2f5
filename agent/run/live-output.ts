import type { Clock, TimerHandle } from "../../shared/clock.ts";
import { utf8 } from "../../shared/bytes.ts";
import type { DeviceId } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import type { AssignmentKey } from "../core/model.ts";
import { appendRecord } from "../journal/outbox.ts";

const FLUSH_MS = 200;
const RECORD_BYTES_MAX = 32 * 1024;
/** For the eye; the whole output comes as a blob. */
const LIVE_BYTES_MAX = 2 * 1024 * 1024;

/** Output as it comes, for whoever watches: gathered for a moment, lost first under pressure. */
export class LiveOutput {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #key: AssignmentKey;
  readonly #device: DeviceId;
  readonly #changed: () => void;
  #held = "";
  #order = 0;
  #bytes = 0;
  #timer: TimerHandle | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: { store: Store; clock: Clock; key: AssignmentKey; device: DeviceId; changed: () => void }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#key = options.key;
    this.#device = options.device;
    this.#changed = options.changed;
  }

  async write(text: string): Promise<void> {
    if (this.#bytes >= LIVE_BYTES_MAX) return;
    this.#held += text;
    this.#bytes += text.length;
    if (this.#bytes >= LIVE_BYTES_MAX) this.#held += "\n… the rest is in the stored output\n";
    if (this.#held.length >= RECORD_BYTES_MAX) await this.#flush(false);
    else this.#timer ??= this.#clock.after(FLUSH_MS, () => void this.#flush(false));
  }

  end(): Promise<void> {
    return this.#flush(true);
  }

  #flush(last: boolean): Promise<void> {
    this.#timer?.clear();
    this.#timer = undefined;
    const bytes = utf8(this.#held);
    this.#held = "";
    if (bytes.length === 0 && !last) return this.#writing;
    const parts: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < bytes.length; at += RECORD_BYTES_MAX)
      parts.push(bytes.subarray(at, at + RECORD_BYTES_MAX));
    const first = this.#order;
    this.#order += parts.length;
    this.#writing = this.#writing
      .then(() =>
        this.#store.tx("output", async (tx) => {
          for (const [index, part] of parts.entries()) {
            const isLast = last && index === parts.length - 1;
            await appendRecord(
              tx,
              { type: "output", ...this.#key, device: this.#device, order: first + index, last: isLast },
              part,
            );
          }
        }),
      )
      // Losing what was for the eye loses nothing that counts.
      .then(this.#changed, () => undefined);
    return this.#writing;
  }
}
