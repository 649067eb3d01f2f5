import { sha256, utf8 } from "../../shared/bytes.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { isTerminal, taskMoves, type TaskState } from "../../shared/states.ts";
import type { Tx } from "../../shared/store.ts";
import type { Aggregate, AssignmentKey, Task } from "../../agent/core/model.ts";
import { loadAggregate } from "../../agent/journal/assignments.ts";
import { appendBlob, appendRecord } from "../../agent/journal/outbox.ts";
import { writeDone, writeIntent } from "../../agent/journal/steps.ts";
import type { AgentShell } from "./agent-shell.ts";
import type { Reading, SimDevice } from "./device.ts";
import { Crash } from "./store.ts";
import { keyText, targetOf } from "./workload.ts";

const READS_MAX = 3;
const LOCK_RETRY_MS = 700;

type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

interface Run {
  readonly key: AssignmentKey;
  readonly device: SimDevice;
  stop: boolean;
}

const idOf = (key: AssignmentKey, device: DeviceId): string => `${keyText(key)} ${device}`;
const stateOf = (aggregate: Aggregate, device: DeviceId): Task | undefined =>
  aggregate.tasks.find((task) => task.device === device);

/** Works on devices, one change at a time on each: intent on disk, then the packet, then what came of it. */
export class TaskRunner {
  readonly #agent: AgentShell;
  readonly #runs = new Map<string, Run>();
  /** Which task a device belongs to until its outcome is known. */
  readonly #locks = new Map<DeviceId, string>();
  readonly #waiting = new Set<string>();

  constructor(agent: AgentShell) {
    this.#agent = agent;
  }

  /** What a dead process had under way still owns its device. */
  takeUp(aggregate: Aggregate): void {
    for (const { device, state } of aggregate.tasks) {
      if (state === "APPLYING" || state === "CONFIRM_WAIT" || state === "UNKNOWN")
        this.#locks.set(device, idOf(aggregate.key, device));
    }
  }

  /** The mutant that does not ask the device what happened. */
  retry({ key, tasks }: Aggregate): void {
    for (const { device, state } of tasks)
      if (state === "APPLYING") this.#apply({ key, device: this.#device(device), stop: false });
  }

  /** A decision may have ended tasks from outside: their devices are free unless something is still being said to them. */
  look({ key, tasks }: Aggregate): void {
    for (const { device, state } of tasks) {
      const id = idOf(key, device);
      if (isTerminal(taskMoves, state) && !this.#runs.has(id) && this.#locks.get(device) === id)
        this.#locks.delete(device);
    }
  }

  stop(key: AssignmentKey, device: DeviceId): void {
    const run = this.#runs.get(idOf(key, device));
    if (run) run.stop = true;
  }

  #device(id: DeviceId): SimDevice {
    const device = this.#agent.devices.get(id);
    if (!device) throw new Error(`no device ${id}`);
    return device;
  }

  async run(key: AssignmentKey, device: DeviceId): Promise<void> {
    const id = idOf(key, device);
    if (this.#runs.has(id)) return;
    const holder = this.#locks.get(device);
    if (holder !== undefined && holder !== id) {
      if (this.#waiting.has(id)) return;
      this.#waiting.add(id);
      this.#agent.later(LOCK_RETRY_MS, "lock again", async () => {
        this.#waiting.delete(id);
        await this.run(key, device);
      });
      return;
    }
    const run: Run = { key, device: this.#device(device), stop: false };
    this.#runs.set(id, run);
    this.#locks.set(device, id);
    const after = await this.#agent.dispatch(key, { type: "taskMoved", device, state: "PRECHECK", step: "precheck" });
    if (stateOf(after, device)?.state !== "PRECHECK") return this.#leave(run, after);
    this.#precheck(run);
  }

  /** The run is over; the device is free if the outcome is known. */
  #leave(run: Run, after: Aggregate): void {
    this.#runs.delete(idOf(run.key, run.device.id));
    const state = stateOf(after, run.device.id)?.state;
    const id = idOf(run.key, run.device.id);
    const undecided = state === "APPLYING" || state === "CONFIRM_WAIT" || state === "UNKNOWN";
    if (!undecided && this.#locks.get(run.device.id) === id) this.#locks.delete(run.device.id);
  }

  async #end(run: Run, state: TaskState, code: ErrorCode | null, also?: (tx: Tx) => Promise<void>): Promise<void> {
    const end = { state, code, detail: null, evidence: null };
    const { id } = run.device;
    const after = await this.#agent.dispatch(
      run.key,
      { type: "taskEnded", device: id, end },
      async (tx, aggregate, before) => {
        if (stateOf(aggregate, id)?.state === state && stateOf(before, id)?.state !== state) await also?.(tx);
      },
    );
    this.#leave(run, after);
  }

  /** A word with the device and its answer. Silence may mean that it never heard, or that nobody heard its answer. */
  #talk<T>(run: Run, what: string, say: (device: SimDevice) => T, then: (answer: Answer<T>) => Promise<void>): void {
    const { env } = this.#agent;
    const answer = (result: Answer<T>): void =>
      this.#agent.later(
        env.random.integer(10, 200),
        `${run.device.id} ${what} ${result.ok ? "answered" : "silent"}`,
        () => then(result),
      );
    this.#agent.later(env.random.integer(10, 200), `says ${what} to ${run.device.id}`, async () => {
      if (!run.device.reachable || env.faults.fires("packet lost")) return answer({ ok: false });
      const value = say(run.device);
      answer(env.faults.fires("reply lost") ? { ok: false } : { ok: true, value });
    });
  }

  #read(run: Run, times: number, then: (answer: Answer<Reading>) => Promise<void>): void {
    this.#talk(
      run,
      "read",
      (device) => device.read(),
      async (answer) => {
        if (!answer.ok && times > 1)
          this.#agent.later(1_000, "read again", async () => this.#read(run, times - 1, then));
        else await then(answer);
      },
    );
  }

  #precheck(run: Run): void {
    const { key, device } = run;
    const manifest = this.#agent.manifest(key);
    this.#read(run, READS_MAX, async (answer) => {
      if (run.stop) return this.#end(run, "CANCELED", "CANCELED");
      if (!answer.ok) return this.#end(run, "FAILED", "CONNECT_TIMEOUT");
      if (manifest.kind === "collect") {
        const output = { type: "output" as const, ...key, device: device.id, order: 0, last: true };
        return this.#end(run, "DONE", null, (tx) => appendRecord(tx, output, utf8(answer.value.running)));
      }
      if (answer.value.pending !== null) return this.#end(run, "FAILED", "PENDING_CHANGE");
      if (answer.value.running !== manifest.preImage.get(device.id)) return this.#end(run, "DRIFTED", "DRIFTED");
      if (this.#agent.env.is("start-not-durable")) return this.#apply(run);
      const after = await this.#agent.dispatch(
        key,
        { type: "taskMoved", device: device.id, state: "APPLYING", step: "apply" },
        async (tx, aggregate) => {
          if (stateOf(aggregate, device.id)?.state === "APPLYING")
            await writeIntent(tx, key, device.id, "apply", { token: keyText(key) });
        },
      );
      // A cancel or a deadline may have come first.
      if (stateOf(after, device.id)?.state !== "APPLYING") return this.#leave(run, after);
      this.#apply(run);
    });
  }

  #apply(run: Run): void {
    const { env } = this.#agent;
    const { key, device } = run;
    const token = keyText(key);
    const { confirmMs } = this.#agent.manifest(key).deadlines;
    if (this.#agent.mayCrash() && env.faults.fires("agent crash before a packet"))
      throw new Crash("before the apply packet");
    this.#talk(
      run,
      "apply",
      (box) => {
        const result = box.apply(token, targetOf(key.manifest), confirmMs);
        if (this.#agent.mayCrash() && env.faults.fires("agent crash after a packet"))
          throw new Crash("after the apply packet");
        return result;
      },
      async (answer) => {
        if (!answer.ok)
          return this.#end(run, env.is("unknown-treated-as-failed") ? "FAILED" : "UNKNOWN", "UNKNOWN_OUTCOME");
        if (answer.value === "refused") return this.#end(run, "FAILED", "COMMAND_REFUSED");
        const after = await this.#agent.dispatch(
          key,
          { type: "taskMoved", device: device.id, state: "CONFIRM_WAIT", step: "verify" },
          (tx) => writeDone(tx, key, device.id, "apply", null),
        );
        if (stateOf(after, device.id)?.state !== "CONFIRM_WAIT") return this.#leave(run, after);
        this.#agent.later(env.random.integer(200, 6_000), "verify", async () => this.#verify(run));
      },
    );
  }

  #verify(run: Run): void {
    const { key } = run;
    this.#read(run, READS_MAX, async (answer) => {
      if (!answer.ok) return this.#end(run, "UNKNOWN", "CONNECTION_LOST");
      if (answer.value.pending !== keyText(key)) return this.#end(run, "ROLLED_BACK", "VERIFICATION_FAILED");
      if (run.stop) return this.#revert(run, "CANCELED", (state, code) => this.#end(run, state, code));
      if (this.#agent.env.random.chance(0.12))
        return this.#revert(run, "VERIFICATION_FAILED", (state, code) => this.#end(run, state, code));
      await this.#confirm(run);
    });
  }

  async #confirm(run: Run): Promise<void> {
    const { key, device } = run;
    if (!(await this.#intend(run, "confirm", ["CONFIRM_WAIT"]))) return;
    this.#talk(
      run,
      "confirm",
      (box) => box.confirm(keyText(key)),
      async (answer) => {
        if (!answer.ok) return this.#end(run, "UNKNOWN", "UNKNOWN_OUTCOME");
        if (answer.value === "nothing") return this.#end(run, "ROLLED_BACK", "DEADLINE");
        const diff = utf8(`diff of ${keyText(key)} on ${device.id}`);
        await this.#end(run, "DONE", null, (tx) => appendBlob(tx, sha256(diff), "diff", diff));
      },
    );
  }

  /** Journals what is about to be said, unless somebody has called the task ended meanwhile. */
  async #intend(run: Run, step: string, from: readonly TaskState[]): Promise<boolean> {
    const aggregate = await this.#agent.store.tx(`agent.intent.${step}`, async (tx) => {
      const now = await loadAggregate(tx, run.key);
      const state = stateOf(now, run.device.id)?.state;
      if (state !== undefined && from.includes(state)) await writeIntent(tx, run.key, run.device.id, step, null);
      return now;
    });
    const state = stateOf(aggregate, run.device.id)?.state;
    if (state !== undefined && from.includes(state)) return true;
    this.#leave(run, aggregate);
    return false;
  }

  async #revert(run: Run, code: ErrorCode, then: (state: TaskState, code: ErrorCode) => Promise<void>): Promise<void> {
    if (!(await this.#intend(run, "revert", ["APPLYING", "CONFIRM_WAIT", "UNKNOWN"]))) return;
    this.#talk(
      run,
      "revert",
      (box) => box.revert(keyText(run.key)),
      (answer) => then(answer.ok ? "ROLLED_BACK" : "UNKNOWN", answer.ok ? code : "UNKNOWN_OUTCOME"),
    );
  }

  /** Asks the device what became of a change. It alone knows. */
  async probe(key: AssignmentKey, device: DeviceId): Promise<void> {
    const id = idOf(key, device);
    if (this.#runs.has(id)) return;
    const run: Run = { key, device: this.#device(device), stop: false };
    this.#runs.set(id, run);
    const found = async (state: TaskState, code: ErrorCode | null): Promise<void> => {
      const end = { state, code, detail: null, evidence: null };
      this.#leave(run, await this.#agent.dispatch(key, { type: "probed", device, end }));
    };
    this.#read(run, 1, async (answer) => {
      if (!answer.ok) return found("UNKNOWN", "CONNECT_TIMEOUT");
      const { running, pending } = answer.value;
      if (pending === keyText(key)) {
        if (this.#agent.env.random.chance(0.5)) return this.#revert(run, "UNKNOWN_OUTCOME", found);
        // The device's own timer will undo it.
        return found("UNKNOWN", "UNKNOWN_OUTCOME");
      }
      return running === targetOf(key.manifest) ? found("DONE", null) : found("ROLLED_BACK", "UNKNOWN_OUTCOME");
    });
  }
}
