// One box, two names for it in the inventory (contexts), one terminal line: several jobs at once, and it never has to refuse the agent.
import { afterEach, expect, it } from "vitest";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { vaultPath } from "../../agent/config.ts";
import { Vault } from "../../agent/vault/vault.ts";
import { driverFor, platforms } from "../../drivers/registry.ts";
import { sha256 } from "../../shared/bytes.ts";
import { systemClock } from "../../shared/clock.ts";
import { Receipt } from "../../shared/documents/receipt.ts";
import { openEnvelope } from "../../shared/envelope.ts";
import type { CredentialName, DeviceId, PlatformId } from "../../shared/ids.ts";
import { id } from "../../shared/testing/org.ts";
import { startCiscoIosxe } from "../../simulators/cisco_iosxe/index.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

let site: Site | undefined;
let box: SimulatedDevice | undefined;
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(site?.log.slice(-30).join("\n"));
  await site?.stop();
  await box?.stop();
});

const CONFIG = `version 17.9
hostname edge-1
username netops privilege 15 secret 9 $9$aaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
interface GigabitEthernet1
 ip address 10.0.0.1 255.255.255.0
line vty 0 4
end
`;
const R1 = "ams-r1" as DeviceId;
const R2 = "ams-r2" as DeviceId;
const JOBS = 4;

it("opens no more than the box takes, whichever name and job asks", async () => {
  const clock = systemClock;
  const made = (box = await startCiscoIosxe({ name: "edge-1", config: CONFIG, vtyLines: 1 }, { clock }));
  const started = (site = await makeSite({
    place: (placed) =>
      placed.id === R1 || placed.id === R2
        ? {
            ...placed,
            platform: "cisco_iosxe" as PlatformId,
            address: made.address,
            port: made.port,
            hostKeys: [{ algorithm: "ssh-ed25519", publicKey: made.hostKeyPublic.base64 }],
            credential: "iosxe" as CredentialName,
            serial: null,
          }
        : placed,
  }));
  const vault = await Vault.open({ path: vaultPath(started.stateDir), org: id.org, agent: id.agentAms }, started.key);
  await vault.setCredential("iosxe" as CredentialName, { username: made.username, password: made.password });
  await vault.close();
  const policy = join(started.stateDir, "local-policy.yaml");
  writeFileSync(policy, `v: 1\ndeviceLimits: { ${R1}: { sessions: 1 }, ${R2}: { sessions: 1 } }\n`);
  await started.start(undefined, { drivers: { driverFor, platforms }, policy });
  const digests: string[] = [];
  for (let job = 0; job < JOBS; job++)
    for (const device of [R1, R2]) {
      const work = await started.work([{ kind: "run", device, commands: ["show clock", "show version"] }]);
      started.hub.offer(work);
      digests.push(sha256(work.manifest));
    }
  const receipts = (): Promise<Receipt[]> =>
    Promise.all(
      started.hub
        .records("receipt")
        .map(async ({ envelope }) =>
          Receipt.parse((await openEnvelope("farhand-receipt+jws", envelope, () => started.hub.agentKey)).value),
        ),
    );
  const all = await until("every receipt", async () => {
    const found = (await receipts()).filter((one) => digests.includes(one.manifest));
    return found.length === digests.length ? found : undefined;
  });
  expect(all.flatMap(({ tasks }) => tasks.map(({ state, code }) => [state, code]))).toEqual(
    digests.map(() => ["DONE", null]),
  );
  // Eight logins over one line, and the box never had to turn one away.
  expect(made.counters()).toMatchObject({ sessions: JOBS * 2, refusedNoLine: 0 });
});
