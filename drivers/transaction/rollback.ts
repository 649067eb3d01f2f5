import type { ErrorCode } from "../../shared/errors.ts";
import type { Digest } from "../../shared/ids.ts";
import type { ChangeOutcome, Configuration, Session, TransactionToken } from "../types.ts";
import { closeQuietly, outcome, reach, undoneByMs, why, type Change } from "./context.ts";
import type { Verified } from "./verify.ts";

export interface RollbackInput {
  readonly token: TransactionToken;
  readonly preImage: Digest;
  readonly before: Configuration | null;
  readonly reason: { readonly code: ErrorCode | null; readonly detail: string | null };
  readonly verified?: readonly Verified[];
  readonly checks?: ChangeOutcome["checks"];
  /** Monotonic: when the device's timer has fired at the latest. */
  readonly firesByMs: number;
}

type Step = { kind: "ended"; outcome: ChangeOutcome } | { kind: "again"; last: string };

/**
 * Makes the device as it was, by asking, and where it cannot be asked, by waiting for its own timer. ROLLED_BACK is said only
 * when the configuration, read again, has the hash of the snapshot. What cannot be read until the end is UNKNOWN.
 */
export async function rollBack(change: Change, input: RollbackInput): Promise<ChangeOutcome> {
  const { context, hooks } = change;
  await hooks.intent("revert", { token: input.token, reason: input.reason });
  const untilMs = undoneByMs(input.token, input.firesByMs);
  let last = "";
  for (;;) {
    let session: Session | undefined;
    try {
      session = await reach(context, untilMs, true);
      const step = await undoOnce(change, input, session, context.clock.monotonicMs() >= untilMs);
      if (step.kind === "ended") {
        await hooks.done("revert", { state: step.outcome.state });
        return step.outcome;
      }
      last = step.last;
    } catch (error) {
      context.signal.throwIfAborted();
      last = `${why(error).code}: ${why(error).detail}`;
    } finally {
      await closeQuietly(session);
    }
    if (context.clock.monotonicMs() >= untilMs)
      return ended(input, "UNKNOWN", null, `not known whether it was undone: ${last}`, "UNKNOWN_OUTCOME");
    await context.clock.sleep(1_000, context.signal);
  }
}

async function undoOnce(change: Change, input: RollbackInput, session: Session, lastChance: boolean): Promise<Step> {
  const { token } = input;
  let refused = "";
  try {
    await session.revert(token);
  } catch (error) {
    const { code, detail } = why(error);
    if (code === "CONNECTION_LOST" || code === "COMMAND_TIMEOUT") return { kind: "again", last: `${code}: ${detail}` };
    // The device will not undo on request: its timer still may.
    refused = `${code}: ${detail}`;
  }
  const pending = await session.pending(token);
  const after = await session.running();
  if (after.publicDigest === input.preImage && pending !== "armed") {
    await cleanQuietly(session, token);
    return { kind: "ended", outcome: ended(input, "ROLLED_BACK", after) };
  }
  if (!lastChance && (pending === "armed" || pending === "unknown"))
    return { kind: "again", last: refused || `pending: ${pending}` };
  const detail = `after the undo the configuration is not the snapshot${refused === "" ? "" : ` (${refused})`}; the reason to undo was ${input.reason.code ?? "a crash"}`;
  const diff = input.before ? change.context.driver.diff(input.before.publicText, after.publicText) : null;
  return { kind: "ended", outcome: { ...ended(input, "FAILED", after, detail, "REVERT_FAILED"), diff } };
}

function ended(
  input: RollbackInput,
  state: ChangeOutcome["state"],
  after: Configuration | null,
  detail = input.reason.detail,
  code = input.reason.code,
): ChangeOutcome {
  return outcome({
    state,
    code,
    detail,
    before: input.before,
    after,
    verified: input.verified ?? [],
    checks: input.checks,
  });
}

export async function cleanQuietly(session: Session, token: TransactionToken): Promise<void> {
  try {
    await session.cleanup(token);
  } catch {
    // Files that stay behind change nothing; their names say whose they are.
  }
}
