import { sha256, jcs } from "../shared/bytes.ts";
import type { Manifest } from "../shared/documents/manifest.ts";
import {
  AssignmentOutcome,
  PlanReceipt,
  Receipt,
  type BreakglassUsed,
  type TaskOutcome,
} from "../shared/documents/receipt.ts";
import { readAs, signEnvelope } from "../shared/envelope.ts";
import { FarhandError } from "../shared/errors.ts";
import type { AgentId, DeviceId } from "../shared/ids.ts";
import type { Signer } from "../shared/keys.ts";
import type { Store } from "../shared/store.ts";
import type { Assignments } from "./assignments.ts";
import { assignmentEnded } from "./core/draft.ts";
import type { Aggregate, AssignmentKey, Task, TaskEvidence } from "./core/model.ts";
import { loadAggregate, loadEvidence } from "./journal/assignments.ts";
import { breakglassOf } from "./journal/breakglass.ts";
import { chainHead, moveChain, type ChainHead } from "./journal/chain.ts";
import { getMeta } from "./journal/meta.ts";
import { appendRecord } from "./journal/outbox.ts";
import { NO_EVIDENCE, type PlanEvidence } from "./run/task.ts";

export interface ReceiptsOptions {
  readonly store: Store;
  readonly assignments: Assignments;
  readonly signer: Signer;
  readonly agent: AgentId;
  readonly epoch: string;
  readonly manifestOf: (key: AssignmentKey) => Promise<Manifest>;
}

const seconds = (ms: number): number => Math.floor(ms / 1000);
const secondsOrNull = (ms: number | null): number | null => (ms === null ? null : seconds(ms));

/** Signs the outcome of each assignment once, one after the other: every receipt names the one before it. */
export class Receipts {
  readonly #options: ReceiptsOptions;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  sign(key: AssignmentKey): Promise<void> {
    const signed = this.#turn.then(() => this.#sign(key));
    this.#turn = signed.catch(() => undefined);
    return signed;
  }

  async #sign(key: AssignmentKey): Promise<void> {
    const { store, assignments, signer, manifestOf } = this.#options;
    const held = await store.read(async (tx) => ({
      aggregate: await loadAggregate(tx, key),
      evidence: await loadEvidence(tx, key),
      head: await chainHead(tx),
      checkpoint: (await getMeta(tx, "checkpoint")) ?? null,
      breakglass: await breakglassOf(tx, key),
    }));
    const { assignment } = held.aggregate;
    if (!assignment || assignment.receipt !== null || !assignmentEnded(assignment) || assignment.state === "REJECTED")
      return;
    const manifest = await manifestOf(key);
    let head = held.head;
    const chain = () => ({
      org: manifest.org,
      site: manifest.site,
      agent: this.#options.agent,
      prev: head.digest,
      epoch: this.#options.epoch,
      index: head.index + 1,
      checkpoint: held.checkpoint,
    });
    const advance = (payload: unknown): ChainHead => ({ digest: sha256(jcs(payload)), index: head.index + 1 });

    const planDocument =
      manifest.tasks[0]?.kind === "plan" ? planOf(held.aggregate, held.evidence, manifest, chain()) : undefined;
    const plan = planDocument ? await signEnvelope("farhand-plan+jws", planDocument, [signer]) : undefined;
    if (planDocument) head = advance(planDocument);
    const document = receiptOf(held, manifest, chain());
    const envelope = await signEnvelope("farhand-receipt+jws", document, [signer]);
    const next = advance(document);
    await assignments.dispatch(key, { type: "receiptSigned", digest: sha256(jcs(document)), envelope }, "receipt", {
      // Before the receipt's own row, so that a plan is at the hub when the receipt that ends it is.
      before: async (tx) => {
        const { assignment: now } = await loadAggregate(tx, key);
        if (now?.receipt !== null) throw new FarhandError("CONFLICT", "signed meanwhile");
        if (!(await moveChain(tx, held.head, next))) throw new FarhandError("INTERNAL", "two receipts at once");
        if (plan) await appendRecord(tx, { type: "plan", envelope: plan });
      },
    });
  }
}

type Chain = Pick<Receipt, "org" | "site" | "agent" | "prev" | "epoch" | "index" | "checkpoint">;

interface Held {
  readonly aggregate: Aggregate;
  readonly evidence: ReadonlyMap<DeviceId, TaskEvidence>;
  readonly breakglass: BreakglassUsed | undefined;
}

function receiptOf({ aggregate, evidence, breakglass }: Held, manifest: Manifest, chain: Chain): Receipt {
  const { assignment, key } = aggregate;
  if (!assignment) throw new FarhandError("INTERNAL", "no assignment");
  const endedAtMs = assignment.endedAtMs ?? assignment.offeredAtMs;
  return readAs(Receipt, {
    type: "receipt",
    v: 1,
    ...chain,
    job: manifest.job,
    manifest: key.manifest,
    attempt: key.attempt,
    fence: assignment.fence,
    authority: assignment.authority,
    signers: [...assignment.signers],
    persons: new Set(assignment.signers).size,
    ...(breakglass && { breakglass }),
    outcome: AssignmentOutcome.parse(assignment.state),
    code: assignment.code,
    startedAt: seconds(assignment.startedAtMs ?? endedAtMs),
    endedAt: seconds(endedAtMs),
    tasks: aggregate.tasks.map((task) => outcomeOf(task, evidence.get(task.device) ?? NO_EVIDENCE)),
  });
}

function outcomeOf(task: Task, evidence: TaskEvidence): TaskOutcome {
  const { before, after, diff, transcript, output, level, verified, checks } = evidence;
  return {
    device: task.device,
    state: task.state,
    code: task.code,
    detail: task.detail,
    startedAt: secondsOrNull(task.startedAtMs),
    endedAt: secondsOrNull(task.endedAtMs),
    before,
    after,
    diff,
    transcript,
    output,
    level,
    evidence: evidence.evidence,
    verified: [...verified],
    ...(checks && { checks }),
    applies: task.applies,
  };
}

function planOf(
  aggregate: Aggregate,
  evidence: ReadonlyMap<DeviceId, PlanEvidence>,
  manifest: Manifest,
  chain: Chain,
): PlanReceipt {
  const devices = aggregate.tasks.map((task) => {
    const planned = evidence.get(task.device)?.planned;
    if (planned && task.state === "DONE") return planned;
    return { device: task.device, ok: false, code: task.code ?? "PLAN_INCOMPLETE", detail: task.detail ?? "" };
  });
  const at = seconds(aggregate.assignment?.endedAtMs ?? 0);
  const { job, inventory } = manifest;
  return readAs(PlanReceipt, {
    type: "plan",
    v: 1,
    ...chain,
    job,
    manifest: aggregate.key.manifest,
    inventory,
    at,
    devices,
  });
}
