import { fromBase64url, parseCanonical, sha256, utf8, type Bytes } from "../../shared/bytes.ts";
import { Grant } from "../../shared/documents/grant.ts";
import { Manifest } from "../../shared/documents/manifest.ts";
import { readAs } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, Digest } from "../../shared/ids.ts";
import type { Tx } from "../../shared/store.ts";
import type { UpRecord } from "../../shared/wire/messages.ts";
import type { AssignmentKey } from "../core/model.ts";
import { storeWork } from "../plan/manifests.ts";
import { audit } from "../store/audit.ts";
import { nextJobNumber } from "../store/counters.ts";
import { grantByDigestIn } from "../store/documents.ts";
import { addJob, findJob } from "../store/jobs.ts";
import { findManifest } from "../store/work.ts";
import { decideAssignmentIn, decideJobIn, type At } from "./decide.ts";

/** What an agent says that it began by its own clock. */
export interface OwnWork {
  readonly key: AssignmentKey;
  readonly grant: Digest;
  readonly manifest: Manifest;
  readonly bytes: Bytes;
}

/** The manifest as the agent's own word: for this agent, under a grant, reads only. */
export function readOwnWork(record: Extract<UpRecord, { type: "own" }>, agent: AgentId): OwnWork {
  if (record.authority.kind !== "grant") throw new FarhandError("GRANT_SCOPE", "what an agent begins is under a grant");
  const bytes = utf8(record.manifest);
  const manifest = readAs(Manifest, parseCanonical(bytes));
  if (manifest.agents.length !== 1 || manifest.agents[0] !== agent) throw new FarhandError("WRONG_AGENT");
  const kind = manifest.tasks[0]?.kind;
  if (kind !== "collect" && kind !== "check") throw new FarhandError("GRANT_SCOPE", `kind ${kind ?? "none"}`);
  return { key: { manifest: sha256(bytes), attempt: 1 }, grant: record.authority.sha256, manifest, bytes };
}

/**
 * Gives it the rows that work of the hub's own has, so that receipts, history and pages find it where they look. Once: the record may
 * come again. Throws what makes it nobody's work: a grant that this hub never had, another site, a job of that name.
 */
export async function storeOwnWork(tx: Tx, work: OwnWork, agent: AgentId, at: At): Promise<void> {
  const { manifest, key } = work;
  if (await findManifest(tx, key.manifest)) return;
  const held = await grantByDigestIn(tx, work.grant);
  if (!held) throw new FarhandError("GRANT_SCOPE", `this hub has no grant ${work.grant}`);
  const grant = readAs(Grant, parseCanonical(fromBase64url(held.envelope.payload)));
  const kind = manifest.tasks[0]?.kind;
  const isScheduled = grant.schedule?.some((entry) => entry.kind === kind) === true;
  if (!isScheduled || !grant.sites.includes(manifest.site))
    throw new FarhandError("GRANT_SCOPE", `grant ${grant.id} schedules no ${kind ?? "work"} at ${manifest.site}`);
  if (await findJob(tx, manifest.job)) throw new FarhandError("CONFLICT", `there is a job ${manifest.job} already`);
  const { job, tasks } = manifest;
  const expMs = grant.exp * 1000;
  await addJob(
    tx,
    {
      id: job,
      number: await nextJobNumber(tx),
      kind: kind === "check" ? "check" : "collect",
      title: `${kind ?? "work"} by schedule of ${grant.id}`,
      reason: `begun by ${agent} by its own clock`,
      author: grant.author,
      risk: "read",
      authority: "grant",
      grantId: grant.id,
      authoritySha256: work.grant,
      signers: held.signers,
      signersNeeded: 0,
      request: "{}",
      devices: tasks.length,
      notBeforeMs: Math.min(at.nowMs, expMs - 1),
      expMs,
      waves: [{ notBeforeMs: Math.min(at.nowMs, expMs - 1) }],
    },
    at.nowMs,
  );
  const built = { manifest, bytes: work.bytes, sha256: key.manifest, wave: 0 };
  await storeWork(tx, [built], { purpose: "work", authority: { kind: "grant", sha256: work.grant }, expMs });
  await audit(tx, at.nowMs, {
    actor: `agent:${agent}`,
    action: "job.own",
    object: job,
    decision: "allowed",
    digest: key.manifest,
    detail: `grant ${grant.id}, ${tasks.length} devices`,
  });
  await decideAssignmentIn(tx, key, [{ type: "begun" }], at);
  await decideJobIn(tx, job, { type: "begun" }, at);
}
