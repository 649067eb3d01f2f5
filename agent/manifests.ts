import type { Manifest } from "../shared/documents/manifest.ts";
import { FarhandError } from "../shared/errors.ts";
import type { Store } from "../shared/store.ts";
import type { AssignmentKey } from "./core/model.ts";
import { loadWork } from "./journal/holdings.ts";
import { readAcceptedManifest } from "./verify/verifier.ts";

const CACHED_MAX = 64;

/** What was accepted, read again: many tasks ask for one manifest. */
export class Manifests {
  readonly #store: Store;
  readonly #cached = new Map<string, Manifest>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** INTERNAL where nothing was accepted under that key. */
  async of(key: AssignmentKey): Promise<Manifest> {
    const known = this.#cached.get(key.manifest);
    if (known) return known;
    const work = await this.#store.read((tx) => loadWork(tx, key));
    if (!work) throw new FarhandError("INTERNAL", "the offered bytes are gone");
    const manifest = readAcceptedManifest(work.manifest);
    if (this.#cached.size >= CACHED_MAX) this.#cached.clear();
    this.#cached.set(key.manifest, manifest);
    return manifest;
  }
}
