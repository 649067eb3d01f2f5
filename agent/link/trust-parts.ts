import type { Bytes } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import { decodeTrustFile, TRUST_FILE_BYTES_MAX } from "../../shared/tuf/file.ts";
import type { TrustUpdate } from "../../shared/tuf/set.ts";
import type { DownHeader } from "../../shared/wire/messages.ts";

/** The news of the trust repository as it comes in parts, one after the other. One file at a time is held, within its cap. */
export class TrustParts {
  #parts: Bytes[] = [];
  #bytes = 0;
  #total = 0;

  /** The whole of it, once its last part is here. Throws what is wrong with it; the next one begins afresh. */
  take({ offset, total }: DownHeader<"trust">, part: Bytes): TrustUpdate | undefined {
    if (offset === 0) this.#begin(total);
    const follows = offset === this.#bytes && total === this.#total && part.length > 0 && offset + part.length <= total;
    if (!follows) {
      this.#begin(0);
      throw new FarhandError("PROTOCOL", `trust part at ${offset} of ${total}`);
    }
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes < total) return undefined;
    const whole = Buffer.concat(this.#parts);
    this.#begin(0);
    return decodeTrustFile(whole);
  }

  #begin(total: number): void {
    this.#parts = [];
    this.#bytes = 0;
    this.#total = 0;
    if (total > TRUST_FILE_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", `trust of ${total} bytes`);
    this.#total = total;
  }
}
