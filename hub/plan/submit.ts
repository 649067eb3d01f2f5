import { jcs, sha256 } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest, JobId } from "../../shared/ids.ts";
import type { Tx } from "../../shared/store.ts";
import type { JobRequest } from "../api/contract/views.ts";
import type { HubEffect } from "../effects.ts";
import { decideJobIn, type At } from "../ingest/decide.ts";
import { audit } from "../store/audit.ts";
import { nextJobNumber } from "../store/counters.ts";
import { addIdempotent, addJob, devicesAskedUnder, findIdempotent, setJobWarrant } from "../store/jobs.ts";
import { addWarrant } from "../store/work.ts";
import { storeWork } from "./manifests.ts";
import { prepareChange } from "./prepare-change.ts";
import { prepareRead } from "./prepare-read.ts";
import { prepareSigned } from "./prepare-signed.ts";
import type { Prepared, SubmitDeps } from "./prepared.ts";
import { signersNeeded, type BuiltWarrant } from "./warrant.ts";

export interface Submitter {
  readonly token: string;
  readonly idempotencyKey: string | undefined;
}

const MINUTE_MS = 60_000;

/** Makes a job of a request. It is on disk, with its audit entry, when this resolves; the same key again gives the same job. */
export async function submit(
  deps: SubmitDeps,
  request: JobRequest,
  by: Submitter,
): Promise<{ job: JobId; effects: readonly HubEffect[] }> {
  const requestSha256 = sha256(jcs(request));
  const held = await deps.store.read((tx) => knownJob(tx, by, requestSha256));
  if (held) return { job: held, effects: [] };
  const prepared = await prepare(deps, request);
  const at: At = { nowMs: deps.clock.nowMs(), random: deps.random };
  return deps.store.tx("submit", async (tx) => {
    const known = await knownJob(tx, by, requestSha256);
    if (known) return { job: known, effects: [] };
    await checkRate(tx, prepared, at.nowMs);
    const { id } = prepared.job;
    await addJob(tx, { ...prepared.job, number: await nextJobNumber(tx), request: JSON.stringify(request) }, at.nowMs);
    await storeWork(tx, prepared.manifests, { ...prepared.work, expMs: prepared.job.expMs });
    if (by.idempotencyKey !== undefined) {
      await addIdempotent(tx, { token: by.token, key: by.idempotencyKey, requestSha256, job: id }, at.nowMs);
    }
    if (prepared.warrant) await storeWarrant(tx, id, prepared.warrant, at.nowMs);
    await audit(tx, at.nowMs, {
      actor: `token:${by.token}`,
      action: "job.submit",
      object: id,
      decision: "allowed",
      digest: requestSha256,
      detail: told(request, prepared.job.devices),
    });
    return { job: id, effects: await decideJobIn(tx, id, prepared.event, at) };
  });
}

function prepare(deps: SubmitDeps, request: JobRequest): Promise<Prepared> {
  switch (request.kind) {
    case "change":
      return prepareChange(deps, request);
    case "rotate":
    case "reveal":
      return prepareSigned(deps, request);
    case "collect":
    case "check":
    case "run":
      return prepareRead(deps, request);
    default:
      return request satisfies never;
  }
}

/** What the audit log says of a request. A reveal is told in full: who, what, why. */
function told(request: JobRequest, devices: number): string {
  if (request.kind === "change" && request.breakglass !== undefined)
    return `break-glass ${request.breakglass} by ${request.author}, ${devices} devices: ${request.reason}`;
  if (request.kind !== "reveal") return `${request.kind} ${devices} devices`;
  return `reveal ${request.devices.join()} ${request.public} to ${request.author}: ${request.reason}`;
}

async function knownJob(tx: Pick<Tx, "get" | "all">, by: Submitter, requestSha256: Digest): Promise<JobId | undefined> {
  if (by.idempotencyKey === undefined) return undefined;
  const held = await findIdempotent(tx, by.token, by.idempotencyKey);
  if (held && held.requestSha256 !== requestSha256) {
    throw new FarhandError("CONFLICT", `the idempotency key was used for ${held.job}, which is another request`);
  }
  return held?.job;
}

/** The agents refuse what goes beyond the grant's rate; said here, where a person asks. */
async function checkRate(tx: Pick<Tx, "get" | "all">, { grant, job }: Prepared, nowMs: number): Promise<void> {
  if (!grant) return;
  const { devicesPerMinute } = grant.rate;
  const asked = await devicesAskedUnder(tx, grant.id, nowMs - MINUTE_MS);
  if (asked + job.devices > devicesPerMinute) {
    throw new FarhandError(
      "GRANT_RATE",
      `${grant.id} allows ${devicesPerMinute} devices a minute; ${asked} were asked for in the last one`,
    );
  }
}

export async function storeWarrant(tx: Tx, job: JobId, built: BuiltWarrant, nowMs: number): Promise<void> {
  const { warrant, policy, bytes, sha256: digest } = built;
  await addWarrant(tx, job, digest, bytes, nowMs);
  await setJobWarrant(tx, job, {
    sha256: digest,
    risk: warrant.risk,
    signersNeeded: warrant.breakglass === undefined ? signersNeeded(policy, warrant.risk) : 1,
    waves: warrant.waves.map((wave) => ({ notBeforeMs: wave.notBefore * 1000 })),
    notBeforeMs: warrant.nbf * 1000,
    expMs: warrant.exp * 1000,
  });
}
