import type { HeldEvidence } from "../certify/held.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Hold } from "../../shared/documents/hold.ts";
import { HostKey, type Hop } from "../../shared/documents/inventory.ts";
import type { Manifest, TaskSpec, TextRef } from "../../shared/documents/manifest.ts";
import type { SnapshotRef } from "../../shared/documents/receipt.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import type { AgentId, DeviceId, Digest, HopId, PersonId } from "../../shared/ids.ts";
import type { Credential } from "../../shared/secret.ts";
import type { Store } from "../../shared/store.ts";
import type { InventoryView } from "../../shared/trust.ts";
import type { Configuration, Driver, DriverFor, LoginGuard, OpenHop, Session, Tagger } from "../../drivers/types.ts";
import type { Aggregate, AssignmentKey, Event, TaskEnd } from "../core/model.ts";
import { signersOf, taskState } from "../journal/assignments.ts";
import { loadText, saveSnapshot } from "../journal/holdings.ts";
import { inForce, type CredentialLease, type CredentialProvider } from "../vault/provider.ts";
import { openConfiguration, requireMark, sealConfiguration } from "../../shared/sealed.ts";
import type { DeviceLogins } from "../vault/device-logins.ts";
import type { Vault } from "../vault/vault.ts";
import { BoxBudget, budgetOf, type Narrowed } from "./budget.ts";
import { change, probe } from "./change.ts";
import { check } from "./check.ts";
import { collect } from "./collect.ts";
import { runCommands } from "./commands.ts";
import { LiveOutput } from "./live-output.ts";
import { DeviceLocks, Slots } from "./locks.ts";
import type { Logins } from "./logins.ts";
import { plan } from "./plan.ts";
import { reveal } from "./reveal.ts";
import { probeRotation, rotate } from "./rotate.ts";
import type { Spool } from "./spool.ts";
import { NO_EVIDENCE, type TaskContext } from "./task.ts";
import { Transcript } from "./transcript.ts";
import type { BoxPublicKey } from "../../shared/keys.ts";

export interface RunnerOptions {
  readonly agent: AgentId;
  readonly store: Store;
  readonly clock: Clock;
  readonly spool: Spool;
  readonly credentials: CredentialProvider;
  readonly deviceLogins: DeviceLogins;
  readonly logins: Logins;
  /** Named values, for texts; and every value that must never be seen. */
  readonly secrets: Pick<Vault, "secrets" | "knownValues">;
  /** What marks and opens the sealed forms of this site. */
  readonly sealing: Pick<Vault, "siteKey" | "identity">;
  readonly tagger: Tagger;
  readonly driverFor: DriverFor;
  /** What was proved of drivers on devices of a laboratory. */
  readonly proofs: HeldEvidence;
  /** The manifest as it was accepted. */
  readonly manifestOf: (key: AssignmentKey) => Promise<Manifest>;
  /** Whether the site itself still lets it begin; throws why not. */
  readonly requireBegin: (task: TaskSpec) => Promise<void>;
  readonly holdOf: (device: DeviceId) => Promise<Hold | undefined>;
  /** What the owner of the site narrows a device's budget to; nothing where nobody says so. */
  readonly limitsOf?: (device: DeviceId) => Narrowed | undefined;
  readonly inventory: () => InventoryView | undefined;
  /** Who can open a sealed configuration of this site. */
  readonly recipients: () => readonly BoxPublicKey[];
  readonly dispatch: (key: AssignmentKey, event: Event, label: string) => Promise<Aggregate>;
  readonly wayHome: (signal: AbortSignal) => Promise<void>;
  readonly changed: () => void;
  readonly parallel: () => number;
  readonly onError: (error: unknown, at: { key: AssignmentKey; device: DeviceId }) => void;
}

interface Active {
  readonly abort: AbortController;
  readonly isChange: boolean;
  stopRequested: boolean;
  begun: boolean;
  ended: Promise<void>;
}

type Purpose = "run" | "probe";
const SHUTDOWN = new FarhandError("CANCELED", "the agent is stopping");
const idOf = (key: AssignmentKey, device: DeviceId): string => `${key.manifest}/${key.attempt}/${device}`;
const ownerOf = (key: AssignmentKey): string => `${key.manifest}/${key.attempt}`;

/** Performs tasks: one at a time on a device, so many at once, each with a deadline, and each of them once. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #active = new Map<string, Active>();
  readonly #locks = new DeviceLocks();
  readonly #slots: Slots;
  readonly #hopSlots = new Map<HopId, Slots>();
  readonly #budget: BoxBudget;
  #draining = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#slots = new Slots(options.parallel);
    this.#budget = new BoxBudget(options.clock);
  }

  get activeCount(): number {
    return this.#active.size;
  }

  /** A hint: what runs already is not started again, and what the journal says has ended is not started at all. */
  start(key: AssignmentKey, device: DeviceId, purpose: Purpose): void {
    const id = idOf(key, device);
    if (this.#draining || this.#active.has(id)) return;
    const active: Active = {
      abort: new AbortController(),
      isChange: purpose === "probe",
      stopRequested: false,
      begun: false,
      ended: Promise.resolve(),
    };
    this.#active.set(id, active);
    active.ended = this.#perform(key, device, purpose, active)
      .catch((error: unknown) => this.#options.onError(error, { key, device }))
      .finally(() => this.#active.delete(id));
  }

  /** A read stops at once. A change stops where it is safe, and says itself when that is. */
  stop(key: AssignmentKey, device: DeviceId): void {
    const active = this.#active.get(idOf(key, device));
    if (!active) return;
    active.stopRequested = true;
    if (!active.isChange || !active.begun) active.abort.abort(new FarhandError("CANCELED"));
  }

  noteTouched(key: AssignmentKey, device: DeviceId, isTouched: boolean): void {
    if (isTouched) this.#locks.hold(device, ownerOf(key));
    else this.#locks.clear(device, ownerOf(key));
  }

  /** Starts nothing more; reads are given up and run again by the next process; changes reach their end. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const active of this.#active.values()) if (!active.isChange || !active.begun) active.abort.abort(SHUTDOWN);
    await Promise.all([...this.#active.values()].map((active) => active.ended));
  }

  /** For good: reads stop at once, changes at their next safe point, and nothing starts any more. */
  bar(reason: FarhandError): void {
    this.#draining = true;
    for (const active of this.#active.values()) {
      active.stopRequested = true;
      if (!active.isChange || !active.begun) active.abort.abort(reason);
    }
  }

  /** Leaves everything as it is: the next process asks the devices. */
  async abandon(): Promise<void> {
    this.#draining = true;
    for (const active of this.#active.values()) active.abort.abort(SHUTDOWN);
    await Promise.all([...this.#active.values()].map((active) => active.ended));
  }

  async #perform(key: AssignmentKey, device: DeviceId, purpose: Purpose, active: Active): Promise<void> {
    const { store, clock, manifestOf } = this.#options;
    const manifest = await manifestOf(key);
    const task = manifest.tasks.find((candidate) => candidate.device === device);
    if (!task) throw new FarhandError("INTERNAL", `no task for ${device}`);
    const isChange = task.kind === "change" || task.kind === "rotate";
    Object.assign(active, { isChange });
    const { signal } = active.abort;
    let unlock: (() => void) | undefined;
    const leave: (() => void)[] = [];
    try {
      unlock = await this.#locks.acquire(device, { change: isChange, owner: ownerOf(key) }, signal);
      // The hops first, the nearest of them first: nobody holds what those wait for that hold what it waits for.
      for (const slots of this.#slotsOf(device)) leave.unshift(await slots.acquire(signal));
      const held = await store.read(async (tx) => ({
        state: await taskState(tx, key, device),
        signers: await signersOf(tx, key),
      }));
      if (!isDue(purpose, held.state)) return;
      active.begun = true;
      const deadline = clock.after(manifest.deadlines.taskMs, () =>
        active.abort.abort(new FarhandError("DEADLINE", "task")),
      );
      try {
        await this.#attempt({ key, manifest, task, signers: held.signers, active, purpose });
      } finally {
        deadline.clear();
      }
    } catch (error) {
      // Aborted while it waited: whoever aborted it has said what became of it.
      if (!signal.aborted) throw error;
    } finally {
      for (const one of leave) one();
      unlock?.();
    }
  }

  /** Of each hop on the way, and of the site. For the whole task: it may hold more than one connection at a time. */
  #slotsOf(device: DeviceId): Slots[] {
    const inventory = this.#options.inventory();
    const target = inventory?.device(device);
    const ways = (target ? (inventory?.pathTo(target) ?? []) : []).map(({ id }) => {
      const held = this.#hopSlots.get(id) ?? new Slots(() => this.#options.inventory()?.hop(id)?.parallel ?? 1);
      this.#hopSlots.set(id, held);
      return held;
    });
    return [...ways, this.#slots];
  }

  async #attempt(work: {
    key: AssignmentKey;
    manifest: Manifest;
    task: TaskSpec;
    signers: readonly PersonId[];
    active: Active;
    purpose: Purpose;
  }): Promise<void> {
    const { key, task, active, purpose } = work;
    const { dispatch, spool, clock } = this.#options;
    const transcript = new Transcript(spool, clock);
    let end: TaskEnd;
    try {
      const context = await this.#context({ ...work, transcript });
      if (purpose === "run" && task.kind !== "change" && task.kind !== "rotate") {
        await context.requireBegin();
        await context.moved("PRECHECK", null);
      }
      end = await perform(context, purpose);
    } catch (error) {
      if (active.abort.signal.reason === SHUTDOWN) {
        await transcript.abandon();
        return;
      }
      end = await this.#endOfError(key, task.device, active.abort.signal.aborted ? active.abort.signal.reason : error);
    }
    const kept = await transcript.finish();
    const evidence = end.evidence ?? NO_EVIDENCE;
    const label = `task:${end.state}`;
    const event: Event = {
      type: purpose === "probe" ? "probed" : "taskEnded",
      device: task.device,
      end: { ...end, evidence: { ...evidence, transcript: kept } },
    };
    await dispatch(key, event, label);
  }

  /** What a task that threw has come to, by how far it was: a device that may have been changed is not called failed. */
  async #endOfError(key: AssignmentKey, device: DeviceId, error: unknown): Promise<TaskEnd> {
    const state = await this.#options.store.read((tx) => taskState(tx, key, device));
    const code = errorCode(error);
    const detail = error instanceof FarhandError ? (error.detail ?? null) : String(error).slice(0, 300);
    if (code === "INTERNAL") this.#options.onError(error, { key, device });
    const touched = state === "APPLYING" || state === "CONFIRM_WAIT" || state === "UNKNOWN";
    if (touched) return { state: "UNKNOWN", code, detail, evidence: null };
    if (code === "DEADLINE") return { state: "TIMED_OUT", code, detail, evidence: null };
    if (state === "QUEUED" && isOfThisSite(code)) return { state: "SKIPPED", code, detail, evidence: null };
    return {
      state: code === "CANCELED" ? "CANCELED" : "FAILED",
      code,
      detail: detail?.slice(0, 500) ?? null,
      evidence: null,
    };
  }

  async #context(work: {
    key: AssignmentKey;
    manifest: Manifest;
    task: TaskSpec;
    signers: readonly PersonId[];
    active: Active;
    purpose: Purpose;
    transcript: Transcript;
  }): Promise<TaskContext> {
    const { key, manifest, task, active, purpose, transcript } = work;
    const { store, clock, spool, credentials, tagger, driverFor, dispatch, wayHome, changed } = this.#options;
    const inventory = this.#options.inventory();
    const device = inventory?.device(task.device);
    if (!inventory || !device) throw new FarhandError("INVENTORY_MISMATCH", task.device);
    const driver = driverFor(device.platform, device.transport);
    if (!driver) throw new FarhandError("PLATFORM_UNKNOWN", device.platform);
    // Not before it is needed: what is only asked for its host keys needs no credential.
    let lease: CredentialLease | undefined;
    const secrets = await this.#options.secrets.secrets();
    const { connectMs, commandMs } = manifest.deadlines;
    const snapshots = new Map<Digest, Promise<SnapshotRef>>();
    const hops = inventory.pathTo(device);
    const place = [...hops.map((hop) => hop.id), `${device.address}:${device.port}`].join(" > ");
    // A probe looks after what an earlier run has begun.
    let hasBegun = purpose === "probe";
    const enter = async (signal: AbortSignal, connects = 1): Promise<() => void> => {
      const limits = budgetOf(driver.limits, this.#options.limitsOf?.(device.id));
      const withinMs = manifest.deadlines.taskMs;
      const leave = await this.#budget.acquire(place, { connects, limits, withinMs, goesOn: hasBegun, signal });
      hasBegun = true;
      return leave;
    };
    const openWith = async (credential: Credential, signal: AbortSignal, guard?: LoginGuard): Promise<Session> => {
      const leave = await enter(signal);
      try {
        const session = await driver.open({
          target: device,
          via: await this.#hopsOf(hops, signal),
          credential,
          ...(guard && { guard }),
          clock,
          signal,
          connectMs,
          commandMs,
          transcript,
          tagger,
          secrets: await this.#options.secrets.knownValues(),
        });
        return withClose(session, leave);
      } catch (error) {
        leave();
        throw error;
      }
    };
    return {
      key,
      agent: this.#options.agent,
      manifest,
      task,
      device,
      driver,
      proofs: this.#options.proofs,
      clock,
      store,
      spool,
      tagger,
      secrets,
      signers: work.signers,
      signal: active.abort.signal,
      live: new LiveOutput({ store, clock, key, device: task.device, changed }),
      onWayHome: inventory.site(manifest.site)?.wayHome.includes(task.device) ?? false,
      deviceLogins: this.#options.deviceLogins,
      seal: async (text) => {
        const { sealing, recipients } = this.#options;
        const place = { org: manifest.org, site: manifest.site, device: task.device };
        return spool.put("sealed", await sealConfiguration(text, place, recipients(), (await sealing.siteKey()).key));
      },
      open: async (signal): Promise<Session> => {
        lease ??= await credentials.lease(device.credential, device.id, signal);
        const { value, name, version } = (lease = await inForce(lease, clock, signal));
        const use = { name, version, device: device.id, signal };
        return openWith(value, signal, (login) => this.#options.logins.open(use, login));
      },
      openWith: (credential, signal) => openWith(credential, signal),
      hostKeys: async () => {
        const { signal } = active.abort;
        // One for each type of key, and one more that finds no other.
        const leave = await enter(signal, HOST_KEY_TYPES + 1);
        try {
          const via = await this.#hopsOf(hops, signal);
          return await driver.hostKeys({ target: device, via, clock, signal, connectMs });
        } finally {
          leave();
        }
      },
      unseal: async (ref) => {
        const sealed = await store.read((tx) => loadText(tx, ref.sha256));
        const { sealing } = this.#options;
        requireMark(sealed, (await sealing.siteKey()).key);
        const place = { org: manifest.org, site: manifest.site, device: task.device };
        return openConfiguration(sealed, place, (await sealing.identity()).box);
      },
      text: async (ref: TextRef) =>
        new TextDecoder("utf-8", { fatal: true }).decode(await store.read((tx) => loadText(tx, ref.sha256))),
      snapshot: (configuration) => {
        const known = snapshots.get(configuration.publicDigest);
        if (known) return known;
        const made = this.#snapshot({ manifest, device: task.device, driver }, configuration);
        snapshots.set(configuration.publicDigest, made);
        return made;
      },
      moved: async (state, step) => {
        const { tasks } = await dispatch(
          key,
          { type: "taskMoved", device: task.device, state, step },
          `state:${state}`,
        );
        if (tasks.find((candidate) => candidate.device === task.device)?.state !== state)
          throw new FarhandError("CANCELED");
      },
      requireBegin: () => this.#options.requireBegin(task),
      hold: () => this.#options.holdOf(task.device),
      stopRequested: () => active.stopRequested,
      wayHome,
    };
  }

  /** Each with the credential that signed inventory binds to it, and a budget of refused logins of its own. */
  async #hopsOf(hops: readonly Hop[], signal: AbortSignal): Promise<OpenHop[]> {
    const { credentials, clock, logins } = this.#options;
    const opened: OpenHop[] = [];
    for (const hop of hops) {
      const leased = await credentials.lease(hop.credential, hop.id, signal);
      const { value, name, version } = await inForce(leased, clock, signal);
      opened.push({
        name: hop.id,
        target: hop,
        credential: value,
        guard: (login) => logins.open({ name, version, device: hop.id, signal }, login),
      });
    }
    return opened;
  }

  async #snapshot(
    { manifest, device, driver }: { manifest: Manifest; device: DeviceId; driver: Driver },
    configuration: Configuration,
  ): Promise<SnapshotRef> {
    const { spool, store, clock, recipients, sealing, tagger } = this.#options;
    const { publicDigest, keyGeneration } = configuration;
    const place = { org: manifest.org, site: manifest.site, device };
    const bytes = await sealConfiguration(configuration.raw, place, recipients(), (await sealing.siteKey()).key);
    const notRestorable = driver.notRestorable(device, configuration.raw, tagger)?.slice(0, 200) ?? null;
    const snapshot = { device, atMs: clock.nowMs(), publicDigest, keyGeneration, sealed: bytes };
    // Side by side, so that they share a commit.
    const [publicRef, sealed] = await Promise.all([
      spool.put("public", configuration.publicText),
      spool.put("sealed", bytes),
      store.tx("snapshot", (tx) => saveSnapshot(tx, snapshot)),
    ]);
    return { public: publicRef, keyGeneration, sealed: sealed.sha256, notRestorable };
  }
}

const HOST_KEY_TYPES = HostKey.shape.algorithm.options.length;

/** The same session; closing it gives its place back, however that ends. */
function withClose(session: Session, leave: () => void): Session {
  const close = session.close.bind(session);
  session.close = async () => {
    try {
      await close();
    } finally {
      leave();
    }
  };
  return session;
}

/** The site's own no, before anything was said to the device. */
const isOfThisSite = (code: ErrorCode): boolean => code.startsWith("LOCAL_") || code === "HELD";

function isDue(purpose: Purpose, state: string | undefined): boolean {
  if (purpose === "run") return state === "QUEUED";
  return state === "UNKNOWN" || state === "APPLYING" || state === "CONFIRM_WAIT";
}

function perform(context: TaskContext, purpose: Purpose): Promise<TaskEnd> {
  const { task } = context;
  switch (task.kind) {
    case "collect":
      return collect(context);
    case "check":
      return check({ ...context, task });
    case "run":
      return runCommands({ ...context, task });
    case "plan":
      return plan({ ...context, task });
    case "change":
      return purpose === "probe" ? probe({ ...context, task }) : change({ ...context, task });
    case "reveal":
      return reveal({ ...context, task });
    case "rotate":
      return purpose === "probe" ? probeRotation({ ...context, task }) : rotate({ ...context, task });
    default:
      return task satisfies never;
  }
}
