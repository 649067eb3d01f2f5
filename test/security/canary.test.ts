// Marker secrets through a whole agent, real SSH and a simulated router: nothing but the vault's ciphertext may hold one.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startAgent, type RunningAgent } from "../../agent/compose.ts";
import { vaultPath, writeConfig } from "../../agent/config.ts";
import { makeLog } from "../../agent/log.ts";
import { openConfiguration } from "../../shared/sealed.ts";
import type { VaultKey } from "../../agent/vault/key.ts";
import { Vault } from "../../agent/vault/vault.ts";
import { driverFor } from "../../drivers/registry.ts";
import { jcs, sha256, toBase64url, utf8, type Bytes } from "../../shared/bytes.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Inventory } from "../../shared/documents/inventory.ts";
import { TEXT_SOURCE, type TaskSpec, type TextRef } from "../../shared/documents/manifest.ts";
import { PlanReceipt, Receipt, type PlannedDevice } from "../../shared/documents/receipt.ts";
import type { Warrant } from "../../shared/documents/warrant.ts";
import { openEnvelope, signEnvelope } from "../../shared/envelope.ts";
import type { CredentialName, DeviceId, Digest } from "../../shared/ids.ts";
import { signerFrom } from "../../shared/keys.ts";
import { Secret } from "../../shared/secret.ts";
import {
  changeTask,
  DEFAULT_TEST_DEADLINES,
  id,
  makeGrant,
  makeManifest,
  makeOrg,
  makeWarrant,
  type TestOrg,
} from "../../shared/testing/org.ts";
import { startCiscoIosxe } from "../../simulators/cisco_iosxe/index.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { makeCertificates } from "../agent/certificates.ts";
import { ScriptHub, type Work } from "../agent/script-hub.ts";
import { until } from "../agent/until.ts";

const marker = (what: string): string => `C4nary-${what}-${randomBytes(6).toString("hex")}+x`;
const SECRETS = {
  password: marker("password"),
  wrong: marker("wrong"),
  enable: marker("enable"),
  community: marker("community"),
  tacacs: marker("tacacs"),
  named: marker("named"),
} as const;

const CONFIG = `version 17.9
hostname edge-1
!
username netops privilege 15 secret 9 $9$aaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
!
archive
 path bootflash:archive
 maximum 10
!
interface Loopback0
 ip address 10.255.0.1 255.255.255.255
!
snmp-server community ${SECRETS.community} RO
tacacs-server key ${SECRETS.tacacs}
!
end
`;

const r1 = "ams-r1" as DeviceId;
const r2 = "ams-r2" as DeviceId;
let sim: SimulatedDevice;
let org: TestOrg;
let hub: ScriptHub;
let agent: RunningAgent;
let stateDir: string;
let key: VaultKey;
const said: string[] = [];
const platform = driverFor(id.iosxe);
if (!platform) throw new Error("no driver");

beforeAll(async () => {
  sim = await startCiscoIosxe({
    name: "edge-1",
    config: CONFIG,
    password: SECRETS.password,
    enablePassword: SECRETS.enable,
    loginPrivilege: 1,
    bulkBytes: 400_000,
  });
  const device = (name: DeviceId, credential: string): Inventory["devices"][number] => ({
    id: name,
    site: id.ams,
    platform: id.iosxe,
    address: sim.address,
    port: sim.port,
    hostKeys: [{ algorithm: "ssh-ed25519", publicKey: sim.hostKeyPublic.base64 }],
    algorithms: "modern",
    credential: credential as CredentialName,
    serial: sim.serial,
    tags: {},
  });
  org = await makeOrg({
    nowSeconds: Math.floor(Date.now() / 1000) - 60,
    devices: [device(r1, "lab"), device(r2, "wrong")],
  });
  const certificates = makeCertificates();
  hub = new ScriptHub(org, certificates);
  // Nothing is acknowledged, so nothing leaves the outbox.
  hub.mute = true;
  hub.creditBytes = 100 * 1024 * 1024;
  stateDir = mkdtempSync(join(tmpdir(), "farhand-canary-"));
  key = { kind: "file", path: join(stateDir, "vault.key") };
  writeFileSync(key.path, randomBytes(32), { mode: 0o400 });
  const vault = await Vault.create({ path: vaultPath(stateDir), org: id.org, agent: id.agentAms }, key);
  await vault.setTrust(org.view.set);
  const { password, enable, wrong, named } = SECRETS;
  await vault.setCredential("lab" as CredentialName, { username: sim.username, password, enable });
  await vault.setCredential("wrong" as CredentialName, { username: sim.username, password: wrong });
  await vault.setSecret("named", new Secret(named));
  const { kid, publicKey } = await signerFrom((await vault.identity()).sign);
  await vault.close();
  hub.agentKey = publicKey;
  const { ca } = certificates;
  const { url } = hub;
  writeConfig(stateDir, { v: 1, org: id.org, site: id.ams, agent: id.agentAms, kid, url, ca, vaultKey: "file" });
  const log = makeLog({ write: (line: string) => void said.push(line) });
  agent = await startAgent({ stateDir, clock: systemClock, vaultKey: key, log, wayHomeMs: 1 });
});

afterAll(async () => {
  await agent?.stop();
  await hub?.stop();
  await sim?.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

const text = (bytes: Uint8Array): TextRef => {
  hub.texts.set(sha256(bytes), bytes.slice() as Bytes);
  return { sha256: sha256(bytes), bytes: bytes.length };
};
const manifestOf = (tasks: TaskSpec[]): Bytes =>
  makeManifest(org, {
    tasks,
    salt: toBase64url(randomBytes(16)),
    platforms: { [id.iosxe]: platform.digest },
    deadlines: { ...DEFAULT_TEST_DEADLINES, confirmMs: 60_000 },
  }).bytes;

async function signed(tasks: TaskSpec[], over: Partial<Warrant>): Promise<Work> {
  const manifest = manifestOf(tasks);
  const warrant = makeWarrant(org, [sha256(manifest)], over);
  const authority = await signEnvelope("farhand-warrant+jws", warrant, [org.people.ann, org.people.bob]);
  return { kind: "warrant", authority, authorityDigest: sha256(jcs(warrant)), manifest };
}

async function receiptOf(work: Work): Promise<Receipt> {
  const manifest: Digest = sha256(work.manifest);
  hub.offer(work);
  return until("a receipt", async () => {
    for (const { envelope } of hub.records("receipt")) {
      const opened = await openEnvelope("farhand-receipt+jws", envelope, () => hub.agentKey);
      const receipt = Receipt.parse(opened.value);
      if (receipt.manifest === manifest) return receipt;
    }
    return undefined;
  });
}

/** A plan as the agent signs it. */
async function planned(author: string): Promise<PlannedDevice> {
  const grant = makeGrant(org);
  const ref = text(utf8(author));
  const manifest = manifestOf([
    { kind: "plan", device: r1, mode: "merge", source: TEXT_SOURCE, text: ref, verify: [] },
  ]);
  const authority = await signEnvelope("farhand-grant+jws", grant, [org.people.ann]);
  const receipt = await receiptOf({ kind: "grant", authority, authorityDigest: sha256(jcs(grant)), manifest });
  expect(receipt.outcome).toBe("SUCCEEDED");
  const envelope = hub.records("plan").at(-1)?.envelope;
  if (!envelope) throw new Error("no plan");
  const opened = await openEnvelope("farhand-plan+jws", envelope, () => hub.agentKey);
  const device = PlanReceipt.parse(opened.value).devices[0];
  if (!device?.ok) throw new Error("not planned");
  for (const part of [device.diff, device.commands])
    text(await until("a text of the plan", () => hub.blob(part.sha256)));
  return device;
}

/** Every shape in which a value might stand: as it is, in base64 at any offset, as in a URL, in hex. */
function shapes(value: string): string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].map((offset) => {
    const all = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    return all.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  const url = encodeURIComponent(value);
  const plain = [value, ...base64, ...base64.map((one) => one.replaceAll("+", "-").replaceAll("/", "_"))];
  return [...plain, url, url.toLowerCase(), bytes.toString("hex"), JSON.stringify(value).slice(1, -1)];
}

const forbidden = Object.entries(SECRETS).flatMap(([name, value]) => shapes(value).map((shape) => [name, shape]));
const found = (place: string, bytes: Uint8Array): string[] => {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return forbidden.flatMap(([name, shape]) => (all.includes(shape ?? "") ? [`${name} in ${place}: ${shape}`] : []));
};
const files = (): string[] =>
  readdirSync(stateDir, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(stateDir, name)).isFile(),
  );
const inFiles = (): string[] => files().flatMap((name) => found(name, readFileSync(join(stateDir, name))));
const atHub = (): string[] =>
  [...hub.lanes].flatMap(([lane, records]) =>
    records.flatMap(({ record, body }) => [
      ...found(`${lane} ${record.type}`, utf8(JSON.stringify(record))),
      ...found(`${lane} ${record.type} body`, body),
    ]),
  );

describe("T39: a canary", () => {
  it("is found by this search where it is", () => {
    const { named } = SECRETS;
    expect(found("here", utf8(`x ${named} y`))).not.toEqual([]);
    expect(found("here", utf8(Buffer.from(`user:${named}`).toString("base64")))).not.toEqual([]);
    expect(found("here", utf8(encodeURIComponent(named)))).not.toEqual([]);
  });

  it(
    "is nowhere after a collect, a run, a plan, a change and a login that is refused",
    { timeout: 60_000 },
    async () => {
      const reads = { kind: "collect", risk: "read" } as const;
      const collected = await receiptOf(await signed([{ kind: "collect", device: r1 }], reads));
      expect(collected.outcome).toBe("SUCCEEDED");
      const sealed = await until("the sealed form", () => hub.blob(collected.tasks[0]?.after?.sealed ?? ""));

      const commands = ["show running-config", "show tech-support", "show startup-config"];
      const ran = await receiptOf(await signed([{ kind: "run", device: r1, commands }], { ...reads, kind: "run" }));
      expect(ran.outcome).toBe("SUCCEEDED");
      const output = await until("the output", () => hub.blob(ran.tasks[0]?.output?.sha256 ?? ""));
      expect(new TextDecoder().decode(output)).toContain("snmp-server community ‹secret:");

      const author = 'snmp-server community ‹secret("named")› RW\n';
      const { text: ref, preImage, diff, commands: typed, level, evidence, touchesManagement } = await planned(author);
      const task = changeTask(r1, {
        text: ref,
        preImage: preImage.public.sha256,
        keyGeneration: preImage.keyGeneration,
        diff,
        commands: typed,
        level,
        evidence,
        touchesManagement,
        verify: [{ command: "show running-config", contains: ["snmp-server community"], withinMs: 5_000 }],
      });
      const accepts = { levelE: [], simulatedEvidence: [id.iosxe] };
      const changed = await receiptOf(await signed([task], { accepts }));
      expect(changed.tasks[0]).toMatchObject({ state: "DONE", code: null });
      expect(sim.runningConfig()).toContain(`snmp-server community ${SECRETS.named} RW`);

      const refused = await receiptOf(await signed([{ kind: "collect", device: r2 }], reads));
      expect(refused.tasks[0]).toMatchObject({ state: "FAILED", code: "LOGIN_REFUSED" });
      const checked = await receiptOf(await signed([{ kind: "check", device: r1 }], { kind: "check", risk: "read" }));
      expect(checked.outcome).toBe("SUCCEEDED");

      // While it runs: journal.db with its WAL, vault.db with its WAL, the spool.
      const names = files();
      expect(names).toEqual(expect.arrayContaining(["journal.db", "journal.db-wal", "vault.db"]));
      expect(names.some((name) => name.startsWith("spool/"))).toBe(true);
      expect(inFiles()).toEqual([]);
      expect([...hub.lanes.values()].flat().length).toBeGreaterThan(30);
      expect(atHub()).toEqual([]);
      expect(found("log", utf8(said.join("")))).toEqual([]);

      await agent.stop();
      expect(inFiles()).toEqual([]);

      // What is hidden is not lost: the sealed form still holds it, for this agent alone.
      const vault = await Vault.open({ path: vaultPath(stateDir), org: id.org, agent: id.agentAms }, key);
      const { box } = await vault.identity();
      expect(await openConfiguration(sealed, { org: id.org, site: id.ams, device: r1 }, box)).toContain(
        SECRETS.community,
      );
      await vault.close();
    },
  );
});
