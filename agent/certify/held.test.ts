import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import type { Driver } from "../../drivers/types.ts";
import { errorCode } from "../../shared/errors.ts";
import { PlatformId, type Digest } from "../../shared/ids.ts";
import { fileName, gradeOf, type Certificate } from "./certificate.ts";
import { LIST } from "./certify.ts";
import { addCertificate, HeldEvidence, readCertificate, removeCertificate } from "./held.ts";

const found = driverFor(PlatformId.parse("cisco_iosxe"), "cli");
if (!found) throw new Error("no driver");
// Whatever the file says of itself today.
const driver: Driver = { ...found, evidence: "simulated" };
const ids = LIST.map(({ id }) => id);

const certificate = (more: Partial<Certificate> = {}): Certificate => ({
  schema: "farhand.certificate/1",
  software: "farhand-agent 0.1.0",
  began: "2026-11-24T10:00:00.000Z",
  ended: "2026-11-24T10:10:00.000Z",
  platform: driver.platform,
  transport: "cli",
  digest: driver.digest,
  device: { hostname: "lab-r1", vendor: "Cisco", model: "C8000V", version: "17.9.4a", serial: "9X" },
  confirmSeconds: 60,
  items: LIST.map(({ id, title }) => ({ id, title, status: "ok" as const, evidence: "", seconds: 1 })),
  grade: { evidence: "real", missing: [] },
  ...more,
});
const text = (more: Partial<Certificate> = {}): string => JSON.stringify(certificate(more));

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "farhand-evidence-"));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

describe("a grade", () => {
  const passed = ids.map((id) => ({ id, status: "ok" as const }));
  test("is real where all that applies was passed", () => {
    expect(gradeOf("simulated", "1", passed, ids)).toEqual({ evidence: "real", missing: [] });
    const some = passed.map((item) => (item.id === "busy" ? { ...item, status: "not-applicable" as const } : item));
    expect(gradeOf("simulated", "1", some, ids).evidence).toBe("real");
  });
  test.each(ids)("is not, where %s failed or was left out", (id) => {
    const failed = passed.map((item) => (item.id === id ? { ...item, status: "failed" as const } : item));
    expect(gradeOf("recorded", "1", failed, ids)).toEqual({ evidence: "recorded", missing: [`${id}: failed`] });
    const left = passed.filter((item) => item.id !== id);
    expect(gradeOf("simulated", "1", left, ids)).toEqual({ evidence: "simulated", missing: [`${id}: was not run`] });
  });
  test("is not for a device that tells no version", () => {
    expect(gradeOf("simulated", null, passed, ids).evidence).toBe("simulated");
  });
  test("stands in a file named after platform, version and day", () => {
    const device = { ...certificate().device, version: "17.9(4)a ../x" };
    expect(fileName(certificate({ device }))).toBe("certify-cisco_iosxe-17.9_4_a_.._x-2026-11-24.json");
  });
});

describe("what an operator has an agent take as proof", () => {
  test("raises this driver on this version, and nothing else", () => {
    addCertificate(stateDir, text());
    const held = HeldEvidence.load(stateDir);
    expect(held.gradeOf(driver, "17.9.4a")).toBe("real");
    expect(held.bestOf(driver)).toBe("real");
    expect(held.versions(driver)).toEqual(["17.9.4a"]);
    expect(held.gradeOf(driver, "17.9.4")).toBe("simulated");
    expect(held.gradeOf(driver, null)).toBe("simulated");
    const changed: Driver = { ...driver, digest: "0".repeat(64) as Digest };
    expect(held.gradeOf(changed, "17.9.4a")).toBe("simulated");
    expect(held.bestOf(changed)).toBe("simulated");
    expect(held.bestOf({ ...driver, transport: "netconf" })).toBe("simulated");
    expect(held.bestOf({ ...driver, platform: PlatformId.parse("arista_eos") })).toBe("simulated");
  });
  test("is refused where a point failed or is missing, whatever the file says of itself", () => {
    const items = certificate().items;
    const [first, ...rest] = items;
    if (!first) throw new Error("no item");
    const code = (more: Partial<Certificate>): string => {
      try {
        readCertificate(text(more));
        return "taken";
      } catch (error) {
        return errorCode(error);
      }
    };
    expect(code({ items: rest })).toBe("EVIDENCE_TOO_LOW");
    expect(code({ items: [{ ...first, status: "failed" }, ...rest] })).toBe("EVIDENCE_TOO_LOW");
    expect(code({ device: { ...certificate().device, version: null } })).toBe("EVIDENCE_TOO_LOW");
    expect(() => readCertificate("{}")).toThrow("SCHEMA");
    expect(() => readCertificate("no JSON")).toThrow("SCHEMA");
  });
  test("counts only while nobody else can have written it", () => {
    const { name } = addCertificate(stateDir, text());
    chmodSync(join(stateDir, "evidence", name), 0o666);
    const told: string[] = [];
    const held = HeldEvidence.load(stateDir, (file, error) => told.push(`${file} ${error.code}`));
    expect(held.bestOf(driver)).toBe("simulated");
    expect(told).toEqual([`${name} LOCAL_POLICY_FILE`]);
  });
  test("a broken file beside it takes nothing away", () => {
    addCertificate(stateDir, text());
    writeFileSync(join(stateDir, "evidence", "broken.json"), "{", { mode: 0o600 });
    const told: string[] = [];
    expect(HeldEvidence.load(stateDir, (name) => told.push(name)).bestOf(driver)).toBe("real");
    expect(told).toEqual(["broken.json"]);
  });
  test("can be taken away again, by its name and by no path", () => {
    const { name } = addCertificate(stateDir, text());
    expect(() => removeCertificate(stateDir, "../evidence/x.json")).toThrow("NOT_FOUND");
    removeCertificate(stateDir, name);
    expect(HeldEvidence.load(stateDir).bestOf(driver)).toBe("simulated");
  });
});
