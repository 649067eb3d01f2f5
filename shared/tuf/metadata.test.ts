import { describe, expect, it } from "vitest";
import { jcs, parseCanonical } from "../bytes.ts";
import { errorCode } from "../errors.ts";
import { makeTrustWorld } from "../testing/trust-world.ts";
import { readMetadata, ROLES, type TrustRole } from "./metadata.ts";

const { held } = await makeTrustWorld();
type Path = readonly (string | number)[];

function* objectsIn(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield path;
  for (const [key, item] of Object.entries(value))
    yield* objectsIn(item, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** What is said of a role's file after `change` was done to what stands at the path. */
function verdict(role: TrustRole, path: Path, change: (object: object) => void): string {
  const metadata = parseCanonical(held[role]);
  let at: unknown = metadata;
  for (const key of path) at = Reflect.get(at as object, key);
  change(at as object);
  try {
    readMetadata(role, jcs(metadata));
    return "taken";
  } catch (error) {
    return errorCode(error);
  }
}

describe("a file of the trust repository", () => {
  it.each(ROLES)("%s.json is closed: nothing that its schema does not know, anywhere in it", (role) => {
    expect(verdict(role, [], () => undefined)).toBe("taken");
    for (const path of objectsIn(parseCanonical(held[role])))
      expect(
        verdict(role, path, (object) => Reflect.set(object, "unknown", 1)),
        path.join("."),
      ).toBe("SCHEMA");
  });

  it.each(ROLES)("%s.json ends at a time that there is", (role) => {
    const ending = (expires: string) => verdict(role, ["signed"], (signed) => Reflect.set(signed, "expires", expires));
    expect(ending("2030-02-28T00:00:00Z")).toBe("taken");
    for (const none of ["2030-13-01T00:00:00Z", "2030-02-28T25:00:00Z", "soon"]) expect(ending(none)).toBe("SCHEMA");
  });

  it.each(ROLES)("%s.json has each signature once", (role) => {
    expect(
      verdict(role, ["signatures"], (signatures) => {
        const list = signatures as unknown[];
        list.push(list[0]);
      }),
    ).toBe("SCHEMA");
  });

  it("root.json has each key of a role once", () => {
    expect(
      verdict("root", ["signed", "roles", "root", "keyids"], (keyids) => {
        const list = keyids as unknown[];
        list.push(list[0]);
      }),
    ).toBe("SCHEMA");
  });

  it("is not read beyond its cap", () => {
    const long = new Uint8Array(512 * 1024 + 1).fill(0x20);
    expect(() => readMetadata("root", long)).toThrow("ENVELOPE_TOO_LARGE");
  });
});
