import { z } from "zod";
import { fromBase64url, parseCanonical, sha256, toBase64url, type Bytes } from "../../../shared/bytes.ts";
import { readAs } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { type Digest, JobId } from "../../../shared/ids.ts";
import { Manifest } from "../../../shared/documents/manifest.ts";
import { TrustFile } from "../../../shared/tuf/file.ts";
import { WarrantBundle, type HubClient } from "../../api/client/index.ts";
import { writeFile } from "../files.ts";
import { readText } from "../settings.ts";

/** Everything that a review needs, as one file: what is to be signed, what it follows from, and the texts that it names by digest. */
export const BundleFile = z.strictObject({
  schema: z.literal("farhand.bundle/1"),
  job: JobId,
  warrant: WarrantBundle,
  trust: TrustFile,
  blobs: z.array(z.string()),
});

export interface Bundle {
  readonly job: JobId;
  readonly warrant: WarrantBundle;
  readonly trust: TrustFile;
  /** Digests were computed here, not read. */
  readonly blobs: ReadonlyMap<Digest, Bytes>;
}

export function readBundle(path: string): Bundle {
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    throw new FarhandError("SCHEMA", `${path}: not JSON`, { cause: error });
  }
  const { job, warrant, trust, blobs } = readAs(BundleFile, value);
  return { job, warrant, trust, blobs: byDigest(blobs.map(fromBase64url)) };
}

export function writeBundle(path: string, bundle: Bundle): void {
  const { job, warrant, trust, blobs } = bundle;
  const file: z.input<typeof BundleFile> = {
    schema: "farhand.bundle/1",
    job,
    warrant,
    trust,
    blobs: [...blobs.values()].map(toBase64url),
  };
  writeFile(path, `${JSON.stringify(file)}\n`, { mode: 0o644 });
}

const byDigest = (blobs: readonly Bytes[]): Map<Digest, Bytes> => new Map(blobs.map((bytes) => [sha256(bytes), bytes]));
const AT_ONCE = 8;

export async function fetchBundle(client: HubClient, job: JobId): Promise<Bundle> {
  const [warrant, trust] = await Promise.all([
    client.call("getWarrant", { params: { id: job } }),
    client.call("getTrust", {}),
  ]);
  const named = new Set<Digest>();
  for (const manifest of manifestsOf(warrant)) {
    for (const task of manifest.document.tasks) {
      if (task.kind !== "change") continue;
      named.add(task.diff.sha256);
      named.add(task.commands.sha256);
    }
  }
  const digests = [...named];
  const blobs: Bytes[] = [];
  while (digests.length > 0)
    blobs.push(...(await Promise.all(digests.splice(0, AT_ONCE).map((digest) => client.getBlob(digest)))));
  return { job, warrant, trust, blobs: byDigest(blobs) };
}

export interface ReadManifest {
  readonly document: Manifest;
  readonly digest: Digest;
}

/** The manifests as their bytes say, each strictly in its schema. */
export function manifestsOf(warrant: WarrantBundle): ReadManifest[] {
  return warrant.manifests.map((text) => {
    const bytes = fromBase64url(text);
    return { document: readAs(Manifest, parseCanonical(bytes)), digest: sha256(bytes) };
  });
}
