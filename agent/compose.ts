import { randomBytes } from "node:crypto";
import { parseEnvelope } from "../shared/envelope.ts";
import { errorCode, FarhandError } from "../shared/errors.ts";
import type { BoxPublicKey } from "../shared/keys.ts";
import { signerFrom } from "../shared/keys.ts";
import { driverFor, platforms } from "../drivers/registry.ts";
import { Assignments } from "./assignments.ts";
import { AttestedClock } from "./bundle/attested-clock.ts";
import { Carried } from "./bundle/carried.ts";
import { Courier } from "./bundle/courier.ts";
import { tendDesk } from "./bundle/desk.ts";
import { HeldEvidence } from "./certify/held.ts";
import { readConfig, vaultPath, type AgentConfig } from "./config.ts";
import type { AssignmentKey } from "./core/model.ts";
import { Credentials } from "./credentials.ts";
import { Effects } from "./effects.ts";
import { helloFacts } from "./hello.ts";
import { Holds } from "./holds.ts";
import { Intake } from "./intake.ts";
import { openCount, touchedTasks } from "./journal/assignments.ts";
import { putMeta, timeFloorMs, type LinkNote } from "./journal/meta.ts";
import { openJournal } from "./journal/open.ts";
import { Link } from "./link/link.ts";
import type { HubProxy } from "./link/proxy.ts";
import { orTold } from "./log.ts";
import type { AgentOptions, RunningAgent } from "./running.ts";
import { Manifests } from "./manifests.ts";
import { Receipts } from "./receipts.ts";
import { LocalRules } from "./policy/local-policy.ts";
import { startVerified } from "./start.ts";
import { Logins } from "./run/logins.ts";
import { Runner } from "./run/runner.ts";
import { Spool } from "./run/spool.ts";
import { Schedule } from "./schedule/schedule.ts";
import { Life } from "./life.ts";
import { markedEpoch, markPath } from "./state-mark.ts";
import { lockStateDir } from "./state-lock.ts";
import { Trust } from "./trust.ts";
import { TrustNews } from "./trust-news.ts";
import { vaultProvider } from "./vault/provider.ts";
import { DeviceLogins } from "./vault/device-logins.ts";
import { makeTagger } from "./vault/tagger.ts";
import { Vault } from "./vault/vault.ts";
import { Witness } from "./witness.ts";
import { Verifier } from "./verify/verifier.ts";

export type { AgentOptions, RunningAgent } from "./running.ts";

const OPEN_ASSIGNMENTS_MAX = 64;
const PARALLEL_MAX = 256;
/** What is common before a AAA server locks an account; a signed policy may say another number. */
const REFUSED_LOGINS_MAX = 3;
/** Effects are hints; what was lost of them is made again this often. */
const RESUME_EVERY_MS = 30_000;

async function proxyOf(config: AgentConfig, vault: Vault): Promise<HubProxy | undefined> {
  const { proxy: url, proxyCredential } = config;
  if (url === undefined) return undefined;
  return { url, ...(proxyCredential && { credential: await vault.credential(proxyCredential) }) };
}

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
    ...(options.onRefused ? { onRefused: options.onRefused } : {}),
  });
  const { store } = journal;
  if (journal.putAside !== null) log.error("journal-put-aside", { code: "JOURNAL_CORRUPT", detail: journal.putAside });
  const trust = await Trust.load(vault, store, clock);
  const { agent: own, site, kid } = config;
  const life = await Life.open({ store, clock, log, trust, agent: own, site, kid, path: mark, epoch: journal.epoch });
  const identity = await vault.identity();
  const signer = await signerFrom(identity.sign);
  const stopping = new AbortController();
  const changed = (): void => link.kick();
  const spool = await Spool.open({ stateDir, store, changed });

  const manifests = new Manifests(store);
  const manifestOf = (key: AssignmentKey) => manifests.of(key);

  const carried = new Carried((digest, bytesMax) => link.fetch(digest, bytesMax));
  const { fetch } = carried;
  const assignments = new Assignments({
    store,
    clock,
    random,
    perform: (effect) => effects.perform(effect),
    committed: (...change) => effects.committed(...change),
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

  const link: Link = new Link({
    identity: {
      agent: config.agent,
      signer,
      url: config.url ?? "",
      ca: config.ca,
      proxy: await proxyOf(config, vault),
      trust: () => trust.keys,
      early: (...part) => news.take(...part),
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
      facts: () => helloFacts({ store, clock, life, trust, platforms: drivers.platforms }),
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
      trust: (...part) => news.take(...part),
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

  const news = new TrustNews({ agent: config.agent, trust, witness, link, runner, log });

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

  const effects = new Effects({
    log,
    life,
    link,
    runner,
    receipts,
    start: (key) => startVerified({ store, clock, assignments, verifier, trust, local, life }, key),
    isIdle,
    isDraining: () => draining,
    isStopping: () => stopping.signal.aborted,
  });

  let draining = false;
  news.stopIfBanned();
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
