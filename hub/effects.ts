import type { AssignmentEffect } from "./core/assignment-model.ts";
import type { JobEffect } from "./core/job.ts";
import type { AgentId } from "../shared/ids.ts";

/** What the cores ask for after a commit. Hints: whoever performs them may fail, and `resume` asks again. */
export type HubEffect =
  | AssignmentEffect
  | JobEffect
  /** A sealed credential waits for this agent; the next hello asks again. */
  | { readonly type: "sendCredentials"; readonly agent: AgentId };

export interface EffectSink {
  perform(effects: readonly HubEffect[]): void;
  /** Rows moved: watchers may look. */
  moved(): void;
}

export const noEffects: EffectSink = { perform: () => undefined, moved: () => undefined };
