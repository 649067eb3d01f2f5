import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { Verification } from "../../shared/documents/common.ts";
import type { ChangeOutcome, Session } from "../types.ts";
import type { ChangeContext } from "./context.ts";

const POLL_MS = 1_000;

export type Verified = ChangeOutcome["verified"][number];

/**
 * Asks each expectation until it holds or its time is over; none outlives `untilMs` (monotonic). A command that the device
 * refuses has failed; a broken session throws, since it says nothing about the expectation.
 */
export async function verifyAll(
  context: ChangeContext,
  session: Session,
  checks: readonly Verification[],
  untilMs: number,
): Promise<Verified[]> {
  const startMs = context.clock.monotonicMs();
  const results: Verified[] = [];
  for (const check of checks) {
    const limitMs = Math.min(startMs + check.withinMs, untilMs);
    results.push({ command: check.command, ok: await holdsBefore(context, session, check, limitMs) });
  }
  return results;
}

async function holdsBefore(
  { clock, signal, outputBytesMax }: ChangeContext,
  session: Session,
  check: Verification,
  limitMs: number,
): Promise<boolean> {
  for (;;) {
    if (await holds(session, check, outputBytesMax)) return true;
    const leftMs = limitMs - clock.monotonicMs();
    if (leftMs <= 0) return false;
    await clock.sleep(Math.min(POLL_MS, leftMs), signal);
  }
}

async function holds(session: Session, check: Verification, outputBytesMax: number): Promise<boolean> {
  try {
    const output = await session.run(check.command, { outputBytesMax });
    return (
      (check.contains ?? []).every((text) => output.includes(text)) &&
      !(check.absent ?? []).some((text) => output.includes(text))
    );
  } catch (error) {
    const code = errorCode(error);
    if (code === "COMMAND_REFUSED" || code === "AUTHORIZATION_DENIED") return false;
    throw error;
  }
}

/** VERIFICATION_FAILED naming the first that failed. */
export function requireVerified(results: readonly Verified[]): void {
  const failed = results.find((result) => !result.ok);
  if (failed) throw new FarhandError("VERIFICATION_FAILED", failed.command);
}
