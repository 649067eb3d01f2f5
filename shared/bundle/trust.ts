import type { BundleEntry } from "../documents/bundle.ts";
import { FarhandError } from "../errors.ts";
import { decodeTrustFile } from "../tuf/file.ts";
import type { TrustUpdate } from "../tuf/set.ts";
import type { BundleFile } from "./read.ts";

/** The trust repository that a bundle carries as one entry. What it says is checked by who applies it. */
export async function carriedTrust(file: BundleFile): Promise<TrustUpdate | undefined> {
  const carried: { entry: BundleEntry; position: number }[] = [];
  for (const [position, entry] of file.claimed.entries.entries())
    if (entry.kind === "trust") carried.push({ entry, position });
  const [first, ...more] = carried;
  if (!first) return undefined;
  if (first.entry.kind !== "trust" || first.entry.role !== "set" || more.length > 0)
    throw new FarhandError("BUNDLE_SHAPE", "it carries trust documents that are not one set");
  return decodeTrustFile(await file.body(first.position));
}
