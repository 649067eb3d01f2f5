import { beforeAll, describe, expect, it } from "vitest";
import type { Grant } from "../documents/grant.ts";
import type { TaskSpec } from "../documents/manifest.ts";
import type { CredentialName, DeviceId } from "../ids.ts";
import type { BoxPublicKey } from "../keys.ts";
import { changeTask, id, makeGrant, makeManifest, makeOrg, NO_DIGEST, type TestOrg } from "../testing/org.ts";
import { checkGrantScope } from "./grant-scope.ts";

let org: TestOrg;
beforeAll(async () => {
  org = await makeOrg();
});

const device = "ams-r1" as DeviceId;
const collect: TaskSpec = { kind: "collect", device };
const check = (task: TaskSpec, over: Partial<Grant> = {}) =>
  expect(() => checkGrantScope(makeGrant(org, over), makeManifest(org, { tasks: [task] }).manifest, org.inventory));

describe("what a grant covers", () => {
  it("is the devices that it selects, by name, platform or tag", () => {
    check(collect, { selectors: [{ devices: [device] }] }).not.toThrow();
    check(collect, { selectors: [{ devices: ["ams-r2" as DeviceId] }] }).toThrow("device ams-r1");
    check(collect, { selectors: [{ devices: [device], tags: { role: "core" } }] }).toThrow("device ams-r1");
    check(collect, { selectors: [{ tags: { role: "core" } }, { devices: [device] }] }).not.toThrow();
  });

  it("is reads, whatever kinds it names", () => {
    const rotate: TaskSpec = {
      kind: "rotate",
      device,
      credential: "lab" as CredentialName,
      password: { kind: "made", length: 32 },
    };
    const sealed = { sha256: NO_DIGEST, bytes: 1 };
    const to = "A".repeat(43) as BoxPublicKey;
    const reveal: TaskSpec = {
      kind: "reveal",
      device,
      sealed,
      public: NO_DIGEST,
      person: id.ann,
      to,
      reason: "to look",
    };
    for (const task of [changeTask(device), rotate, reveal])
      check(task, { kinds: [task.kind as "collect"] }).toThrow("a grant covers reads only");
  });

  it("is nothing that the inventory does not have", () => {
    check({ kind: "collect", device: "nowhere" as DeviceId }).toThrow("INVENTORY_MISMATCH");
  });
});
