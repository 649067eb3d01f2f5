import type { Clock } from "../shared/clock.ts";
import type { Driver } from "../drivers/types.ts";
import { unsettled } from "./journal/assignments.ts";
import { sequenceHighWater } from "./journal/admission.ts";
import { laneMarks } from "./journal/outbox.ts";
import type { Store } from "../shared/store.ts";
import type { Life } from "./life.ts";
import type { HelloFacts } from "./link/session.ts";
import { SOFTWARE } from "./software.ts";
import type { Trust } from "./trust.ts";

const ASSIGNMENTS_MAX = 2_000;

export interface HelloOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly life: Pick<Life, "epoch" | "facts">;
  readonly trust: Pick<Trust, "facts" | "keys">;
  readonly platforms: () => readonly Driver[];
}

/** What a session begins with: what this agent is, what it holds, and where it stands. */
export const helloFacts = ({ store, clock, life, trust, platforms }: HelloOptions): Promise<HelloFacts> =>
  store.read(async (tx) => ({
    software: SOFTWARE,
    epoch: life.epoch,
    ...life.facts,
    sequence: await sequenceHighWater(tx),
    lanes: (await laneMarks(tx)).map(({ lane, first, next }) => ({ lane, first, next })),
    clock: { wallMs: clock.nowMs(), quality: "holdover" as const },
    trust: trust.facts.versions,
    keysVersion: trust.keys.keys.document.version,
    platforms: Object.fromEntries(platforms().map((driver) => [driver.platform, driver.digest])),
    assignments: await unsettled(tx, ASSIGNMENTS_MAX),
  }));
