import { jcs, sha256, toBase64url, type Bytes } from "../../shared/bytes.ts";
import { Manifest, type Deadlines, type TaskSpec } from "../../shared/documents/manifest.ts";
import { readAs } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, DeviceId, Digest, JobId, OrgId } from "../../shared/ids.ts";
import type { Tx } from "../../shared/store.ts";
import { BODY_BYTES_MAX } from "../../shared/wire/frame.ts";
import type { Purpose } from "../core/model.ts";
import { addAssignment } from "../store/assignments.ts";
import { addManifest } from "../store/work.ts";
import type { Share } from "./spread.ts";

/** A manifest as it will be signed for, and where it stands in the job. */
export interface BuiltManifest {
  readonly manifest: Manifest;
  readonly bytes: Bytes;
  readonly sha256: Digest;
  readonly wave: number;
}

export interface ManifestCommon {
  readonly org: OrgId;
  readonly job: JobId;
  readonly inventory: Digest;
  readonly deadlines: Deadlines;
  readonly outputBytesMax: number;
}

const SALT_BYTES = 16;

export function buildManifest(
  common: ManifestCommon,
  share: Share<TaskSpec>,
  of: {
    readonly wave: number;
    readonly platforms: Readonly<Record<string, Digest>>;
    readonly randomBytes: (length: number) => Uint8Array;
    readonly standbys?: readonly AgentId[];
  },
): BuiltManifest {
  // Read back through the schema: what an agent would refuse is never signed.
  const manifest = readAs(Manifest, {
    type: "manifest",
    v: 1,
    ...common,
    salt: toBase64url(of.randomBytes(SALT_BYTES)),
    site: share.site,
    agents: [share.agent, ...(of.standbys ?? [])],
    platforms: of.platforms,
    tasks: share.tasks,
  });
  const bytes = jcs(manifest);
  if (bytes.length > BODY_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", "what one device is asked for");
  return { manifest, bytes, sha256: sha256(bytes), wave: of.wave };
}

function* textsOf(manifest: Manifest): Generator<Digest> {
  for (const task of manifest.tasks) {
    if (task.kind === "plan") yield task.text.sha256;
    if (task.kind === "reveal") yield task.sealed.sha256;
    if (task.kind !== "change") continue;
    yield task.text.sha256;
    yield task.diff.sha256;
    yield task.commands.sha256;
  }
}

/** Rows of manifests and of one PLANNED assignment for each. */
export async function storeWork(
  tx: Tx,
  built: readonly BuiltManifest[],
  of: {
    readonly purpose: Purpose;
    readonly authority: { readonly kind: "warrant" | "grant"; readonly sha256: Digest };
    readonly expMs: number;
    readonly planned?: (device: DeviceId) => string | null;
  },
): Promise<void> {
  const { purpose, authority, expMs } = of;
  for (const [position, { manifest, bytes, sha256: digest, wave }] of built.entries()) {
    const { job, site, tasks } = manifest;
    const [agent] = manifest.agents;
    if (agent === undefined) throw new FarhandError("INTERNAL", "a manifest for no agent");
    const stored = { sha256: digest, job, purpose, position, bytes };
    await addManifest(
      tx,
      { ...stored, authorityKind: authority.kind, authoritySha256: authority.sha256 },
      textsOf(manifest),
    );
    await addAssignment(
      tx,
      { key: { manifest: digest, attempt: 1 }, job, purpose, agent, site, wave, expMs },
      position,
      tasks.map(({ device }) => ({ device, planned: of.planned?.(device) ?? null })),
    );
  }
}
