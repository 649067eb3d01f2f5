import { hasDeviceTimer, type Level } from "../../shared/documents/common.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import type { Secret } from "../../shared/secret.ts";
import type { TaskState } from "../../shared/states.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Configuration, LoginChange, Session, StepName, TransactionToken } from "../types.ts";
import { closeQuietly, MARGIN_MS, why } from "./context.ts";

/**
 * A login's password, in two phases, so that at no moment no login works:
 *
 * precheck with the old → arm → write the new → log in with the new, the first session still open → keep (the vault) → confirm → save → forget the old
 *
 * | what happens | outcome |
 * | --- | --- |
 * | anything before the write fails | FAILED, notApplied; the timer is disarmed |
 * | the write is refused, or the new login does not work | put back by the first session, else by the device's timer: ROLLED_BACK |
 * | confirm or save breaks | the device is asked which login works: DONE or ROLLED_BACK |
 * | a crash anywhere | the new is tried, then the old; what works is what is true, and the vault follows it |
 * | neither can be asked until the timer must have fired | UNKNOWN; the caller asks again |
 */
export interface RotateContext {
  /** Logs in afresh with one of the two. */
  readonly open: (which: "old" | "new", signal: AbortSignal) => Promise<Session>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface RotateSpec {
  readonly id: string;
  readonly password: Secret;
  readonly confirmMs: number;
  readonly serial: string | null;
}

export interface RotateHooks {
  intent(step: StepName, data: unknown): Promise<void>;
  done(step: StepName, data: unknown): Promise<void>;
  state(state: TaskState): Promise<void>;
  stopRequested(): boolean;
  /** From here on the new password is the one that is used; the old one is still known. */
  keep(): Promise<void>;
  /** The old one is the one that works, whatever was kept. */
  back(): Promise<void>;
  /** The new one is proved, confirmed and saved. */
  forgetOld(): Promise<void>;
}

export interface RotateOutcome {
  readonly state: Extract<TaskState, "DONE" | "ROLLED_BACK" | "FAILED" | "CANCELED" | "UNKNOWN">;
  readonly code: ErrorCode | null;
  readonly detail: string | null;
  readonly before: Configuration | null;
  readonly after: Configuration | null;
  readonly level: Level | null;
}

interface Rotation {
  readonly context: RotateContext;
  readonly spec: RotateSpec;
  readonly hooks: RotateHooks;
}

interface Armed {
  readonly token: TransactionToken;
  readonly before: Configuration | null;
  readonly level: Level | null;
  /** Monotonic: when the device's timer has fired at the latest. */
  readonly firesByMs: number;
}

const PROBE_MS = 1_000;

const ended = (state: RotateOutcome["state"], over: Partial<RotateOutcome> = {}): RotateOutcome => ({
  state,
  code: null,
  detail: null,
  before: null,
  after: null,
  level: null,
  ...over,
});

export async function runRotation(
  context: RotateContext,
  spec: RotateSpec,
  hooks: RotateHooks,
): Promise<RotateOutcome> {
  const rotation: Rotation = { context, spec, hooks };
  await hooks.state("PRECHECK");
  let first: Session | undefined;
  let armed: Armed;
  try {
    first = await context.open("old", context.signal);
    const ready = await prepare(rotation, first);
    if ("state" in ready) {
      await closeQuietly(first);
      await hooks.back();
      return ready;
    }
    armed = ready;
  } catch (error) {
    await closeQuietly(first);
    context.signal.throwIfAborted();
    await hooks.back();
    return ended("FAILED", why(error));
  }
  let reason: ReturnType<typeof why>;
  try {
    await hooks.state("APPLYING");
    await hooks.intent("apply", {});
    await loginOf(first).write(armed.token, spec.password);
    await hooks.done("apply", {});
    await hooks.state("CONFIRM_WAIT");
    await hooks.intent("verify", {});
    // A second session, while the first stays open: the way back is not let go before the way on is proved.
    const second = await proved(rotation, armed);
    await hooks.done("verify", {});
    await closeQuietly(first);
    return await goOn(rotation, second, armed);
  } catch (error) {
    context.signal.throwIfAborted();
    reason = why(error);
  }
  try {
    await hooks.intent("revert", { reason });
    await loginOf(first).revert(armed.token);
  } catch {
    // The device's own timer is left, and another session.
    context.signal.throwIfAborted();
  }
  await closeQuietly(first);
  return await settle(rotation, armed, { wanted: "old", reason });
}

function loginOf(session: Session): LoginChange {
  const { login } = session;
  if (!login) throw new FarhandError("LEVEL_TOO_LOW", "this platform's driver changes no passwords");
  return login;
}

async function prepare({ spec, hooks, context }: Rotation, session: Session): Promise<Armed | RotateOutcome> {
  const login = loginOf(session);
  const facts = await session.facts();
  if (spec.serial !== null && facts.serial !== spec.serial)
    throw new FarhandError("PLATFORM_MISMATCH", `serial ${facts.serial ?? "unknown"}, inventory says ${spec.serial}`);
  const { level, blockers, pendingByOther, pendingBy } = await session.readiness("merge");
  if (pendingByOther) throw new FarhandError("PENDING_CHANGE", pendingBy);
  if (!hasDeviceTimer(level))
    throw new FarhandError(
      "LEVEL_TOO_LOW",
      `a login needs a timer on the device${blockers[0] ? `: ${blockers[0].detail}` : ""}`,
    );
  const before = await session.running();
  await hooks.done("precheck", { level });
  if (hooks.stopRequested()) return ended("CANCELED", { code: "CANCELED", before });
  const token = await login.begin({ id: spec.id, confirmMs: spec.confirmMs, preImage: before });
  await hooks.intent("arm", token);
  const firesByMs = context.clock.monotonicMs() + token.confirmMs;
  try {
    await login.arm(token);
    await hooks.done("arm", {});
    return { token, before, level, firesByMs };
  } catch (error) {
    await disarm(login, token);
    throw error;
  }
}

/** The old password is in force: keeping what is there is what ends the timer. */
async function disarm(login: LoginChange, token: TransactionToken): Promise<void> {
  try {
    if ((await login.pending(token)) === "armed") await login.confirm(token);
    await login.cleanup(token);
  } catch {
    // A timer that fires now puts back what is there.
  }
}

/** Logged in with the new password, and let in: the device shows what it is. */
async function proved({ context }: Rotation, { firesByMs, token }: Armed): Promise<Session> {
  const untilMs = firesByMs - Math.min(10_000, token.confirmMs / 4);
  for (;;) {
    try {
      const session = await context.open("new", context.signal);
      await session.facts();
      return session;
    } catch (error) {
      context.signal.throwIfAborted();
      const refused = errorCode(error) === "LOGIN_REFUSED";
      if (refused || context.clock.monotonicMs() + PROBE_MS >= untilMs) throw error;
      await context.clock.sleep(PROBE_MS, context.signal);
    }
  }
}

/** The new login is proved on `session`: keep it, confirm it, save it, forget the old one. */
async function goOn(rotation: Rotation, session: Session, armed: Armed): Promise<RotateOutcome> {
  const { hooks, context } = rotation;
  const { token } = armed;
  try {
    await hooks.intent("keep", {});
    await hooks.keep();
    await hooks.done("keep", {});
    const login = loginOf(session);
    await hooks.intent("confirm", {});
    if ((await login.pending(token)) === "armed") await login.confirm(token);
    await hooks.done("confirm", {});
    await hooks.intent("save", {});
    await login.save(token);
    await hooks.done("save", {});
    const after = await session.running();
    await login.cleanup(token);
    await closeQuietly(session);
    await hooks.forgetOld();
    return ended("DONE", { before: armed.before, after, level: armed.level });
  } catch (error) {
    await closeQuietly(session);
    context.signal.throwIfAborted();
    return await settle(rotation, armed, { wanted: "new", reason: why(error) });
  }
}

interface Wish {
  readonly wanted: "old" | "new";
  readonly reason: { readonly code: ErrorCode | null; readonly detail: string | null };
  /** One look: the caller owns the asking again. */
  readonly once?: boolean;
}

/** Asks the device which login works, the new one first, and makes the vault and the device agree with that. */
async function settle(rotation: Rotation, armed: Armed, wish: Wish): Promise<RotateOutcome> {
  const { clock, signal } = rotation.context;
  const untilMs = armed.firesByMs + MARGIN_MS;
  for (;;) {
    const seen = await look(rotation, armed, wish);
    if (seen.kind === "ended") return seen.outcome;
    if (wish.once === true || clock.monotonicMs() >= untilMs)
      return ended("UNKNOWN", { code: "UNKNOWN_OUTCOME", detail: seen.last, before: armed.before });
    await clock.sleep(PROBE_MS, signal);
  }
}

type Seen = { kind: "ended"; outcome: RotateOutcome } | { kind: "again"; last: string };
const again = (last: string): Seen => ({ kind: "again", last: last.slice(0, 500) });

async function look(rotation: Rotation, armed: Armed, wish: Wish): Promise<Seen> {
  const { context, hooks } = rotation;
  const { token, before, level } = armed;
  let session: Session | undefined;
  let which: "old" | "new" = "new";
  try {
    try {
      session = await context.open("new", context.signal);
    } catch (error) {
      if (errorCode(error) !== "LOGIN_REFUSED") throw error;
      which = "old";
      session = await context.open("old", context.signal);
    }
    const login = loginOf(session);
    const pending = await login.pending(token);
    if (pending === "unknown") return again("the device is undoing it");
    if (which === "old") {
      await disarm(login, token);
      const after = await session.running();
      await hooks.back();
      return { kind: "ended", outcome: ended("ROLLED_BACK", { ...wish.reason, before, after, level }) };
    }
    if (wish.wanted === "old" && pending === "armed") {
      await login.revert(token);
      return again("it was put back");
    }
    await hooks.keep();
    if (pending === "armed") await login.confirm(token);
    await login.save(token);
    const after = await session.running();
    await login.cleanup(token);
    await hooks.forgetOld();
    return { kind: "ended", outcome: ended("DONE", { before, after, level }) };
  } catch (error) {
    context.signal.throwIfAborted();
    const { code, detail } = why(error);
    return again(`${code}: ${detail}`);
  } finally {
    await closeQuietly(session);
  }
}

/** After a crash, from the journal: the token, if the timer may be armed. Writes no password. */
export async function recoverRotation(
  context: RotateContext,
  spec: RotateSpec,
  token: TransactionToken | null,
  hooks: RotateHooks,
): Promise<RotateOutcome> {
  if (token === null) {
    await hooks.back();
    return ended("FAILED", { code: "CONNECTION_LOST", detail: "the agent was restarted before anything was written" });
  }
  const armed = { token, before: null, level: null, firesByMs: context.clock.monotonicMs() };
  const reason = { code: null, detail: "the agent was restarted; the old login works" };
  return await settle({ context, spec, hooks }, armed, { wanted: "new", reason, once: true });
}
