// What a check says of devices that do not let the agent in: each its own reason, with what to do about it, and none in another's way.
import { createServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import { vaultPath } from "../../agent/config.ts";
import { Vault } from "../../agent/vault/vault.ts";
import { driverFor, platforms } from "../../drivers/registry.ts";
import { sha256 } from "../../shared/bytes.ts";
import { systemClock } from "../../shared/clock.ts";
import { CheckReport } from "../../shared/documents/check.ts";
import type { Device } from "../../shared/documents/inventory.ts";
import type { Manifest } from "../../shared/documents/manifest.ts";
import { Receipt } from "../../shared/documents/receipt.ts";
import { openEnvelope } from "../../shared/envelope.ts";
import { ERRORS, type ErrorCode } from "../../shared/errors.ts";
import type { CredentialName, DeviceId, PlatformId } from "../../shared/ids.ts";
import { Secret, type Credential } from "../../shared/secret.ts";
import { DEFAULT_TEST_DEADLINES, id } from "../../shared/testing/org.ts";
import { subjects } from "../drivers/matrix/subjects/index.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

let site: Site | undefined;
const stops: (() => Promise<void>)[] = [];
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(site?.log.slice(-30).join("\n"), site?.hub.faults);
  await site?.stop();
  for (const stop of stops.splice(0)) await stop();
});

async function started(platform: string, transport: "cli" | "https") {
  const subject = subjects.find((one) => one.platform === platform && one.transport === transport);
  if (!subject) throw new Error(`no subject for ${platform}`);
  const made = await subject.start(systemClock);
  stops.push(() => made.sim.stop());
  return made;
}

/** Takes connections and says nothing. */
async function silent(): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => undefined).resume()).listen(0, "127.0.0.1");
  stops.push(() => new Promise((resolve) => server.close(() => resolve())));
  await new Promise((resolve) => server.once("listening", resolve));
  const at = server.address();
  return typeof at === "object" && at ? at.port : 0;
}

async function free(): Promise<number> {
  const port = await silent();
  await stops.pop()?.();
  return port;
}

async function checked(at: Site, devices: readonly DeviceId[], deadlines: Partial<Manifest["deadlines"]> = {}) {
  const tasks = devices.map((device) => ({ kind: "check" as const, device }));
  const work = await at.work(tasks, { manifest: { deadlines: { ...DEFAULT_TEST_DEADLINES, ...deadlines } } });
  at.hub.offer(work);
  const digest = sha256(work.manifest);
  const receipt = await until("the receipt", async () => {
    const all = at.hub.records("receipt").map(async ({ envelope }) => {
      const { value } = await openEnvelope("farhand-receipt+jws", envelope, () => at.hub.agentKey);
      return Receipt.parse(value);
    });
    return (await Promise.all(all)).find((one) => one.manifest === digest);
  });
  return new Map(receipt.tasks.map((task) => [task.device as string, task]));
}

it("each device has its own reason, and what to do about it", async () => {
  const [good, low, lossy, eos, wrongPlatform] = [
    await started("cisco_iosxe", "cli"),
    await started("cisco_iosxe", "cli"),
    await started("cisco_iosxe", "cli"),
    await started("arista_eos", "https"),
    await started("arista_eos", "cli"),
  ];
  low.sim.setFault({ kind: "wrong-privilege" });
  Object.assign(lossy.sim.conditions ?? {}, { largePacketsLost: true });
  const [closedPort, silentPort] = [await free(), await silent()];
  const as = (target: Device, name: string, over: Partial<Device> = {}): Device => ({
    ...target,
    id: name as DeviceId,
    site: id.ams,
    credential: "good" as CredentialName,
    serial: null,
    ...over,
  });
  const eosAs = { credential: "eos" as CredentialName };
  const devices = [
    as(good.target, "fine", { serial: good.target.serial }),
    as(good.target, "other-serial", { serial: "NOT-THIS-ONE" }),
    as(good.target, "no-credential", { credential: "nobody" as CredentialName }),
    as(good.target, "wrong-password", { credential: "wrong" as CredentialName }),
    as(good.target, "other-key", { hostKeys: low.target.hostKeys }),
    as(good.target, "no-key", { hostKeys: [] }),
    as(good.target, "closed", { port: closedPort }),
    as(good.target, "no-driver", { platform: "acme_os" as PlatformId }),
    as(low.target, "low-rights"),
    as(eos.target, "fine-https", eosAs),
    as(eos.target, "other-certificate", {
      ...eosAs,
      tls: { trust: "pinned", certificates: (await started("arista_eos", "https")).sim.certificate ?? "" },
    }),
    as(wrongPlatform.target, "other-platform", { ...eosAs, platform: "cisco_iosxe" as PlatformId }),
    as(lossy.target, "lossy"),
    as(good.target, "silent", { port: silentPort }),
  ];
  const at = (site = await makeSite({ place: (placed) => (placed.id === "ams-r1" ? devices : []) }));
  const vault = await Vault.open({ path: vaultPath(at.stateDir), org: id.org, agent: id.agentAms }, at.key);
  const credentials: [string, Credential][] = [
    ["good", good.credential],
    ["wrong", { ...good.credential, password: new Secret("not-this-one") }],
    ["eos", eos.credential],
  ];
  for (const [name, { password, enable, username }] of credentials)
    await vault.setCredential(name as CredentialName, {
      username,
      ...(password && { password: password.reveal() }),
      ...(enable && { enable: enable.reveal() }),
    });
  await vault.close();
  await at.start(undefined, { drivers: { driverFor, platforms } });

  const slow = ["lossy", "silent"];
  const names = devices.map((device) => device.id);
  const told = new Map([
    ...(await checked(
      at,
      names.filter((name) => !slow.includes(name)),
    )),
    ...(await checked(
      at,
      names.filter((name) => slow.includes(name)),
      { connectMs: 1_000 },
    )),
  ]);
  const said = Object.fromEntries([...told].map(([name, task]) => [name, task.code ?? task.state]));
  expect(said).toEqual({
    fine: "DONE",
    "other-serial": "DONE",
    "no-credential": "CREDENTIAL_UNKNOWN",
    "wrong-password": "LOGIN_REFUSED",
    "other-key": "HOST_KEY",
    "no-key": "HOST_KEY",
    closed: "CONNECT_REFUSED",
    "no-driver": "PLATFORM_UNKNOWN",
    "low-rights": "PRIVILEGE",
    "fine-https": "DONE",
    "other-certificate": "CERTIFICATE",
    "other-platform": "DONE",
    lossy: "SUSPECT_MTU",
    silent: "CONNECT_TIMEOUT",
  });
  for (const { code } of told.values()) if (code !== null) expect(ERRORS[code as ErrorCode].next).not.toBe("");

  const reportOf = async (name: string): Promise<CheckReport> => {
    const digest = told.get(name)?.output?.sha256 ?? "";
    return CheckReport.parse(
      JSON.parse(new TextDecoder().decode(await until("the report", () => at.hub.blob(digest)))),
    );
  };
  const fine = await reportOf("fine");
  expect(fine).toMatchObject({ platform: "cisco_iosxe", transport: "cli", facts: { serial: good.target.serial } });
  expect(fine.facts["version"]).toEqual(expect.stringMatching(/\d/));
  expect(fine.findings[0]).toMatchObject({
    code: "REACHED",
    detail: expect.stringContaining("host key as pinned") as string,
  });
  expect((await reportOf("fine-https")).findings[0]?.detail).toContain("certificate as signed for");
  // No serial is named here, which would be a mismatch: what it says of itself is not what such a box says.
  expect((await reportOf("other-platform")).findings).toContainEqual(
    expect.objectContaining({ code: "PLATFORM_DOUBTFUL", severity: "blocks" }),
  );
  expect((await reportOf("other-serial")).findings).toContainEqual(
    expect.objectContaining({ code: "PLATFORM_MISMATCH", severity: "blocks" }),
  );
});
