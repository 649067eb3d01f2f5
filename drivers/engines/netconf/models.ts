import { eachLeaf } from "./leaves.ts";
import type { Operations } from "./operations.ts";
import { RpcRefused } from "./rpc-error.ts";

const LIBRARY = "urn:ietf:params:xml:ns:yang:ietf-yang-library";
/** Of RFC 7895, and of RFC 8525 after it. */
const FILTER =
  `<modules-state xmlns="${LIBRARY}"><module><namespace/><conformance-type/></module></modules-state>` +
  `<yang-library xmlns="${LIBRARY}"><module-set><module><namespace/></module></module-set></yang-library>`;
/** A router with every model that its vendor has written says about two thousand. */
const LIBRARY_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Which models a device has, by namespace: what its hello names, and, where the hello names a library, what stands in that, as models of YANG 1.1 are
 * in no hello (RFC 7950 §5.6.4). The library is read once, and only when it is needed.
 */
export class Models {
  readonly #operations: Operations;
  #library: ReadonlySet<string> | undefined;

  constructor(operations: Operations) {
    this.#operations = operations;
  }

  async has(namespaces: readonly string[]): Promise<boolean> {
    const { capabilities } = this.#operations;
    const missing = namespaces.filter((namespace) => !capabilities.offers(namespace));
    if (missing.length === 0) return true;
    if (!capabilities.has("yang-library")) return false;
    this.#library ??= await readLibrary(this.#operations);
    const library = this.#library;
    return missing.every((namespace) => library.has(namespace));
  }
}

async function readLibrary(operations: Operations): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  let last = "";
  try {
    const filter = { kind: "subtree", elements: FILTER } as const;
    const { data } = await operations.get({ filter, dataBytesMax: LIBRARY_BYTES_MAX });
    eachLeaf(data ?? "<none/>", (path, value) => {
      if (path === "yang-library/module-set/module/namespace") found.add(value);
      if (path === "modules-state/module/namespace") found.add((last = value));
      // Only its types are used: there is nothing of it to be read.
      if (path === "modules-state/module/conformance-type" && value === "import") found.delete(last);
    });
  } catch (error) {
    if (!(error instanceof RpcRefused)) throw error;
  }
  return found;
}
