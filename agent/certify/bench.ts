import { randomBytes } from "node:crypto";
import type { Clock } from "../../shared/clock.ts";
import { hasDeviceTimer } from "../../shared/documents/common.ts";
import type { Device } from "../../shared/documents/inventory.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Credential } from "../../shared/secret.ts";
import { parseDiff } from "../../drivers/model/diff.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { closeQuietly, MARGIN_MS, reach, type ChangeContext } from "../../drivers/transaction/context.ts";
import type {
  ChangeOutcome,
  ChangeSpec,
  Configuration,
  Driver,
  Facts,
  LoginGuard,
  Session,
  Tagger,
} from "../../drivers/types.ts";
import { makeTagger } from "../vault/tagger.ts";
import { memoryJournal, type MemoryJournal } from "./journal.ts";
import { showsOf, targetOf, type LabDevice } from "./lab.ts";
import { hiddenValues, Transcripts } from "./transcripts.ts";

export interface BenchOptions {
  readonly lab: LabDevice;
  readonly driver: Driver;
  readonly credential: Credential;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Resident bytes of this process. */
  readonly rssBytes: () => number;
}

/** One connection as the list wants it: heard while it speaks, cut by `signal`, or logged in to otherwise. */
export interface Wire {
  readonly signal?: AbortSignal;
  readonly sent?: (text: string) => void;
  readonly received?: (text: string) => void;
  readonly credential?: Credential;
  readonly target?: Device;
  readonly guard?: LoginGuard;
}

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** Looked at this often while a device's timer is waited out. */
const LOOK_MS = 2_000;

/** The device under test and what the list does to it. Holds the configuration that it had when the list began. */
export class Bench {
  readonly lab: LabDevice;
  readonly driver: Driver;
  readonly target: Device;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly credential: Credential;
  readonly rssBytes: () => number;
  readonly transcripts = new Transcripts();
  readonly confirmMs: number;
  /** The device runs this between any two points of the list. */
  baseline: Configuration | undefined;
  facts: Facts | undefined;
  /** The configuration with the change in it, as the device showed it. */
  changed: Configuration | undefined;
  /** For this run alone: nothing here is compared with what a site holds. */
  readonly tagger: Tagger = makeTagger({ generation: 1, key: new Uint8Array(randomBytes(32)) });
  #changes = 0;

  constructor({ lab, driver, credential, clock, signal, rssBytes }: BenchOptions) {
    this.lab = lab;
    this.driver = driver;
    this.credential = credential;
    this.clock = clock;
    this.signal = signal;
    this.rssBytes = rssBytes;
    this.target = targetOf(lab);
    this.confirmMs = lab.confirmSeconds * 1000;
    for (const secret of [credential.password, credential.enable, credential.privateKey])
      if (secret) this.transcripts.secret(secret.reveal());
  }

  open(wire: Wire = {}): Promise<Session> {
    const { lab, driver, clock, tagger, transcripts } = this;
    return driver.open({
      target: wire.target ?? this.target,
      credential: wire.credential ?? this.credential,
      ...(wire.guard ? { guard: wire.guard } : {}),
      clock,
      signal: wire.signal ? AbortSignal.any([this.signal, wire.signal]) : this.signal,
      connectMs: lab.connectSeconds * 1000,
      commandMs: lab.commandSeconds * 1000,
      tagger,
      secrets: [],
      transcript: {
        write: (direction, text) => {
          transcripts.write(text);
          if (direction === "sent") wire.sent?.(text);
          else wire.received?.(text);
        },
      },
    });
  }

  async use<T>(work: (session: Session) => Promise<T>, wire: Wire = {}): Promise<T> {
    const session = await this.open(wire);
    try {
      return await work(session);
    } finally {
      await closeQuietly(session);
    }
  }

  async running(): Promise<Configuration> {
    const configuration = await this.use((session) => session.running());
    for (const value of hiddenValues(configuration.raw, configuration.publicText)) this.transcripts.secret(value);
    return configuration;
  }

  requireBaseline(): Configuration {
    if (!this.baseline) throw new FarhandError("INTERNAL", "no configuration was read");
    return this.baseline;
  }

  context(
    signal: AbortSignal = this.signal,
    open = (under: AbortSignal) => this.open({ signal: under }),
  ): ChangeContext {
    const { driver, clock, tagger, target } = this;
    return {
      driver,
      clock,
      tagger,
      signal,
      open,
      secret: () => undefined,
      managementAddress: target.address,
      outputBytesMax: OUTPUT_BYTES_MAX,
    };
  }

  /** A change as a person would sign it. Throws TEXT_REFUSED where the text touches what the lab file does not name. */
  async plan(text: string, more: Partial<ChangeSpec> = {}): Promise<ChangeSpec> {
    const { driver, lab, target, tagger } = this;
    const mode = more.mode ?? "merge";
    const { before, readiness } = await this.use(async (session) => ({
      readiness: await session.readiness(mode),
      before: await session.running(),
    }));
    if (!hasDeviceTimer(readiness.level)) {
      const [blocker] = readiness.blockers;
      throw new FarhandError(
        "LEVEL_TOO_LOW",
        `level ${readiness.level}: ${blocker ? `${blocker.code}: ${blocker.detail}` : "no device timer"}`,
      );
    }
    const prediction = driver.predict({
      device: lab.id,
      mode,
      text,
      before,
      tagger,
      ...(more.source === undefined ? {} : { source: more.source }),
      managementAddress: target.address,
    });
    this.#requireOurs(prediction.diff);
    // What takes a change back may count as destructive; the change that the file names may not.
    if (prediction.touchesManagement && mode === "merge")
      throw new FarhandError("TEXT_REFUSED", "the text touches the way to the device: choose another change");
    this.#changes++;
    return {
      device: lab.id,
      id: `certify-${this.#changes}-${randomBytes(4).toString("hex")}`,
      mode,
      drift: "exact",
      text,
      preImage: before.publicDigest,
      keyGeneration: before.keyGeneration,
      diff: prediction.diff,
      commands: prediction.commands,
      level: readiness.level,
      touchesManagement: prediction.touchesManagement,
      onWayHome: false,
      serial: lab.serial,
      confirmMs: this.confirmMs,
      verify: [],
      comment: "farhand certify",
      ...more,
    };
  }

  planChange(more: Partial<ChangeSpec> = {}): Promise<ChangeSpec> {
    return this.plan(this.lab.change.text, { verify: showsOf(this.lab), ...more });
  }

  #requireOurs(diff: string): void {
    for (const { op, path, line } of parseDiff(diff)) {
      const place = [...path, line].join(" > ");
      if (!this.lab.mayTouch.some((words) => place.includes(words)))
        throw new FarhandError("TEXT_REFUSED", `mayTouch of the lab file does not cover: ${op} ${place}`.slice(0, 400));
    }
  }

  run(spec: ChangeSpec, journal: MemoryJournal = memoryJournal(), context = this.context()): Promise<ChangeOutcome> {
    return runChange(context, spec, journal.hooks);
  }

  /** Whether everything that the lab file says shows the change is seen. */
  async isInForce(): Promise<boolean> {
    return await this.use(async (session) => {
      for (const { command, contains } of this.lab.change.shows)
        if (!(await session.run(command, { outputBytesMax: OUTPUT_BYTES_MAX })).includes(contains)) return false;
      return true;
    });
  }

  async isAsBefore(): Promise<boolean> {
    return (await this.running()).publicDigest === this.requireBaseline().publicDigest;
  }

  /** Waits for the device to be as it was by itself; the milliseconds that took, or undefined where it never was. */
  async waitForBaseline(withinMs: number): Promise<number | undefined> {
    const { clock, signal } = this;
    const startedMs = clock.monotonicMs();
    const untilMs = startedMs + withinMs;
    for (;;) {
      const session = await reach(this.context(), untilMs, true);
      try {
        const { publicDigest } = await session.running();
        if (publicDigest === this.requireBaseline().publicDigest) return clock.monotonicMs() - startedMs;
      } catch (error) {
        // It may just be taking the change back, sessions and all.
        signal.throwIfAborted();
        if (clock.monotonicMs() >= untilMs) throw error;
      } finally {
        await closeQuietly(session);
      }
      if (clock.monotonicMs() >= untilMs) return undefined;
      await clock.sleep(LOOK_MS, signal);
    }
  }

  /**
   * Makes the device as it was, by the file's own undo or by the snapshot. False: a person must look, and the list ends here. A timer that
   * still runs is let run out first.
   */
  async settle(): Promise<boolean> {
    const { change, other } = this.lab;
    if (await this.isAsBefore()) return true;
    const isPending = await this.use(async (session) => (await session.readiness("merge")).pendingByOther);
    if (isPending && (await this.waitForBaseline(this.confirmMs + MARGIN_MS)) !== undefined) return true;
    for (const undo of [change.undo, other.undo]) {
      if (undo === undefined) continue;
      const spec = await this.plan(undo);
      if (spec.diff !== "[]") await this.run(spec);
      if (await this.isAsBefore()) return true;
    }
    if ((await this.replaceable()) !== null) return false;
    await this.run(await this.restoring(this.requireBaseline()));
    return await this.isAsBefore();
  }

  /** Why a whole configuration cannot be put back here; null where it can. */
  async replaceable(): Promise<string | null> {
    const reason = this.driver.notRestorable(this.lab.id, this.requireBaseline().raw, this.tagger);
    if (reason !== null) return reason;
    const { level, blockers } = await this.use((session) => session.readiness("replace"));
    return hasDeviceTimer(level) ? null : (blockers[0]?.detail ?? `level ${level}`);
  }

  restoring(configuration: Configuration): Promise<ChangeSpec> {
    return this.plan(configuration.raw, { mode: "replace", source: "sealed" });
  }
}
