import { afterEach, beforeEach, expect, it } from "vitest";
import { jcs, sha256, type Bytes } from "../../../shared/bytes.ts";
import type { CheckFinding } from "../../../shared/documents/check.ts";
import { makeOrg, TEST_NOW_SECONDS } from "../../../shared/testing/org.ts";
import { JOB } from "../testing/bundle.ts";
import { assignmentView, jobView, taskView } from "../testing/views.ts";
import { eventStream, trustOf, World } from "../testing/world.ts";

const org = await makeOrg();
let world: World;
beforeEach(() => {
  world = new World().trusting(org);
});
afterEach(() => world[Symbol.dispose]());

const report = (findings: readonly CheckFinding[]): Bytes =>
  jcs({
    type: "check",
    v: 1,
    device: "ams-r1",
    platform: "frr_linux",
    transport: "cli",
    at: TEST_NOW_SECONDS,
    facts: { hostname: "r1" },
    level: "B",
    undoCost: { kind: "in-place" },
    findings,
  });
const reached: CheckFinding = { code: "REACHED", severity: "tells", detail: "in", hint: null };

const ended = { type: "job", id: 1, atMs: TEST_NOW_SECONDS * 1000, job: JOB, state: "SUCCEEDED" };

function hub(bytes: Bytes, second: Parameters<typeof taskView>[1] = {}): void {
  const tasks = [taskView("ams-r1", { output: sha256(bytes) }), taskView("ams-r2", second)];
  world.hub({
    "GET /api/v1/trust": () => trustOf(org),
    "POST /api/v1/jobs": () => jobView({ state: "ROLLING" }),
    "GET /api/v1/events": () => eventStream([ended]),
    [`GET /api/v1/jobs/${JOB}`]: () => jobView({ assignments: [assignmentView(tasks)] }),
    [`GET /api/v1/blobs/${sha256(bytes)}`]: () => bytes,
  });
}
const args = ["check", "devices", "--select", "site=ams", "--grant", "reads"];

it("shows the worst first, what to do about it, and exits 1 where something blocks", async () => {
  const low: CheckFinding = { code: "STORAGE_LOW", severity: "blocks", detail: "3 bytes\u001b[2J", hint: "delete" };
  const bytes = report([reached, low]);
  hub(bytes, { output: sha256(bytes) });
  const { exit, out, err } = await world.run(...args);
  expect(exit).toBe(1);
  expect(out).toMatch(/STORAGE_LOW[^]*REACHED[^]*STORAGE_LOW: delete/);
  expect(out).not.toContain("\u001b");
  expect(err).toContain("0 of 2 devices have nothing that blocks");
});

it("a device that did not let us in has the one finding that its task tells, with what to do", async () => {
  const bytes = report([reached]);
  hub(bytes, { state: "FAILED", code: "SUSPECT_MTU", detail: "its version line came" });
  const { exit, out } = await world.run(...args, "--json");
  expect(exit).toBe(1);
  const document = JSON.parse(out) as { schema: string; devices: { device: string; findings: CheckFinding[] }[] };
  expect(document.schema).toBe("farhand.check/1");
  expect(document.devices.map(({ device, findings }) => [device, findings.map(({ code }) => code)])).toEqual([
    ["ams-r1", ["REACHED"]],
    ["ams-r2", ["SUSPECT_MTU"]],
  ]);
  expect(document.devices[1]?.findings[0]).toMatchObject({
    severity: "blocks",
    hint: expect.stringContaining("MTU") as string,
  });
});

it("exits 0 where nothing blocks", async () => {
  const bytes = report([reached]);
  hub(bytes, { output: sha256(bytes) });
  expect((await world.run(...args)).exit).toBe(0);
});
