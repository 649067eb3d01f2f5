import type { ErrorCode } from "../../shared/errors.ts";
import {
  assignmentMoves,
  canMove,
  isTerminal,
  move,
  taskMoves,
  type AssignmentState,
  type TaskState,
} from "../../shared/states.ts";
import type {
  AssignmentAggregate,
  AssignmentDecision,
  AssignmentEffect,
  AssignmentEvent,
  AssignmentRow,
  AssignmentStanding,
  TaskWord,
} from "./assignment-model.ts";
import type { Random } from "./model.ts";

/** Before DELIVERED the hub decides alone; from then on only the agent's word, or proof that it never saw the offer. */
const isUnserved = (state: AssignmentState): boolean => state === "PLANNED" || state === "OFFERED";
const isEnded = (state: AssignmentState): boolean => isTerminal(assignmentMoves, state);

class Draft {
  readonly #before: AssignmentAggregate;
  readonly nowMs: number;
  standing: AssignmentStanding;
  readonly #tasks: Map<string, TaskWord>;
  readonly #rows: AssignmentRow[] = [];
  readonly #effects: AssignmentEffect[] = [];

  constructor(aggregate: AssignmentAggregate, nowMs: number) {
    this.#before = aggregate;
    this.nowMs = nowMs;
    this.standing = aggregate.standing;
    this.#tasks = new Map(aggregate.tasks.map((task) => [task.device, task]));
  }

  get identity(): AssignmentAggregate["identity"] {
    return this.#before.identity;
  }

  get state(): AssignmentState {
    return this.standing.state;
  }

  set(change: Partial<AssignmentStanding>): void {
    this.standing = { ...this.standing, ...change };
  }

  to(state: AssignmentState, change: Partial<AssignmentStanding> = {}): void {
    this.set({ ...change, state: move(assignmentMoves, this.state, state) });
  }

  effect(type: AssignmentEffect["type"]): void {
    const { key, agent } = this.identity;
    this.#effects.push(type === "wake" ? { type, agent } : { type, key, agent });
  }

  closeTasks(state: TaskState, code: ErrorCode): void {
    this.#rows.push({ type: "tasksClosed", key: this.identity.key, state, code });
  }

  task(word: TaskWord): void {
    const { key, job } = this.identity;
    const held = this.#tasks.get(word.device);
    if (!held) return;
    if (isTerminal(taskMoves, held.state)) {
      if (isTerminal(taskMoves, word.state) && word.state !== held.state) {
        this.#rows.push({ type: "lateTask", key, device: word.device, state: word.state });
      }
      return;
    }
    if (held.state === word.state && held.step === word.step && held.code === word.code) return;
    this.#tasks.set(word.device, word);
    this.#rows.push({ type: "task", key, word });
    const { device, state, step, code } = word;
    this.#rows.push({ type: "watch", event: { type: "task", job, manifest: key.manifest, device, state, step, code } });
  }

  finish(): AssignmentDecision {
    const { key, job, agent } = this.identity;
    const before = this.#before.standing;
    const after = this.standing;
    if (!sameStanding(before, after)) this.#rows.unshift({ type: "assignment", key, standing: after });
    if (before.state !== after.state) {
      const { state, code } = after;
      this.#rows.push({
        type: "watch",
        event: { type: "assignment", job, manifest: key.manifest, agent, state, code },
      });
      if (isEnded(state)) this.#rows.push({ type: "message", message: { to: "job", job, body: { type: "progress" } } });
    }
    return { rows: this.#rows, effects: this.#effects };
  }
}

function sameStanding(a: AssignmentStanding, b: AssignmentStanding): boolean {
  return (
    a === b ||
    (a.state === b.state &&
      a.code === b.code &&
      a.reason === b.reason &&
      a.sequence === b.sequence &&
      a.fence === b.fence &&
      a.cancel?.generation === b.cancel?.generation &&
      a.receipt === b.receipt &&
      a.settled === b.settled &&
      a.late?.state === b.late?.state)
  );
}

/**
 * What one event means for one assignment at the hub. Pure. Terminal is absorbing; what comes after is stored beside it;
 * whatever comes twice changes nothing.
 */
export function decideAssignment(
  aggregate: AssignmentAggregate,
  event: AssignmentEvent,
  nowMs: number,
  _random: Random,
): AssignmentDecision {
  const draft = new Draft(aggregate, nowMs);
  switch (event.type) {
    case "released":
      if (draft.state !== "PLANNED") break;
      if (expired(draft)) endUnserved(draft, "EXPIRED", "EXPIRED", null);
      else {
        draft.to("OFFERED");
        draft.effect("wake");
      }
      break;
    case "served":
      onServed(draft, event);
      break;
    case "begun":
      if (draft.state !== "PLANNED") break;
      draft.to("OFFERED");
      draft.to("DELIVERED", { sequence: 0, fence: 0 });
      break;
    case "accepted":
      // It says so again because it does not know that its last word is held.
      if (draft.standing.settled) draft.effect("sendSettled");
      else agentSays(draft, "ACCEPTED", null, null);
      break;
    case "rejected":
      onRejected(draft, event.code, event.detail);
      break;
    case "assignment":
      if (event.state === "REJECTED") onRejected(draft, event.code ?? "INTERNAL", event.reason);
      // An end is the signed receipt, which follows: whoever sees the end can then also see its evidence.
      else if (!isEnded(event.state) || isEnded(draft.state)) agentSays(draft, event.state, event.code, event.reason);
      break;
    case "task":
      draft.task(event.word);
      break;
    case "receipt":
      onReceipt(draft, event);
      break;
    case "cancelRequested":
      onCancelRequested(draft, event.reason);
      break;
    case "sync":
      onSync(draft, event.highWater, event.listed);
      break;
    case "expiredTick":
      if (isUnserved(draft.state) && expired(draft)) endUnserved(draft, "EXPIRED", "EXPIRED", null);
      break;
    case "abandoned":
      onAbandoned(draft, event.reason);
      break;
    case "takenOver":
      onTakenOver(draft, event.reason);
      break;
    case "resume":
      resume(draft);
      break;
    default:
      event satisfies never;
  }
  return draft.finish();
}

const expired = (draft: Draft): boolean => draft.identity.expMs <= draft.nowMs;

function endUnserved(draft: Draft, state: "EXPIRED" | "CANCELED", code: ErrorCode, reason: string | null): void {
  draft.to(state, { code, reason });
  draft.closeTasks(state === "CANCELED" ? "CANCELED" : "SKIPPED", code);
}

/** DELIVERED is committed before a byte of the offer leaves: a crash in between costs a re-offer, never an unknown one. */
function onServed(draft: Draft, event: { sequence: number; fence: number }): void {
  if (draft.state === "OFFERED") {
    if (expired(draft)) return endUnserved(draft, "EXPIRED", "EXPIRED", null);
    const { sequence, fence } = draft.standing;
    draft.to("DELIVERED", { sequence: sequence ?? event.sequence, fence: fence ?? event.fence });
  }
  if (draft.state === "DELIVERED") draft.effect("sendOffer");
}

function onRejected(draft: Draft, code: ErrorCode, detail: string | null): void {
  if (draft.state === "OFFERED") draft.to("DELIVERED");
  if (draft.state !== "DELIVERED") return afterTheEnd(draft, "REJECTED", code);
  draft.to("REJECTED", { code, reason: detail, settled: true });
  draft.closeTasks("SKIPPED", code);
  draft.effect("sendSettled");
}

/** The agent's word decides, unless it is a step back: then it is an old message. */
function agentSays(draft: Draft, state: AssignmentState, code: ErrorCode | null, reason: string | null): void {
  if (isEnded(draft.state)) return afterTheEnd(draft, state, code);
  if (state === "PLANNED" || state === "OFFERED" || state === "DELIVERED" || draft.state === "PLANNED") return;
  // A sync may have proved it unseen, and then an offer in flight arrived after all: the agent knows better.
  if (draft.state === "OFFERED") draft.to("DELIVERED");
  if (state === draft.state) {
    if (reason !== draft.standing.reason || code !== draft.standing.code) draft.set({ reason, code });
    return;
  }
  if (draft.state === "DELIVERED" && !canMove(assignmentMoves, draft.state, state)) draft.to("ACCEPTED");
  if (!canMove(assignmentMoves, draft.state, state)) return;
  draft.to(state, { code, reason });
  if (isEnded(state)) {
    draft.set({ settled: true });
    draft.effect("sendSettled");
  }
}

function afterTheEnd(draft: Draft, state: AssignmentState, code: ErrorCode | null): void {
  if (!isEnded(state)) return;
  const { standing } = draft;
  if (state !== standing.state && standing.late === null) draft.set({ late: { state, code, atMs: draft.nowMs } });
  if (!standing.settled) draft.set({ settled: true });
  draft.effect("sendSettled");
}

function onReceipt(draft: Draft, event: Extract<AssignmentEvent, { type: "receipt" }>): void {
  for (const word of event.tasks) draft.task(word);
  if (draft.standing.receipt === null) draft.set({ receipt: event.digest });
  if (event.outcome === "REJECTED") onRejected(draft, event.code ?? "INTERNAL", null);
  else agentSays(draft, event.outcome, event.code, null);
}

function onCancelRequested(draft: Draft, reason: string): void {
  if (isEnded(draft.state)) return;
  if (isUnserved(draft.state)) return endUnserved(draft, "CANCELED", "CANCELED", reason);
  if (draft.standing.cancel === null) draft.set({ cancel: { generation: 1, reason } });
  draft.effect("sendCancel");
}

function onSync(draft: Draft, highWater: number, listed: AssignmentState | null): void {
  const { sequence } = draft.standing;
  if (listed !== null) {
    // An end is taken from the records on their way, in which its tasks' ends come first: else a job would end before its tasks.
    if (!isEnded(listed) || isEnded(draft.state))
      agentSays(draft, listed, isEnded(draft.state) ? null : draft.standing.code, draft.standing.reason);
  } else if (sequence !== null && sequence > highWater) {
    neverSeen(draft);
  }
  if (mayBeStopped(draft)) draft.effect("sendCancel");
  if (draft.state === "OFFERED") draft.effect("wake");
}

/** The journal's high-water mark is below the sequence. */
function neverSeen(draft: Draft): void {
  switch (draft.state) {
    case "DELIVERED": {
      const { cancel } = draft.standing;
      draft.to("OFFERED");
      if (cancel !== null) endUnserved(draft, "CANCELED", "CANCELED", cancel.reason);
      else if (expired(draft)) endUnserved(draft, "EXPIRED", "EXPIRED", null);
      break;
    }
    // It had been accepted, and the journal no longer knows: it went backwards. What happened cannot be told from there.
    case "ACCEPTED":
    case "WAITING":
    case "RUNNING":
    case "RECONCILING":
      draft.to("UNKNOWN_FINAL", { code: "JOURNAL_CORRUPT", reason: "the agent's journal went backwards" });
      draft.closeTasks("UNKNOWN_FINAL", "JOURNAL_CORRUPT");
      break;
    case "PLANNED":
    case "OFFERED":
    case "REJECTED":
    case "SUCCEEDED":
    case "FAILED":
    case "CANCELED":
    case "TIMED_OUT":
    case "UNKNOWN_FINAL":
    case "EXPIRED":
    case "SUPERSEDED":
    case "ABANDONED":
      break;
    default:
      draft.state satisfies never;
  }
}

function onAbandoned(draft: Draft, reason: string): void {
  if (isEnded(draft.state)) return;
  if (isUnserved(draft.state)) return endUnserved(draft, "CANCELED", "CANCELED", reason);
  draft.to("ABANDONED", { code: "UNKNOWN_OUTCOME", reason });
  draft.closeTasks("UNKNOWN_FINAL", "UNKNOWN_OUTCOME");
}

/** What it did, or may yet do, is its agent's to say: kept beside the verdict. The cancel stands until that word is here. */
function onTakenOver(draft: Draft, reason: string): void {
  if (isEnded(draft.state)) return;
  if (isUnserved(draft.state)) {
    draft.to("SUPERSEDED", { code: "CANCELED", reason });
    draft.closeTasks("CANCELED", "CANCELED");
    return;
  }
  const generation = (draft.standing.cancel?.generation ?? 0) + 1;
  draft.to("ABANDONED", { code: "UNKNOWN_OUTCOME", reason, cancel: { generation, reason } });
  draft.closeTasks("UNKNOWN_FINAL", "UNKNOWN_OUTCOME");
  draft.effect("sendCancel");
}

/** Its agent may still be at it: also when a person has given up on it and its last word is not here. */
function mayBeStopped({ state, standing }: Draft): boolean {
  if (standing.cancel === null || isUnserved(state)) return false;
  return isEnded(state) ? state === "ABANDONED" && !standing.settled : true;
}

function resume(draft: Draft): void {
  const { state, standing } = draft;
  if (state === "OFFERED" || state === "DELIVERED") draft.effect("wake");
  if (mayBeStopped(draft)) draft.effect("sendCancel");
  if (standing.settled) draft.effect("sendSettled");
}
