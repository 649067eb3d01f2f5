import type {
  ChangeOutcome,
  ChangeProgress,
  ChangeSpec,
  Session,
  StepName,
  TransactionHooks,
  TransactionToken,
} from "../types.ts";
import { isSigned, keep, saveAndRead, type Kept } from "./change.ts";
import {
  closeQuietly,
  MARGIN_MS,
  outcome,
  reach,
  undoneByMs,
  why,
  type Change,
  type ChangeContext,
} from "./context.ts";
import { disarm } from "./give-up.ts";
import { cleanQuietly, rollBack } from "./rollback.ts";

/**
 * After a crash, from the journal alone: what was intended, and what the device says now. Never applies anything.
 *
 * | journal: intended | device: pending | configuration | then |
 * | --- | --- | --- | --- |
 * | nothing, or no further than arm | – | – | disarm if armed; FAILED, notApplied |
 * | apply | armed | – | undo; if `confirm` was intended and the configuration is the signed one: confirm, DONE |
 * | apply | none or other | the snapshot | ROLLED_BACK |
 * | apply | none or other | the signed one | save, DONE; where `confirm` was not intended, once its timer cannot run any more |
 * | apply | none or other | neither | FAILED, REVERT_FAILED: a person looks |
 * | apply | unknown | – | undo (waits until the device has finished its own) |
 * | apply | unreachable | – | UNKNOWN; the caller asks again |
 */
export async function recoverChange(
  context: ChangeContext,
  spec: ChangeSpec,
  progress: ChangeProgress,
  hooks: TransactionHooks,
): Promise<ChangeOutcome> {
  const change: Change = { context, spec, hooks };
  const { token } = progress;
  const intended = (step: StepName): boolean => progress.steps.some((entry) => entry.step === step);
  if (token === null || !intended("apply")) return await neverApplied(change, token);

  let session: Session | undefined;
  try {
    // One try: the caller owns the probing of UNKNOWN, and its deadline.
    session = await reach(context, context.clock.monotonicMs());
    const pending = await session.pending(token);
    const preImage = progress.before ?? token.preImage;
    let now = await session.running();
    const beforeText = progress.beforeText ?? undefined;
    const kept: Kept = {
      token,
      before: null,
      verified: [],
      level: spec.level,
      firesByMs: context.clock.monotonicMs() + token.confirmMs,
      ...(beforeText === undefined ? {} : { beforeText }),
    };
    let signed = isSigned(change, kept, now);
    if (pending === "armed" && intended("confirm") && signed) return await keep(change, session, kept);
    if (pending === "armed" || pending === "unknown") {
      await closeQuietly(session);
      const reason = { code: null, detail: "the agent was restarted during the change" } as const;
      return await rollBack(change, { token, preImage, before: null, reason, firesByMs: kept.firesByMs });
    }
    if (signed && !intended("confirm")) {
      // Not confirmed by us: somebody else has, or the device does not tell of its timer. Its time does.
      await closeQuietly(session);
      session = undefined;
      const untilMs = undoneByMs(token, kept.firesByMs);
      await context.clock.sleep(untilMs - context.clock.monotonicMs(), context.signal);
      session = await reach(context, untilMs + MARGIN_MS);
      now = await session.running();
      signed = isSigned(change, kept, now);
    }
    if (now.publicDigest === preImage) {
      await cleanQuietly(session, token);
      await closeQuietly(session);
      return outcome({
        state: "ROLLED_BACK",
        detail: "the agent was restarted during the change; the device is as it was",
        after: now,
      });
    }
    if (signed) return await saveAndRead(change, session, kept);
    await closeQuietly(session);
    const diff = beforeText === undefined ? null : context.driver.diff(beforeText, now.publicText);
    return outcome({
      state: "FAILED",
      code: "REVERT_FAILED",
      detail: "after a restart of the agent the configuration is neither the old nor the signed one",
      after: now,
      diff,
    });
  } catch (error) {
    await closeQuietly(session);
    context.signal.throwIfAborted();
    const { code, detail } = why(error);
    return outcome({ state: "UNKNOWN", code: "UNKNOWN_OUTCOME", detail: `${code}: ${detail}` });
  }
}

async function neverApplied(change: Change, token: TransactionToken | null): Promise<ChangeOutcome> {
  const { context } = change;
  if (token !== null) {
    let session: Session | undefined;
    try {
      session = await reach(context, context.clock.monotonicMs() + MARGIN_MS);
      await disarm(session, token);
    } catch {
      // A timer that fires now restores what is there.
      context.signal.throwIfAborted();
    } finally {
      await closeQuietly(session);
    }
  }
  return outcome({
    state: "FAILED",
    code: "CONNECTION_LOST",
    detail: "the agent was restarted before anything was applied",
    notApplied: true,
  });
}
