import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { AgentId, CredentialName, Digest, OrgId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import type { KeyStore } from "./key-store.ts";
import { Derivation, deriveKey, type VaultKey } from "./key.ts";
import { PROOF_FIRST, recordedKey } from "./recorded.ts";
import { commitmentOf } from "./seal.ts";
import { Vault } from "./vault.ts";
import first from "./migrations/0001_vault.sql" with { type: "text" };

const folder = mkdtempSync(join(tmpdir(), "farhand-vault-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [org, agent] = ["acme" as OrgId, "agent-ams" as AgentId];
const [lab, core] = ["lab" as CredentialName, "core" as CredentialName];
const clock = new ManualClock();
let made = 0;

function keyFile(): VaultKey {
  const path = join(folder, `key-${made++}`);
  writeFileSync(path, randomBytes(32), { mode: 0o400 });
  return { kind: "file", path };
}

/** What a systemd unit finds in $CREDENTIALS_DIRECTORY. */
function systemdKey(mode = 0o400): VaultKey {
  const directory = join(folder, `credentials-${made++}`);
  mkdirSync(directory);
  const path = join(directory, "farhand-vault-key");
  writeFileSync(path, randomBytes(32), { mode });
  return { kind: "systemd", path };
}

/** This machine may have no Secret Service: the same interface, in memory. */
function memoryStore(): KeyStore & { readonly held: Map<string, string> } {
  const held = new Map<string, string>();
  return {
    held,
    get: async (account) => held.get(account) ?? null,
    set: async (account, value) => void held.set(account, value),
    delete: async (account) => void held.delete(account),
  };
}

let place: { path: string; org: OrgId; agent: AgentId };
let key: VaultKey;
beforeEach(async () => {
  place = { path: join(folder, `vault-${made++}.db`), org, agent };
  key = keyFile();
  const vault = await Vault.create(place, key, clock);
  await vault.setCredential(lab, { username: "ops", password: "first-password" });
  await vault.setCredential(core, { username: "ops", password: "core-password" });
  await vault.setSecret("bgp", new Secret("a-secret"));
  await vault.close();
});
let vaults: Vault[] = [];
afterEach(async () => {
  for (const vault of vaults) await vault.close();
  vaults = [];
});
async function open(by: VaultKey = key, at = place): Promise<Vault> {
  const vault = await Vault.open(at, by, clock);
  vaults.push(vault);
  return vault;
}
const closeAll = async (): Promise<void> => {
  for (const vault of vaults.splice(0)) await vault.close();
};

/** What somebody does to the file who can write it and has no key. */
function tamper(act: (db: Database) => void): void {
  const db = new Database(place.path, { strict: true });
  act(db);
  db.close();
}
function backup(): string {
  const path = join(folder, `backup-${made++}.db`);
  copyFileSync(place.path, path);
  return path;
}

describe("T40 the vault's key", () => {
  it("T40: opens with the provider that made it and with no other, and says which that is", async () => {
    const store = memoryStore();
    const keys: VaultKey[] = [
      systemdKey(),
      { kind: "keystore", store },
      { kind: "passphrase", passphrase: new Secret("correct horse") },
      keyFile(),
    ];
    for (const mine of keys) {
      const at = { ...place, path: join(folder, `vault-${made++}.db`) };
      await (await Vault.create(at, mine, clock)).close();
      expect(recordedKey(at.path)).toBe(mine.kind);
      for (const other of keys) {
        if (other === mine) await (await Vault.open(at, other, clock)).close();
        else await expect(Vault.open(at, other, clock)).rejects.toThrow("VAULT_LOCKED");
      }
    }
  });

  it("T40: is refused when the provider is missing or has another key", async () => {
    await expect(Vault.open(place, keyFile(), clock)).rejects.toThrow("VAULT_LOCKED");
    await expect(Vault.open(place, { kind: "file", path: join(folder, "none") }, clock)).rejects.toThrow(
      "VAULT_LOCKED",
    );
    const store = memoryStore();
    const at = { ...place, path: join(folder, `vault-${made++}.db`) };
    await (await Vault.create(at, { kind: "keystore", store }, clock)).close();
    store.held.clear();
    await expect(Vault.open(at, { kind: "keystore", store }, clock)).rejects.toThrow("VAULT_LOCKED");
  });

  it("T40: is refused when a record of another provider was put in its place", async () => {
    const systemd = systemdKey();
    tamper((db) => {
      const { value } = db.query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'derivation'").get() ?? {
        value: "",
      };
      db.run("UPDATE meta SET value = ? WHERE key = 'derivation'", [value.replace('"file"', '"systemd"')]);
    });
    await expect(open(systemd)).rejects.toThrow("VAULT_LOCKED");
    await expect(open()).rejects.toThrow("VAULT_LOCKED");
  });

  it("takes a systemd credential that the group's bits of its ACL show, and none that others may read", async () => {
    const at = { ...place, path: join(folder, `vault-${made++}.db`) };
    await expect(Vault.create(at, systemdKey(0o444), clock)).rejects.toThrow("VAULT_KEY_MODE");
    await (await Vault.create(at, systemdKey(0o440), clock)).close();
  });
});

describe("T40 the vault's rows", () => {
  it("T40: ciphertexts swapped between two credentials", async () => {
    tamper((db) => {
      db.run("UPDATE item_version SET name = 'x' WHERE kind = 'credential' AND name = 'lab'");
      db.run("UPDATE item_version SET name = 'lab' WHERE kind = 'credential' AND name = 'core'");
      db.run("UPDATE item_version SET name = 'core' WHERE kind = 'credential' AND name = 'x'");
    });
    await expect(open()).rejects.toThrow("VAULT_LOCKED");
  });

  it("T40: the row of an older version put back in place of the newer one", async () => {
    const old = backup();
    const vault = await open();
    await vault.setCredential(lab, { username: "ops", password: "second-password" });
    await vault.setCredential(lab, { username: "ops", password: "third-password" });
    await closeAll();
    tamper((db) => {
      db.run("ATTACH ? AS old", [old]);
      db.run("DELETE FROM item_version WHERE kind = 'credential' AND name = 'lab'");
      db.run("INSERT INTO item_version SELECT * FROM old.item_version WHERE kind = 'credential' AND name = 'lab'");
    });
    await expect(open()).rejects.toThrow("VAULT_LOCKED");
  });

  it("T40: an old row under the newer one's number, a row taken away, an index taken away", async () => {
    const sound = backup();
    const acts: ((db: Database) => void)[] = [
      (db) => db.run("UPDATE item_version SET version = version + 1 WHERE name = 'lab'"),
      (db) => db.run("DELETE FROM item_version WHERE name = 'bgp'"),
      (db) => db.run("DELETE FROM item_version WHERE kind = 'index'"),
      (db) => db.run("UPDATE item_version SET kind = 'secret' WHERE kind = 'index'"),
    ];
    for (const act of acts) {
      copyFileSync(sound, place.path);
      tamper(act);
      await expect(open()).rejects.toThrow("VAULT_LOCKED");
    }
    copyFileSync(sound, place.path);
    expect((await (await open()).credential(lab)).password?.reveal()).toBe("first-password");
  });

  it("T40: a tag cut short, a byte changed, in the value, in its key and in its commitment", async () => {
    const sound = backup();
    for (const column of ["sealed", "wrapped_key", "commitment"]) {
      for (const change of ["substr(C, 1, length(C) - 4)", "substr(C, 1, 3)", "X''", "substr(C, 2)"]) {
        copyFileSync(sound, place.path);
        tamper((db) =>
          db.run(
            `UPDATE item_version SET ${column} = CAST(${change.replaceAll("C", column)} AS BLOB) WHERE name = 'lab'`,
          ),
        );
        await expect(open()).rejects.toThrow("VAULT_LOCKED");
      }
    }
  });

  it("a running agent does not use what was put back under it", async () => {
    const old = backup();
    const vault = await open();
    await vault.setSecret("bgp", new Secret("newer-secret"));
    tamper((db) => {
      db.run("ATTACH ? AS old", [old]);
      db.run("DELETE FROM item_version WHERE kind = 'secret'");
      db.run("INSERT INTO item_version SELECT * FROM old.item_version WHERE kind = 'secret'");
    });
    await expect(vault.secrets()).rejects.toThrow("VAULT_LOCKED");
  });
});

describe("versions", () => {
  const source = "ab".repeat(32) as Digest;
  it("only rise: an older document is stale, the same one changes nothing", async () => {
    const vault = await open();
    const held = (await vault.standing("credential", lab))?.current ?? 0;
    const value = { username: "ops", password: "brought" };
    const brought = { kind: "credential", name: lab, version: held + 5, source, value } as const;
    expect(await vault.take(brought)).toBe("taken");
    expect(await vault.take(brought)).toBe("held");
    for (const version of [held, held + 4])
      await expect(vault.take({ ...brought, version })).rejects.toThrow("CREDENTIAL_STALE");
    await expect(vault.take({ ...brought, source: "cd".repeat(32) as Digest })).rejects.toThrow("CREDENTIAL_STALE");
    expect((await vault.credential(lab)).password?.reveal()).toBe("brought");
    expect(await vault.setCredential(lab, value)).toBeGreaterThan(held + 5);
  });

  it("a staged one is used by nothing until it is committed, over a restart too; the one before is kept", async () => {
    const vault = await open();
    const before = (await vault.standing("credential", lab))?.current ?? 0;
    const staged = await vault.stageCredential(lab, { username: "ops", password: "next-password" });
    expect((await vault.credential(lab)).password?.reveal()).toBe("first-password");
    await expect(vault.setCredential(lab, { username: "ops", password: "x" })).rejects.toThrow("CONFLICT");
    await closeAll();
    const again = await open();
    expect(await again.standing("credential", lab)).toMatchObject({ current: before, staged });
    expect(await again.knownValues()).toEqual(expect.arrayContaining(["first-password", "next-password"]));
    await again.commitCredential(lab, staged);
    await again.commitCredential(lab, staged);
    expect((await again.credential(lab)).password?.reveal()).toBe("next-password");
    expect((await again.credentialAt(lab, before)).password?.reveal()).toBe("first-password");
    const dropped = await again.stageCredential(lab, { username: "ops", password: "never-password" });
    await again.dropStaged(lab, dropped);
    expect(await again.knownValues()).not.toContain("never-password");
    expect(await again.knownValues()).toEqual(expect.arrayContaining(["first-password", "next-password", "a-secret"]));
  });
});

describe("a rewrap", () => {
  it("changes the key and no value; the old key opens an old copy and nothing else", async () => {
    const old = backup();
    const next = keyFile();
    const vault = await open();
    const identity = await vault.identity();
    await vault.rewrap(next);
    expect((await vault.credential(lab)).password?.reveal()).toBe("first-password");
    await closeAll();
    await expect(open()).rejects.toThrow("VAULT_LOCKED");
    const again = await open(next);
    expect(await again.identity()).toEqual(identity);
    expect((await again.secrets()).get("bgp")?.reveal()).toBe("a-secret");
    const restored = await open(key, { ...place, path: old });
    expect((await restored.credential(lab)).password?.reveal()).toBe("first-password");
    await expect(open(next, { ...place, path: old })).rejects.toThrow("VAULT_LOCKED");
  });

  it("that is cut off before its commit leaves the vault under the old key", async () => {
    // Killed inside the transaction, with everything written and nothing committed.
    const next = keyFile();
    const script = `
      import { Vault } from ${JSON.stringify(join(import.meta.dirname, "vault.ts"))};
      import { Items } from ${JSON.stringify(join(import.meta.dirname, "items.ts"))};
      const place = ${JSON.stringify(place)};
      const vault = await Vault.open(place, ${JSON.stringify(key)});
      const all = Items.prototype.rewrapAll;
      Items.prototype.rewrapAll = async function (tx, rewrap) { await all.call(this, tx, rewrap); process.kill(process.pid, "SIGKILL"); await new Promise(() => {}); };
      await vault.rewrap(${JSON.stringify(next)});`;
    const path = join(folder, `kill-${made++}.ts`);
    writeFileSync(path, script);
    const child = Bun.spawn([process.execPath, path], { stdout: "ignore", stderr: "ignore" });
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    await expect(open(next)).rejects.toThrow("VAULT_LOCKED");
    expect((await (await open()).credential(lab)).password?.reveal()).toBe("first-password");
  });
});

describe("a vault of the first schema", () => {
  it("is taken over with its values; from then on its index must be there", async () => {
    const vault = await open();
    const identity = await vault.identity();
    await closeAll();
    await toFirstSchema();
    const again = await open();
    expect(await again.identity()).toEqual(identity);
    expect((await again.credential(lab)).password?.reveal()).toBe("first-password");
    await closeAll();
    tamper((db) => db.run("DELETE FROM item_version WHERE kind = 'index'"));
    await expect(open()).rejects.toThrow("VAULT_LOCKED");
  });

  /** The rows are the same; the proof is the one of that time. */
  async function toFirstSchema(): Promise<void> {
    let derivation = "";
    tamper((db) => {
      derivation =
        db.query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'derivation'").get()?.value ?? "";
    });
    const kek = await deriveKey(key, Derivation.parse(JSON.parse(derivation)));
    tamper((db) => {
      db.run("ALTER TABLE meta RENAME TO meta_now");
      db.run(first);
      db.run("INSERT INTO meta SELECT * FROM meta_now");
      db.run("INSERT INTO item SELECT * FROM item_version WHERE kind <> 'index'");
      db.run("DROP TABLE meta_now");
      db.run("DROP TABLE item_version");
      db.run("PRAGMA user_version = 1");
      db.run("UPDATE meta SET value = ? WHERE key = 'proof'", [commitmentOf(kek, PROOF_FIRST).toString("base64url")]);
    });
  }
});
