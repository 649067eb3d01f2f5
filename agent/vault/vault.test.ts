import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHmac, randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { AgentId, CredentialName, DeviceId, OrgId, SiteId } from "../../shared/ids.ts";
import { generateBoxJwk, type BoxPublicKey } from "../../shared/keys.ts";
import { Secret } from "../../shared/secret.ts";
import { openConfiguration, sealConfiguration } from "../../shared/sealed.ts";
import { seal, unseal } from "./seal.ts";
import { makeTagger } from "./tagger.ts";
import { Vault } from "./vault.ts";
import type { VaultKey } from "./key.ts";

const folder = mkdtempSync(join(tmpdir(), "farhand-vault-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const org = "acme" as OrgId;
const agent = "agent-ams" as AgentId;
let made = 0;
const place = () => ({ path: join(folder, `vault-${made++}.db`), org, agent });
function keyFile(mode = 0o400): VaultKey {
  const path = join(folder, `key-${made++}`);
  writeFileSync(path, randomBytes(32));
  chmodSync(path, mode);
  return { kind: "file", path };
}
const passphrase = (text: string): VaultKey => ({ kind: "passphrase", passphrase: new Secret(text) });
const lab = "lab" as CredentialName;

describe("the vault", () => {
  it("keeps credentials, secrets and keys over a restart, and nothing of them in its file", async () => {
    const at = place();
    const key = keyFile();
    const vault = await Vault.create(at, key);
    await vault.setCredential(lab, { username: "ops", password: "canary-password-1" });
    await vault.setSecret("bgp-md5", new Secret("canary-secret-2"));
    const identity = await vault.identity();
    await vault.close();
    const again = await Vault.open(at, key);
    expect((await again.credential(lab)).password?.reveal()).toBe("canary-password-1");
    expect((await again.secrets()).get("bgp-md5")?.reveal()).toBe("canary-secret-2");
    expect(await again.identity()).toEqual(identity);
    await expect(again.credential("none" as CredentialName)).rejects.toThrow("CREDENTIAL_UNKNOWN");
    await again.close();
    const bytes = readFileSync(at.path, "latin1");
    for (const secret of ["canary-password-1", "canary-secret-2", identity.sign.d, identity.box.d])
      expect(bytes).not.toContain(secret);
  });

  it("keeps what SNMP is spoken with, each of its secrets hidden when it is shown", async () => {
    const vault = await Vault.create(place(), keyFile());
    const privacy = { protocol: "aes128", passphrase: "canary-privacy-4" } as const;
    const snmp = { version: "3", authProtocol: "sha256", authPassphrase: "canary-auth-3", privacy } as const;
    await vault.setCredential(lab, { username: "monitor", snmp });
    const held = (await vault.credential(lab)).snmp;
    expect(JSON.stringify(held)).not.toContain("canary");
    expect(held?.version === "3" && held.authPassphrase.reveal()).toBe("canary-auth-3");
    expect(held?.version === "3" && held.privacy?.passphrase.reveal()).toBe("canary-privacy-4");
    await vault.setCredential(lab, { username: "label", snmp: { version: "2c", community: "canary-community-5" } });
    const community = (await vault.credential(lab)).snmp;
    expect(community?.version === "2c" && community.community.reveal()).toBe("canary-community-5");
    await vault.close();
  });

  it("opens with its passphrase only, and only the way it was made", async () => {
    const at = place();
    await (await Vault.create(at, passphrase("correct horse"))).close();
    await expect(Vault.open(at, passphrase("wrong horse"))).rejects.toThrow("VAULT_LOCKED");
    await expect(Vault.open(at, keyFile())).rejects.toThrow("VAULT_LOCKED");
    await (await Vault.open(at, passphrase("correct horse"))).close();
  });

  it.each([0o440, 0o404, 0o600, 0o666])("refuses a key file of mode %o", async (mode) => {
    await expect(Vault.create(place(), keyFile(mode))).rejects.toThrow("VAULT_KEY_MODE");
  });

  it("has no fallback when the key file is gone", async () => {
    const at = place();
    const key = keyFile();
    await (await Vault.create(at, key)).close();
    await expect(Vault.open(at, { kind: "file", path: join(folder, "none") })).rejects.toThrow("VAULT_LOCKED");
  });
});

describe("a sealed value", () => {
  const context = { org, agent, name: "credential/lab", version: 1 };
  it("opens only where it was put", () => {
    const kek = randomBytes(32);
    const sealed = seal(kek, Buffer.from("x"), context);
    expect(unseal(kek, sealed, context).toString()).toBe("x");
    expect(() => unseal(kek, sealed, { ...context, version: 2 })).toThrow("VAULT_LOCKED");
    expect(() => unseal(kek, sealed, { ...context, name: "credential/other" })).toThrow("VAULT_LOCKED");
    expect(() => unseal(randomBytes(32), sealed, context)).toThrow("VAULT_LOCKED");
    expect(() => unseal(kek, { ...sealed, commitment: randomBytes(32) }, context)).toThrow("key commitment");
  });
});

describe("a tag", () => {
  it("is the head of the base32 HMAC over device and shown value", () => {
    const key = randomBytes(32);
    const tag = makeTagger({ generation: 1, key }).tag("r1" as DeviceId, "7 0822455D0A16");
    const mac = createHmac("sha256", key)
      .update("r1\0" + "7 0822455D0A16")
      .digest();
    const bits = [...mac].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const want = Array.from(
      { length: 16 },
      (_, i) => "abcdefghijklmnopqrstuvwxyz234567"[parseInt(bits.slice(i * 5, i * 5 + 5), 2)],
    ).join("");
    expect(tag).toBe(want);
  });

  it("differs by device and by key", () => {
    const tagger = makeTagger({ generation: 1, key: randomBytes(32) });
    expect(tagger.tag("r1" as DeviceId, "x")).not.toBe(tagger.tag("r2" as DeviceId, "x"));
    expect(tagger.tag("r1" as DeviceId, "x")).not.toBe(
      makeTagger({ generation: 1, key: randomBytes(32) }).tag("r1" as DeviceId, "x"),
    );
  });
});

describe("a sealed configuration", () => {
  const device = { org, site: "ams" as SiteId, device: "r1" as DeviceId };
  it("opens for each recipient, for this device alone, and for nobody else", async () => {
    const [agentKey, recovery, stranger] = await Promise.all([generateBoxJwk(), generateBoxJwk(), generateBoxJwk()]);
    const sealed = await sealConfiguration("hostname r1\n", device, [
      agentKey.x as BoxPublicKey,
      recovery.x as BoxPublicKey,
    ]);
    expect(Buffer.from(sealed).toString()).not.toContain("hostname");
    expect(await openConfiguration(sealed, device, agentKey)).toBe("hostname r1\n");
    expect(await openConfiguration(sealed, device, recovery)).toBe("hostname r1\n");
    await expect(openConfiguration(sealed, device, stranger)).rejects.toThrow();
    await expect(openConfiguration(sealed, { ...device, device: "r2" as DeviceId }, agentKey)).rejects.toThrow(
      "another device",
    );
  });
});
