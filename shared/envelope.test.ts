import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { fromBase64url, jcs, parseCanonical, toBase64url, utf8 } from "./bytes.ts";
import { checkEnvelope, cosignEnvelope, openEnvelope, parseEnvelope, signEnvelope, type Envelope } from "./envelope.ts";
import { FarhandError, type ErrorCode } from "./errors.ts";
import type { KeyId } from "./ids.ts";
import { generateSigningJwk, importSigningKey, signerFrom, type Signer, type SigningPublicKey } from "./keys.ts";

let ann: Signer;
let bob: Signer;
let stranger: Signer;
let good: Envelope;
const lookup = (kid: KeyId): SigningPublicKey | undefined => [ann, bob].find((signer) => signer.kid === kid)?.publicKey;
const open = (envelope: unknown) => openEnvelope("farhand-warrant+jws", checkEnvelope(envelope), lookup);

async function refusal(work: () => unknown): Promise<ErrorCode> {
  try {
    await work();
  } catch (error) {
    if (error instanceof FarhandError) return error.code;
    throw error;
  }
  throw new Error("was accepted");
}

const reheader = (envelope: Envelope, header: unknown): Envelope => ({
  payload: envelope.payload,
  signatures: envelope.signatures.map((entry) => ({ ...entry, protected: toBase64url(utf8(JSON.stringify(header))) })),
});

beforeAll(async () => {
  [ann, bob, stranger] = (await Promise.all([1, 2, 3].map(async () => signerFrom(await generateSigningJwk())))) as [
    Signer,
    Signer,
    Signer,
  ];
  good = await signEnvelope("farhand-warrant+jws", { a: 1, b: ["x"] }, [ann, bob]);
});

describe("an envelope", () => {
  it("gives back the exact bytes and every trusted key that signed them, each once", async () => {
    const opened = await open(good);
    expect(opened.value).toEqual({ a: 1, b: ["x"] });
    expect(opened.kids).toEqual([ann.kid, bob.kid]);
    const doubled = { ...good, signatures: [...good.signatures, good.signatures[0]] };
    expect((await open(doubled)).kids).toEqual([ann.kid, bob.kid]);
  });

  it("counts nothing for a signature by an unknown key, and refuses when only such keys signed", async () => {
    const withStranger = await cosignEnvelope("farhand-warrant+jws", good, stranger);
    expect((await open(withStranger)).kids).toEqual([ann.kid, bob.kid]);
    const alone = await signEnvelope("farhand-warrant+jws", { a: 1 }, [stranger]);
    expect(await refusal(() => open(alone))).toBe("SIGNATURE_MISSING");
  });

  it("refuses everything when one trusted signature is bad", async () => {
    const other = await signEnvelope("farhand-warrant+jws", { a: 2 }, [bob]);
    const spliced = { payload: good.payload, signatures: [good.signatures[0], other.signatures[0]] };
    expect(await refusal(() => open(spliced))).toBe("SIGNATURE_BAD");
  });

  it("refuses one changed byte anywhere in the payload", async () => {
    const bytes = fromBase64url(good.payload);
    for (let i = 0; i < bytes.length; i++) {
      const altered = bytes.slice();
      altered[i] = (altered[i] ?? 0) ^ 1;
      expect(await refusal(() => open({ ...good, payload: toBase64url(altered) }))).toBe("SIGNATURE_BAD");
    }
  });

  it("refuses a document of another type, even when signed by the right people", async () => {
    const grant = await signEnvelope("farhand-grant+jws", { a: 1 }, [ann, bob]);
    expect(await refusal(() => open(grant))).toBe("ENVELOPE_TYPE");
  });

  it.each([
    ["alg none", { alg: "none", typ: "farhand-warrant+jws" }],
    ["alg HS256", { alg: "HS256", typ: "farhand-warrant+jws" }],
    ["an embedded key", { alg: "Ed25519", jwk: {}, typ: "farhand-warrant+jws" }],
    ["critical extensions", { alg: "Ed25519", b64: false, crit: ["b64"], typ: "farhand-warrant+jws" }],
  ])("refuses %s in the header before any cryptography", async (_, header) => {
    expect(await refusal(() => open(reheader(good, { kid: ann.kid, ...header })))).toBe("ENVELOPE_SHAPE");
  });

  it.each([
    ["an unprotected header", (e: Envelope) => ({ ...e, signatures: [{ ...e.signatures[0], header: {} }] })],
    ["no signatures", (e: Envelope) => ({ ...e, signatures: [] })],
    ["17 signatures", (e: Envelope) => ({ ...e, signatures: Array.from({ length: 17 }, () => e.signatures[0]) })],
    ["extra members", (e: Envelope) => ({ ...e, extra: 1 })],
    ["padded base64url", (e: Envelope) => ({ ...e, payload: `${e.payload}==` })],
  ])("refuses %s", async (_, alter) => {
    expect(await refusal(() => open(alter(good)))).toBe("ENVELOPE_SHAPE");
  });

  it("refuses 600 KiB before parsing", async () => {
    expect(await refusal(() => parseEnvelope(new Uint8Array(600 * 1024)))).toBe("ENVELOPE_TOO_LARGE");
    expect(await refusal(() => checkEnvelope({ ...good, payload: "A".repeat(600 * 1024) }))).toBe("ENVELOPE_TOO_LARGE");
  });

  it("refuses what is no JSON, by that name", () => {
    expect(() => parseEnvelope(utf8("{"))).toThrow("not JSON");
    expect(() => parseEnvelope(new Uint8Array([0x22, 0xff, 0x22]))).toThrow("not JSON");
  });

  it("refuses a second text of one signature, and of one header", async () => {
    const [first] = good.signatures;
    if (!first) throw new Error("no signature");
    // 86 characters are 516 bits for 512: the last four are no part of the bytes.
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.charAt(alphabet.indexOf(first.signature.slice(-1)) ^ 1);
    const signature = first.signature.slice(0, -1) + last;
    expect(Buffer.from(signature, "base64url")).toEqual(Buffer.from(first.signature, "base64url"));
    expect(await refusal(() => open({ ...good, signatures: [{ ...first, signature }] }))).toBe("ENVELOPE_SHAPE");
    const header = { typ: "farhand-warrant+jws", alg: "Ed25519", kid: ann.kid };
    expect(await refusal(() => open(reheader(good, header)))).toBe("ENVELOPE_SHAPE");
    const more = { alg: "Ed25519", kid: ann.kid, more: 1, typ: "farhand-warrant+jws" };
    expect(await refusal(() => open(reheader(good, more)))).toBe("ENVELOPE_SHAPE");
  });

  it("refuses public keys of small order, with which anybody can forge", async () => {
    const identity = new Uint8Array(32);
    identity[0] = 1;
    const weak = toBase64url(identity) as SigningPublicKey;
    expect(await refusal(() => importSigningKey(weak))).toBe("SIGNATURE_BAD");
    await expect(openEnvelope("farhand-warrant+jws", good, () => weak)).rejects.toThrow("small order");
  });
});

describe("canonical bytes", () => {
  it.each([
    ["duplicate members", '{"a":1,"a":2}'],
    ["white space", '{"a": 1}'],
    ["reordered members", '{"b":1,"a":2}'],
    ["a big integer", '{"a":12345678901234567890}'],
    ["minus zero", '{"a":-0}'],
    ["infinity by exponent", '{"a":1e400}'],
    ["a fraction", '{"a":1.5}'],
    ["an escape alias", '{"a":"\\u0041"}'],
    ["a lone surrogate", '{"a":"\\ud800"}'],
    ["__proto__", '{"__proto__":{"x":1}}'],
    ["a byte order mark", '\ufeff{"a":1}'],
    ["5,000 levels of nesting", `${"[".repeat(5000)}${"]".repeat(5000)}`],
  ])("refuse %s", async (_, text) => {
    expect(await refusal(() => parseCanonical(utf8(text)))).toBe("PAYLOAD_NOT_CANONICAL");
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it("refuse bytes that are not UTF-8", async () => {
    expect(await refusal(() => parseCanonical(new Uint8Array([0x22, 0xff, 0x22])))).toBe("PAYLOAD_NOT_CANONICAL");
    for (const value of [{ a: "\ud800" }, { "\udc00": 1 }, [Number.NaN], Number.POSITIVE_INFINITY])
      expect(await refusal(() => jcs(value))).toBe("PAYLOAD_NOT_CANONICAL");
  });

  it("come back as the same value for every document of strings, integers, lists and members", () => {
    const leaf = fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.boolean(), fc.constant(null));
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie("any"), { maxLength: 4 }),
        fc.dictionary(
          fc.string({ maxLength: 8 }).filter((key) => key !== "__proto__"),
          tie("any"),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    })).any;
    fc.assert(
      fc.property(value, (document) => {
        expect(parseCanonical(jcs(document))).toEqual(document);
      }),
    );
  });
});
