import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import { errorCode } from "../../shared/errors.ts";
import type { SqliteStore } from "../../shared/sqlite.ts";
import { statements } from "../../shared/store.ts";
import { id, makeGrant, makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../../shared/testing/org.ts";
import { firstUpdate } from "../../shared/testing/trust-set.ts";
import { signEnvelope } from "../../shared/envelope.ts";
import { makeApi, type HubApi } from "../api/server/app.ts";
import { createToken } from "../api/server/tokens.ts";
import { noEffects } from "../effects.ts";
import { Pump } from "../ingest/pump.ts";
import { Links } from "../links/registry.ts";
import { silentLog } from "../log.ts";
import { audit } from "../store/audit.ts";
import { BlobCipher } from "../store/cipher.ts";
import { openHubStore } from "../store/open.ts";
import { TrustHolder } from "../trust.ts";

/** SQLite's own bound stands for the disk's: the write that no longer fits is the write that fails. */
const QUOTA_BYTES = 1024 * 1024;
const sql = statements("test", {
  invites: "SELECT count(*) AS n FROM invite",
  grants: "SELECT count(*) AS n FROM standing_grant",
  tokens: "SELECT count(*) AS n FROM api_token",
  audit: "SELECT count(*) AS n FROM audit",
});

let dir: string;
let store: SqliteStore;
let clock: ManualClock;
let org: TestOrg;
let api: HubApi;
let admin: string;
let said: string[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-full-"));
  store = openHubStore(join(dir, "hub.db"), undefined, QUOTA_BYTES);
  clock = new ManualClock(TEST_NOW_SECONDS * 1000);
  org = await makeOrg();
  said = [];
  const cipher = new BlobCipher(BlobCipher.newKey());
  const trust = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
  await trust.accept(firstUpdate(org.view.set), "test");
  const base = { store, cipher, clock, random: () => 0, effects: noEffects };
  const pump = new Pump({ ...base, agent: (agent) => trust.agent(agent), onFault: () => undefined });
  const log = { ...silentLog, error: (event: string) => said.push(event) };
  const rest = { log, publicUrl: "https://hub.test", caPem: "ca", version: "0.0.0", startedMs: 1, links: new Links() };
  const composer = { compose: () => Promise.resolve() };
  const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
  api = makeApi({ ...base, ...rest, randomBytes, trust, hubId: "hub-1", signer: org.hub, pump, composer });
  admin = await createToken(store, clock, { name: "admin", role: "admin" });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const call = (method: string, path: string, body: unknown, token = admin): Promise<Response> | Response => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return api.fetch(
    new Request(`https://hub.test${path}`, { method, headers, body: JSON.stringify(body) }),
    "192.0.2.1",
  );
};
const rows = async (of: keyof typeof sql): Promise<number> =>
  Number((await store.read((tx) => tx.get(sql[of])))?.["n"]);

/** Until not one more row fits, large or small. */
async function fill(): Promise<void> {
  for (const size of [2000, 1]) {
    for (;;) {
      const note = {
        actor: "hub",
        action: "fill.up",
        object: "x",
        decision: "allowed",
        detail: "x".repeat(size),
      } as const;
      const code = await store.tx("fill", (tx) => audit(tx, 1, note)).then(() => undefined, errorCode);
      if (code === "DISK_FULL") break;
      expect(code).toBeUndefined();
    }
  }
}

describe("T48: no audit, no action", () => {
  it("T48: on a full disk nothing is done, because it cannot be written down", async () => {
    expect((await call("POST", "/api/v1/invites", { agent: "agent-one", site: id.ams })).status).toBe(200);
    await fill();
    const before = { invites: await rows("invites"), grants: await rows("grants"), tokens: await rows("tokens") };
    const grant = await signEnvelope("farhand-grant+jws", makeGrant(org), [org.people.ann, org.people.bob]);
    for (const response of [
      await call("POST", "/api/v1/invites", { agent: "agent-two", site: id.ams }),
      await call("PUT", "/api/v1/grants", grant),
    ]) {
      expect(response.status).toBe(500);
      expect(await response.json()).toMatchObject({ code: "DISK_FULL" });
    }
    expect(
      errorCode(await createToken(store, clock, { name: "kim", role: "admin" }).catch((error: unknown) => error)),
    ).toBe("DISK_FULL");
    expect({ invites: await rows("invites"), grants: await rows("grants"), tokens: await rows("tokens") }).toEqual(
      before,
    );
  });

  it("T48: what is refused stays refused, and that it is not written down is said elsewhere", async () => {
    await fill();
    const before = await rows("audit");
    expect((await call("POST", "/api/v1/invites", { agent: "agent-two", site: id.ams }, "fht_none")).status).toBe(401);
    expect(await rows("audit")).toBe(before);
    expect(said).toEqual(["audit"]);
  });
});
