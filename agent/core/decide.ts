import { taskMoves, canMove, type AssignmentState } from "../../shared/states.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { assignmentEnded, Draft, isInFlight, taskEnded } from "./draft.ts";
import type { Aggregate, Assignment, Decision, Event, Task, TaskEnd, Timer } from "./model.ts";
import { outcomeOf } from "./outcome.ts";

/** More processes than this on one attempt is a crash loop: the agent stays up and says so. */
export const STARTS_MAX = 5;
const PROBE_FIRST_MS = 2_000;
const PROBE_LONGEST_MS = 60_000;
const CLOCK_RETRY_MS = 15_000;
const ADMISSION_RETRY_MS = 1_000;

const isBeforeApply = (task: Task): boolean => task.state === "QUEUED" || task.state === "PRECHECK";

/**
 * What one event means for one assignment. Pure: `now` in milliseconds and `random` in [0, 1) are arguments, everything else
 * is in the aggregate. Terminal states are absorbing, and whatever comes twice is answered from what is stored.
 */
export function decide(aggregate: Aggregate, event: Event, nowMs: number, random: () => number): Decision {
  const draft = new Draft(aggregate, nowMs);
  switch (event.type) {
    case "offered":
      onOffered(draft, event);
      break;
    case "refused":
      onRefused(draft, event);
      break;
    case "cancel":
      onCancel(draft, event.generation, event.reason);
      break;
    case "start":
      onStart(draft);
      break;
    case "startRefused":
      onStartRefused(draft, event.code, event.detail);
      break;
    case "wait":
      onWait(draft, event.reason);
      break;
    case "taskMoved":
      onTaskMoved(draft, event);
      break;
    case "taskEnded":
    case "probed":
      onTaskEnd(draft, event.device, event.end, random);
      break;
    case "restarted":
      onRestarted(draft);
      break;
    case "rolledBack":
      onRolledBack(draft);
      break;
    case "timer":
      onTimer(draft, event.timer);
      break;
    case "receiptSigned":
      onReceiptSigned(draft, event);
      break;
    case "settled":
      onSettled(draft);
      break;
    case "resume":
      resume(draft);
      break;
    default:
      event satisfies never;
  }
  return draft.finish();
}

function onOffered(draft: Draft, event: Extract<Event, { type: "offered" }>): void {
  if (draft.assignment) return answerAgain(draft);
  const { devices, ...work } = event.work;
  draft.create(newAssignment(draft, { ...work, state: "ACCEPTED", code: null, detail: null }), devices);
  // Nobody waits for an answer to what this agent began by itself.
  if (work.sequence > 0) draft.effect({ type: "sendAccept", key: draft.aggregate.key, sequence: work.sequence });
  const { cancel } = draft.aggregate;
  if (cancel) {
    endEarly(draft, "CANCELED", "CANCELED", "CANCELED");
    return;
  }
  waitOrStart(draft);
}

function onRefused(draft: Draft, event: Extract<Event, { type: "refused" }>): void {
  if (draft.assignment) return answerAgain(draft);
  const { work, code, detail } = event;
  const none = { job: null, signers: [], notBeforeMs: 0, expMs: 0, deadlines: null };
  draft.create(
    { ...newAssignment(draft, { ...work, ...none, state: "REJECTED", code, detail }), endedAtMs: draft.nowMs },
    [],
  );
  draft.effect({ type: "sendReject", key: draft.aggregate.key, sequence: work.sequence, code, detail: detail ?? "" });
}

type Born = Pick<
  Assignment,
  | "sequence"
  | "fence"
  | "authority"
  | "job"
  | "signers"
  | "notBeforeMs"
  | "expMs"
  | "deadlines"
  | "state"
  | "code"
  | "detail"
>;

function newAssignment(draft: Draft, born: Born): Assignment {
  return {
    ...born,
    waitReason: null,
    offeredAtMs: draft.nowMs,
    startedAtMs: null,
    jobDeadlineMs: null,
    endedAtMs: null,
    starts: 0,
    receipt: null,
    settled: false,
  };
}

/** A second offer of what is held: the stored answer, never a second run. */
function answerAgain(draft: Draft): void {
  const { assignment, aggregate } = draft;
  if (!assignment) return;
  const { key } = aggregate;
  if (assignment.state === "REJECTED") {
    const code = assignment.code ?? "INTERNAL";
    draft.effect({ type: "sendReject", key, sequence: assignment.sequence, code, detail: assignment.detail ?? "" });
  } else if (assignment.sequence > 0) draft.effect({ type: "sendAccept", key, sequence: assignment.sequence });
}

function waitOrStart(draft: Draft): void {
  const { assignment, aggregate } = draft;
  if (!assignment) return;
  const { key } = aggregate;
  draft.effect({ type: "armTimer", key, timer: { kind: "expiry" }, atMs: assignment.expMs });
  if (draft.nowMs < assignment.notBeforeMs) {
    draft.moveAssignment("WAITING", { waitReason: "window" });
    draft.effect({ type: "armTimer", key, timer: { kind: "start" }, atMs: assignment.notBeforeMs });
  } else draft.effect({ type: "verifyStart", key });
}

type Waiting = Assignment & { readonly state: "ACCEPTED" | "WAITING" };
type Working = Assignment & { readonly state: "RUNNING" | "RECONCILING" };
const isWaiting = (assignment: Assignment | null): assignment is Waiting =>
  assignment !== null && (assignment.state === "ACCEPTED" || assignment.state === "WAITING");
const isWorking = (assignment: Assignment | null): assignment is Working =>
  assignment !== null && (assignment.state === "RUNNING" || assignment.state === "RECONCILING");

function onStart(draft: Draft): void {
  const { assignment, aggregate } = draft;
  if (!isWaiting(assignment) || draft.nowMs < assignment.notBeforeMs || !assignment.deadlines) return;
  const jobDeadlineMs = draft.nowMs + assignment.deadlines.jobMs;
  draft.moveAssignment("RUNNING", { startedAtMs: draft.nowMs, jobDeadlineMs, starts: 1 });
  armDeadlines(draft);
  for (const task of draft.tasks) draft.effect({ type: "runTask", key: aggregate.key, device: task.device });
}

function onStartRefused(draft: Draft, code: ErrorCode, detail: string | null): void {
  const { assignment, aggregate } = draft;
  if (!isWaiting(assignment)) return;
  switch (code) {
    case "NOT_YET_VALID":
      draft.moveAssignment("WAITING", { waitReason: "clock" });
      draft.effect({
        type: "armTimer",
        key: aggregate.key,
        timer: { kind: "start" },
        atMs: draft.nowMs + CLOCK_RETRY_MS,
      });
      return;
    case "EXPIRED":
      endEarly(draft, "EXPIRED", code, "SKIPPED");
      return;
    case "CANCELED":
      endEarly(draft, "CANCELED", code, "CANCELED");
      return;
    default:
      draft.set({ detail });
      endEarly(draft, "FAILED", code, "SKIPPED");
  }
}

function onWait(draft: Draft, reason: Assignment["waitReason"]): void {
  const { assignment, aggregate } = draft;
  if (!isWaiting(assignment)) return;
  if (assignment.state !== "WAITING" || assignment.waitReason !== reason)
    draft.moveAssignment("WAITING", { waitReason: reason });
  draft.effect({
    type: "armTimer",
    key: aggregate.key,
    timer: { kind: "start" },
    atMs: draft.nowMs + ADMISSION_RETRY_MS,
  });
}

/** Ends an assignment of which no task has begun. */
function endEarly(draft: Draft, state: AssignmentState, code: ErrorCode, tasks: "CANCELED" | "SKIPPED"): void {
  for (const task of draft.tasks) if (!taskEnded(task)) draft.endTask(task.device, tasks, code);
  draft.moveAssignment(state, {
    code,
    endedAtMs: draft.nowMs,
    startedAtMs: draft.assignment?.startedAtMs ?? draft.nowMs,
  });
  draft.effect({ type: "signReceipt", key: draft.aggregate.key });
}

/** A cancel is a tombstone with a generation: stored even before its offer, and never forgotten for an older one. */
function onCancel(draft: Draft, generation: number, reason: string): void {
  const { key } = draft.aggregate;
  if (generation > (draft.aggregate.cancel?.generation ?? 0)) draft.cancel({ generation, reason });
  if (isWaiting(draft.assignment)) endEarly(draft, "CANCELED", "CANCELED", "CANCELED");
  else if (isWorking(draft.assignment)) {
    stopTasks(draft);
    conclude(draft);
  }
  const stored = draft.aggregate.cancel?.generation ?? generation;
  draft.effect({ type: "sendCanceled", key, generation: stored, state: draft.assignment?.state ?? "CANCELED" });
}

/** What has not touched its device ends now; what has, is asked to stop where it is safe. */
function stopTasks(draft: Draft): void {
  const { key } = draft.aggregate;
  for (const task of draft.tasks) {
    if (isBeforeApply(task)) {
      draft.effect({ type: "stopTask", key, device: task.device });
      draft.endTask(task.device, "CANCELED", "CANCELED");
    } else if (isInFlight(task)) draft.effect({ type: "stopTask", key, device: task.device });
  }
}

function onTaskMoved(draft: Draft, event: Extract<Event, { type: "taskMoved" }>): void {
  const task = draft.task(event.device);
  if (!task || !isWorking(draft.assignment)) return;
  if (taskEnded(task) || task.state === event.state) return;
  const begins = event.state === "PRECHECK" ? { startedAtMs: task.startedAtMs ?? draft.nowMs } : {};
  const applies = event.state === "APPLYING" ? { applies: task.applies + 1 } : {};
  draft.moveTask(event.device, event.state, { ...begins, ...applies }, event.step);
  conclude(draft);
}

function onTaskEnd(draft: Draft, device: DeviceId, end: TaskEnd, random: () => number): void {
  const task = draft.task(device);
  if (!task || taskEnded(task) || !isWorking(draft.assignment)) return;
  const evidence = end.evidence ?? task.evidence;
  const words = { code: end.code, detail: end.detail, evidence };
  if (end.state === "UNKNOWN") {
    if (task.state !== "UNKNOWN") draft.moveTask(device, "UNKNOWN", words);
    else draft.setTask(device, { ...words, probes: task.probes + 1 });
    probeLater(draft, device, random);
  } else if (isBeforeApply(task) && !canMove(taskMoves, task.state, end.state)) {
    // A task may end so early that its first step was never told; it passes through the state that it skipped.
    draft.moveTask(device, "PRECHECK", { startedAtMs: task.startedAtMs ?? draft.nowMs });
    draft.moveTask(device, end.state, words);
  } else draft.moveTask(device, end.state, words);
  conclude(draft);
}

function probeLater(draft: Draft, device: DeviceId, random: () => number): void {
  const { assignment, aggregate } = draft;
  const task = draft.task(device);
  if (!task || !assignment) return;
  if (draft.nowMs >= (assignment.jobDeadlineMs ?? 0)) {
    draft.endTask(device, "UNKNOWN_FINAL", task.code ?? "UNKNOWN_OUTCOME");
    return;
  }
  const window = Math.min(PROBE_LONGEST_MS, PROBE_FIRST_MS * 2 ** Math.min(task.probes, 10));
  const atMs = draft.nowMs + Math.ceil(window * (0.5 + random() / 2));
  draft.effect({ type: "armTimer", key: aggregate.key, timer: { kind: "probe", device }, atMs });
}

/** Another process begins where one stopped: what was under way on a device is asked about, never repeated. */
function onRestarted(draft: Draft): void {
  const { assignment } = draft;
  if (!isWorking(assignment)) {
    resume(draft);
    return;
  }
  draft.set({ starts: assignment.starts + 1 });
  for (const task of draft.tasks) if (task.state === "PRECHECK") draft.moveTask(task.device, "QUEUED");
  if (assignment.starts + 1 > STARTS_MAX) {
    draft.set({ code: "CRASH_LOOP" });
    for (const task of draft.tasks) giveUp(draft, task, "CRASH_LOOP", "FAILED");
  } else if (
    assignment.state === "RUNNING" &&
    draft.tasks.some((task) => isInFlight(task) || task.state === "UNKNOWN")
  ) {
    draft.moveAssignment("RECONCILING");
  }
  conclude(draft);
  resume(draft);
}

/** What a lost state did since is not known here, so no device is asked by what this one remembers. */
function onRolledBack(draft: Draft): void {
  const { assignment, aggregate } = draft;
  const code = "STATE_ROLLBACK";
  if (isWaiting(assignment)) endEarly(draft, "FAILED", code, "SKIPPED");
  if (!isWorking(assignment)) return;
  draft.set({ code });
  for (const task of draft.tasks) {
    if (taskEnded(task)) continue;
    draft.effect({ type: "stopTask", key: aggregate.key, device: task.device });
    giveUp(draft, task, code, "FAILED");
  }
  conclude(draft);
}

/** Ends a task without its word: truthfully, so what may have touched the device ends as unknown. */
function giveUp(draft: Draft, task: Task, code: ErrorCode, untouched: "FAILED" | "TIMED_OUT"): void {
  if (isBeforeApply(task)) draft.endTask(task.device, untouched, code);
  if (isInFlight(task)) draft.moveTask(task.device, "UNKNOWN", { code });
  if (draft.task(task.device)?.state === "UNKNOWN") draft.endTask(task.device, "UNKNOWN_FINAL", code);
}

function onTimer(draft: Draft, timer: Timer): void {
  const { assignment, aggregate } = draft;
  if (!assignment) return;
  switch (timer.kind) {
    case "start":
      if (isWaiting(assignment) && draft.nowMs >= assignment.notBeforeMs)
        draft.effect({ type: "verifyStart", key: aggregate.key });
      else if (isWaiting(assignment)) waitOrStart(draft);
      return;
    case "expiry":
      if (isWaiting(assignment) && draft.nowMs >= assignment.expMs) endEarly(draft, "EXPIRED", "EXPIRED", "SKIPPED");
      return;
    case "job":
      if (isWorking(assignment) && draft.nowMs >= (assignment.jobDeadlineMs ?? Infinity)) onJobDeadline(draft);
      return;
    case "final":
      if (isWorking(assignment) && draft.nowMs >= finalMs(assignment)) {
        for (const task of draft.tasks) giveUp(draft, task, "DEADLINE", "TIMED_OUT");
        conclude(draft);
      }
      return;
    case "probe":
      if (isWorking(assignment) && draft.task(timer.device)?.state === "UNKNOWN") {
        draft.effect({ type: "probeTask", key: aggregate.key, device: timer.device });
      }
      return;
    default:
      timer satisfies never;
  }
}

function onJobDeadline(draft: Draft): void {
  const { key } = draft.aggregate;
  for (const task of draft.tasks) {
    if (isInFlight(task)) draft.effect({ type: "stopTask", key, device: task.device });
    else if (!taskEnded(task)) {
      draft.effect({ type: "stopTask", key, device: task.device });
      giveUp(draft, task, "DEADLINE", "TIMED_OUT");
    }
  }
  conclude(draft);
}

/** After the job's deadline a change in flight still gets the time that its own undo needs, and not more. */
function finalMs(assignment: Assignment): number {
  const { jobDeadlineMs, deadlines } = assignment;
  return (jobDeadlineMs ?? 0) + (deadlines?.taskMs ?? 0) + (deadlines?.confirmMs ?? 0);
}

function armDeadlines(draft: Draft): void {
  const { assignment, aggregate } = draft;
  if (assignment?.jobDeadlineMs == null) return;
  draft.effect({ type: "armTimer", key: aggregate.key, timer: { kind: "job" }, atMs: assignment.jobDeadlineMs });
  draft.effect({ type: "armTimer", key: aggregate.key, timer: { kind: "final" }, atMs: finalMs(assignment) });
}

/** Ends the assignment when every task has ended; back to RUNNING when nothing is left to ask about. */
function conclude(draft: Draft): void {
  const { assignment, aggregate } = draft;
  if (!isWorking(assignment)) return;
  if (draft.tasks.every(taskEnded)) {
    const { state, code } = outcomeOf(draft.tasks, assignment);
    draft.moveAssignment(state, { code: assignment.code ?? code, endedAtMs: draft.nowMs });
    draft.effect({ type: "signReceipt", key: aggregate.key });
  } else if (assignment.state === "RECONCILING" && !draft.tasks.some((task) => isInFlight(task))) {
    draft.moveAssignment("RUNNING");
    for (const task of draft.tasks) {
      if (task.state === "QUEUED") draft.effect({ type: "runTask", key: aggregate.key, device: task.device });
    }
  }
}

function onReceiptSigned(draft: Draft, event: Extract<Event, { type: "receiptSigned" }>): void {
  const { assignment } = draft;
  if (!assignment || !assignmentEnded(assignment) || assignment.receipt !== null || assignment.state === "REJECTED")
    return;
  draft.set({ receipt: event.digest });
  if (event.envelope) draft.record({ type: "outbox", record: { type: "receipt", envelope: event.envelope } });
}

/** Nobody looks again at what is settled: an outcome without its receipt is not, or the receipt would never be signed. */
function onSettled(draft: Draft): void {
  const { assignment } = draft;
  if (!assignment || !assignmentEnded(assignment) || assignment.settled) return;
  if (assignment.receipt !== null || assignment.state === "REJECTED") draft.set({ settled: true });
}

/** Everything that should be going on, from the rows alone. */
function resume(draft: Draft): void {
  const { assignment, aggregate } = draft;
  const { key, cancel } = aggregate;
  if (!assignment) return;
  if (!assignment.settled) answerAgain(draft);
  if (cancel && !assignment.settled)
    draft.effect({ type: "sendCanceled", key, generation: cancel.generation, state: assignment.state });
  if (assignmentEnded(assignment)) {
    if (assignment.receipt === null && assignment.state !== "REJECTED") draft.effect({ type: "signReceipt", key });
    return;
  }
  if (isWaiting(assignment)) {
    waitOrStart(draft);
    return;
  }
  armDeadlines(draft);
  for (const task of draft.tasks) {
    const { device } = task;
    if (task.state === "QUEUED" && assignment.state === "RUNNING") draft.effect({ type: "runTask", key, device });
    if (task.state === "UNKNOWN" || (isInFlight(task) && assignment.state === "RECONCILING"))
      draft.effect({ type: "probeTask", key, device });
    if (cancel && isInFlight(task)) draft.effect({ type: "stopTask", key, device });
  }
}
