import { randomBytes } from "node:crypto";
import type { Manifest } from "../shared/documents/manifest.ts";
import { parseEnvelope } from "../shared/envelope.ts";
import { errorCode, FarhandError } from "../shared/errors.ts";
import type { BoxPublicKey } from "../shared/keys.ts";
import { signerFrom } from "../shared/keys.ts";
import { driverFor, platforms } from "../drivers/registry.ts";
import { Assignments, isRemembered } from "./assignments.ts";
import { AttestedClock } from "./bundle/attested-clock.ts";
import { Carried } from "./bundle/carried.ts";
import { Courier } from "./bundle/courier.ts";
import { tendDesk } from "./bundle/desk.ts";
import { HeldEvidence } from "./certify/held.ts";
import { readConfig, vaultPath, type AgentConfig } from "./config.ts";
import type { Aggregate, AssignmentKey, Effect, Row } from "./core/model.ts";
import { assignmentEnded, mayBeTouched } from "./core/draft.ts";
import { Credentials } from "./credentials.ts";
import { Holds } from "./holds.ts";
import { Intake } from "./intake.ts";
import { openCount, touchedTasks, unsettled } from "./journal/assignments.ts";
import { sequenceHighWater } from "./journal/admission.ts";
import { loadWork } from "./journal/holdings.ts";
import { putMeta, timeFloorMs, type LinkNote } from "./journal/meta.ts";
import { openJournal } from "./journal/open.ts";
import { laneMarks } from "./journal/outbox.ts";
import { Link } from "./link/link.ts";
import { TrustParts } from "./link/trust-parts.ts";
import type { HubProxy } from "./link/proxy.ts";
import type { HelloFacts } from "./link/session.ts";
import type { Bytes } from "../shared/bytes.ts";
import type { DownHeader } from "../shared/wire/messages.ts";
import { orTold } from "./log.ts";
import type { AgentOptions, RunningAgent } from "./running.ts";
import { Receipts } from "./receipts.ts";
import { LocalRules } from "./policy/local-policy.ts";
import { SOFTWARE } from "./software.ts";
import { startVerified } from "./start.ts";
import { Logins } from "./run/logins.ts";
import { Runner } from "./run/runner.ts";
import { Spool } from "./run/spool.ts";
import { Schedule } from "./schedule/schedule.ts";
import { Life } from "./life.ts";
import { markedEpoch, markPath } from "./state-mark.ts";
import { lockStateDir } from "./state-lock.ts";
import { Trust } from "./trust.ts";
import { vaultProvider } from "./vault/provider.ts";
import { DeviceLogins } from "./vault/device-logins.ts";
import { makeTagger } from "./vault/tagger.ts";
import { Vault } from "./vault/vault.ts";
import { Witness } from "./witness.ts";
import { readAcceptedManifest, Verifier } from "./verify/verifier.ts";

export type { AgentOptions, RunningAgent } from "./running.ts";

const OPEN_ASSIGNMENTS_MAX = 64;
const PARALLEL_MAX = 256;
/** What is common before a AAA server locks an account; a signed policy may say another number. */
const REFUSED_LOGINS_MAX = 3;
const HELLO_ASSIGNMENTS_MAX = 2_000;
const MANIFESTS_CACHED_MAX = 64;
/** Effects are hints; what was lost of them is made again this often. */
const RESUME_EVERY_MS = 30_000;

async function proxyOf(config: AgentConfig, vault: Vault): Promise<HubProxy | undefined> {
  const { proxy: url, proxyCredential } = config;
  if (url === undefined) return undefined;
  return { url, ...(proxyCredential && { credential: await vault.credential(proxyCredential) }) };
}

/** What a device would hear of. */
const isWork = (effect: Effect["type"]): boolean =>
  effect === "verifyStart" || effect === "runTask" || effect === "probeTask";

/** Puts the parts together. Everything that lives as long as the process is made here, and ends here in reverse order. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { stateDir, log } = options;
  const clock = new AttestedClock(options.clock);
  const random = options.random ?? Math.random;
  const drivers = options.drivers ?? { driverFor, platforms };
  const config = readConfig(stateDir);
  const isIdle = options.idle === true;
  const hasLine = !isIdle && options.airGapped !== true && config.url !== undefined;
  const unlock = lockStateDir(stateDir);
  const vault = await Vault.open(
    { path: vaultPath(stateDir), org: config.org, agent: config.agent },
    options.vaultKey,
    clock,
  ).catch((error: unknown) => {
    unlock();
    throw error;
  });
  const mark = markPath(stateDir, config.stateMark);
  const journal = await openJournal({
    stateDir,
    clock,
    marked: markedEpoch(mark),
    ...(options.onBoundary ? { onBoundary: options.onBoundary } : {}),
  });
  const { store } = journal;
  if (journal.putAside !== null) log.error("journal-put-aside", { code: "JOURNAL_CORRUPT", detail: journal.putAside });
  const trust = await Trust.load(vault, store, clock);
  const { agent: own, site, kid } = config;
  const life = await Life.open({ store, clock, log, trust, agent: own, site, kid, path: mark, epoch: journal.epoch });
  const identity = await vault.identity();
  const signer = await signerFrom(identity.sign);
  const stopping = new AbortController();
  let barred = false;
  const changed = (): void => link.kick();
  const spool = await Spool.open({ stateDir, store, changed });

  const manifests = new Map<string, Manifest>();
  const manifestOf = async (key: AssignmentKey): Promise<Manifest> => {
    const known = manifests.get(key.manifest);
    if (known) return known;
    const work = await store.read((tx) => loadWork(tx, key));
    if (!work) throw new FarhandError("INTERNAL", "the offered bytes are gone");
    const manifest = readAcceptedManifest(work.manifest);
    if (manifests.size >= MANIFESTS_CACHED_MAX) manifests.clear();
    manifests.set(key.manifest, manifest);
    return manifest;
  };

  const carried = new Carried((digest, bytesMax) => link.fetch(digest, bytesMax));
  const { fetch } = carried;
  const assignments = new Assignments({
    store,
    clock,
    random,
    perform: (effect) => perform(effect),
    committed: (before, after, rows) => committed(before, after, rows),
    onError: (error, key) =>
      log.error("assignment", { code: errorCode(error), detail: String(error), manifest: key.manifest }),
  });
  const local = new LocalRules(options.policy ?? config.policy);
  const fault = local.fault();
  if (fault) log.error("local-policy", { code: fault.code, detail: fault.detail ?? "" });
  const holds = new Holds({ store, clock, trust, site: config.site, log });
  const proofs = HeldEvidence.load(stateDir, (name, error) =>
    log.error("evidence", { code: error.code, detail: `${name}: ${error.detail ?? ""}` }),
  );
  const verifier = new Verifier({
    proofs,
    trust,
    store,
    clock,
    agent: config.agent,
    site: config.site,
    driverFor: drivers.driverFor,
    fetch,
    local,
    holds,
    requireSound: life.require,
  });
  const receipts = new Receipts({
    store,
    assignments,
    signer,
    agent: config.agent,
    get epoch() {
      return life.epoch;
    },
    manifestOf,
  });
  const credentials = new Credentials({
    vault,
    store,
    trust,
    clock,
    site: config.site,
    agent: config.agent,
    box: identity.box,
    log,
    say: (header) => link.say("credentials", header),
    changed: (name) => logins.changed(name),
  });
  const reportCredentials = (): void =>
    void credentials.report().catch((error: unknown) => log.error("credentials", { code: errorCode(error) }));
  const logins = new Logins({
    store,
    clock,
    refusedMax: () => trust.keys.policyOf(config.site)?.refusedLoginsMax ?? REFUSED_LOGINS_MAX,
    stopped: (name, version) => {
      log.error("credential-stopped", { code: "CREDENTIAL_STOPPED", detail: `${name} version ${version}` });
      reportCredentials();
    },
  });
  const deviceLogins = new DeviceLogins(vault);
  const runner = new Runner({
    proofs,
    agent: config.agent,
    store,
    clock,
    spool,
    credentials: vaultProvider(deviceLogins),
    deviceLogins,
    logins,
    secrets: vault,
    sealing: vault,
    tagger: makeTagger(await vault.siteKey()),
    driverFor: drivers.driverFor,
    manifestOf,
    requireBegin: (task) => verifier.requireBegin(task),
    holdOf: (device) => holds.standing(device),
    limitsOf: (device) => local.limitsOf(device),
    inventory: () => trust.inventory,
    recipients: () => trust.recipients(config.site, identity.box.x as BoxPublicKey),
    dispatch: (key, event, label) => assignments.dispatch(key, event, label),
    wayHome: (signal) => link.wayHome(signal),
    changed,
    parallel: () => Math.min(PARALLEL_MAX, trust.inventory?.site(config.site)?.parallel ?? 1),
    onError: (error, at) =>
      log.error("task", {
        code: errorCode(error),
        detail: String(error),
        manifest: at.key.manifest,
        device: at.device,
      }),
  });
  const intake = new Intake({
    trust,
    store,
    assignments,
    verifier,
    local,
    agent: config.agent,
    nowMs: () => clock.nowMs(),
    fetch,
    reject: (header) => {
      log.warn("refused", { code: header.code, detail: header.detail, manifest: header.manifest });
      link.say("reject", header);
    },
    refusedUnheard: (code, detail) => log.warn("refused", { code, ...(detail === undefined ? {} : { detail }) }),
  });

  const schedule = new Schedule({
    store,
    trust,
    verifier,
    intake,
    local,
    clock,
    agent: config.agent,
    site: config.site,
    randomBytes: (count) => new Uint8Array(randomBytes(count)),
    log,
  });

  const witness = new Witness({
    store,
    trust,
    nowMs: () => clock.nowMs(),
    log,
    say: (header) => link.say("witnessed", header),
  });

  const facts = (): Promise<HelloFacts> =>
    store.read(async (tx) => ({
      software: SOFTWARE,
      epoch: life.epoch,
      ...life.facts,
      sequence: await sequenceHighWater(tx),
      lanes: (await laneMarks(tx)).map(({ lane, first, next }) => ({ lane, first, next })),
      clock: { wallMs: clock.nowMs(), quality: "holdover" as const },
      trust: trust.facts.versions,
      keysVersion: trust.keys.keys.document.version,
      platforms: Object.fromEntries(drivers.platforms().map((driver) => [driver.platform, driver.digest])),
      assignments: await unsettled(tx, HELLO_ASSIGNMENTS_MAX),
    }));

  const link: Link = new Link({
    identity: {
      agent: config.agent,
      signer,
      url: config.url ?? "",
      ca: config.ca,
      proxy: await proxyOf(config, vault),
      trust: () => trust.keys,
      early: takeTrust,
    },
    clock,
    random,
    ...(options.wayHomeMs === undefined ? {} : { wayHomeMs: options.wayHomeMs }),
    pump: {
      store,
      get epoch() {
        return life.epoch;
      },
      readPart: (...part) => spool.readPart(...part),
      release: (names) => spool.release(names),
    },
    handlers: {
      facts,
      capacity: async () => Math.max(0, OPEN_ASSIGNMENTS_MAX - (await store.read(openCount))),
      welcomed: async ({ lanes }) => {
        if (!(await life.welcomed(lanes))) return;
        await assignments.tellAll({ type: "rolledBack" });
        life.require();
      },
      readmission: (bytes) =>
        orTold(log, "readmission-refused", async () => {
          await life.readmit(parseEnvelope(bytes));
          link.renew();
        }),
      hold: (bytes) => orTold(log, "hold-refused", () => holds.take(parseEnvelope(bytes))),
      connected: async () => {
        await witness.tell();
        reportCredentials();
        await assignments.tellAll({ type: "resume" });
      },
      offer: (header, nonces) => intake.offer(header, nonces),
      manifest: (header, bytes) => intake.manifest(header, bytes),
      cancel: (header) => intake.cancel(header),
      trust: takeTrust,
      settled: (header) => intake.settled(header),
      grant: ({ grant }) => orTold(log, "grant-refused", () => schedule.take(grant)),
      checkpoint: (header, bytes) => orTold(log, "checkpoint-refused", () => witness.take(header, bytes)),
      credential: (header, bytes) => credentials.take(header, bytes),
    },
    log: (event, fields) => {
      if (event === "link-up") log.info(event, fields);
      else log.warn(event, fields);
      noteLink({ state: event === "link-up" ? "up" : "down", code: fields.code ?? null, atMs: clock.nowMs() });
    },
  });

  const trustParts = new TrustParts();

  async function takeTrust(header: DownHeader<"trust">, part: Bytes): Promise<void> {
    try {
      const update = trustParts.take(header, part);
      if (!update) return;
      const moved = await trust.take(update);
      const { versions } = trust.facts;
      if (moved) log.info("trust", { detail: `root ${versions.root}, targets ${versions.targets}` });
      if (moved) await witness.tell();
      link.say("trusted", { held: versions, code: null, detail: "" });
    } catch (error) {
      if (!(error instanceof FarhandError)) throw error;
      const detail = error.detail ?? "";
      log.warn("trust-refused", { code: error.code, detail });
      link.say("trusted", { held: trust.facts.versions, code: error.code, detail: detail.slice(0, 500) });
    }
    stopIfBanned();
  }

  /** On the word of a keyadmin, never of the hub: a hub that says so may close the link, which is all. */
  function stopIfBanned(): void {
    const ban = trust.ban(config.agent);
    if (!ban || barred) return;
    barred = true;
    log.error("banned", { code: "AGENT_BANNED", detail: ban.reason });
    runner.bar(new FarhandError("AGENT_BANNED", ban.reason));
  }

  /** For `farhand-agent status`, which is another process. */
  function noteLink(note: LinkNote): void {
    if (stopping.signal.aborted) return;
    store
      .tx("link", (tx) => putMeta(tx, "link", JSON.stringify(note)))
      .catch((error: unknown) => log.error("link-note", { code: errorCode(error) }));
  }

  const courier = new Courier({
    stateDir,
    own: { org: config.org, site: config.site, agent: config.agent },
    get epoch() {
      return life.epoch;
    },
    trust,
    store,
    intake,
    verifier,
    carried,
    credentials,
    holds,
    schedule,
    witness,
    signer,
    log,
    nowMs: () => clock.nowMs(),
    attested: (ms) => clock.attest(ms),
    readPart: (...part) => spool.readPart(...part),
    release: (names) => spool.release(names),
  });

  function committed(before: Aggregate, after: Aggregate, rows: readonly Row[]): void {
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

  function perform(effect: Exclude<Effect, { type: "armTimer" }>): void {
    const { key } = effect;
    if (isIdle || (life.quarantine && isWork(effect.type))) return;
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
        if (!draining)
          inBackground(startVerified({ store, clock, assignments, verifier, trust, local, life }, key), key);
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
        inBackground(receipts.sign(key), key);
        break;
      default:
        effect satisfies never;
    }
  }

  function inBackground(work: Promise<unknown>, key: AssignmentKey): void {
    work.catch((error: unknown) => {
      if (stopping.signal.aborted || errorCode(error) === "CONFLICT") return;
      log.error("effect", { code: errorCode(error), detail: String(error), manifest: key.manifest });
    });
  }

  let draining = false;
  stopIfBanned();
  for (const held of await store.read(touchedTasks)) runner.noteTouched(held.key, held.device, true);
  // Where no line can tell the time, what was proved before still stands.
  if (!hasLine) clock.attest(await store.read(timeFloorMs));
  if (life.quarantine) await assignments.tellAll({ type: "rolledBack" });
  if (!isIdle) await assignments.tellAll({ type: "restarted" });
  const running = hasLine ? link.run(stopping.signal) : Promise.resolve();
  const resuming = isIdle ? Promise.resolve() : resumeNowAndThen();
  const scheduling = isIdle ? Promise.resolve() : schedule.run(stopping.signal);
  const tending = isIdle ? Promise.resolve() : tendDesk({ stateDir, courier, clock, log, signal: stopping.signal });

  async function resumeNowAndThen(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await clock.sleep(RESUME_EVERY_MS * (0.75 + random() / 2), stopping.signal);
        await assignments.tellAll({ type: "resume" });
      } catch (error) {
        if (!stopping.signal.aborted) log.error("resume", { code: errorCode(error), detail: String(error) });
      }
    }
  }

  let closing: Promise<void> | undefined;
  const close = (finish: () => Promise<void>): Promise<void> => {
    closing ??= (async () => {
      draining = true;
      await finish();
      stopping.abort(new FarhandError("CANCELED", "the agent is stopping"));
      assignments.close();
      await Promise.all([running, resuming, scheduling, tending, courier.idle()]);
      await life.marked();
      await spool.close();
      await store.close();
      await vault.close();
      unlock();
    })();
    return closing;
  };
  return {
    agent: config.agent,
    get epoch() {
      return life.epoch;
    },
    isLive: () => link.isLive,
    importBundle: (path, admission) => courier.import(path, admission),
    exportBundle: (path) => courier.export(path),
    readmit: (envelope) => life.readmit(envelope),
    runDue: () => schedule.tick(),
    drain: () => close(() => runner.drain()),
    stop: () => close(() => runner.abandon()),
  };
}
