import type { Clock } from "../shared/clock.ts";
import { errorCode, FarhandError, type ErrorCode } from "../shared/errors.ts";
import type { Store } from "../shared/store.ts";
import type { Assignments } from "./assignments.ts";
import type { AssignmentKey } from "./core/model.ts";
import { loadWork } from "./journal/holdings.ts";
import type { Life } from "./life.ts";
import type { LocalRules } from "./policy/local-policy.ts";
import type { Trust } from "./trust.ts";
import type { Verifier } from "./verify/verifier.ts";

export interface StartOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly assignments: Assignments;
  readonly verifier: Verifier;
  readonly trust: Trust;
  readonly local: LocalRules;
  readonly life: Pick<Life, "marked">;
}

/** Accepted is not enough: what may start is checked with the keys, the policy and the time of now. */
export async function startVerified(options: StartOptions, key: AssignmentKey): Promise<void> {
  const { store, clock, assignments, verifier, trust, local } = options;
  const documents = await store.read((tx) => loadWork(tx, key));
  if (!documents) throw new FarhandError("INTERNAL", "the offered bytes are gone");
  const refuse = (error: unknown): Promise<unknown> => {
    if (!(error instanceof FarhandError)) throw error;
    return assignments.dispatch(key, { type: "startRefused", code: error.code, detail: error.detail ?? null });
  };
  let changes: number;
  try {
    const work = await verifier.verify(documents);
    // A grant's reads go on where no line brings news.
    if (documents.authorityKind !== "grant") await trust.requireFresh(work);
    changes = verifier.changesIn(work.manifest);
  } catch (error) {
    await refuse(error);
    return;
  }
  // Before any device hears of it, the mark knows that it was taken.
  await options.life.marked();
  try {
    await assignments.dispatch(key, { type: "start" }, "start", {
      after: async (tx, rows) => {
        const begins = rows.some((row) => row.type === "assignment" && row.assignment.state === "RUNNING");
        if (begins) await local.spend(tx, changes, clock.nowMs());
      },
    });
  } catch (error) {
    // The limit is counted where the start is committed; any other fault of that transaction is no refusal.
    if (!isLocal(errorCode(error))) throw error;
    await refuse(error);
  }
}

const isLocal = (code: ErrorCode): boolean => code === "LOCAL_LIMIT" || code === "LOCAL_POLICY_FILE";
