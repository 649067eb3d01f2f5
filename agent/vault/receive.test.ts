import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GeneralEncrypt } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { jcs, toBase64url, utf8 } from "../../shared/bytes.ts";
import { ManualClock } from "../../shared/clock.ts";
import type { CredentialContext } from "../../shared/documents/credential.ts";
import { envelopeBytes, signEnvelope } from "../../shared/envelope.ts";
import type { CredentialName } from "../../shared/ids.ts";
import { generateBoxJwk, importBoxPublicKey, type BoxPublicKey, type Signer } from "../../shared/keys.ts";
import { sealCredential } from "../../shared/sealed-credential.ts";
import { agentOf, id, makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../../shared/testing/org.ts";
import { receiveCredential } from "./receive.ts";
import { Vault } from "./vault.ts";

const folder = mkdtempSync(join(tmpdir(), "farhand-receive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const NOW = TEST_NOW_SECONDS;
const lab = "lab" as CredentialName;
const value = { username: "ops", password: "a-password-of-the-lab" };
let org: TestOrg;
let vault: Vault;
let path: string;
beforeAll(async () => void (org = await makeOrg()));
beforeEach(async () => {
  path = join(folder, randomBytes(6).toString("hex"));
  writeFileSync(`${path}.key`, randomBytes(32), { mode: 0o400 });
  const place = { path: `${path}.db`, org: id.org, agent: id.agentAms };
  vault = await Vault.create(place, { kind: "file", path: `${path}.key` }, new ManualClock((NOW - 60) * 1000));
});
afterEach(() => vault.close());

const contextOf = (over: Partial<CredentialContext> = {}): CredentialContext => ({
  org: id.org,
  site: id.ams,
  agent: id.agentAms,
  kind: "credential",
  name: lab,
  version: NOW,
  exp: NOW + 86_400,
  ...over,
});
const agentKey = () => agentOf(org).boxJwk.x as BoxPublicKey;

async function made(
  over: {
    context?: Partial<CredentialContext>;
    jwe?: string;
    signer?: Signer;
    sender?: string;
    iat?: number;
  } = {},
): Promise<Uint8Array> {
  const context = contextOf(over.context);
  const sealed =
    context.kind === "credential" ? { kind: context.kind, value } : { kind: context.kind, value: "md5-key" };
  const jwe = over.jwe ?? (await sealCredential(sealed, context, agentKey()));
  const document = { type: "credential", v: 1, sender: over.sender ?? "kim", iat: over.iat ?? NOW, context, jwe };
  return envelopeBytes(await signEnvelope("farhand-credential+jws", document, [over.signer ?? org.people.kim]));
}
const receive = (bytes: Uint8Array) =>
  receiveCredential(bytes, {
    vault,
    trust: org.trust,
    site: id.ams,
    agent: id.agentAms,
    time: { nowMs: NOW * 1000, errorMs: 0, floorMs: 0 },
    box: agentOf(org).boxJwk,
  });
const nothingHeld = async (): Promise<void> => expect(await vault.held()).toEqual([]);

describe("a sealed credential", () => {
  it("is taken, again as the one that is held, and stands in clear nowhere", async () => {
    const bytes = await made();
    expect(await receive(bytes)).toMatchObject({ kind: "credential", name: lab, version: NOW, outcome: "taken" });
    expect(await receive(bytes)).toMatchObject({ outcome: "held" });
    expect((await vault.credential(lab)).password?.reveal()).toBe(value.password);
    await receive(await made({ context: { kind: "secret" } }));
    expect((await vault.secrets()).get(lab)?.reveal()).toBe("md5-key");
    for (const place of [Buffer.from(bytes), readFileSync(`${path}.db`)])
      expect(place.includes(value.password)).toBe(false);
  });

  it("tells nothing of the length of what it holds", async () => {
    const lengths = new Set<number>();
    for (const password of ["x", "a-longer-password", "z".repeat(200)])
      lengths.add(
        (await sealCredential({ kind: "credential", value: { username: "ops", password } }, contextOf(), agentKey()))
          .length,
      );
    expect(lengths.size).toBe(1);
  });

  it("is refused when it is older than, or as old as, what is held", async () => {
    await receive(await made());
    for (const version of [NOW - 1, NOW])
      await expect(receive(await made({ context: { version }, iat: NOW - 5 }))).rejects.toThrow("CREDENTIAL_STALE");
    await receive(await made({ context: { version: NOW + 1 } }));
  });

  it.each<[string, Parameters<typeof made>[0] | (() => Parameters<typeof made>[0]), string]>([
    ["another agent", { context: { agent: id.agentLon } }, "WRONG_AGENT"],
    ["another site", { context: { site: id.lon } }, "WRONG_SITE"],
    ["one that has ended", { context: { exp: NOW - 1 }, iat: NOW - 500 }, "EXPIRED"],
    ["one of tomorrow", { iat: NOW + 80_000 }, "NOT_YET_VALID"],
    ["one that lives for years", { context: { exp: NOW + 900 * 86_400 } }, "LIFETIME"],
    ["an author, who may not", () => ({ signer: org.people.ann, sender: "ann" }), "FORBIDDEN"],
    ["a sender who has not signed", () => ({ signer: org.people.ann }), "SIGNATURE_MISSING"],
    ["the hub", () => ({ signer: org.hub }), "SIGNATURE_MISSING"],
  ])("is refused from or for %s, and nothing changes", async (_, over, code) => {
    await expect(receive(await made(typeof over === "function" ? over() : over))).rejects.toThrow(code);
    await nothingHeld();
  });
});

describe("T41 the sealed form", () => {
  const plain = jcs({ value, pad: "" });
  const b64 = (text: string): string => toBase64url(utf8(text));
  /** A sound one, with a hand laid on it. */
  async function altered(
    act: (jwe: Record<string, unknown>, header: Record<string, unknown>) => void,
  ): Promise<string> {
    const jwe = JSON.parse(await sealCredential({ kind: "credential", value }, contextOf(), agentKey())) as Record<
      string,
      unknown
    >;
    const header = JSON.parse(Buffer.from(String(jwe["protected"]), "base64url").toString()) as Record<string, unknown>;
    act(jwe, header);
    return JSON.stringify({ ...jwe, protected: b64(JSON.stringify(header)) });
  }
  const ALTERED: [string, (jwe: Record<string, unknown>, header: Record<string, unknown>) => void][] = [
    ["PBES2 with 2^31 rounds", (_, h) => Object.assign(h, { alg: "PBES2-HS512+A256KW", p2c: 2 ** 31, p2s: "AAAA" })],
    ["PBES2 rounds beside the right algorithm", (_, h) => Object.assign(h, { p2c: 2 ** 31 })],
    [
      "PBES2 in the recipient's header",
      (j) =>
        Object.assign((j["recipients"] as object[])[0] ?? {}, { header: { alg: "PBES2-HS512+A256KW", p2c: 2 ** 31 } }),
    ],
    ["compression", (_, h) => Object.assign(h, { zip: "DEF" })],
    ["compression in an unprotected header", (j) => Object.assign(j, { unprotected: { zip: "DEF" } })],
    ["direct key", (_, h) => Object.assign(h, { alg: "dir" })],
    ["ECDH without wrapping", (_, h) => Object.assign(h, { alg: "ECDH-ES" })],
    ["another cipher", (_, h) => Object.assign(h, { enc: "A128CBC-HS256" })],
    ["a critical header", (_, h) => Object.assign(h, { crit: ["exp"], exp: 1 })],
    [
      "a NIST curve",
      (_, h) => Object.assign(h, { epk: { kty: "EC", crv: "P-256", x: "A".repeat(43), y: "A".repeat(43) } }),
    ],
    ["an all-zero key", (_, h) => Object.assign(h, { epk: { kty: "OKP", crv: "X25519", x: "A".repeat(43) } })],
    ["no recipient", (j) => Object.assign(j, { recipients: [] })],
    [
      "10,000 recipients",
      (j) => Object.assign(j, { recipients: Array.from({ length: 10_000 }, () => ({ encrypted_key: "AA" })) }),
    ],
    ["no context", (j) => void delete j["aad"]],
    ["another context", (j) => Object.assign(j, { aad: toBase64url(jcs(contextOf({ version: NOW + 1 }))) })],
    [
      "a byte of the ciphertext",
      (j) => Object.assign(j, { ciphertext: `A${String(j["ciphertext"]).slice(1)}`, iv: "A".repeat(16) }),
    ],
    ["a cut tag", (j) => Object.assign(j, { tag: String(j["tag"]).slice(0, 8) })],
  ];
  it.each(ALTERED)("T41: %s is refused before any work, and nothing is stored", async (_, act) => {
    await expect(receive(await made({ jwe: (await altered(act)).slice(0, 65_536) }))).rejects.toThrow("SEALED");
    await nothingHeld();
  });

  it("T41: what was sealed for another name, agent or version does not open here", async () => {
    for (const over of [{ name: "core" }, { agent: id.agentLon }, { version: 1 }, { kind: "secret" as const }]) {
      const context = contextOf(over);
      const sealed = context.kind === "secret" ? { kind: context.kind, value: "x" } : { kind: context.kind, value };
      await expect(receive(await made({ jwe: await sealCredential(sealed, context, agentKey()) }))).rejects.toThrow(
        "SEALED",
      );
    }
    await nothingHeld();
  });

  it("T41: what was sealed to a key that a hub put in does not open here", async () => {
    const hubs = await generateBoxJwk();
    const jwe = await sealCredential({ kind: "credential", value }, contextOf(), hubs.x as BoxPublicKey);
    await expect(receive(await made({ jwe }))).rejects.toThrow("SEALED");
  });

  it("T41: a plaintext of another shape is refused and not quoted", async () => {
    for (const bytes of [
      plain,
      jcs({ value: { username: "ops", nonsense: "canary-plain" }, pad: "" }),
      utf8("canary-plain"),
    ]) {
      const context = contextOf({ kind: "secret" });
      const jwe = await new GeneralEncrypt(bytes)
        .setProtectedHeader({ alg: "ECDH-ES+A256KW", enc: "A256GCM" })
        .setAdditionalAuthenticatedData(jcs(context))
        .addRecipient(await importBoxPublicKey(agentKey()))
        .encrypt();
      const error = await receive(await made({ context, jwe: JSON.stringify(jwe) })).catch((reason: unknown) => reason);
      expect(String(error)).toContain("SEALED");
      expect(Bun.inspect(error)).not.toMatch(/canary-plain|a-password/);
    }
  });
});
