import type { AssignmentEffect } from "./core/assignment-model.ts";
import type { JobEffect } from "./core/job.ts";

/** What the cores ask for after a commit. Hints: whoever performs them may fail, and `resume` asks again. */
export type HubEffect = AssignmentEffect | JobEffect;

export interface EffectSink {
  perform(effects: readonly HubEffect[]): void;
  /** Rows moved: watchers may look. */
  moved(): void;
}

export const noEffects: EffectSink = { perform: () => undefined, moved: () => undefined };
