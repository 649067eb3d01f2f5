import { describe, expect, it } from "vitest";
import { errorCode } from "../errors.ts";
import { generateSigningJwk, signerFrom } from "../keys.ts";
import { makeTrustWorld } from "../testing/trust-world.ts";
import { checkUntimedSet, readDraftSet } from "./apply.ts";
import { readMetadata } from "./metadata.ts";
import { signMetadata } from "./make.ts";
import type { TrustUpdate } from "./set.ts";

const { org, held, documents, setOf, restOf } = await makeTrustWorld();
const stranger = await signerFrom(await generateSigningJwk());
const whole: TrustUpdate = { ...restOf(held), timestamp: undefined };
const second = restOf(await setOf({ version: 2, documents: { ...documents, agents: undefined } }));
const code = (act: () => unknown): string => {
  try {
    act();
    return "taken";
  } catch (error) {
    return errorCode(error);
  }
};
const unsigned = async (role: "snapshot" | "targets") =>
  signMetadata(role, readMetadata(role, held[role]).signed, [stranger]);
const spaced = new Uint8Array([...held.snapshot, 0x20]);
const roots = Array.from({ length: 1025 }, () => held.root);

describe("a set that no hub has stamped", () => {
  const untimed = (over: TrustUpdate) => code(() => checkUntimedSet(held.root, { ...whole, ...over }));

  it("is whole, of one piece, and signed by those whom root names", async () => {
    expect(untimed({})).toBe("taken");
    expect(untimed({ snapshot: undefined })).toBe("TRUST_MISMATCH");
    expect(untimed({ targets: undefined })).toBe("TRUST_MISMATCH");
    expect(untimed({ snapshot: second.snapshot })).toBe("TRUST_MISMATCH");
    expect(untimed({ snapshot: await unsigned("snapshot") })).toBe("SIGNATURE_BAD");
    expect(untimed({ targets: await unsigned("targets") })).toBe("SIGNATURE_BAD");
  });

  it("is no larger than it may be, and in the one text", () => {
    expect(untimed({ roots })).toBe("ENVELOPE_TOO_LARGE");
    expect(untimed({ snapshot: spaced })).toBe("PAYLOAD_NOT_CANONICAL");
  });
});

describe("a draft", () => {
  const draft = (over: TrustUpdate) => code(() => readDraftSet({ ...whole, roots: [held.root], ...over }));

  it("is whole and of one piece, signed or not", async () => {
    expect(draft({})).toBe("taken");
    expect(draft({ targets: await unsigned("targets"), snapshot: await unsigned("snapshot") })).toBe("taken");
    expect(draft({ roots: [] })).toBe("TRUST_MISMATCH");
    expect(draft({ targets: undefined })).toBe("TRUST_MISMATCH");
    expect(draft({ snapshot: undefined })).toBe("TRUST_MISMATCH");
    expect(draft({ snapshot: second.snapshot })).toBe("TRUST_MISMATCH");
  });

  it("is no larger than it may be, and in the one text", () => {
    expect(draft({ roots })).toBe("ENVELOPE_TOO_LARGE");
    expect(draft({ snapshot: spaced })).toBe("PAYLOAD_NOT_CANONICAL");
    expect(draft({ roots: [new Uint8Array([...held.root, 0x20])] })).toBe("PAYLOAD_NOT_CANONICAL");
  });

  it("names the organisation's root", () => {
    expect(readDraftSet({ ...whole, roots: [held.root] }).root).toEqual(held.root);
    expect(org.view.set.root).toEqual(held.root);
  });
});
