import { FarhandError } from "../../../shared/errors.ts";
import type { Digest } from "../../../shared/ids.ts";
import type { Candidate, Configuration, Pending, Session, Staged, TransactionToken } from "../../types.ts";
import { isPending, readDatastore, takeLock, unlockQuietly, type NetconfDevice } from "./device.ts";
import { eachLeaf } from "./leaves.ts";
import type { Datastore } from "./operations.ts";
import { plain } from "./monitoring.ts";
import type { Parked, ParkedSession } from "./parked.ts";
import { RpcRefused } from "./rpc-error.ts";

/** Between two looks at whether the device has undone. */
const POLL_MS = 1000;
/** How long a session that alone can confirm is kept beyond the device's timer. */
const PARK_MARGIN_MS = 60_000;
const COMMITS_BYTES_MAX = 256 * 1024;

type Timer = NonNullable<NetconfDevice["file"]["timer"]>;

/**
 * A change through the candidate and a confirmed commit (RFC 6241 §8.3, §8.4). `arm` takes the locks, running then candidate (alone where the device has no other), and refuses a candidate
 * that holds anything; `stage` edits, reads back and validates; `apply` commits with the timer running.
 *
 * | the device has | who confirms | who undoes |
 * | --- | --- | --- |
 * | :confirmed-commit:1.1 | any session, by the persist-id | its timer; cancel-commit |
 * | :confirmed-commit:1.0, or no persist | the session that made the change, kept open | its timer; the end of that session |
 *
 * A plain commit puts in force whatever stands in the candidate, and to confirm is to commit: so the candidate is compared with running
 * right before, and what somebody has put there meanwhile is OTHER_ADMIN, not confirmed along.
 */
export class NetconfTransaction {
  readonly #device: NetconfDevice;
  readonly #parked: Parked;
  /** What is locked beside the candidate: nothing where the device has no other lock, and tells of its timer otherwise. */
  readonly #beside: readonly Datastore[];
  #staged: string | undefined;
  /** As it was last read on this session. */
  #running: Digest | undefined;
  /** The change that only this session can confirm. */
  #armed: TransactionToken | undefined;

  constructor(device: NetconfDevice, parked: Parked) {
    this.#device = device;
    this.#parked = parked;
    this.#beside = device.file.timer ? [] : ["running"];
  }

  /** Each read of running goes through here, so that what was just read need not be read again over a slow line. */
  async running(): Promise<Configuration> {
    const configuration = await readDatastore(this.#device, "running");
    this.#running = configuration.publicDigest;
    return configuration;
  }

  get persists(): boolean {
    const { file, operations } = this.#device;
    return file.persists && operations.capabilities.has("confirmed-commit", "1.1");
  }

  begin(change: Parameters<Session["begin"]>[0]): Pick<TransactionToken, "confirmMs" | "data"> {
    const { confirmSecondsMin, confirmSecondsMax } = this.#device.file;
    const wanted = Math.ceil(change.confirmMs / 1000);
    const seconds = Math.min(Math.max(wanted, confirmSecondsMin), confirmSecondsMax);
    // Named for people who meet it on the device: whose it is, and of which task.
    const persist = `farhand-${change.id}`;
    return {
      confirmMs: seconds * 1000,
      data: { seconds, session: this.#device.sessionId, ...(this.persists ? { persist } : {}) },
    };
  }

  /** The caller reads running once more under the lock: one that is not the pre-image is its to tell. */
  async arm(token: TransactionToken): Promise<void> {
    const device = this.#device;
    if (device.file.timer) await requireNoTimer(device, device.file.timer);
    for (const target of this.#beside) await takeLock(device, target);
    try {
      await takeLock(device, "candidate");
      const candidate = await readDatastore(device, "candidate");
      if (candidate.publicDigest !== token.preImage && candidate.publicDigest !== (await this.running()).publicDigest)
        throw new FarhandError("CANDIDATE_BUSY", "the candidate holds changes that nobody has committed");
    } catch (error) {
      await this.#release();
      throw error;
    }
  }

  candidate(token: TransactionToken): Candidate {
    return { stage: (commands) => this.#stage(token, commands), abort: () => this.#abort() };
  }

  async #stage(token: TransactionToken, commands: readonly string[]): Promise<Staged> {
    const { operations, file } = this.#device;
    const { capabilities } = operations;
    // Half of a text would otherwise stay in the candidate behind its fault; it is given up then all the same.
    const errorOption = capabilities.has("rollback-on-error") ? "rollback-on-error" : "stop-on-error";
    this.#staged = token.id;
    for (const config of commands) await operations.editConfig({ target: "candidate", config, errorOption });
    const configuration = await readDatastore(this.#device, "candidate");
    this.#parked.remember(token.id, configuration.publicDigest);
    if (file.validates && capabilities.has("validate")) await operations.validate("candidate");
    return { configuration, diff: null };
  }

  async #abort(): Promise<void> {
    // Only what we put there: the candidate was empty of changes under our lock.
    if (this.#staged !== undefined) await this.#device.operations.discardChanges();
    this.#staged = undefined;
    await this.#release();
  }

  async apply(token: TransactionToken, commands: readonly string[]): Promise<void> {
    const device = this.#device;
    if (this.#staged !== token.id) await this.#stage(token, commands);
    // Before, not after: a device that holds a lock for somebody whom the change has cut off may not undo it (yuma123 2.13: "restore running config
    // failed (config locked)").
    await unlockQuietly(device, ...this.#beside);
    const { seconds, persist } = token.data;
    const confirm = typeof persist === "string" ? { persist } : {};
    if (!("persist" in confirm)) this.#armed = token;
    try {
      await device.operations.confirmedCommit({ timeoutS: Number(seconds), ...confirm });
    } catch (error) {
      if (error instanceof RpcRefused) {
        this.#armed = undefined;
        await this.#abort();
      }
      throw error;
    }
    this.#staged = undefined;
    await unlockQuietly(device, "candidate");
  }

  async pending(token: TransactionToken): Promise<Pending> {
    const { timer } = this.#device.file;
    if (timer) {
      const told = await readTimer(this.#device, timer);
      if (told === "untold") return "unknown";
      return told !== "none" && !(await this.#isUndone(token)) ? "armed" : "none";
    }
    const answer = await this.#askLock();
    // Some grant the lock to whoever asks: then the session that can confirm tells.
    if (answer === "none" && !this.#parked.get(token.id)) return "none";
    if (await this.#isUndone(token)) return "none";
    if (answer === "armed" || answer === "none") return "armed";
    // Named as if it held a lock: the session whose commit waits, here or gone.
    return answer.holder === token.data["session"] ? "armed" : "unknown";
  }

  async confirm(token: TransactionToken): Promise<void> {
    const device = this.#device;
    await this.#requireOurs();
    const { persist } = token.data;
    if (typeof persist === "string") {
      await device.operations.commit(persist);
      this.#parked.forget(token.id);
      return;
    }
    const session = this.#own(token) ?? this.#parked.take(token.id);
    if (session?.alive() !== true)
      throw new FarhandError("CONNECTION_LOST", "the session that made the change, and alone can confirm it, is gone");
    await session.operations.commit();
    this.#armed = undefined;
    if (session.sessionId !== device.sessionId) await endSession(session);
    this.#parked.forget(token.id);
  }

  /** A device has no way to be asked for its timer but this: no lock of running while one runs (RFC 6241 §7.5). */
  async #askLock(): Promise<"armed" | "none" | { readonly holder: number | undefined }> {
    const device = this.#device;
    try {
      await device.operations.lock("running");
    } catch (error) {
      if (isPending(error)) return "armed";
      if (!(error instanceof RpcRefused) || error.code !== "CANDIDATE_BUSY") throw error;
      return { holder: error.errors.find(({ sessionId }) => sessionId !== null)?.sessionId ?? undefined };
    }
    await unlockQuietly(device, "running");
    return "none";
  }

  /** OTHER_ADMIN when confirming would commit more than what was verified. */
  async #requireOurs(): Promise<void> {
    const candidate = await readDatastore(this.#device, "candidate");
    if (candidate.publicDigest !== (this.#running ?? (await this.running()).publicDigest))
      throw new FarhandError("OTHER_ADMIN", "somebody has edited the candidate: confirming would commit that too");
  }

  async revert(token: TransactionToken): Promise<void> {
    // What the timer has undone already needs no asking, which some devices refuse and others never answer.
    if (!(await this.#isUndone(token))) await this.#cancel(token);
    await this.#untilUndone(token);
    await this.#discardOwn(token);
  }

  async #cancel(token: TransactionToken): Promise<void> {
    const { persist } = token.data;
    if (typeof persist === "string") return void (await this.#device.operations.cancelCommit(persist));
    const session = this.#own(token) ?? this.#parked.take(token.id);
    this.#armed = undefined;
    // RFC 6241 §8.4.1: the end of the session is the end of what it did not confirm.
    session?.end();
  }

  async #isUndone(token: TransactionToken): Promise<boolean> {
    return (await this.running()).publicDigest === token.preImage;
  }

  async #untilUndone(token: TransactionToken): Promise<void> {
    const { clock, signal, commandMs } = this.#device;
    const untilMs = clock.monotonicMs() + commandMs;
    while (!(await this.#isUndone(token))) {
      if (clock.monotonicMs() + POLL_MS > untilMs) return;
      await clock.sleep(POLL_MS, signal);
    }
  }

  async save(): Promise<void> {
    const { operations, file } = this.#device;
    if (operations.capabilities.has("startup")) return void (await operations.copyConfig("running", "startup"));
    if (!file.save) return;
    const answer = (await operations.vendor("save", file.save.operation)).data ?? "";
    if (!answer.includes(file.save.done))
      throw new FarhandError("COMMAND_REFUSED", "save: the device does not say that it has saved");
  }

  async cleanup(token: TransactionToken): Promise<void> {
    const session = this.#parked.take(token.id);
    if (session) await endSession(session);
    await this.#discardOwn(token);
  }

  /** RFC 6241 says nothing of the candidate after an undo: on some devices it still holds what was undone. */
  async #discardOwn(token: TransactionToken): Promise<void> {
    const ours = this.#parked.staged(token.id);
    if (ours === undefined) return;
    const candidate = await readDatastore(this.#device, "candidate");
    if (candidate.publicDigest === ours && (this.#running ?? (await this.running()).publicDigest) !== ours)
      await this.#device.operations.discardChanges();
    this.#parked.forget(token.id);
  }

  /** True when this session must outlive its owner, because it alone can confirm; the caller then closes nothing. */
  park(): boolean {
    const token = this.#armed;
    if (!token || !this.#device.alive()) return false;
    const { clock } = this.#device;
    this.#parked.park(token.id, this.#self(), clock, token.confirmMs + PARK_MARGIN_MS);
    return true;
  }

  #own(token: TransactionToken): ParkedSession | undefined {
    return this.#armed?.id === token.id ? this.#self() : undefined;
  }

  #self(): ParkedSession {
    const { sessionId, operations, alive, disconnect } = this.#device;
    return { sessionId, operations, alive, end: disconnect };
  }

  async #release(): Promise<void> {
    await unlockQuietly(this.#device, "candidate", ...this.#beside);
  }
}

/** Whose commit waits for its confirmation, in the device's word. Where it names no commit at all nothing is known of any: no box is without one. */
async function readTimer(
  { operations }: NetconfDevice,
  { operation, entry, path, holds, owner }: Timer,
): Promise<{ readonly whose: string } | "none" | "untold"> {
  const { data } = await operations.vendor("commits", operation, { dataBytesMax: COMMITS_BYTES_MAX });
  let entries = 0;
  let waits = false;
  let whose = "";
  eachLeaf(data ?? "<none/>", (at, value) => {
    if (at === entry) entries += 1;
    if (entries > 1) return;
    if (at === path && value.includes(holds)) waits = true;
    if (at === owner) whose = plain(value);
  });
  if (entries === 0) return "untold";
  return waits ? { whose } : "none";
}

/** PENDING_CHANGE, its owner named; INCOMPLETE_OUTPUT where the device does not tell of its commits. */
async function requireNoTimer(device: NetconfDevice, timer: Timer): Promise<void> {
  const told = await readTimer(device, timer);
  if (told === "none") return;
  if (told === "untold") throw new FarhandError("INCOMPLETE_OUTPUT", "the device does not tell of its commits");
  const { whose } = told;
  throw new FarhandError("PENDING_CHANGE", `a commit waits for its confirmation${whose === "" ? "" : ` (${whose})`}`);
}

async function endSession(session: ParkedSession): Promise<void> {
  try {
    await session.operations.closeSession();
  } catch {
    // It was to end.
  } finally {
    session.end();
  }
}
