import { randomBytes } from "node:crypto";
import type { Clock } from "../shared/clock.ts";
import type { Envelope } from "../shared/envelope.ts";
import { errorCode, FarhandError } from "../shared/errors.ts";
import type { AgentId, KeyId, SiteId } from "../shared/ids.ts";
import type { Store } from "../shared/store.ts";
import { verifyReadmission } from "../shared/verify/hands.ts";
import { Epoch } from "../shared/wire/epoch.ts";
import type { DownHeader, UpHeader } from "../shared/wire/messages.ts";
import { enterQuarantine, leaveQuarantine, quarantineOf, stateCounter, type Quarantine } from "./journal/life.ts";
import { followsEpoch, timeFloorMs } from "./journal/meta.ts";
import { laneMarks } from "./journal/outbox.ts";
import type { AgentLog } from "./log.ts";
import { readMark, writeMark, type StateMark } from "./state-mark.ts";
import type { Trust } from "./trust.ts";
import { CLOCK_ERROR_MS } from "./verify/verifier.ts";

export interface LifeOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly trust: Pick<Trust, "keys">;
  readonly agent: AgentId;
  readonly site: SiteId;
  readonly kid: KeyId;
  /** The mark's file. */
  readonly path: string;
  /** What the journal says that it is. */
  readonly epoch: string;
}

/**
 * One life of a journal, from its first row on. A copy of it from yesterday has forgotten what was taken since and would take it again: it is
 * found out by the mark that lies elsewhere, or by what the hub has acknowledged, and then nothing starts until a keyadmin has signed that it may.
 */
export class Life {
  readonly #options: LifeOptions;
  #epoch: Epoch;
  #quarantine: Quarantine | null = null;
  #written = -1;
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  private constructor(options: LifeOptions) {
    this.#options = options;
    this.#epoch = Epoch.parse(options.epoch);
  }

  static async open(options: LifeOptions): Promise<Life> {
    const life = new Life(options);
    const { store, log } = options;
    life.#quarantine = await store.read(quarantineOf);
    const fault = await life.#fault();
    if (fault !== null) await life.enter(fault);
    else if (life.#quarantine) log.error("quarantine", { code: "STATE_ROLLBACK", detail: life.#quarantine.detail });
    await life.marked();
    return life;
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  get quarantine(): Quarantine | null {
    return this.#quarantine;
  }

  /** For the hello. */
  get facts(): Pick<UpHeader<"hello">, "quarantine"> {
    if (!this.#quarantine) return {};
    const { sinceMs, detail } = this.#quarantine;
    return { quarantine: { sinceMs, detail } };
  }

  /** Throws STATE_ROLLBACK while nothing may start. */
  readonly require = (): void => {
    if (this.#quarantine) throw new FarhandError("STATE_ROLLBACK", this.#quarantine.detail);
  };

  async enter(detail: string): Promise<void> {
    const { store, clock, log } = this.#options;
    const epoch = Epoch.parse(randomBytes(16).toString("hex"));
    const quarantine = { epoch, sinceMs: clock.nowMs(), detail };
    await store.tx("quarantine", (tx) => enterQuarantine(tx, quarantine));
    this.#epoch = epoch;
    this.#quarantine = quarantine;
    log.error("quarantine", { code: "STATE_ROLLBACK", detail });
    this.#written = -1;
    await this.marked();
  }

  /**
   * A hub has acknowledged records of this epoch that are not here: an older copy of the whole host, the mark with it. A hub that lies so stops an
   * agent, which it could do by silence.
   */
  async welcomed(lanes: DownHeader<"welcome">["lanes"]): Promise<boolean> {
    const held = await this.#options.store.read(laneMarks);
    const beyond = lanes.find((told) => held.some((mark) => mark.lane === told.lane && told.acked >= mark.next));
    if (!beyond) return false;
    const next = held.find((mark) => mark.lane === beyond.lane)?.next ?? 1;
    await this.enter(`the hub holds ${beyond.acked} records of the ${beyond.lane} lane, this journal has ${next - 1}`);
    return true;
  }

  /** A keyadmin's word for exactly this quarantine. */
  async readmit(envelope: Envelope): Promise<void> {
    const { store, clock, trust, agent, site, log } = this.#options;
    const floorMs = await store.read(timeFloorMs);
    const time = { nowMs: clock.nowMs(), errorMs: CLOCK_ERROR_MS, floorMs };
    const readmission = await verifyReadmission(envelope, { trust: trust.keys, agent, site, time });
    if (!this.#quarantine) throw new FarhandError("CONFLICT", "this agent is in no quarantine");
    if (readmission.epoch !== this.#quarantine.epoch)
      throw new FarhandError("STATE_ROLLBACK", "the readmission is for another quarantine; this one needs its own");
    await store.tx("readmitted", (tx) => leaveQuarantine(tx, readmission.iat * 1000));
    this.#quarantine = null;
    log.info("readmitted", { detail: readmission.reason });
  }

  /** Resolves when the mark knows what the journal has committed by now. A mark that cannot be written is told, and stops nothing. */
  marked(): Promise<void> {
    // Whoever comes while a write is under way shares the next one.
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined;
      this.#writing = this.#write();
      return this.#writing;
    });
    return this.#next;
  }

  async #write(): Promise<void> {
    const { store, log, path, kid } = this.#options;
    try {
      const counter = await store.read(stateCounter);
      if (counter === this.#written) return;
      await writeMark(path, { v: 1, kid, epoch: this.#epoch, counter });
      this.#written = counter;
    } catch (error) {
      log.error("state-mark", { code: errorCode(error), detail: `${path}: ${String(error).slice(0, 200)}` });
    }
  }

  /** What is wrong between the mark and the journal; null where nothing is. */
  async #fault(): Promise<string | null> {
    const { store, path, kid } = this.#options;
    let mark: StateMark | null;
    try {
      mark = readMark(path);
    } catch (error) {
      return error instanceof FarhandError ? (error.detail ?? error.code) : String(error);
    }
    if (mark?.kid !== kid) return null;
    const { counter, follows } = await store.read(async (tx) => ({
      counter: await stateCounter(tx),
      follows: await followsEpoch(tx),
    }));
    // A journal that was put aside as damaged is followed by a new one, which says so; what it forgot is dealt with there.
    if (mark.epoch !== this.#epoch) return follows === mark.epoch ? null : "the journal is not the one that was marked";
    return counter < mark.counter ? `the journal stands at ${counter}, its mark at ${mark.counter}` : null;
  }
}
