import type { AssignmentEvent, TaskWord } from "../core/assignment-model.ts";
import type { AssignmentKey } from "../core/model.ts";
import { sha256 } from "../../shared/bytes.ts";
import type { AgentEntry } from "../../shared/documents/agents.ts";
import { PlanReceipt, Receipt } from "../../shared/documents/receipt.ts";
import { openEnvelope, parseEnvelope, readAs, type Envelope } from "../../shared/envelope.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import type { AgentId, DeviceId, Digest, JobId } from "../../shared/ids.ts";
import type { Store, Tx } from "../../shared/store.ts";
import type { TrustStore } from "../../shared/trust.ts";
import type { UpRecord } from "../../shared/wire/messages.ts";
import { loadAssignment } from "../store/assignments.ts";
import { audit, auditRefused } from "../store/audit.ts";
import { checkWholeUploads, findBlob, readWholeBlob } from "../store/blobs.ts";
import type { BlobCipher } from "../store/cipher.ts";
import { findJob } from "../store/jobs.ts";
import { addMessage } from "../store/messages.ts";
import { storePlan, storeReceipt } from "../store/receipts.ts";
import { backlogOf, moveApplied, type Backlog, type StoredRecord } from "../store/streams.ts";
import type { EffectSink } from "../effects.ts";
import { readBroughtWork, storeBroughtWork, type BroughtWork } from "./brought-work.ts";
import { readOwnWork, storeOwnWork, type OwnWork } from "./own-work.ts";
import { decideLoadedIn, type At } from "./decide.ts";

const RECORDS_AT_ONCE = 500;

export interface ApplyDeps {
  readonly store: Store;
  readonly cipher: BlobCipher;
  readonly effects: EffectSink;
  /** The agent's entry in the countersigned agents.json. */
  readonly agent: (id: AgentId) => AgentEntry | undefined;
  /** Who signs what, for what an on-call person brought to an agent; nothing is taken of it where nobody says. */
  readonly trust?: () => TrustStore | undefined;
  /** What an agent sent is not believed. It is in the audit log; here somebody is told. */
  readonly onRefused?: (agent: AgentId, refused: Refused) => void;
}

/** A record with its meaning found, before the transaction: signatures are checked here. */
type Meaning =
  | { readonly type: "word"; readonly key: AssignmentKey; readonly event: AssignmentEvent }
  | {
      readonly type: "receipt";
      readonly key: AssignmentKey;
      readonly receipt: Receipt;
      readonly sha256: Digest;
      readonly envelope: Envelope;
    }
  | {
      readonly type: "plan";
      readonly key: AssignmentKey;
      readonly plan: PlanReceipt;
      readonly sha256: Digest;
      readonly envelope: Envelope;
    }
  | { readonly type: "own"; readonly key: AssignmentKey; readonly work: OwnWork }
  | { readonly type: "brought"; readonly key: AssignmentKey; readonly work: BroughtWork }
  | { readonly type: "nothing"; readonly key: null; readonly refused: Refused | null };

export interface Refused {
  readonly code: ErrorCode;
  readonly object: string;
  readonly detail: string;
}

interface Run {
  readonly key: AssignmentKey | null;
  readonly meanings: Meaning[];
  last: number;
}

/**
 * Lets the next records of a stream do what they mean, each once: the mark moves in the transaction that applies them.
 * One transaction per run of records about one assignment. True when there may be more.
 */
export async function applyBacklog(deps: ApplyDeps, stream: number, at: At): Promise<boolean> {
  const backlog = await backlogOf(deps.store, stream, RECORDS_AT_ONCE);
  if (!backlog || backlog.applied >= backlog.acked) return false;
  const entry = deps.agent(backlog.agent);
  const runs = await runsOf(deps, backlog, entry, at);
  let applied = backlog.applied;
  for (const run of runs) {
    const from = applied;
    const { effects, refused } = await deps.store.tx("apply", async (tx) => {
      if (!(await moveApplied(tx, stream, from, run.last))) throw new FarhandError("CONFLICT", "applied by another");
      return applyRun(tx, backlog.agent, run, at);
    });
    deps.effects.perform(effects);
    for (const one of refused) deps.onRefused?.(backlog.agent, one);
    applied = run.last;
  }
  deps.effects.moved();
  return true;
}

async function runsOf(deps: ApplyDeps, backlog: Backlog, entry: AgentEntry | undefined, at: At): Promise<Run[]> {
  const runs: Run[] = [];
  for (const record of backlog.records) {
    const meaning = await meaningOf(deps, record, backlog.agent, entry, at);
    const run = runs.at(-1);
    if (run && sameKey(run.key, meaning.key)) {
      run.meanings.push(meaning);
      run.last = record.sequence;
    } else runs.push({ key: meaning.key, meanings: [meaning], last: record.sequence });
  }
  // Numbers at the end that a gap names hold no record.
  const last = runs.at(-1);
  if (last) last.last = backlog.acked;
  else runs.push({ key: null, meanings: [], last: backlog.acked });
  return runs;
}

const sameKey = (a: AssignmentKey | null, b: AssignmentKey | null): boolean =>
  a?.manifest === b?.manifest && a?.attempt === b?.attempt;

async function meaningOf(
  deps: ApplyDeps,
  stored: StoredRecord,
  agent: AgentId,
  entry: AgentEntry | undefined,
  at: At,
): Promise<Meaning> {
  if (stored.type === "unreadable") return nothing(null);
  const record = JSON.parse(stored.header) as UpRecord;
  switch (record.type) {
    case "assignment": {
      const { manifest, attempt, state, code, reason } = record;
      return { type: "word", key: { manifest, attempt }, event: { type: "assignment", state, code, reason } };
    }
    case "task": {
      const { manifest, attempt, device, state, step, code, detail, atMs } = record;
      const word: TaskWord = { device, state, step, code, detail, atMs };
      return { type: "word", key: { manifest, attempt }, event: { type: "task", word } };
    }
    case "receipt":
    case "plan":
      return openedOrRefused(record.type, record.envelope, agent, entry);
    case "blob": {
      const { media } = record;
      if (media !== "receipt" && media !== "plan") return nothing(null);
      const bytes = await arrived(deps, record.sha256, at);
      if (!bytes) return nothing(null);
      return openedOrRefused(media, () => parseEnvelope(bytes), agent, entry);
    }
    case "own":
      try {
        const work = readOwnWork(record, agent);
        if (work.manifest.site !== entry?.site) throw new FarhandError("WRONG_SITE", work.manifest.site);
        return { type: "own", key: work.key, work };
      } catch (error) {
        return nothing(refusedAs("own", error, agent));
      }
    case "breakglass":
      try {
        const trust = deps.trust?.();
        if (!trust) throw new FarhandError("CONFLICT", "this hub has no keys.json yet");
        const work = await readBroughtWork(record, agent, trust);
        if (work.manifest.site !== entry?.site) throw new FarhandError("WRONG_SITE", work.manifest.site);
        return { type: "brought", key: work.key, work };
      } catch (error) {
        return nothing(refusedAs("breakglass", error, agent));
      }
    case "output":
    case "metric":
      return nothing(null);
    default:
      return record satisfies never;
  }
}

const nothing = (refused: Refused | null): Meaning => ({ type: "nothing", key: null, refused });

/** A receipt too large for a frame came as a text; undefined until its last part is here. */
async function arrived(deps: ApplyDeps, sha256: Digest, at: At): Promise<Uint8Array | undefined> {
  // Its last part may have been stored after the pump looked for whole texts.
  await checkWholeUploads(deps.store, deps.cipher, at.nowMs);
  const blob = await findBlob(deps.store, sha256);
  return blob && readWholeBlob(deps.store, deps.cipher, blob);
}

async function openedOrRefused(
  type: "receipt" | "plan",
  envelope: Envelope | (() => Envelope),
  agent: AgentId,
  entry: AgentEntry | undefined,
): Promise<Meaning> {
  try {
    return await opened(type, typeof envelope === "function" ? envelope() : envelope, agent, entry);
  } catch (error) {
    return nothing(refusedAs(type, error, agent));
  }
}

function refusedAs(type: string, error: unknown, agent: AgentId): Refused {
  const code = errorCode(error);
  const why = error instanceof FarhandError && error.detail !== undefined ? ` (${error.detail})` : "";
  return { code, object: agent, detail: `${type}: ${code}${why}` };
}

/** Verified before it means anything: signed by this very agent's countersigned key, and speaking for itself. */
async function opened(
  type: "receipt" | "plan",
  envelope: Envelope,
  agent: AgentId,
  entry: AgentEntry | undefined,
): Promise<Meaning> {
  const lookup = (kid: string) => (entry && entry.kid === kid ? entry.signKey : undefined);
  if (type === "plan") {
    const { value, bytes } = await openEnvelope("farhand-plan+jws", envelope, lookup);
    const plan = readAs(PlanReceipt, value);
    if (plan.agent !== agent) throw new FarhandError("WRONG_AGENT");
    return { type: "plan", key: { manifest: plan.manifest, attempt: 1 }, plan, sha256: sha256(bytes), envelope };
  }
  const { value, bytes } = await openEnvelope("farhand-receipt+jws", envelope, lookup);
  const receipt = readAs(Receipt, value);
  if (receipt.agent !== agent) throw new FarhandError("WRONG_AGENT");
  const { manifest, attempt } = receipt;
  return { type: "receipt", key: { manifest, attempt }, receipt, sha256: sha256(bytes), envelope };
}

interface Applied {
  readonly effects: Awaited<ReturnType<typeof decideLoadedIn>>["effects"];
  readonly refused: readonly Refused[];
}

async function applyRun(tx: Tx, agent: AgentId, run: Run, at: At): Promise<Applied> {
  const refused: Refused[] = [];
  const refuse = async (one: Refused): Promise<void> => {
    await writeRefused(tx, agent, one, at);
    refused.push(one);
  };
  if (run.key === null) {
    for (const meaning of run.meanings) {
      if (meaning.type === "nothing" && meaning.refused !== null) await refuse(meaning.refused);
    }
    return { effects: [], refused };
  }
  for (const meaning of run.meanings) {
    if (meaning.type !== "own" && meaning.type !== "brought") continue;
    try {
      if (meaning.type === "own") await storeOwnWork(tx, meaning.work, agent, at);
      else await storeBroughtWork(tx, meaning.work, agent, at);
    } catch (error) {
      if (!(error instanceof FarhandError) || error.code === "DISK_FULL") throw error;
      await refuse(refusedAs(meaning.type, error, agent));
    }
  }
  const loaded = await loadAssignment(tx, run.key, devicesIn(run.meanings));
  // Words about another agent's work, or about none, are kept as records and mean nothing.
  if (!loaded || loaded.identity.agent !== agent) {
    const detail = `about ${run.key.manifest}, which is not its work`;
    await refuse({ code: "WRONG_AGENT", object: run.key.manifest, detail });
    return { effects: [], refused };
  }
  const own = new Set<string>(loaded.tasks.map((task) => task.device));
  const events: AssignmentEvent[] = [];
  for (const meaning of run.meanings) {
    switch (meaning.type) {
      case "word":
        events.push(meaning.event);
        break;
      case "receipt": {
        const receipt = { ...meaning.receipt, tasks: meaning.receipt.tasks.filter((task) => own.has(task.device)) };
        if (receipt.job !== loaded.identity.job) {
          const detail = `receipt ${meaning.sha256} names another job`;
          await refuse({ code: "RECEIPT_MISMATCH", object: receipt.job, detail });
          break;
        }
        const isChained = await storeReceipt(tx, receipt, meaning.sha256, meaning.envelope, at.nowMs);
        if (!isChained) await refuse(unchained("receipt", meaning.sha256, receipt));
        await auditBreakglass(tx, receipt, at);
        events.push(eventOf(receipt, meaning.sha256));
        break;
      }
      case "plan": {
        const { identity } = loaded;
        const wasAsked = identity.purpose === "plan" || (await isBroughtPlan(tx, identity.job));
        if (!wasAsked || meaning.plan.job !== identity.job) {
          const detail = `plan ${meaning.sha256} was not asked for`;
          await refuse({ code: "RECEIPT_MISMATCH", object: identity.job, detail });
          break;
        }
        const plan = { ...meaning.plan, devices: meaning.plan.devices.filter((device) => own.has(device.device)) };
        const isChained = await storePlan(tx, plan, meaning.sha256, meaning.envelope, at.nowMs);
        if (!isChained) await refuse(unchained("plan", meaning.sha256, plan));
        await addMessage(tx, { to: "job", job: identity.job, body: { type: "progress" } });
        break;
      }
      case "own":
      case "brought":
      case "nothing":
        break;
      default:
        meaning satisfies never;
    }
  }
  return { effects: (await decideLoadedIn(tx, loaded, events, at)).effects, refused };
}

function* devicesIn(meanings: readonly Meaning[]): Generator<DeviceId> {
  for (const meaning of meanings) {
    if (meaning.type === "word" && meaning.event.type === "task") yield meaning.event.word.device;
    else if (meaning.type === "receipt") for (const task of meaning.receipt.tasks) yield task.device;
    else if (meaning.type === "plan") for (const device of meaning.plan.devices) yield device.device;
  }
}

/** A plan that no hub asked for: an on-call person brought it, and it is told under the break-glass. */
async function isBroughtPlan(tx: Tx, id: JobId): Promise<boolean> {
  const job = await findJob(tx, id);
  return job !== undefined && job.breakglass !== null && job.authority === "grant";
}

/** Loud: what one person signed alone was carried out, says the agent. */
async function auditBreakglass(tx: Tx, receipt: Receipt, at: At): Promise<void> {
  if (!receipt.breakglass) return;
  const { breakglass, agent, site, job, outcome, signers } = receipt;
  await audit(tx, at.nowMs, {
    actor: `agent:${agent}`,
    ...(signers[0] !== undefined && { onBehalfOf: signers[0] }),
    action: "breakglass.used",
    object: `${site} ${breakglass.id}`,
    digest: breakglass.sha256,
    decision: "allowed",
    detail: `job ${job} ${outcome}: ${breakglass.reason}`,
  });
}

function eventOf(receipt: Receipt, digest: Digest): AssignmentEvent {
  const tasks = receipt.tasks.map((task) => {
    const { device, state, code, detail } = task;
    return { device, state, step: null, code, detail, atMs: (task.endedAt ?? receipt.endedAt) * 1000 };
  });
  return { type: "receipt", digest, outcome: receipt.outcome, code: receipt.code, tasks };
}

/** It is kept and marked, because a signed word is evidence; that one before it is missing, or stands twice, is what matters. */
const unchained = (kind: string, digest: Digest, { epoch, index }: { epoch: string; index: number }): Refused => ({
  code: "RECEIPT_CHAIN",
  object: digest,
  detail: `${kind} ${index} of epoch ${epoch} does not follow from the one before it`,
});

/** In the transaction that takes the record. A sender of many is counted, so that it cannot fill the log. */
async function writeRefused(tx: Tx, agent: AgentId, { code, object, detail }: Refused, at: At): Promise<void> {
  await auditRefused(tx, at.nowMs, { actor: `agent:${agent}`, action: "record.apply", object, code, detail });
}
