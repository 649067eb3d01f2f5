import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentEntry } from "../../shared/documents/agents.ts";
import type { Envelope } from "../../shared/envelope.ts";
import { errorCode } from "../../shared/errors.ts";
import type { AgentId, DeviceId, SiteId } from "../../shared/ids.ts";
import { signerFrom, type BoxPublicKey } from "../../shared/keys.ts";
import { id } from "../../shared/testing/org.ts";
import { shareSiteKey, takeSiteKey } from "./site-key.ts";
import { makeTagger } from "./tagger.ts";
import { Vault } from "./vault.ts";

const [A, B, C] = ["agent-a", "agent-b", "agent-c"].map((name) => name as AgentId) as [AgentId, AgentId, AgentId];
let folder: string;
let vaults: Map<AgentId, Vault>;
let entries: AgentEntry[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "farhand-site-key-"));
  const path = join(folder, "key");
  writeFileSync(path, randomBytes(32), { mode: 0o400 });
  vaults = new Map();
  entries = [];
  for (const agent of [A, B, C]) {
    const vault = await Vault.create({ path: join(folder, agent), org: id.org, agent }, { kind: "file", path });
    vaults.set(agent, vault);
    const { sign, box } = await vault.identity();
    const { kid, publicKey } = await signerFrom(sign);
    const site = agent === C ? id.lon : id.ams;
    entries.push({ id: agent, site, kid, signKey: publicKey, boxKey: box.x as BoxPublicKey, status: "active" });
  }
});
afterEach(async () => {
  for (const vault of vaults.values()) await vault.close();
  rmSync(folder, { recursive: true, force: true });
});

const vaultOf = (agent: AgentId): Vault => {
  const vault = vaults.get(agent);
  if (!vault) throw new Error(agent);
  return vault;
};
const here = (agent: AgentId, site: SiteId = id.ams) => ({
  org: id.org,
  site,
  agent,
  agents: { type: "agents" as const, v: 1 as const, org: id.org, version: 1, agents: entries },
});
const take = (agent: AgentId, envelope: Envelope, site?: SiteId): Promise<string> =>
  takeSiteKey(vaultOf(agent), here(agent, site), envelope).then(() => "taken", errorCode);
const tagOf = async (agent: AgentId): Promise<string> =>
  makeTagger(await vaultOf(agent).siteKey()).tag("r1" as DeviceId, "a secret");

describe("a site's key", () => {
  it("given to another agent of the site, makes both mark secrets alike, and survives a start", async () => {
    expect(await tagOf(B)).not.toBe(await tagOf(A));
    const envelope = await shareSiteKey(vaultOf(A), here(A), B, 1_800_000_000_000);
    const plain = (await vaultOf(A).siteKey()).key;
    expect(JSON.stringify(envelope)).not.toContain(Buffer.from(plain).toString("base64url"));
    expect(await take(B, envelope)).toBe("taken");
    expect(await tagOf(B)).toBe(await tagOf(A));
    await vaultOf(B).close();
    const key = { kind: "file", path: join(folder, "key") } as const;
    vaults.set(B, await Vault.open({ path: join(folder, B), org: id.org, agent: B }, key));
    expect(await tagOf(B)).toBe(await tagOf(A));
  });

  it("is taken from nobody but an approved agent of this site, and only what was meant for this one", async () => {
    const envelope = await shareSiteKey(vaultOf(A), here(A), B, 1_800_000_000_000);
    const before = await tagOf(B);
    await expect(shareSiteKey(vaultOf(A), here(A), C, 0)).rejects.toMatchObject({ code: "WRONG_AGENT" });
    await expect(shareSiteKey(vaultOf(A), here(A), A, 0)).rejects.toMatchObject({ code: "WRONG_AGENT" });
    expect(await take(C, envelope, id.lon)).toBe("WRONG_SITE");
    expect(await take(A, envelope)).toBe("WRONG_AGENT");
    entries = entries.map((entry) => (entry.id === A ? { ...entry, status: "banned" } : entry));
    expect(await take(B, envelope)).toBe("WRONG_AGENT");
    entries = entries.filter((entry) => entry.id !== A);
    expect(await take(B, envelope)).toBe("SIGNATURE_MISSING");
    expect(await tagOf(B)).toBe(before);
  });

  it("of an agent of another site that says it is of this one is refused", async () => {
    const lie = await shareSiteKey(vaultOf(C), here(C), B, 1_800_000_000_000);
    expect(await take(B, lie)).toBe("WRONG_AGENT");
  });
});
