import { chmodSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromBase64url, toBase64url } from "../../../shared/bytes.ts";
import { errorCode } from "../../../shared/errors.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { Secret } from "../../../shared/secret.ts";
import { World } from "../testing/world.ts";
import { makeKeyFile, openKeyFile, openSigner, writeKeyFile, type KeyFile } from "./key-file.ts";

const cost = { n: 2 ** 10, r: 8, p: 1 };
const secret = new Secret("correct horse battery");
const { file, jwk } = await makeKeyFile("ann" as PersonId, "Ed25519", secret, cost);
const refused = (altered: KeyFile, given = secret) => openKeyFile(altered, given).then(() => "opened", errorCode);

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world[Symbol.dispose]());

describe("key files", () => {
  it("opens with its passphrase only", async () => {
    expect(await openKeyFile(file, secret)).toEqual(jwk);
    expect(await refused(file, new Secret("correct horse batterz"))).toBe("KEY_FILE");
    expect(JSON.stringify(file)).not.toContain(jwk.d);
  });

  it("opens a passphrase that was typed on another keyboard", async () => {
    const composed = await makeKeyFile("ann" as PersonId, "Ed25519", new Secret("Zu\u0308rich Zu\u0308rich"), cost);
    expect(await refused(composed.file, new Secret("Z\u00fcrich Z\u00fcrich"))).toBe("opened");
  });

  it("notices each altered member", async () => {
    const flipped = fromBase64url(file.sealed);
    flipped[3] = (flipped[3] ?? 0) ^ 1;
    expect(await refused({ ...file, sealed: toBase64url(flipped) })).toBe("KEY_FILE");
    expect(await refused({ ...file, owner: "bob" as PersonId })).toBe("KEY_FILE");
    expect(await refused({ ...file, publicKey: "A".repeat(43) })).toBe("KEY_FILE");
    expect(await refused({ ...file, kdf: { ...file.kdf, n: 2 ** 11 } })).toBe("KEY_FILE");
    expect(await refused({ ...file, crv: "X25519" })).toBe("KEY_FILE");
  });

  it("is refused with a code when it is cut short, or asks for more than it may cost to look at", async () => {
    for (const length of [0, 1, 15, 16]) {
      const sealed = toBase64url(fromBase64url(file.sealed).subarray(0, length));
      expect(await refused({ ...file, sealed })).toBe("KEY_FILE");
    }
    for (const kdf of [{ n: 2 ** 10 + 1 }, { n: 2 ** 20, r: 32 }, { n: 2 ** 17, p: 2 }]) {
      const text = JSON.stringify({ ...file, kdf: { ...file.kdf, ...kdf } });
      const path = world.write(`${JSON.stringify(kdf)}.key.json`, text);
      chmodSync(path, 0o600);
      await expect(openSigner(path, secret)).rejects.toThrow("kdf");
    }
  });

  it("is never overwritten by another", () => {
    writeKeyFile(world.path("ann.key.json"), file);
    expect(() => writeKeyFile(world.path("ann.key.json"), file)).toThrow("is there already");
  });

  it("takes a new passphrase, and forgets the old one", async () => {
    const path = world.path("ann.key.json");
    writeKeyFile(path, file);
    world.write("old", secret.reveal());
    world.write("new", "another long passphrase\n");
    const args = ["key", "passphrase", "ann.key.json", "--passphrase-file", "old", "--no-input"];
    expect((await world.run(...args)).exit).toBe(64);
    expect((await world.run(...args, "--new-passphrase-file", "new")).exit).toBe(0);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await openSigner(path, new Secret("another long passphrase"))).publicKey).toBe(jwk.x);
    expect(await openSigner(path, secret).then(() => "opened", errorCode)).toBe("KEY_FILE");
    expect((await world.run("key", "show", "ann.key.json")).out).toMatch(/^ann {2}Ed25519 {2}\S{43}\n$/);
  });
});
