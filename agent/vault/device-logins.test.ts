import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentId, CredentialName, DeviceId, OrgId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import { DeviceLogins, ownName } from "./device-logins.ts";
import { Vault } from "./vault.ts";

const lab = "lab" as CredentialName;
const r1 = "r1" as DeviceId;
const r2 = "r2" as DeviceId;
let dir: string;
let vault: Vault;
let logins: DeviceLogins;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-logins-"));
  const place = { path: join(dir, "vault.db"), org: "acme" as OrgId, agent: "agent-ams" as AgentId };
  vault = await Vault.create(place, { kind: "passphrase", passphrase: new Secret("a passphrase for tests") });
  await vault.setCredential(lab, { username: "ops", password: "n4med-secret", enable: "en4ble" });
  logins = new DeviceLogins(vault);
});
afterEach(async () => {
  await vault.close();
  rmSync(dir, { recursive: true, force: true });
});

const passwordOf = async (device: DeviceId): Promise<string | undefined> =>
  (await logins.current(lab, device)).credential.password?.reveal();

describe("a device's own login", () => {
  it("is used once it is kept, by this device alone, and is in no file in clear", async () => {
    const old = await logins.current(lab, r1);
    const fresh = await logins.stage(lab, r1, old, new Secret("fr3sh-secret"));
    expect(await passwordOf(r1)).toBe("n4med-secret");
    await logins.keep(fresh);
    expect([await passwordOf(r1), await passwordOf(r2)]).toEqual(["fr3sh-secret", "n4med-secret"]);
    expect((await logins.current(lab, r1)).credential.enable?.reveal()).toBe("en4ble");
    expect((await logins.at(old)).password?.reveal()).toBe("n4med-secret");
    for (const name of ["vault.db", "vault.db-wal"])
      expect(readFileSync(join(dir, name)).includes("fr3sh-secret")).toBe(false);
  });

  it("gives way to a named one that is set or sent later", async () => {
    await logins.keep(await logins.stage(lab, r1, await logins.current(lab, r1), new Secret("fr3sh-secret")));
    const { version } = await logins.current(lab, r1);
    for (let set = 0; (await vault.standing("credential", lab))?.current !== undefined && set < 5; set++) {
      await vault.setCredential(lab, { username: "ops", password: `l4ter-${set}` });
      if (((await vault.standing("credential", lab))?.current ?? 0) > version) break;
    }
    expect(await passwordOf(r1)).toMatch(/^l4ter-/);
  });

  it("that does not work goes back to the old one, kept or not, once or twice", async () => {
    const old = await logins.current(lab, r1);
    const staged = await logins.stage(lab, r1, old, new Secret("fr3sh-secret"));
    await logins.back(staged, old);
    expect(await passwordOf(r1)).toBe("n4med-secret");
    const kept = await logins.stage(lab, r1, old, new Secret("fr3sh-secret"));
    await logins.keep(kept);
    await logins.back(kept, old);
    await logins.back(kept, old);
    expect(await passwordOf(r1)).toBe("n4med-secret");
  });

  it("forgets the one before when it is proved", async () => {
    const first = await logins.stage(lab, r1, await logins.current(lab, r1), new Secret("f1rst-secret"));
    await logins.keep(first);
    const second = await logins.stage(lab, r1, await logins.current(lab, r1), new Secret("s3cond-secret"));
    await logins.keep(second);
    expect((await logins.at(first)).password?.reveal()).toBe("f1rst-secret");
    await logins.forgetOld(second);
    await expect(logins.at(first)).rejects.toThrow();
    expect((await vault.standing("credential", ownName(lab, r1)))?.previous).toBeNull();
  });
});
