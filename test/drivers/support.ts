// What the driver's tests share: a fast clock, a plan as the agent makes it, hooks that write down what was asked of them.
import { createHmac } from "node:crypto";
import { ManualClock, sleepOn, systemClock, type Clock } from "../../shared/clock.ts";
import type { Device } from "../../shared/documents/inventory.ts";
import type { Credential } from "../../shared/secret.ts";
import type { ChangeContext } from "../../drivers/transaction/context.ts";
import type {
  ChangeProgress,
  ChangeSpec,
  Driver,
  OpenOptions,
  Session,
  StepName,
  Tagger,
  TransactionHooks,
  TransactionToken,
} from "../../drivers/types.ts";

const TICK_MS = 5;

/**
 * Time that runs `factor` times as fast: a device's timer of one minute is over in a second. It goes on by ticks and never jumps: where the
 * machine has no time for us, none passes, so that a busy machine makes no deadline pass that an idle one would not.
 */
export interface FastClock extends Clock {
  /** No time passes while this is so: programs of a real kernel are at work, whose time is not ours to make faster. */
  holdWhile(isBusy: () => boolean): void;
}

/** What a device of a test is given: whoever has programs of a real kernel at work says so, where the clock can heed it. */
export type DeviceClock = Clock & Partial<Pick<FastClock, "holdWhile">>;

export function fastClock(factor: number): FastClock {
  const clock = new ManualClock(Date.UTC(2026, 10, 24));
  const holds: (() => boolean)[] = [];
  let waiting = 0;
  let ticking = false;
  const tick = (): void => {
    if (!holds.some((isBusy) => isBusy())) clock.advance(TICK_MS * factor);
    ticking = waiting > 0;
    if (ticking) systemClock.after(TICK_MS, tick);
  };
  const after: Clock["after"] = (delayMs, fn) => {
    let isWaiting = true;
    const over = (): void => {
      if (isWaiting) waiting -= 1;
      isWaiting = false;
    };
    waiting += 1;
    const timer = clock.after(delayMs, () => {
      over();
      fn();
    });
    if (!ticking) systemClock.after(TICK_MS, tick);
    ticking = true;
    return {
      clear: () => {
        over();
        timer.clear();
      },
    };
  };
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    after,
    sleep: (delayMs, signal) => sleepOn({ after }, delayMs, signal),
    holdWhile: (isBusy) => void holds.push(isBusy),
  };
}

const SITE_KEY = "a site key for tests";
export const tagger: Tagger = {
  keyGeneration: 1,
  tag: (device, shown) => {
    const digest = createHmac("sha256", SITE_KEY).update(`${device}\0${shown}`).digest();
    return [...digest.subarray(0, 16)].map((byte) => "abcdefghijklmnopqrstuvwxyz234567"[byte & 31]).join("");
  },
};

export interface Rig {
  readonly driver: Driver;
  readonly target: Device;
  readonly clock: Clock;
  readonly transcript: string[];
  open(signal?: AbortSignal): Promise<Session>;
  context(signal?: AbortSignal): ChangeContext;
  /** The same device, and a driver that knows nothing of what was before: another process. */
  restarted(driver: Driver): Rig;
  plan(text: string, overrides?: Partial<ChangeSpec>): Promise<ChangeSpec>;
}

export interface RigOptions {
  driver: Driver;
  target: Device;
  credential: Credential;
  clock: Clock;
  connectMs: number;
  commandMs: number;
  secrets?: Readonly<Record<string, string>>;
  /** Where it is not the one that the test dials. */
  managementAddress?: string;
}

let jobs = 0;

export function rig(options: RigOptions): Rig {
  const { driver, target, credential, clock, connectMs, commandMs, secrets = {} } = options;
  const managementAddress = options.managementAddress ?? target.address;
  const transcript: string[] = [];
  const never = new AbortController().signal;
  const openOptions = (signal: AbortSignal): OpenOptions => ({
    target,
    credential,
    clock,
    signal,
    connectMs,
    commandMs,
    tagger,
    secrets: Object.values(secrets),
    transcript: { write: (direction, text) => void transcript.push(`${direction}: ${text}`) },
  });
  const open = (signal: AbortSignal = never): Promise<Session> => driver.open(openOptions(signal));
  return {
    driver,
    target,
    clock,
    transcript,
    open,
    restarted: (another) => rig({ ...options, driver: another }),
    context: (signal = never) => ({
      driver,
      open,
      clock,
      tagger,
      secret: (name) => secrets[name],
      managementAddress,
      outputBytesMax: 1_000_000,
      signal,
    }),
    plan: async (text, overrides = {}) => {
      const mode = overrides.mode ?? "merge";
      const session = await open();
      try {
        const before = await session.running();
        const { level } = await session.readiness(mode);
        const source = overrides.source ?? "text";
        const prediction = driver.predict({ device: target.id, mode, source, text, before, tagger, managementAddress });
        return {
          device: target.id,
          // Two changes never have one id: what a process keeps of a change is found by it.
          id: `job-${++jobs}/r1/1`,
          mode,
          drift: "exact",
          text,
          preImage: before.publicDigest,
          keyGeneration: before.keyGeneration,
          diff: prediction.diff,
          commands: prediction.commands,
          level,
          touchesManagement: prediction.touchesManagement,
          onWayHome: false,
          serial: target.serial,
          confirmMs: 60_000,
          verify: [],
          comment: "job-1",
          ...overrides,
        };
      } finally {
        await session.close();
      }
    },
  };
}

export interface Recorder {
  readonly hooks: TransactionHooks;
  readonly states: string[];
  readonly steps: string[];
  /** What a journal would hold. */
  progress(): ChangeProgress;
}

export interface RecorderOptions {
  wayHome?: TransactionHooks["wayHome"];
  stopRequested?: () => boolean;
  /** Called as the last thing of each hook; a throw here is a crash at that boundary. */
  at?: (boundary: string) => void | Promise<void>;
}

export function recorder({ wayHome, stopRequested, at }: RecorderOptions = {}): Recorder {
  const states: string[] = [];
  const steps: string[] = [];
  const journal = new Map<StepName, boolean>();
  let token: TransactionToken | null = null;
  let before: { publicDigest: ChangeProgress["before"]; publicText: string } | undefined;
  return {
    states,
    steps,
    hooks: {
      intent: async (step, data) => {
        steps.push(`${step}?`);
        journal.set(step, false);
        if (step === "arm") token = data as TransactionToken;
        await at?.(`${step}?`);
      },
      done: async (step, data) => {
        steps.push(step);
        journal.set(step, true);
        if (step === "snapshot") before = data as typeof before;
        await at?.(step);
      },
      state: async (state) => {
        states.push(state);
        await at?.(state);
      },
      wayHome: wayHome ?? (() => Promise.resolve()),
      stopRequested: stopRequested ?? (() => false),
    },
    progress: () => ({
      token,
      steps: [...journal].map(([step, done]) => ({ step, done })),
      before: before?.publicDigest ?? null,
      beforeText: before?.publicText ?? null,
    }),
  };
}
