import { Breakglass } from "../shared/documents/breakglass.ts";
import { Grant } from "../shared/documents/grant.ts";
import { peekPayload, readAs, type Envelope } from "../shared/envelope.ts";
import { statements, type Store } from "../shared/store.ts";
import { daysLeft, endsOf, warningDue, type End } from "../shared/tuf/ends.ts";
import type { Clock } from "../shared/clock.ts";
import type { Log } from "./log.ts";
import { audit } from "./store/audit.ts";
import { listBreakglass } from "./store/breakglass.ts";
import { listGrants } from "./store/documents.ts";
import type { TrustHolder } from "./trust.ts";

const sql = statements("ending", {
  told: "SELECT 1 FROM ending WHERE what = :what AND end_ms = :endMs AND days = :days",
  tell: "INSERT INTO ending (what, end_ms, days, told_ms) VALUES (:what, :endMs, :days, :nowMs)",
  forget: "DELETE FROM ending WHERE end_ms < :beforeMs",
});

const DAY_MS = 86_400_000;
/** What ended longer ago than this is not told of again, whatever was told. */
const FORGOTTEN_MS = 90 * DAY_MS;

export interface EndingsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly trust: TrustHolder;
  readonly log: Log;
}

/** Says in the log and in the audit log what will end in 30, 14, 7 and 1 days, and what has: each once, over restarts. */
export async function tellEndings({ store, clock, trust, log }: EndingsDeps): Promise<void> {
  const { state } = trust;
  if (!state) return;
  const nowMs = clock.nowMs();
  for (const { what, endMs, cure } of [...endsOf(state.view), ...(await standingEnds(store))]) {
    const days = warningDue(endMs, nowMs);
    if (days === undefined || endMs < nowMs - FORGOTTEN_MS) continue;
    const detail = days === 0 ? `it has ended; ${cure}` : `it ends ${daysLeft(endMs, nowMs)}; ${cure}`;
    const isNew = await store.tx("ending", async (tx) => {
      if (await tx.get(sql.told, { what, endMs, days })) return false;
      await tx.run(sql.tell, { what, endMs, days, nowMs });
      await audit(tx, nowMs, { actor: "hub", action: "trust.ends", object: what, decision: "allowed", detail });
      return true;
    });
    if (isNew) log.warn("ends", { what, detail });
  }
  await store.tx("ending.forget", (tx) => tx.run(sql.forget, { beforeMs: nowMs - FORGOTTEN_MS }));
}

/** Of each name the newest: one that was signed again is not about to end. */
async function standingEnds(store: Store): Promise<End[]> {
  const ends = new Map<string, End>();
  const note = (what: string, exp: number, cure: string): void => {
    if (!ends.has(what)) ends.set(what, { what, endMs: exp * 1000, cure });
  };
  for (const { envelope } of await listGrants(store)) {
    const { id, exp } = readAs(Grant, peekPayload(envelope));
    note(`grant ${id}`, exp, `farhand grant create --id ${id}`);
  }
  for (const envelope of await breakglassEnvelopes(store)) {
    const { id, exp } = readAs(Breakglass, peekPayload(envelope));
    note(`break-glass ${id}`, exp, `farhand breakglass create --id ${id}`);
  }
  return [...ends.values()];
}

const breakglassEnvelopes = async (store: Store): Promise<Envelope[]> =>
  (await listBreakglass(store)).map(({ envelope }) => envelope);
