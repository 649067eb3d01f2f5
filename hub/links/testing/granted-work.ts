import { jcs, sha256, type Bytes } from "../../../shared/bytes.ts";
import { signEnvelope } from "../../../shared/envelope.ts";
import type { Digest, JobId } from "../../../shared/ids.ts";
import type { Store } from "../../../shared/store.ts";
import { id, makeGrant, type TestOrg } from "../../../shared/testing/org.ts";
import { decideJobIn } from "../../ingest/decide.ts";
import { addAssignment } from "../../store/assignments.ts";
import { addGrant } from "../../store/documents.ts";
import { addJob } from "../../store/jobs.ts";
import { addManifest } from "../../store/work.ts";

export interface GrantedWork {
  readonly job: JobId;
  readonly manifest: { readonly bytes: Bytes; readonly digest: Digest };
  /** Texts that its agent may fetch. */
  readonly texts: readonly Digest[];
  readonly nowMs: number;
}

/** One released assignment of agent-ams under a grant. */
export async function addGrantedWork(
  store: Store,
  org: TestOrg,
  { job, manifest, texts, nowMs }: GrantedWork,
): Promise<void> {
  const grant = makeGrant(org);
  const envelope = await signEnvelope("farhand-grant+jws", grant, [org.people.ann]);
  const expMs = grant.exp * 1000;
  const at = { nowMs: nowMs, random: () => 0 };
  await store.tx("work", async (tx) => {
    const sha = sha256(jcs(grant));
    await addGrant(tx, grant.id, { sha256: sha, envelope, signers: [] }, 0);
    await addJob(
      tx,
      {
        id: job,
        number: 1,
        kind: "collect",
        title: "t",
        reason: "",
        author: null,
        risk: "read",
        authority: "grant",
        grantId: grant.id,
        authoritySha256: sha,
        signers: [],
        signersNeeded: 0,
        request: "{}",
        devices: 1,
        notBeforeMs: 0,
        expMs,
        waves: [{ notBeforeMs: 0 }],
      },
      at.nowMs,
    );
    await addManifest(
      tx,
      {
        sha256: manifest.digest,
        job,
        purpose: "work",
        position: 0,
        authorityKind: "grant",
        authoritySha256: sha,
        bytes: manifest.bytes,
      },
      texts,
    );
    const key = { manifest: manifest.digest, attempt: 1 };
    await addAssignment(tx, { key, job, purpose: "work", agent: id.agentAms, site: id.ams, wave: 0, expMs }, 0, []);
    await decideJobIn(tx, job, { type: "submitted", route: "grant" }, at);
  });
}
