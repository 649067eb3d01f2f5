import { fromBase64url, parseCanonical, sha256, utf8, type Bytes } from "../../shared/bytes.ts";
import { Breakglass } from "../../shared/documents/breakglass.ts";
import { Grant } from "../../shared/documents/grant.ts";
import { Manifest } from "../../shared/documents/manifest.ts";
import { Warrant } from "../../shared/documents/warrant.ts";
import { openEnvelope, readAs, type Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, Digest, PersonId } from "../../shared/ids.ts";
import type { Tx } from "../../shared/store.ts";
import type { TrustStore } from "../../shared/trust.ts";
import type { UpRecord } from "../../shared/wire/messages.ts";
import type { AssignmentKey } from "../core/model.ts";
import { storeWork } from "../plan/manifests.ts";
import { audit } from "../store/audit.ts";
import { addBreakglass } from "../store/breakglass.ts";
import { nextJobNumber } from "../store/counters.ts";
import { addJob, findJob, type NewJob } from "../store/jobs.ts";
import { addSignature, addWarrant, findManifest, type StoredSignature } from "../store/work.ts";
import { decideAssignmentIn, decideJobIn, type At } from "./decide.ts";

/** What an on-call person brought to an agent while this hub was not there. */
export interface BroughtWork {
  readonly key: AssignmentKey;
  readonly manifest: Manifest;
  readonly bytes: Bytes;
  readonly breakglass: { readonly document: Breakglass; readonly sha256: Digest; readonly envelope: Envelope };
  readonly signers: readonly PersonId[];
  readonly authority:
    | { readonly kind: "grant"; readonly grant: Grant; readonly sha256: Digest }
    | {
        readonly kind: "warrant";
        readonly warrant: Warrant;
        readonly sha256: Digest;
        readonly payload: Bytes;
        readonly signatures: readonly StoredSignature[];
      };
}

/**
 * The agent's word, and the signatures that go with it. Whether they counted was the agent's to say when it happened: a key that was
 * revoked since does not make it undone, and here it is only told.
 */
export async function readBroughtWork(
  record: Extract<UpRecord, { type: "breakglass" }>,
  agent: AgentId,
  trust: TrustStore,
): Promise<BroughtWork> {
  const bytes = utf8(record.manifest);
  const manifest = readAs(Manifest, parseCanonical(bytes));
  if (manifest.agents.length !== 1 || manifest.agents[0] !== agent) throw new FarhandError("WRONG_AGENT");
  const leave = await openEnvelope("farhand-breakglass+jws", record.breakglass, trust.everyPersonKey);
  const document = readAs(Breakglass, leave.value);
  const breakglass = { document, sha256: sha256(leave.bytes), envelope: record.breakglass };
  if (document.site !== manifest.site || !document.agents.includes(agent))
    throw new FarhandError("BREAKGLASS", `${document.id} is for ${document.site}`);
  const owners = (kids: readonly Parameters<TrustStore["ownerOf"]>[0][]): PersonId[] => [
    ...new Set(kids.flatMap((kid) => trust.ownerOf(kid)?.id ?? [])),
  ];
  const common = { key: { manifest: sha256(bytes), attempt: 1 }, manifest, bytes, breakglass };
  const kind = manifest.tasks[0]?.kind;
  if (record.authority.kind === "grant" && kind === "plan") {
    const opened = await openEnvelope("farhand-grant+jws", record.envelope, trust.everyPersonKey);
    const grant = readAs(Grant, opened.value);
    return {
      ...common,
      signers: owners(opened.kids),
      authority: { kind: "grant", grant, sha256: sha256(opened.bytes) },
    };
  }
  if (record.authority.kind !== "warrant" || kind !== "change")
    throw new FarhandError("BREAKGLASS", `a ${kind ?? "work"} under a ${record.authority.kind}`);
  const opened = await openEnvelope("farhand-warrant+jws", record.envelope, trust.everyPersonKey);
  const warrant = readAs(Warrant, opened.value);
  if (warrant.breakglass !== breakglass.sha256) throw new FarhandError("BREAKGLASS", "the warrant names another one");
  if (!warrant.manifests.includes(common.key.manifest) || warrant.job !== manifest.job)
    throw new FarhandError("MANIFEST_UNKNOWN");
  const signatures = record.envelope.signatures.flatMap((entry): StoredSignature[] => {
    const { kid } = parseCanonical(fromBase64url(entry.protected)) as Pick<StoredSignature, "kid">;
    const person = opened.kids.includes(kid) ? trust.ownerOf(kid) : undefined;
    return person ? [{ kid, person: person.id, entry }] : [];
  });
  const digest = sha256(opened.bytes);
  return {
    ...common,
    signers: owners(opened.kids),
    authority: { kind: "warrant", warrant, sha256: digest, payload: opened.bytes, signatures },
  };
}

/** Gives it the rows that work of the hub's own has. Once: the record may come again. */
export async function storeBroughtWork(tx: Tx, work: BroughtWork, agent: AgentId, at: At): Promise<void> {
  const { manifest, key, breakglass, authority } = work;
  if (await findManifest(tx, key.manifest)) return;
  if (await findJob(tx, manifest.job)) throw new FarhandError("CONFLICT", `there is a job ${manifest.job} already`);
  const { id, site } = breakglass.document;
  const kept = { sha256: breakglass.sha256, id, site, envelope: breakglass.envelope, signers: [] };
  await addBreakglass(tx, kept, at.nowMs);
  const expMs = (authority.kind === "warrant" ? authority.warrant.exp : authority.grant.exp) * 1000;
  const notBeforeMs = Math.min(at.nowMs, expMs - 1);
  const job: NewJob = {
    id: manifest.job,
    number: await nextJobNumber(tx),
    authority: authority.kind,
    authoritySha256: authority.sha256,
    request: "{}",
    devices: manifest.tasks.length,
    notBeforeMs,
    expMs,
    waves: [{ notBeforeMs }],
    breakglass: breakglass.sha256,
    ...tellOf(work, agent),
  };
  await addJob(tx, job, at.nowMs);
  const built = { manifest, bytes: work.bytes, sha256: key.manifest, wave: 0 };
  const by = { kind: authority.kind, sha256: authority.sha256 };
  await storeWork(tx, [built], { purpose: "work", authority: by, expMs });
  if (authority.kind === "warrant") {
    await addWarrant(tx, manifest.job, authority.sha256, authority.payload, at.nowMs);
    for (const signature of authority.signatures) await addSignature(tx, manifest.job, signature, at.nowMs);
  }
  const [person] = work.signers;
  await audit(tx, at.nowMs, {
    actor: `agent:${agent}`,
    ...(authority.kind === "warrant" && person !== undefined && { onBehalfOf: person }),
    action: authority.kind === "warrant" ? "breakglass.brought" : "breakglass.plan",
    object: `${site} ${id}`,
    digest: breakglass.sha256,
    decision: "allowed",
    detail: `job ${manifest.job}, ${manifest.tasks.length} devices: ${job.reason}`,
  });
  await decideAssignmentIn(tx, key, [{ type: "begun" }], at);
  await decideJobIn(tx, manifest.job, { type: "begun" }, at);
}

type Told = Pick<NewJob, "kind" | "title" | "reason" | "author" | "risk" | "grantId" | "signers" | "signersNeeded">;

function tellOf({ authority, breakglass, signers }: BroughtWork, agent: AgentId): Told {
  if (authority.kind === "warrant") {
    const { title, reason, author, risk } = authority.warrant;
    return { kind: "change", title, reason, author, risk, grantId: null, signers, signersNeeded: 1 };
  }
  const { id, author } = authority.grant;
  return {
    // A plan reads and decides nothing; it is shown as what it does to a device.
    kind: "check",
    title: `plan under break-glass ${breakglass.document.id}`,
    reason: `brought to ${agent} by hand`,
    author,
    risk: "read",
    grantId: id,
    signers: [],
    signersNeeded: 0,
  };
}
