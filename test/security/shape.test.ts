// Envelopes and payloads that are not in the one accepted form: refused before they mean anything, at a bounded cost.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fromBase64url, jcs, sha256, toBase64url, utf8, type Bytes } from "../../shared/bytes.ts";
import { parseEnvelope, openEnvelope, signEnvelope, type Envelope, type EnvelopeType } from "../../shared/envelope.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { Signer } from "../../shared/keys.ts";
import { makeGrant, makeOffer } from "../../shared/testing/org.ts";
import { encodeDown } from "../../shared/wire/messages.ts";
import type { Work } from "../agent/script-hub.ts";
import { until } from "../agent/until.ts";
import { Defended, signRaw, refusedAs } from "./defended.ts";
import { costOf } from "./meter.ts";

let at: Defended;
let signers: [Signer, Signer];
beforeAll(async () => {
  at = await Defended.start();
  signers = [at.site.org.people.ann, at.site.org.people.bob];
});
afterAll(() => at.stop());
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(at.site.log.slice(-20).join("\n"), at.site.hub.faults);
  await at.works();
});

const honest = (): Promise<Work> => at.site.work([at.change()]);

async function refuses(work: Work, code: ErrorCode): Promise<void> {
  const links = at.site.hub.connections;
  expect(await at.refuses({ work, code })).toEqual(refusedAs(code));
  expect(at.site.hub.connections).toBe(links);
}

/** Bytes that are no message of the protocol: the link is cut, by name, and comes again. */
async function cutsTheLink(send: () => void): Promise<void> {
  const [mark, before] = [at.site.log.length, at.connections];
  send();
  await until("the cut", () => at.site.log.slice(mark).some((line) => /^link-down .*"PROTOCOL"/.test(line)));
  expect(at.connections).toBe(before);
  await at.restart();
}

const payloadOf = (work: Work): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(fromBase64url(work.authority.payload))) as Record<string, unknown>;

describe("T8: headers that choose how they are checked", () => {
  const headed = (header: Record<string, unknown>) => (envelope: Envelope) => ({
    ...envelope,
    signatures: envelope.signatures.map((entry) => {
      const own = JSON.parse(new TextDecoder().decode(fromBase64url(entry.protected))) as object;
      return { ...entry, protected: toBase64url(jcs({ ...own, ...header })) };
    }),
  });
  it.each([
    ["alg none", headed({ alg: "none" })],
    ["alg HS256", headed({ alg: "HS256" })],
    ["alg EdDSA", headed({ alg: "EdDSA" })],
    ["an embedded key", headed({ jwk: { kty: "OKP", crv: "Ed25519", x: "A".repeat(43) } })],
    ["a key to fetch", headed({ jku: "https://evil.example/keys" })],
    ["crit and b64", headed({ b64: false, crit: ["b64"] })],
    ["a kid that is no thumbprint", headed({ kid: "../../keys" })],
  ])("T8: %s", async (_, alter) => {
    const work = await honest();
    await refuses({ ...work, authority: alter(work.authority) }, "ENVELOPE_SHAPE");
  });

  it("T8: HS256 with the public key's bytes as the secret", async () => {
    const work = await honest();
    const secret = await crypto.subtle.importKey(
      "raw",
      fromBase64url(signers[0].publicKey),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    const head = toBase64url(jcs({ alg: "HS256", kid: signers[0].kid, typ: "farhand-warrant+jws" }));
    const mac = await crypto.subtle.sign("HMAC", secret, utf8(`${head}.${work.authority.payload}`));
    // A MAC is shorter than a signature; filled up, so that its length alone does not give it away.
    const signature = toBase64url(new Uint8Array([...new Uint8Array(mac), ...new Uint8Array(32)]));
    const authority = { ...work.authority, signatures: [{ protected: head, signature }] };
    await refuses({ ...work, authority }, "ENVELOPE_SHAPE");
  });

  it("T8: an unprotected header", async () => {
    const work = await honest();
    const authority = {
      ...work.authority,
      signatures: work.authority.signatures.map((entry) => ({ ...entry, header: { alg: "none" } })),
    };
    await cutsTheLink(() => at.site.hub.offer({ ...work, authority }));
  });
});

describe("T9: one document for another", () => {
  const typed = async (type: EnvelopeType, payload: unknown): Promise<Work> => {
    const work = await honest();
    const authority = await signEnvelope(type, payload, signers);
    return { ...work, authority, authorityDigest: sha256(jcs(payload)) };
  };
  it.each([
    ["a grant", () => typed("farhand-grant+jws", makeGrant(at.site.org))],
    ["a receipt", async () => typed("farhand-receipt+jws", payloadOf(await honest()))],
    ["a plan", async () => typed("farhand-plan+jws", payloadOf(await honest()))],
    ["a cancel", async () => typed("farhand-cancel+jws", payloadOf(await honest()))],
    ["an inventory", async () => typed("farhand-inventory+jws", payloadOf(await honest()))],
  ])("T9: %s as a warrant, signed by the right people", async (_, make) => {
    await refuses(await make(), "ENVELOPE_TYPE");
  });

  it("T9: a grant's payload under a warrant's type", async () => {
    await refuses(await typed("farhand-warrant+jws", makeGrant(at.site.org)), "SCHEMA");
  });

  it("T9: an offer as a warrant, signed by the hub that may sign it", async () => {
    const work = await honest();
    const payload = makeOffer(at.site.org, {
      manifest: sha256(work.manifest),
      authority: { kind: "warrant", sha256: work.authorityDigest },
      nonce: "A".repeat(43),
    });
    const authority = await signEnvelope("farhand-offer+jws", payload, [at.site.org.hub]);
    await refuses({ ...work, authority }, "ENVELOPE_TYPE");
  });

  it("T9: a cancel or a warrant as an offer", async () => {
    const work = await honest();
    for (const offer of [
      work.authority,
      await signEnvelope("farhand-cancel+jws", payloadOf(work), [at.site.org.hub]),
      await signEnvelope("farhand-warrant+jws", payloadOf(work), [at.site.org.hub]),
    ]) {
      const [mark, before] = [at.site.log.length, at.connections];
      at.site.hub.send("offer", { offer, authority: work.authority, manifestBytes: work.manifest.length });
      expect(await until("the refusal", () => at.refusalIn(mark))).toBe("ENVELOPE_TYPE");
      expect(at.connections).toBe(before);
    }
  });
});

describe("T10: envelopes out of shape", () => {
  const reshaped = (alter: (envelope: Envelope) => unknown) => async (): Promise<() => void> => {
    const work = await honest();
    const { offer } = { offer: await signEnvelope("farhand-offer+jws", {}, [at.site.org.hub]) };
    const header = { offer, authority: alter(work.authority), manifestBytes: work.manifest.length };
    return () => at.site.hub.sendRaw(encodeDown("offer", header as Parameters<typeof encodeDown<"offer">>[1]));
  };
  const first = (envelope: Envelope) => envelope.signatures[0];

  it.each([
    ["trailing bits in the payload", (e: Envelope) => ({ ...e, payload: nextText(e.payload) })],
    ["padding", (e: Envelope) => ({ ...e, payload: `${e.payload}==` })],
    ["another alphabet", (e: Envelope) => ({ ...e, payload: `${e.payload}+/` })],
    ["white space in the payload", (e: Envelope) => ({ ...e, payload: `${e.payload}\n` })],
    [
      "trailing bits in a signature",
      (e: Envelope) => ({
        ...e,
        signatures: e.signatures.map((entry) => ({ ...entry, signature: nextText(entry.signature) })),
      }),
    ],
  ])("T10: %s", async (_, alter) => {
    const work = await honest();
    await refuses({ ...work, authority: alter(work.authority) }, "ENVELOPE_SHAPE");
  });

  it.each([
    ["no signature", (e: Envelope) => ({ ...e, signatures: [] })],
    ["17 signatures", (e: Envelope) => ({ ...e, signatures: Array.from({ length: 17 }, () => first(e)) })],
    ["one more member", (e: Envelope) => ({ ...e, extra: 1 })],
    ["one more member in a signature", (e: Envelope) => ({ ...e, signatures: [{ ...first(e), x: 1 }] })],
    ["a payload that is no text", (e: Envelope) => ({ ...e, payload: 1 })],
  ])("T10: %s", async (_, alter) => {
    await cutsTheLink(await reshaped(alter)());
  });

  it("T10: 600 KiB are never parsed", async () => {
    const cost = await costOf(() => cutsTheLink(() => at.site.hub.sendRaw(new Uint8Array(600 * 1024).fill(0x20))));
    expect(cost.longest).toBeLessThan(64 * 1024);
    expect(() => parseEnvelope(new Uint8Array(600 * 1024).fill(0x5b))).toThrow("ENVELOPE_TOO_LARGE");
  });

  it("T10: sixteen signatures that nobody can have made cost sixteen checks at most, and the first bad one ends it", async () => {
    const work = await honest();
    const [own] = work.authority.signatures;
    if (!own) throw new Error("no signature");
    const signatures = Array.from({ length: 16 }, () => ({ ...own, signature: "A".repeat(86) }));
    const cost = await costOf(() =>
      refuses({ ...work, authority: { ...work.authority, signatures } }, "SIGNATURE_BAD"),
    );
    // The offer's own, and the first of the sixteen; receipts of valid work are checked after.
    expect(cost.signatures).toBeLessThanOrEqual(4);
    const good = Array.from({ length: 16 }, () => own);
    const opening = await costOf(() =>
      openEnvelope("farhand-warrant+jws", { ...work.authority, signatures: good }, at.site.org.trust.personKey),
    );
    expect(opening.signatures).toBe(16);
  });
});

/** The next character in base64url: bits that decoding drops, or another value. Either way not the bytes that were signed. */
function nextText(text: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(text.at(-1) ?? "A");
  const padded = text.length % 4 === 0 ? `${text}A` : text.slice(0, -1) + (alphabet[last ^ 1] ?? "B");
  return padded;
}

describe("T11: signed payloads that parsers read in two ways", () => {
  const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const spliced = (member: string) => (json: string) => `${json.slice(0, -1)},${member}}`;
  const bytesOf = (text: string): Bytes => utf8(text);
  const cases: [string, (json: string) => Bytes, ErrorCode][] = [
    ["duplicate keys", (json) => bytesOf(spliced('"type":"warrant"')(json)), "PAYLOAD_NOT_CANONICAL"],
    ["a big integer", (json) => bytesOf(spliced('"zz":12345678901234567890')(json)), "PAYLOAD_NOT_CANONICAL"],
    ["a fraction", (json) => bytesOf(spliced('"zz":1.5')(json)), "PAYLOAD_NOT_CANONICAL"],
    ["minus zero", (json) => bytesOf(spliced('"zz":-0')(json)), "PAYLOAD_NOT_CANONICAL"],
    ["__proto__", (json) => bytesOf(`{"__proto__":{"polluted":1},${json.slice(1)}`), "PAYLOAD_NOT_CANONICAL"],
    ["a lone surrogate", (json) => bytesOf(spliced('"zz":"\\ud800"')(json)), "PAYLOAD_NOT_CANONICAL"],
    ["bad UTF-8", (json) => new Uint8Array([...utf8(json.slice(0, -1)), 0xff, 0x7d]), "PAYLOAD_NOT_CANONICAL"],
    ["a byte order mark", (json) => bytesOf(`\ufeff${json}`), "PAYLOAD_NOT_CANONICAL"],
    ["5,000 levels", (json) => bytesOf(spliced(`"zz":${nested(5000)}`)(json)), "PAYLOAD_NOT_CANONICAL"],
    ["white space", (json) => bytesOf(` ${json}`), "PAYLOAD_NOT_CANONICAL"],
    ["something behind its end", (json) => bytesOf(`${json}{}`), "PAYLOAD_NOT_CANONICAL"],
    ["a member that nobody knows", (json) => bytesOf(spliced('"zz":1')(json)), "SCHEMA"],
    [
      "constructor",
      (json) => bytesOf(`{"constructor":{"prototype":{"polluted":1}},${json.slice(1)}`),
      "PAYLOAD_NOT_CANONICAL",
    ],
  ];
  afterEach(() => expect(({} as { polluted?: unknown }).polluted).toBeUndefined());

  it.each(cases)("T11: a warrant with %s", async (_, alter, code) => {
    const work = await honest();
    const bytes = alter(new TextDecoder().decode(fromBase64url(work.authority.payload)));
    const authority = await signRaw("farhand-warrant+jws", bytes, signers);
    await refuses({ ...work, authority, authorityDigest: sha256(bytes) }, code);
  });

  it.each(cases)("T11: a manifest with %s, named by a warrant that is good", async (_, alter, code) => {
    const honestWork = await honest();
    const manifest = alter(new TextDecoder().decode(honestWork.manifest));
    const warrant = { ...payloadOf(honestWork), manifests: [sha256(manifest)] };
    const authority = await signEnvelope("farhand-warrant+jws", warrant, signers);
    await refuses({ ...honestWork, manifest, authority, authorityDigest: sha256(jcs(warrant)) }, code);
  });

  it("T11: 500,000 open brackets are counted, not parsed", async () => {
    const bytes = utf8("[".repeat(500_000));
    const cost = await costOf(async () => {
      const envelope = await signRaw("farhand-warrant+jws", bytes.slice(0, 380_000), signers);
      await expect(openEnvelope("farhand-warrant+jws", envelope, at.site.org.trust.personKey)).rejects.toMatchObject({
        code: "PAYLOAD_NOT_CANONICAL",
      });
    });
    expect(cost.longest).toBeLessThan(1024);
    expect(() => parseEnvelope(bytes)).toThrow("ENVELOPE_SHAPE");
  });
});
