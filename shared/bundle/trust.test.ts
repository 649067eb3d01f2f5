import { describe, expect, it } from "vitest";
import { sha256 } from "../bytes.ts";
import type { BundleEntry } from "../documents/bundle.ts";
import { encodeTrustFile } from "../tuf/file.ts";
import type { BundleFile } from "./read.ts";
import { carriedTrust } from "./trust.ts";

const bytes = encodeTrustFile({ roots: [] });
const entry = (kind: "trust" | "text", role = "set"): BundleEntry => {
  const named = { sha256: sha256(bytes), bytes: bytes.length };
  return kind === "trust" ? { kind, role, ...named } : { kind, ...named };
};
const carried = (...entries: BundleEntry[]) =>
  carriedTrust({ claimed: { entries }, body: () => Promise.resolve(bytes) } as unknown as BundleFile);

describe("the trust that a bundle carries", () => {
  it("is one set, or none", async () => {
    expect(await carried(entry("text"))).toBeUndefined();
    expect(await carried(entry("text"), entry("trust"))).toMatchObject({ roots: [] });
  });

  it("is refused in parts, and twice", async () => {
    const refused = { code: "BUNDLE_SHAPE" };
    await expect(carried(entry("trust", "keys"))).rejects.toMatchObject(refused);
    await expect(carried(entry("trust"), entry("trust"))).rejects.toMatchObject(refused);
  });
});
