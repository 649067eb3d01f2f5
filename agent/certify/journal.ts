import type {
  ChangeProgress,
  Configuration,
  StepName,
  TransactionHooks,
  TransactionToken,
} from "../../drivers/types.ts";

/** Every moment at which an agent can die: `step?` is the intent, `step` its end, capitals are states. */
export const BOUNDARIES = [
  "PRECHECK",
  "precheck?",
  "precheck",
  "snapshot?",
  "snapshot",
  "arm?",
  "arm",
  "stage?",
  "stage",
  "APPLYING",
  "apply?",
  "apply",
  "CONFIRM_WAIT",
  "reconnect?",
  "reconnect",
  "verify?",
  "verify",
  "confirm?",
  "confirm",
  "save?",
  "save",
  "re-read?",
  "re-read",
] as const;
export type Boundary = (typeof BOUNDARIES)[number];

export interface MemoryJournal {
  readonly hooks: TransactionHooks;
  /** What a journal on disk would hold now. */
  progress(): ChangeProgress;
  token(): TransactionToken | null;
  has(boundary: string): boolean;
}

/** What the agent's journal does for a change, in memory: a certification that is cut off is looked at by a person. */
export function memoryJournal(at: (boundary: string) => void | Promise<void> = () => undefined): MemoryJournal {
  const steps = new Map<StepName, boolean>();
  const passed = new Set<string>();
  let token: TransactionToken | null = null;
  let before: Configuration | null = null;
  const pass = async (boundary: string): Promise<void> => {
    passed.add(boundary);
    await at(boundary);
  };
  return {
    hooks: {
      intent: async (step, data) => {
        steps.set(step, false);
        // The transaction hands the token over with this step (drivers/transaction/change.ts).
        if (step === "arm") token = data as TransactionToken;
        await pass(`${step}?`);
      },
      done: async (step, data) => {
        steps.set(step, true);
        if (step === "snapshot") before = data as Configuration;
        await pass(step);
      },
      state: (state) => pass(state),
      wayHome: () => Promise.resolve(),
      stopRequested: () => false,
    },
    progress: () => ({
      token,
      steps: [...steps].map(([step, done]) => ({ step, done })),
      before: before?.publicDigest ?? null,
      beforeText: before?.publicText ?? null,
    }),
    token: () => token,
    has: (boundary) => passed.has(boundary),
  };
}
