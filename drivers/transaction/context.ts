import type { Clock } from "../../shared/clock.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import type {
  ChangeOutcome,
  ChangeSpec,
  Configuration,
  Driver,
  Session,
  Tagger,
  TransactionHooks,
  TransactionToken,
} from "../types.ts";

/** What a transaction works with. `open` logs in afresh each time; the transaction closes what it opened. */
export interface ChangeContext {
  readonly driver: Driver;
  readonly open: (signal: AbortSignal) => Promise<Session>;
  readonly clock: Clock;
  readonly tagger: Tagger;
  /** The vault's value of `secret("name")`. */
  readonly secret: (name: string) => string | undefined;
  /** The device's address in signed inventory: lines that touch it touch the management path. */
  readonly managementAddress: string;
  readonly outputBytesMax: number;
  /** A hard stop: the task's deadline or the end of the process. Cancels go through `hooks.stopRequested`. */
  readonly signal: AbortSignal;
}

export interface Change {
  readonly context: ChangeContext;
  readonly spec: ChangeSpec;
  readonly hooks: TransactionHooks;
}

/** Beyond the device's timer: what it may take to undo, and for its sessions to come back. */
export const MARGIN_MS = 30_000;
/** In a token's data: how long the device is away while it undoes, for one that reboots to do so. */
export const UNDO_MS = "undoMs";
/** Until when an undo is waited for, if the timer fires at this time. */
export const undoneByMs = (token: TransactionToken, firesByMs: number): number =>
  firesByMs + MARGIN_MS + (typeof token.data[UNDO_MS] === "number" ? token.data[UNDO_MS] : 0);
/** Between two attempts to reach a device. */
const PROBE_MS = 1_000;

export interface Ending {
  readonly state: ChangeOutcome["state"];
  readonly code?: ErrorCode | null;
  readonly detail?: string | null | undefined;
  readonly before?: Configuration | null;
  readonly after?: Configuration | null;
  readonly diff?: string | null;
  readonly verified?: ChangeOutcome["verified"];
  readonly checks?: ChangeOutcome["checks"];
  readonly level?: ChangeOutcome["level"];
  readonly notApplied?: boolean;
}

export function outcome(ending: Ending): ChangeOutcome {
  return {
    state: ending.state,
    code: ending.code ?? null,
    detail: ending.detail?.slice(0, 500) ?? null,
    before: ending.before ?? null,
    after: ending.after ?? null,
    diff: ending.diff ?? null,
    verified: ending.verified ?? [],
    ...(ending.checks && { checks: ending.checks }),
    level: ending.level ?? null,
    notApplied: ending.notApplied ?? false,
  };
}

export const why = (error: unknown): { code: ErrorCode; detail: string } => ({
  code: errorCode(error),
  detail:
    error instanceof FarhandError
      ? (error.detail ?? error.what)
      : error instanceof Error
        ? error.message
        : String(error),
});

/** Errors after which asking again is no use: the device answered, and it will answer the same. */
const FINAL: ReadonlySet<ErrorCode> = new Set(["HOST_KEY", "ALGORITHMS", "LOGIN_REFUSED", "HOP_REFUSED", "PRIVILEGE"]);

/**
 * A fresh login, tried again until `untilMs` on the monotonic clock. Throws the last error. A refused login is tried again as
 * well while a change is pending: a device that reboots refuses for a while.
 */
export async function reach(
  { clock, open, signal }: ChangeContext,
  untilMs: number,
  retryRefusals = false,
): Promise<Session> {
  for (;;) {
    try {
      return await open(signal);
    } catch (error) {
      signal.throwIfAborted();
      if ((FINAL.has(errorCode(error)) && !retryRefusals) || clock.monotonicMs() + PROBE_MS >= untilMs) throw error;
      await clock.sleep(PROBE_MS, signal);
    }
  }
}

export async function closeQuietly(session: Session | undefined): Promise<void> {
  try {
    await session?.close();
  } catch {
    // It was to be closed.
  }
}
