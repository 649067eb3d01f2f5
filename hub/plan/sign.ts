import { markSignature } from "../../shared/audit/entry.ts";
import { fromBase64url, parseCanonical } from "../../shared/bytes.ts";
import { Manifest } from "../../shared/documents/manifest.ts";
import { Warrant } from "../../shared/documents/warrant.ts";
import { openEnvelope, readAs, type Envelope } from "../../shared/envelope.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { JobId, KeyId } from "../../shared/ids.ts";
import { authorise, authorRole, holdsRole, type TrustStore } from "../../shared/trust.ts";
import type { Tx } from "../../shared/store.ts";
import type { VerifiedBreakglass } from "../../shared/verify/breakglass.ts";
import type { HubEffect } from "../effects.ts";
import { decideJobIn } from "../ingest/decide.ts";
import { audit } from "../store/audit.ts";
import { findJob, setJobSigners } from "../store/jobs.ts";
import { addSignature, findWarrant, manifestsOf, signaturesOf, type StoredSignature } from "../store/work.ts";
import { isUse, usableBreakglass } from "./breakglass.ts";
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
  const use = await useOf(deps, warrant, id);
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
    const signed = all.map(({ kid }) => kid);
    if (use) await auditUse(tx, at.nowMs, { ...use, warrant, kids: signed, actor, trust });
    else if (!isAuthorised(trust, warrant, all)) return [];
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

interface Use {
  readonly held: VerifiedBreakglass;
  readonly manifests: readonly Manifest[];
}

/** What stands in for the second person: null for a warrant that names no break-glass. */
async function useOf(deps: SubmitDeps, warrant: Warrant, id: JobId): Promise<Use | null> {
  if (warrant.breakglass === undefined) return null;
  const stored = await deps.store.read((tx) => manifestsOf(tx, id, "work"));
  return {
    held: await usableBreakglass(deps, warrant.breakglass),
    manifests: stored.map(({ bytes }) => readAs(Manifest, parseCanonical(bytes))),
  };
}

/** Loud, in the transaction that lets it run. Throws BREAKGLASS where it does not cover this. */
async function auditUse(
  tx: Tx,
  nowMs: number,
  use: Use & { warrant: Warrant; kids: readonly KeyId[]; actor: string; trust: TrustStore },
): Promise<void> {
  const { held, warrant, actor, trust } = use;
  isUse(held, use, trust);
  const { id, site } = held.breakglass;
  await audit(tx, nowMs, {
    actor,
    onBehalfOf: warrant.author,
    action: "breakglass.use",
    object: `${site} ${id}`,
    digest: held.digest,
    decision: "allowed",
    detail: `job ${warrant.job}: ${warrant.reason}`,
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
    const role = warrant.breakglass === undefined ? authorRole(warrant.kind) : "oncall";
    const isAuthor = person.id === warrant.author && holdsRole(person, role, warrant.sites);
    const approves = warrant.breakglass === undefined && holdsRole(person, "approver", warrant.sites);
    if (isAuthor || approves) counting.push({ kid, person: person.id, entry });
  }
  if (counting.length === 0)
    throw new FarhandError(
      "FORBIDDEN",
      warrant.breakglass === undefined
        ? "no signer is author or approver for all of its sites"
        : `under a break-glass ${warrant.author} signs, who is on call, and nobody else`,
    );
  return counting;
}

/** Each was stored while its key was in force. Who left since has signed it all the same; a stolen key has signed nothing. */
const isVoid = (trust: TrustStore, kid: KeyId): boolean =>
  trust.revocationsOf(kid).some(({ reason }) => reason === "compromised");

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
      (kid) => (isVoid(trust, kid) ? undefined : trust.ownerOf(kid)),
    );
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "NO_AUTHOR" || code === "REVEAL_FORBIDDEN" || code === "THRESHOLD") return false;
    throw error;
  }
}
