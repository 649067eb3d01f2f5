import { markSignature } from "../../shared/audit/entry.ts";
import { fromBase64url, parseCanonical } from "../../shared/bytes.ts";
import { Warrant } from "../../shared/documents/warrant.ts";
import { openEnvelope, readAs, type Envelope } from "../../shared/envelope.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { JobId, KeyId } from "../../shared/ids.ts";
import { authorise, authorRole, holdsRole, type TrustStore } from "../../shared/trust.ts";
import type { HubEffect } from "../effects.ts";
import { decideJobIn } from "../ingest/decide.ts";
import { audit } from "../store/audit.ts";
import { findJob, setJobSigners } from "../store/jobs.ts";
import { addSignature, findWarrant, signaturesOf, type StoredSignature } from "../store/work.ts";
import type { SubmitDeps } from "./prepared.ts";

const SIGNATURES_MAX = 16;

/** Adds the signatures that hold and count; with the last one that the policy asks for, the job is authorised. */
export async function sign(
  deps: SubmitDeps,
  id: JobId,
  envelope: Envelope,
  actor: string,
): Promise<readonly HubEffect[]> {
  const { trust } = deps.trust.require();
  const stored = await deps.store.read((tx) => findWarrant(tx, id));
  if (!stored) throw await withoutWarrant(deps, id);
  if (envelope.payload !== stored.payload)
    throw new FarhandError("SIGNATURE_BAD", "these are not the bytes of this job's warrant");
  const warrant = readAs(Warrant, parseCanonical(fromBase64url(stored.payload)));
  const { kids } = await openEnvelope("farhand-warrant+jws", envelope, trust.personKey);
  const added = countingOf(trust, warrant, envelope, new Set(kids));
  const at = { nowMs: deps.clock.nowMs(), random: deps.random };
  return deps.store.tx("sign", async (tx) => {
    const held = new Set((await signaturesOf(tx, id)).map(({ kid }) => kid));
    const fresh = added.filter(({ kid }) => !held.has(kid));
    if (fresh.length === 0) return [];
    const record = await findJob(tx, id);
    if (record?.standing.state !== "PENDING_APPROVAL") {
      throw new FarhandError("CONFLICT", `job ${id} is ${record?.standing.state ?? "gone"}`);
    }
    if (record.expMs <= at.nowMs) throw new FarhandError("EXPIRED", `warrant of job ${id}`);
    if (held.size + fresh.length > SIGNATURES_MAX)
      throw new FarhandError("CONFLICT", "it has as many signatures as it can hold");
    for (const signature of fresh) {
      await addSignature(tx, id, signature, at.nowMs);
      const { kid, person, entry } = signature;
      await audit(tx, at.nowMs, {
        actor,
        onBehalfOf: person,
        action: "job.sign",
        object: id,
        digest: stored.sha256,
        signature: markSignature(stored.sha256, kid, entry.signature),
        decision: "allowed",
      });
    }
    const all = await signaturesOf(tx, id);
    await setJobSigners(tx, id, [...new Set(all.map(({ person }) => person))]);
    if (!isAuthorised(trust, warrant, all)) return [];
    await audit(tx, at.nowMs, {
      actor: "hub",
      action: "job.authorise",
      object: id,
      digest: stored.sha256,
      decision: "allowed",
    });
    return decideJobIn(tx, id, { type: "authorised" }, at);
  });
}

async function withoutWarrant(deps: SubmitDeps, id: JobId): Promise<FarhandError> {
  const record = await deps.store.read((tx) => findJob(tx, id));
  return record
    ? new FarhandError("CONFLICT", `job ${id} has no warrant; it is ${record.standing.state}`)
    : new FarhandError("NOT_FOUND", `job ${id}`);
}

/** Signatures by keys that hold and by persons who may sign this; others are not kept, so that they cannot fill the envelope. */
function countingOf(
  trust: TrustStore,
  warrant: Warrant,
  envelope: Envelope,
  kids: ReadonlySet<KeyId>,
): StoredSignature[] {
  const counting: StoredSignature[] = [];
  for (const entry of envelope.signatures) {
    const { kid } = parseCanonical(fromBase64url(entry.protected)) as { kid: KeyId };
    const person = kids.has(kid) ? trust.personOf(kid) : undefined;
    if (!person) continue;
    const isAuthor = person.id === warrant.author && holdsRole(person, authorRole(warrant.kind), warrant.sites);
    if (isAuthor || holdsRole(person, "approver", warrant.sites)) counting.push({ kid, person: person.id, entry });
  }
  if (counting.length === 0)
    throw new FarhandError("FORBIDDEN", "no signer is author or approver for all of its sites");
  return counting;
}

function isAuthorised(trust: TrustStore, warrant: Warrant, signatures: readonly StoredSignature[]): boolean {
  const { author, sites, risk } = warrant;
  const policy = trust.policy(warrant.policy.id, warrant.policy.version);
  for (const site of sites) {
    const governing = trust.policyOf(site);
    if (!policy || governing?.id !== policy.id || governing.version !== policy.version) {
      throw new FarhandError(
        "POLICY_UNKNOWN",
        `${warrant.policy.id} v${warrant.policy.version} no longer governs ${site}`,
      );
    }
  }
  if (!policy) return false;
  try {
    authorise(
      trust,
      signatures.map(({ kid }) => kid),
      { author, sites, policy, risk, role: authorRole(warrant.kind) },
    );
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "NO_AUTHOR" || code === "REVEAL_FORBIDDEN" || code === "THRESHOLD") return false;
    throw error;
  }
}
