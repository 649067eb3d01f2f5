import { errorCode } from "../shared/errors.ts";
import { isRemembered } from "./assignments.ts";
import { assignmentEnded, mayBeTouched } from "./core/draft.ts";
import type { Aggregate, AssignmentKey, Effect, Row } from "./core/model.ts";
import type { Life } from "./life.ts";
import type { Link } from "./link/link.ts";
import type { AgentLog } from "./log.ts";
import type { Receipts } from "./receipts.ts";
import type { Runner } from "./run/runner.ts";

export interface EffectsOptions {
  readonly log: AgentLog;
  readonly life: Pick<Life, "quarantine" | "marked">;
  readonly link: Pick<Link, "say" | "kick" | "pullSoon">;
  readonly runner: Pick<Runner, "start" | "stop" | "noteTouched">;
  readonly receipts: Pick<Receipts, "sign">;
  /** Verifies once more, and begins or refuses. */
  readonly start: (key: AssignmentKey) => Promise<unknown>;
  /** Nothing is performed: the process only looks at its state. */
  readonly isIdle: boolean;
  readonly isDraining: () => boolean;
  readonly isStopping: () => boolean;
}

/** What a device would hear of. */
const isWork = (effect: Effect["type"]): boolean =>
  effect === "verifyStart" || effect === "runTask" || effect === "probeTask";

/** What the core decided, done; and what follows from what was committed. Effects are hints: one that is lost is made again. */
export class Effects {
  readonly #o: EffectsOptions;

  constructor(options: EffectsOptions) {
    this.#o = options;
  }

  perform(effect: Exclude<Effect, { type: "armTimer" }>): void {
    const { link, runner, life } = this.#o;
    const { key } = effect;
    if (this.#o.isIdle || (life.quarantine && isWork(effect.type))) return;
    switch (effect.type) {
      case "sendAccept":
        link.say("accept", { ...key, sequence: effect.sequence });
        break;
      case "sendReject":
        link.say("reject", { ...key, sequence: effect.sequence, code: effect.code, detail: effect.detail });
        break;
      case "sendCanceled":
        link.say("canceled", { ...key, generation: effect.generation, state: effect.state });
        break;
      case "verifyStart":
        if (!this.#o.isDraining()) this.#inBackground(this.#o.start(key), key);
        break;
      case "runTask":
        runner.start(key, effect.device, "run");
        break;
      case "probeTask":
        runner.start(key, effect.device, "probe");
        break;
      case "stopTask":
        runner.stop(key, effect.device);
        break;
      case "signReceipt":
        this.#inBackground(this.#o.receipts.sign(key), key);
        break;
      default:
        effect satisfies never;
    }
  }

  committed(before: Aggregate, after: Aggregate, rows: readonly Row[]): void {
    const { link, life, runner, log } = this.#o;
    if (rows.length > 0) link.kick();
    if (rows.some(isRemembered)) void life.marked();
    after.tasks.forEach((task, index) => {
      const was = before.tasks[index];
      const held = mayBeTouched(task);
      if ((was !== undefined && mayBeTouched(was)) !== held) runner.noteTouched(after.key, task.device, held);
    });
    if (!after.assignment || after.assignment.state === before.assignment?.state) return;
    const { state, code, job } = after.assignment;
    log.info("assignment", {
      manifest: after.key.manifest,
      state,
      ...(code === null ? {} : { code }),
      ...(job === null ? {} : { job }),
    });
    if (assignmentEnded(after.assignment)) link.pullSoon();
  }

  #inBackground(work: Promise<unknown>, key: AssignmentKey): void {
    work.catch((error: unknown) => {
      if (this.#o.isStopping() || errorCode(error) === "CONFLICT") return;
      this.#o.log.error("effect", { code: errorCode(error), detail: String(error), manifest: key.manifest });
    });
  }
}
