// What a driver is handed for the way to a device: hops from signed inventory, each with its own credential, in bounded number.
import { afterEach, expect, it } from "vitest";
import type { CredentialName, DeviceId, HopId } from "../../shared/ids.ts";
import { id } from "../../shared/testing/org.ts";
import type { OpenOptions } from "../../drivers/types.ts";
import { vaultPath } from "../../agent/config.ts";
import { Vault } from "../../agent/vault/vault.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

let site: Site;
afterEach(() => site.stop());

it("each hop comes with the credential bound to it, and only so many devices are worked on behind one", async () => {
  const opened: OpenOptions[] = [];
  let [inside, most] = [0, 0];
  const pin = { algorithm: "ssh-ed25519", publicKey: "AAAAC3NzaC1lZDI1NTE5AAAAIAAA" } as const;
  const hop = (name: string, credential: string, via?: string) => ({
    id: name as HopId,
    site: id.ams,
    address: "192.0.2.100",
    port: 22,
    hostKeys: [pin],
    algorithms: "modern" as const,
    credential: credential as CredentialName,
    parallel: 2,
    ...(via !== undefined && { via: via as HopId }),
  });
  site = await makeSite({
    hops: [hop("outer", "jump"), hop("inner", "jump-2", "outer")],
    place: (device) =>
      Array.from({ length: device.id === "ams-r1" ? 6 : 1 }, (_, index) => ({
        ...device,
        id: (index === 0 ? device.id : `${device.id}-${index}`) as DeviceId,
        ...(device.id === "ams-r1" && { via: (index % 2 === 0 ? "inner" : "outer") as HopId }),
      })),
    driver: (fake) => ({
      ...fake,
      open: async (options) => {
        opened.push(options);
        const through = options.via?.length ?? 0;
        if (through > 0) most = Math.max(most, ++inside);
        const session = await fake.open(options);
        return { ...session, close: () => session.close().finally(() => (inside -= through > 0 ? 1 : 0)) };
      },
    }),
  });
  const vault = await Vault.open({ path: vaultPath(site.stateDir), org: id.org, agent: id.agentAms }, site.key);
  await vault.setCredential("jump" as CredentialName, { username: "jumper", password: "outer secret" });
  await vault.setCredential("jump-2" as CredentialName, { username: "jumper", password: "inner secret" });
  await vault.close();
  await site.start();
  const devices = site.org.inventory.devicesAt(id.ams);
  const work = await site.work(devices.map((device) => ({ kind: "collect", device: device.id })));
  site.hub.offer(work);
  await until("a receipt", () =>
    Promise.resolve(site.hub.records("receipt").length > 0 ? site.hub.records("receipt") : undefined),
  );
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(2);
  const way = (device: string) =>
    opened
      .find((options) => options.target.id === device)
      ?.via?.map(({ name, credential }) => [name, credential.password?.reveal()]);
  expect(way("ams-r1")).toEqual([
    ["outer", "outer secret"],
    ["inner", "inner secret"],
  ]);
  expect(way("ams-r1-1")).toEqual([["outer", "outer secret"]]);
  expect(way("ams-r2")).toEqual([]);
  expect(opened.map((options) => options.credential.password?.reveal())).toEqual(devices.map(() => "secret"));
});
