import { describe, expect, it } from "vitest";
import { SAMPLES, type Sample } from "../testing/documents.ts";
import { Grant } from "./grant.ts";
import { Inventory } from "./inventory.ts";
import { Keys } from "./keys.ts";
import { Manifest } from "./manifest.ts";
import { Warrant } from "./warrant.ts";

type Path = readonly (string | number)[];

function* objectsIn(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield path;
  for (const [key, item] of Object.entries(value))
    yield* objectsIn(item, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** A copy in which `change` was done to what stands at the path. */
function changed(value: unknown, path: Path, change: (object: object) => void): unknown {
  // Not structuredClone, which keeps parts that are one object one object.
  const copy: unknown = JSON.parse(JSON.stringify(value));
  let at: unknown = copy;
  for (const key of path) at = Reflect.get(at as object, key);
  change(at as object);
  return copy;
}

function sampleOf(name: string): Sample {
  const found = SAMPLES.find((sample) => sample.name === name);
  if (!found) throw new Error(`no sample ${name}`);
  return found;
}

/** Where the faults are that a schema finds in the sample of that name, after a change to what stands at a path. */
function faults(name: string, path: Path, change: (object: object) => void): string[] {
  const { schema, value } = sampleOf(name);
  const read = schema.safeParse(changed(value, path, change));
  return read.success ? [] : read.error.issues.map((issue) => issue.path.join("."));
}

describe("a document is closed", () => {
  it.each(SAMPLES)("$name: nothing that its schema does not know, anywhere in it", ({ schema, value }) => {
    expect(schema.safeParse(value).error).toBeUndefined();
    for (const path of objectsIn(value)) {
      const more = changed(value, path, (object) => Reflect.set(object, "unknown", null));
      expect(schema.safeParse(more).success, path.join(".") || "at its top").toBe(false);
    }
  });

  it.each(SAMPLES)("$name: of its own type and version only", ({ schema, value }) => {
    expect(schema.safeParse({ ...value, type: "other" }).success).toBe(false);
    expect(schema.safeParse({ ...value, v: 2 }).success).toBe(false);
  });
});

describe("what the parts of a document must be to each other", () => {
  const set = (key: string, value: unknown) => (object: object) => void Reflect.set(object, key, value);
  const add = (item: unknown) => (list: object) => void (list as unknown[]).push(item);
  const again = (list: object) => void (list as unknown[]).push((list as unknown[])[0]);

  it("a schedule begins within its period", () => {
    expect(Grant.safeParse(sampleOf("grant").value).success).toBe(true);
    expect(faults("grant", ["schedule", 0], set("offsetSeconds", 86_399))).toEqual([]);
    expect(faults("grant", ["schedule", 0], set("offsetSeconds", 86_400))).toEqual(["schedule.0"]);
  });

  it("only an air-gapped policy lets a warrant live for more than 45 days", () => {
    expect(Keys.safeParse(sampleOf("keys").value).success).toBe(true);
    const policy = ["policies", 0];
    const online = (seconds: number) => (object: object) => {
      Reflect.deleteProperty(object, "airGapped");
      Reflect.set(object, "warrantLifetimeSecondsMax", seconds);
    };
    expect(faults("keys", policy, online(45 * 86_400))).toEqual([]);
    expect(faults("keys", policy, online(45 * 86_400 + 1))).toEqual(["policies.0.warrantLifetimeSecondsMax"]);
  });

  it("the tasks of a manifest are of one kind, each for a device of its own", () => {
    expect(Manifest.safeParse(sampleOf("manifest of collect").value).success).toBe(true);
    const tasks = ["tasks"];
    expect(faults("manifest of collect", tasks, add({ kind: "collect", device: "ams-r2" }))).toEqual([]);
    expect(faults("manifest of collect", tasks, again)).toEqual(["tasks.1.device"]);
    expect(faults("manifest of collect", tasks, add({ kind: "check", device: "ams-r2" }))).toEqual(["tasks.1.kind"]);
  });

  it("the waves of a warrant name each manifest once", () => {
    expect(Warrant.safeParse(sampleOf("warrant").value).success).toBe(true);
    const wave = { notBefore: 1_800_000_000, manifests: [0] };
    expect(faults("warrant", ["waves"], add(wave))).toEqual(["waves"]);
    expect(faults("warrant", ["manifests"], add("b".repeat(64)))).toEqual(["waves"]);
    expect(faults("warrant", ["waves", 0], set("manifests", [1]))).toEqual(["waves"]);
    expect(faults("warrant", ["waves", 0], set("manifests", [0, 0]))).toEqual(["waves"]);
  });

  it("an inventory names each device once, at a site that it has, and no device that it does not have", () => {
    expect(Inventory.safeParse(sampleOf("inventory").value).success).toBe(true);
    expect(faults("inventory", ["devices"], again)).toEqual(["devices.1.id"]);
    expect(faults("inventory", ["devices", 0], set("site", "lon"))).toContain("devices.0.site");
    expect(faults("inventory", ["sites", 0], set("wayHome", ["lon-r1"]))).toEqual(["sites.0.wayHome"]);
  });
});
