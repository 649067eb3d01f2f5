// Signed reads of a device that speaks SNMP: its rows as lines, its facts, and no change of any kind.
import { afterEach, expect, it } from "vitest";
import { vaultPath } from "../../agent/config.ts";
import { Vault } from "../../agent/vault/vault.ts";
import { driverFor, platforms } from "../../drivers/registry.ts";
import { sha256 } from "../../shared/bytes.ts";
import { systemClock } from "../../shared/clock.ts";
import type { TaskSpec } from "../../shared/documents/manifest.ts";
import { Receipt } from "../../shared/documents/receipt.ts";
import { openEnvelope } from "../../shared/envelope.ts";
import type { CredentialName, DeviceId, PlatformId } from "../../shared/ids.ts";
import { Secret, type SnmpValue } from "../../shared/secret.ts";
import { id } from "../../shared/testing/org.ts";
import { startSnmpAgent, type SnmpAgent } from "../../simulators/snmp/index.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

const AUTH = "canary-of-authentication";
const PRIVACY = "canary-of-privacy";
const SECRET = "canary-in-a-description";
const R1 = "ams-r1" as DeviceId;
const snmp: SnmpValue = {
  version: "3",
  authProtocol: "sha256",
  authPassphrase: AUTH,
  privacy: { protocol: "aes128", passphrase: PRIVACY },
};

let site: Site | undefined;
let agent: SnmpAgent | undefined;
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(site?.log.slice(-30).join("\n"), site?.hub.faults);
  await site?.stop();
  await agent?.stop();
});

async function siteWithSnmp(): Promise<Site> {
  const user = { name: "monitor", auth: "sha256", authPassphrase: AUTH, privacy: "aes128", privacyPassphrase: PRIVACY };
  const users = [user] as Parameters<typeof startSnmpAgent>[0]["users"] & object;
  const device = { interfaces: 20, description: `rented from ${SECRET}` };
  const made = (agent = await startSnmpAgent({ users, device }, { clock: systemClock }));
  const started = (site = await makeSite({
    place: (placed) =>
      placed.id === R1
        ? {
            ...placed,
            platform: "snmp_generic" as PlatformId,
            address: "127.0.0.1",
            port: made.port,
            hostKeys: [],
            credential: "snmp" as CredentialName,
            serial: "FCW2133L0AB",
          }
        : placed,
  }));
  const vault = await Vault.open({ path: vaultPath(started.stateDir), org: id.org, agent: id.agentAms }, started.key);
  await vault.setCredential("snmp" as CredentialName, { username: "monitor", snmp });
  await vault.setSecret("landlord" as Parameters<Vault["setSecret"]>[0], new Secret(SECRET));
  await vault.close();
  await started.start(undefined, { drivers: { driverFor, platforms } });
  return started;
}

async function done(at: Site, task: TaskSpec) {
  const work = await at.work([task]);
  at.hub.offer(work);
  const digest = sha256(work.manifest);
  const receipts = (): Promise<Receipt[]> =>
    Promise.all(
      at.hub
        .records("receipt")
        .map(async ({ envelope }) =>
          Receipt.parse((await openEnvelope("farhand-receipt+jws", envelope, () => at.hub.agentKey)).value),
        ),
    );
  const receipt = await until("the receipt", async () => (await receipts()).find((one) => one.manifest === digest));
  return receipt.tasks[0];
}

async function blob(at: Site, digest: string | undefined): Promise<string> {
  return new TextDecoder().decode(await until("the output", () => at.hub.blob(digest ?? "")));
}

it("a run gives a table as a line of JSON for each row, what is secret here hidden in it", async () => {
  const at = await siteWithSnmp();
  const task = await done(at, { kind: "run", device: R1, commands: ["interfaces", "system"] });
  expect(task).toMatchObject({ state: "DONE", evidence: "simulated" });
  const lines = (await blob(at, task?.output?.sha256)).trim().split("\n");
  const rows = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines[0]).toBe("> interfaces");
  expect(rows).toHaveLength(21);
  expect(rows[0]).toMatchObject({ index: "1", ifName: "Gi1/0/1", ifOperStatus: "up" });
  expect(String(rows[20]?.["sysDescr"])).toMatch(/^rented from ‹secret:[a-z2-7]{16}›$/i);
  const said = await blob(at, task?.transcript?.sha256);
  for (const canary of [AUTH, PRIVACY, SECRET])
    expect(`${lines.join("\n")}${said}${at.log.join("\n")}`).not.toContain(canary);
  expect(agent?.sets()).toBe(0);
});

it("a check tells its facts, and that nothing can be changed this way", async () => {
  const at = await siteWithSnmp();
  const task = await done(at, { kind: "check", device: R1 });
  expect(task).toMatchObject({ state: "DONE", level: "E" });
  const report = JSON.parse(await blob(at, task?.output?.sha256)) as { facts: unknown; findings: { code: string }[] };
  expect(report.facts).toMatchObject({ vendor: "Cisco", model: "C9300-24T", serial: "FCW2133L0AB" });
  expect(report.findings.map(({ code }) => code)).toEqual(["REACHED", "READS_ONLY"]);
});

it("a configuration cannot be collected, and a word that names no table is no read", async () => {
  const at = await siteWithSnmp();
  expect(await done(at, { kind: "collect", device: R1 })).toMatchObject({ state: "FAILED", code: "TEXT_REFUSED" });
  expect(driverFor("snmp_generic" as PlatformId)?.isRead("show version")).toBe(false);
  expect(driverFor("snmp_generic" as PlatformId)?.isRead("interfaces")).toBe(true);
});
