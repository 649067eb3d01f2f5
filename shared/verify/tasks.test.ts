import { beforeAll, describe, expect, it } from "vitest";
import type { TaskSpec } from "../documents/manifest.ts";
import type { Warrant } from "../documents/warrant.ts";
import type { DeviceId } from "../ids.ts";
import type { BoxPublicKey } from "../keys.ts";
import { changeTask, id, makeManifest, makeOrg, makeWarrant, NO_DIGEST, type TestOrg } from "../testing/org.ts";
import { checkTasks } from "./work.ts";

let org: TestOrg;
beforeAll(async () => {
  org = await makeOrg();
});

const device = "ams-r1" as DeviceId;
const check = (task: TaskSpec, warrant: Partial<Warrant> = {}) =>
  expect(() => checkTasks(makeManifest(org, { tasks: [task] }).manifest, makeWarrant(org, [NO_DIGEST], warrant), org));
const accepting = (over: Partial<Warrant["accepts"]>): Partial<Warrant> => ({
  accepts: { levelE: [], simulatedEvidence: [], ...over },
});

describe("a task under a warrant", () => {
  it("is of its kind; a read is asked nothing more", () => {
    check({ kind: "collect", device }, { kind: "collect" }).not.toThrow();
    check({ kind: "collect", device }).toThrow("OFFER_MISMATCH");
  });

  it("reveals to its author only", () => {
    const sealed = { sha256: NO_DIGEST, bytes: 1 };
    const to = "A".repeat(43) as BoxPublicKey;
    const reveal: TaskSpec = {
      kind: "reveal",
      device,
      sealed,
      public: NO_DIGEST,
      person: id.bob,
      to,
      reason: "to look",
    };
    check({ ...reveal, person: id.ann }, { kind: "reveal" }).not.toThrow();
    check(reveal, { kind: "reveal" }).toThrow("OFFER_MISMATCH");
  });

  it("puts a sealed configuration back as a whole", () => {
    const source = { kind: "sealed", public: NO_DIGEST, keyGeneration: 1 } as const;
    check(changeTask(device, { source, mode: "replace" })).not.toThrow();
    check(changeTask(device, { source, mode: "merge" })).toThrow("SCHEMA");
    check(changeTask(device, { mode: "replace", drift: "same-diff" })).toThrow("SCHEMA");
  });

  it("has level E only where that is accepted by name, and never on the management path", () => {
    const levelE = accepting({ levelE: [device] });
    check(changeTask(device, { level: "E" })).toThrow("is level E");
    check(changeTask(device, { level: "E" }), levelE).not.toThrow();
    check(changeTask(device, { level: "E", touchesManagement: true }), levelE).toThrow("management path");
    check(changeTask(device, { level: "D", touchesManagement: true })).toThrow("management path");
    check(changeTask(device, { level: "C", touchesManagement: true })).not.toThrow();
  });

  it("is on a driver that was only simulated where that is accepted by name, and the device is known", () => {
    const simulated = accepting({ simulatedEvidence: [id.iosxe] });
    check(changeTask(device, { evidence: "simulated" })).toThrow("EVIDENCE_TOO_LOW");
    check(changeTask(device, { evidence: "simulated" }), simulated).not.toThrow();
    check(changeTask("nowhere", { evidence: "simulated" }), simulated).toThrow("EVIDENCE_TOO_LOW");
  });
});
