import { FarhandError } from "../../shared/errors.ts";
import { parseDiff, type DiffEntry } from "../model/diff.ts";
import type { Tables } from "../model/state/rows.ts";
import type {
  ChangeOutcome,
  ChangeSpec,
  Configuration,
  Session,
  TransactionHooks,
  TransactionToken,
} from "../types.ts";
import { closeQuietly, MARGIN_MS, outcome, reach, why, type Change, type ChangeContext } from "./context.ts";
import { Drifted, precheck, type Checked } from "./precheck.ts";
import { giveUp } from "./give-up.ts";
import { cleanQuietly, rollBack } from "./rollback.ts";
import { evidenceOf, planState, proveState, readState, requireState, type StatePlan } from "./state.ts";
import { requireVerified, verifyAll, type Verified } from "./verify.ts";

/**
 * One signed change on one device:
 *
 * precheck → snapshot → read the state → arm (or: open the candidate) → stage → read again → apply → (new connection) → way home → verify → compare the state → read again → confirm → save → read again
 *
 * | what happens | outcome |
 * | --- | --- |
 * | anything before `apply` fails | FAILED / DRIFTED / CANCELED, notApplied; an armed timer is disarmed |
 * | somebody changed the device between snapshot and apply | DRIFTED, notApplied |
 * | the candidate, read back, is not what was signed, or the device finds it invalid | FAILED, notApplied; it is given up |
 * | somebody else holds the lock or has changes in the candidate | FAILED (CANDIDATE_BUSY, the owner named), notApplied |
 * | apply is refused or breaks; no new connection; way home lost; verification fails; the state is worse than before; the measured diff is not the signed one | undo: ROLLED_BACK, FAILED (REVERT_FAILED) or UNKNOWN |
 * | confirm is refused or breaks | the device is asked: kept → DONE, undone → ROLLED_BACK |
 * | running held unsaved lines before we came | DONE with UNSAVED_RUNNING: kept, and not saved along with them |
 * | save fails | DONE with the code: the change is in force and proved, and would not survive a reboot |
 *
 * Each intent is durable before its packets leave. A cancel is heeded up to the apply, never later.
 */
export async function runChange(
  context: ChangeContext,
  spec: ChangeSpec,
  hooks: TransactionHooks,
): Promise<ChangeOutcome> {
  const change: Change = { context, spec, hooks };
  await hooks.state("PRECHECK");
  let session: Session | undefined;
  let prepared: Prepared | ChangeOutcome;
  try {
    await hooks.intent("precheck", {});
    session = await context.open(context.signal);
    prepared = await prepare(change, session);
  } catch (error) {
    await closeQuietly(session);
    context.signal.throwIfAborted();
    if (error instanceof Drifted)
      return outcome({ state: "DRIFTED", ...why(error), before: error.before, notApplied: true });
    return outcome({ state: "FAILED", ...why(error), notApplied: true });
  }
  if ("state" in prepared) {
    await closeQuietly(session);
    return prepared;
  }
  return await applyAndProve(change, session, prepared);
}

/** The state as it was, and what is expected of it afterwards. */
interface StateBefore {
  readonly plan: StatePlan;
  readonly before: Tables;
}

interface Prepared extends Checked {
  readonly stateBefore: StateBefore | undefined;
  readonly token: TransactionToken;
  /** Monotonic: when the device's timer fires at the latest. */
  readonly firesByMs: number;
}

async function prepare({ context, spec, hooks }: Change, session: Session): Promise<Prepared | ChangeOutcome> {
  const canceled = (before: Configuration | null): ChangeOutcome =>
    outcome({ state: "CANCELED", code: "CANCELED", before, notApplied: true });
  // Said before anything is read: what cannot be checked is no change that was proved.
  const statePlan = spec.checks && planState(context.driver, spec.checks, spec.confirmMs);
  const checked = await precheck(context, spec, session);
  const { before, level } = checked;
  await hooks.done("precheck", { publicDigest: before.publicDigest, level, warnings: checked.warnings });
  await hooks.intent("snapshot", {});
  await hooks.done("snapshot", before);
  if (hooks.stopRequested()) return canceled(before);
  if (checked.commands.length === 0) {
    const verified = await verifyAll(context, session, spec.verify, Number.MAX_SAFE_INTEGER);
    requireVerified(verified);
    return outcome({
      state: "DONE",
      before,
      after: before,
      diff: checked.prediction.diff,
      verified,
      level,
      notApplied: true,
    });
  }
  const stateBefore = statePlan && (await readBefore({ context, spec, hooks }, session, statePlan));
  const { id, mode, confirmMs, comment } = spec;
  // A refusal tells of the line; of a sealed text only what everybody may see.
  const text =
    spec.source === "sealed" ? context.driver.publicForm(spec.device, spec.text, context.tagger).publicText : spec.text;
  const begun = await session.begin({ id, mode, confirmMs, preImage: before, text, comment });
  // A whole text leaves nothing of what was there: saving it saves nobody's lines along.
  const token = checked.unsavedBefore && mode === "merge" ? { ...begun, unsavedBefore: true } : begun;
  await hooks.intent("arm", token);
  const firesByMs = context.clock.monotonicMs() + token.confirmMs;
  try {
    await session.arm(token);
    await hooks.done("arm", {});
    await stage({ context, spec, hooks }, session, token, checked);
    // As late as can be: a candidate that was made before somebody's change takes it back when it is committed (EOS).
    const now = await session.running();
    if (now.publicDigest !== before.publicDigest)
      throw new Drifted("DRIFTED", "somebody else changed the device just now", now);
    if (hooks.stopRequested()) {
      await giveUp(context, session, token);
      return canceled(before);
    }
  } catch (error) {
    await giveUp(context, session, token);
    if (error instanceof FarhandError && error.code === "DRIFTED" && !(error instanceof Drifted))
      throw new Drifted("DRIFTED", error.detail ?? "", before);
    throw error;
  }
  return { ...checked, stateBefore, token, firesByMs };
}

async function readBefore({ context, hooks }: Change, session: Session, plan: StatePlan): Promise<StateBefore> {
  await hooks.intent("state", { tables: plan.tables });
  const before = await readState(context, session, plan.pack, plan.tables);
  await hooks.done("state", { before: Object.fromEntries(before) });
  return { plan, before };
}

/** Where the device can hold the whole change before it is in force: it must be the signed one there too. */
async function stage(change: Change, session: Session, token: TransactionToken, checked: Checked): Promise<void> {
  const candidate = session.candidate?.(token);
  if (!candidate) return;
  await change.hooks.intent("stage", {});
  const { configuration, diff } = await candidate.stage(checked.commands);
  if (configuration) requireSigned(change, checked.before.publicText, configuration);
  await change.hooks.done("stage", { diff });
}

async function applyAndProve(change: Change, first: Session, prepared: Prepared): Promise<ChangeOutcome> {
  const { context, spec, hooks } = change;
  const { token, before } = prepared;
  let { firesByMs } = prepared;
  let verified: readonly Verified[] = [];
  let checks: ChangeOutcome["checks"];
  let session: Session | undefined = first;
  try {
    await hooks.state("APPLYING");
    await hooks.intent("apply", { commands: prepared.commands.length });
    try {
      await session.apply(token, prepared.commands);
    } finally {
      // A candidate's timer begins with its commit, which came at the latest just now: whoever waits for it waits from here. Proof is due as before.
      if (session.candidate?.(token)) firesByMs = context.clock.monotonicMs() + token.confirmMs;
    }
    await hooks.done("apply", {});
    await closeQuietly(session);
    session = undefined;
    await hooks.state("CONFIRM_WAIT");
    await hooks.intent("reconnect", {});
    session = await reach(context, proveBy(prepared));
    await hooks.done("reconnect", {});
    if (spec.onWayHome) {
      await hooks.intent("way-home", {});
      await wayHome(change, proveBy(prepared));
      await hooks.done("way-home", {});
    }
    await hooks.intent("verify", {});
    verified = await verifyAll(context, session, spec.verify, proveBy(prepared));
    await hooks.done("verify", { verified });
    requireVerified(verified);
    const { stateBefore } = prepared;
    if (stateBefore) {
      const proved = await proveState(context, session, stateBefore.plan, stateBefore.before, proveBy(prepared));
      checks = evidenceOf(stateBefore.before, proved);
      requireState(proved.results);
    }
    requireSigned(change, before.publicText, await session.running());
  } catch (error) {
    await closeQuietly(session);
    context.signal.throwIfAborted();
    return await rollBack(change, {
      token,
      preImage: before.publicDigest,
      before,
      reason: why(error),
      verified,
      checks,
      firesByMs,
    });
  }
  return await keep(change, session, { token, before, verified, checks, level: prepared.level, firesByMs });
}

/** Proof must be in hand while there is time left to confirm. */
const proveBy = ({ firesByMs, token }: Prepared): number => firesByMs - Math.min(10_000, token.confirmMs / 4);

async function wayHome({ context, hooks }: Change, untilMs: number): Promise<void> {
  const late = new AbortController();
  const timer = context.clock.after(Math.max(0, untilMs - context.clock.monotonicMs()), () =>
    late.abort(new FarhandError("WAY_HOME_LOST", "no fresh connection to the hub in time")),
  );
  try {
    await hooks.wayHome(AbortSignal.any([context.signal, late.signal]));
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof FarhandError && error.code === "WAY_HOME_LOST") throw error;
    throw new FarhandError("WAY_HOME_LOST", why(error).detail, { cause: error });
  } finally {
    timer.clear();
  }
}

const lineOf = ({ op, path, line }: DiffEntry): string => `${op} ${[...path, line].join(" > ")}`;

/** The measured diff must be the signed one. One that holds all of it and more is somebody else's work. */
export function requireSigned(
  { context, spec }: Pick<Change, "context" | "spec">,
  before: string,
  after: Configuration,
): void {
  const measured = context.driver.diff(before, after.publicText);
  if (context.driver.sameDiff(spec.diff, measured)) return;
  const signed = new Set(parseDiff(spec.diff).map((entry) => JSON.stringify(entry)));
  const entries = parseDiff(measured);
  const found = new Set(entries.map((entry) => JSON.stringify(entry)));
  const all = [...signed].every((entry) => found.has(entry));
  // Named, since an undo takes them along: whoever made them must be able to make them again.
  const others = entries.filter((entry) => !signed.has(JSON.stringify(entry))).map(lineOf);
  throw new FarhandError(
    all ? "OTHER_ADMIN" : "DIFF_MISMATCH",
    `measured on the device beyond what was signed: ${others.join("; ")}`.slice(0, 450),
  );
}

export interface Kept {
  readonly token: TransactionToken;
  readonly before: Configuration | null;
  readonly verified: readonly Verified[];
  readonly checks?: ChangeOutcome["checks"];
  readonly level: ChangeOutcome["level"];
  readonly firesByMs: number;
  /** Public text of the snapshot, where `before` is not at hand. */
  readonly beforeText?: string;
}

/** Confirms what was proved, saves it, reads it once more. From here on there is no way back, and no cancel. */
export async function keep(change: Change, session: Session, kept: Kept): Promise<ChangeOutcome> {
  const { context, hooks } = change;
  let current: Session | undefined = session;
  try {
    await hooks.intent("confirm", {});
    await current.confirm(kept.token);
    // A device's "yes" is not the end of its timer.
    const pending = await current.pending(kept.token);
    if (pending !== "none") throw new FarhandError("UNKNOWN_OUTCOME", `after the confirmation: ${pending}`);
    await hooks.done("confirm", {});
  } catch (error) {
    await closeQuietly(current);
    context.signal.throwIfAborted();
    const settled = await confirmAgain(change, kept, why(error));
    if ("state" in settled) return settled;
    current = settled;
  }
  return await saveAndRead(change, current, kept);
}

/** The confirmation broke or was refused. The device knows: armed → once more; kept → go on; undone → say so. */
async function confirmAgain(
  change: Change,
  kept: Kept,
  reason: ReturnType<typeof why>,
): Promise<Session | ChangeOutcome> {
  const { context, hooks } = change;
  const { token, before, firesByMs } = kept;
  let session: Session | undefined;
  try {
    session = await reach(context, firesByMs);
    if ((await session.pending(token)) === "armed") await session.confirm(token);
    const isOurs = (await session.pending(token)) === "none" && isSigned(change, kept, await session.running());
    if (isOurs) {
      await hooks.done("confirm", {});
      return session;
    }
  } catch {
    context.signal.throwIfAborted();
  }
  await closeQuietly(session);
  return await rollBack(change, {
    token,
    preImage: before?.publicDigest ?? token.preImage,
    before,
    reason,
    verified: kept.verified,
    checks: kept.checks,
    firesByMs,
  });
}

export function isSigned(change: Change, kept: Pick<Kept, "before" | "beforeText">, after: Configuration): boolean {
  const text = kept.before?.publicText ?? kept.beforeText;
  return (
    text !== undefined &&
    change.context.driver.sameDiff(change.spec.diff, change.context.driver.diff(text, after.publicText))
  );
}

const notSaved = ({ token }: Kept): ReturnType<typeof why> | undefined =>
  token.unsavedBefore === true
    ? { code: "UNSAVED_RUNNING", detail: "not saved, because unsaved lines were there before" }
    : undefined;

export async function saveAndRead(change: Change, first: Session, kept: Kept): Promise<ChangeOutcome> {
  const { context, hooks } = change;
  const text = kept.before?.publicText ?? kept.beforeText ?? null;
  const done = (after: Configuration | null, problem?: ReturnType<typeof why>): ChangeOutcome =>
    outcome({
      state: "DONE",
      code: problem?.code ?? null,
      detail: problem ? `in force and confirmed, but: ${problem.detail}` : null,
      before: kept.before,
      after,
      diff: text === null || after === null ? null : context.driver.diff(text, after.publicText),
      verified: kept.verified,
      checks: kept.checks,
      level: kept.level,
    });
  let session: Session | undefined = first;
  let problem: ReturnType<typeof why> | undefined;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      session ??= await reach(context, context.clock.monotonicMs() + MARGIN_MS);
      if (kept.token.unsavedBefore !== true) {
        await hooks.intent("save", {});
        await session.save(kept.token);
        await hooks.done("save", {});
      }
      await hooks.intent("re-read", {});
      const after = await session.running();
      await hooks.done("re-read", { publicDigest: after.publicDigest });
      await cleanQuietly(session, kept.token);
      await closeQuietly(session);
      if (after.publicDigest === (kept.before?.publicDigest ?? kept.token.preImage))
        // Between the last look at the timer and the confirmation it can fire, and a person can undo.
        return outcome({
          state: "ROLLED_BACK",
          code: "UNKNOWN_OUTCOME",
          detail: "the device took the confirmation, and has the configuration from before the change",
          before: kept.before,
          after,
          verified: kept.verified,
          checks: kept.checks,
        });
      return done(
        after,
        isSigned(change, kept, after)
          ? notSaved(kept)
          : { code: "OTHER_ADMIN", detail: "the device was changed again right after" },
      );
    } catch (error) {
      await closeQuietly(session);
      session = undefined;
      context.signal.throwIfAborted();
      problem = why(error);
    }
  }
  return done(null, problem);
}
