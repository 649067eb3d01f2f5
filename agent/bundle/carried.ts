import type { Bytes } from "../../shared/bytes.ts";
import type { BundleFile } from "../../shared/bundle/read.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest } from "../../shared/ids.ts";

type Fetch = (digest: Digest, bytesMax: number) => Promise<Bytes>;

/** Where texts come from: the bundle that is being taken in, if there is one and it holds them, else the link. */
export class Carried {
  readonly #fetch: Fetch;
  #file: BundleFile | undefined;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  readonly fetch: Fetch = async (digest, bytesMax) => {
    const file = this.#file;
    const position = file?.claimed.entries.findIndex((entry) => entry.sha256 === digest) ?? -1;
    if (!file || position === -1) return this.#orSay(digest, bytesMax);
    const bytes = await file.body(position);
    if (bytes.length > bytesMax) throw new FarhandError("BUNDLE_INCOMPLETE", `${digest} is larger than was signed`);
    return bytes;
  };

  async with<T>(file: BundleFile, act: () => Promise<T>): Promise<T> {
    this.#file = file;
    try {
      return await act();
    } finally {
      this.#file = undefined;
    }
  }

  async #orSay(digest: Digest, bytesMax: number): Promise<Bytes> {
    try {
      return await this.#fetch(digest, bytesMax);
    } catch (error) {
      throw this.#file ? new FarhandError("BUNDLE_INCOMPLETE", digest, { cause: error }) : error;
    }
  }
}
