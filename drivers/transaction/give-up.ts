import type { Session, TransactionToken } from "../types.ts";
import { closeQuietly, type ChangeContext } from "./context.ts";
import { cleanQuietly } from "./rollback.ts";

/** Some devices keep a candidate whose session is lost: it is looked for once more, in a new one, before the change is called off. */
export async function giveUp(context: ChangeContext, session: Session, token: TransactionToken): Promise<void> {
  if (await disarm(session, token)) return;
  context.signal.throwIfAborted();
  await closeQuietly(session);
  let another: Session | undefined;
  try {
    another = await context.open(context.signal);
    await disarm(another, token);
  } catch {
    context.signal.throwIfAborted();
  } finally {
    await closeQuietly(another);
  }
}

/** Nothing was applied: keeping what is there is what ends the timer. An undo could take somebody else's work with it. False where it could not be said. */
export async function disarm(session: Session, token: TransactionToken): Promise<boolean> {
  try {
    await session.candidate?.(token)?.abort();
    if ((await session.pending(token)) === "armed") await session.confirm(token);
    await cleanQuietly(session, token);
    return true;
  } catch {
    // The timer then fires onto the configuration that is there already.
    return false;
  }
}
