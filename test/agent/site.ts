import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jcs, sha256, toBase64url, utf8 } from "../../shared/bytes.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { Manifest, TaskSpec, TextRef } from "../../shared/documents/manifest.ts";
import type { Warrant } from "../../shared/documents/warrant.ts";
import { signEnvelope } from "../../shared/envelope.ts";
import type { CredentialName, DeviceId, PlatformId } from "../../shared/ids.ts";
import { signerFrom, type Signer } from "../../shared/keys.ts";
import type { BoundaryObserver } from "../../shared/store.ts";
import { id, makeManifest, makeOrg, makeWarrant, type TestOrg, type TestOrgOptions } from "../../shared/testing/org.ts";
import type { Driver } from "../../drivers/types.ts";
import { startAgent, type AgentOptions, type RunningAgent } from "../../agent/compose.ts";
import { vaultPath, writeConfig } from "../../agent/config.ts";
import type { AgentLog } from "../../agent/log.ts";
import type { VaultKey } from "../../agent/vault/key.ts";
import { Vault } from "../../agent/vault/vault.ts";
import { makeCertificates, type Certificates } from "./certificates.ts";
import { FakeDevice, fakeDriver } from "./fake-device.ts";
import { ScriptHub, type Work } from "./script-hub.ts";

export interface Site {
  readonly org: TestOrg;
  readonly hub: ScriptHub;
  readonly certificates: Certificates;
  readonly stateDir: string;
  readonly key: VaultKey;
  readonly devices: Map<DeviceId, FakeDevice>;
  readonly log: string[];
  device(name: string): FakeDevice;
  start(onBoundary?: BoundaryObserver, how?: Partial<AgentOptions>): Promise<RunningAgent>;
  /** A warrant and its one manifest, signed by these people. */
  work(
    tasks: TaskSpec[],
    options?: { signers?: Signer[]; warrant?: Partial<Warrant>; manifest?: Partial<Manifest> },
  ): Promise<Work>;
  text(value: string): TextRef;
  stop(): Promise<void>;
}

export interface SiteOptions {
  readonly wayHome?: DeviceId[];
  /** What this site's keys.json says besides; see TestOrgOptions. */
  readonly keys?: TestOrgOptions["keys"];
  /** The devices as the signed inventory names them. */
  readonly place?: TestOrgOptions["place"];
  readonly hops?: NonNullable<TestOrgOptions["hops"]>;
  /** Another driver around the one of the devices in memory. */
  readonly driver?: (driver: Driver) => Driver;
  readonly clock?: Clock;
  /** Where the agent's state folder is made; the system's temporary folder unless told otherwise. */
  readonly folder?: string;
}

/** An enrolled agent on disk, two devices in memory, and the script of a hub. */
export async function makeSite(options: SiteOptions = {}): Promise<Site> {
  const certificates = makeCertificates();
  const stateDir = mkdtempSync(join(options.folder ?? tmpdir(), "farhand-agent-"));
  const keyPath = join(stateDir, "vault.key");
  writeFileSync(keyPath, randomBytes(32), { mode: 0o400 });
  const key: VaultKey = { kind: "file", path: keyPath };
  const sites = [
    { id: id.ams, wayHome: options.wayHome ?? [], parallel: 8 },
    { id: id.lon, wayHome: [], parallel: 8 },
  ];
  const org = await makeOrg({
    nowSeconds: Math.floor(Date.now() / 1000) - 60,
    sites,
    ...(options.keys ? { keys: options.keys } : {}),
    ...(options.place ? { place: options.place } : {}),
    ...(options.hops ? { hops: options.hops } : {}),
  });
  const hub = new ScriptHub(org, certificates);
  const vault = await Vault.create({ path: vaultPath(stateDir), org: id.org, agent: id.agentAms }, key);
  await vault.setTrust(org.view.set);
  await vault.setCredential("lab" as CredentialName, { username: "ops", password: "secret" });
  const identity = await vault.identity();
  const signer = await signerFrom(identity.sign);
  await vault.close();
  hub.agentKey = signer.publicKey;
  writeConfig(stateDir, {
    v: 1,
    org: id.org,
    site: id.ams,
    agent: id.agentAms,
    kid: signer.kid,
    url: hub.url,
    ca: certificates.ca,
    vaultKey: "file",
  });

  const devices = new Map<DeviceId, FakeDevice>();
  for (const { id: name } of org.inventory.devicesAt(id.ams))
    devices.set(name, new FakeDevice([`hostname ${name}`, "ntp server 192.0.2.9"]));
  const driver = (options.driver ?? ((fake) => fake))(fakeDriver(devices));
  const log: string[] = [];
  const note = (event: string, fields?: object): void => void log.push(`${event} ${JSON.stringify(fields ?? {})}`);
  const agentLog: AgentLog = { info: note, warn: note, error: note };
  let running: RunningAgent | undefined;
  return {
    org,
    hub,
    certificates,
    stateDir,
    key,
    devices,
    log,
    device(name) {
      const device = devices.get(name as DeviceId);
      if (!device) throw new Error(`no device ${name}`);
      return device;
    },
    async start(onBoundary, how = {}) {
      const drivers = {
        driverFor: (platform: PlatformId) => (platform === id.iosxe ? driver : undefined),
        platforms: () => [driver],
      };
      running = await startAgent({
        stateDir,
        clock: options.clock ?? systemClock,
        vaultKey: key,
        log: agentLog,
        drivers,
        random: () => 0,
        wayHomeMs: 1,
        ...(onBoundary ? { onBoundary } : {}),
        ...how,
      });
      return running;
    },
    async work(tasks, options = {}) {
      const kind = tasks[0]?.kind;
      if (kind === undefined) throw new Error("no tasks");
      const salt = toBase64url(randomBytes(16));
      const { bytes, digest } = makeManifest(org, { tasks, salt, ...options.manifest });
      if (kind === "plan") throw new Error("plans run under a grant");
      const warrant = makeWarrant(org, [digest], {
        kind,
        risk: kind === "change" ? "change" : "read",
        ...options.warrant,
      });
      const signers = options.signers ?? [org.people.ann, org.people.bob];
      const authority = await signEnvelope("farhand-warrant+jws", warrant, signers);
      return { kind: "warrant", authority, authorityDigest: sha256(jcs(warrant)), manifest: bytes };
    },
    text(value) {
      const bytes = utf8(value);
      hub.texts.set(sha256(bytes), bytes);
      return { sha256: sha256(bytes), bytes: bytes.length };
    },
    async stop() {
      await running?.stop();
      await hub.stop();
      rmSync(stateDir, { recursive: true, force: true });
      rmSync(`${stateDir}.mark`, { force: true });
    },
  };
}
