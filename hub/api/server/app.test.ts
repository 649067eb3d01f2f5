import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256, utf8 } from "../../../shared/bytes.ts";
import { ManualClock } from "../../../shared/clock.ts";
import { signEnvelope } from "../../../shared/envelope.ts";
import type { JobId } from "../../../shared/ids.ts";
import { statements } from "../../../shared/store.ts";
import type { SqliteStore } from "../../../shared/sqlite.ts";
import { id, makeGrant, makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../../../shared/testing/org.ts";
import { firstUpdate } from "../../../shared/testing/trust-set.ts";
import { noEffects } from "../../effects.ts";
import { Pump } from "../../ingest/pump.ts";
import { Links } from "../../links/registry.ts";
import { silentLog } from "../../log.ts";
import { BlobCipher } from "../../store/cipher.ts";
import { openHubStore } from "../../store/open.ts";
import type { TokenRole } from "../../store/tokens.ts";
import { TrustHolder } from "../../trust.ts";
import { routes, type Routes } from "../contract/routes.ts";
import { access } from "./access.ts";
import { makeApi, type HubApi } from "./app.ts";
import { createToken } from "./tokens.ts";
import { Watchers } from "./watchers.ts";

const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const sql = statements("test", {
  refusals: "SELECT actor, object, code, count FROM audit WHERE decision = 'refused' ORDER BY id",
});
const refusals = () => store.read((tx) => tx.all(sql.refusals));
const names = Object.keys(routes) as (keyof Routes)[];
const guarded = names.filter((name) => access[name] !== "open");

let dir: string;
let store: SqliteStore;
let api: HubApi;
let pump: Pump;
let org: TestOrg;
let tokens: Record<TokenRole, string>;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-api-"));
  store = openHubStore(join(dir, "hub.db"));
  const clock = new ManualClock(TEST_NOW_SECONDS * 1000);
  org = await makeOrg();
  const cipher = new BlobCipher(BlobCipher.newKey());
  const signer = org.hub;
  const trust = new TrustHolder(store, clock, { id: "hub-1", signer });
  await trust.accept(firstUpdate(org.view.set), "test");
  const random = () => 0;
  pump = new Pump({
    store,
    cipher,
    clock,
    random,
    effects: noEffects,
    agent: (agent) => trust.agent(agent),
    onFault: (_, error) => {
      throw error;
    },
  });
  const deps = { store, clock, random, randomBytes, cipher, trust, hubId: "hub-1", signer, pump, effects: noEffects };
  const rest = { log: silentLog, publicUrl: "https://hub.test", caPem: "ca", version: "0.0.0", startedMs: 1 };
  const composer = { compose: () => Promise.resolve() };
  api = makeApi({ ...deps, ...rest, composer, links: new Links(), watchers: new Watchers() });
  const token = (role: TokenRole) => createToken(store, clock, { name: role, role });
  const [viewer, auditor] = [await token("viewer"), await token("auditor")];
  tokens = { viewer, auditor, operator: await token("operator"), admin: await token("admin") };
});

afterEach(async () => {
  await pump.stop();
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Call {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function call(method: string, path: string, { token, body, headers }: Call = {}) {
  const init: RequestInit = {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && !(body instanceof Uint8Array) && { "content-type": "application/json" }),
      ...(body instanceof Uint8Array && { "content-type": "application/octet-stream" }),
      ...headers,
    },
    ...(body !== undefined && { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
  } as RequestInit;
  return api.fetch(new Request(`https://hub.test${path}`, init), `peer-${path}`);
}

const pathOf = (name: keyof Routes): string => routes[name].path.replaceAll(/\{\w+\}/g, "a".repeat(64));
const read = async (response: Response) => (await response.json()) as Record<string, unknown>;
const device = (): string => org.inventory.inventory.document.devices.find((entry) => entry.site === id.ams)?.id ?? "";

describe("who may do what", () => {
  it.each(guarded)("%s without a token is 401", async (name) => {
    const response = await call(routes[name].method, pathOf(name));
    expect(response.status).toBe(401);
    expect(await read(response)).toMatchObject({ code: "UNAUTHORIZED" });
  });

  it.each(guarded.filter((name) => routes[name].method !== "get"))("%s by a viewer is 403", async (name) => {
    expect((await call(routes[name].method, pathOf(name), { token: tokens.viewer })).status).toBe(403);
  });

  it.each(guarded.filter((name) => access[name] === "admin"))("%s by an operator is 403", async (name) => {
    expect((await call(routes[name].method, pathOf(name), { token: tokens.operator })).status).toBe(403);
  });

  it("an auditor sees the audit log and everything that a viewer sees, and moves nothing", async () => {
    for (const name of guarded) {
      const { status } = await call(routes[name].method, pathOf(name), { token: tokens.auditor });
      expect({ name, forbidden: status === 403 }).toEqual({
        name,
        forbidden: !["viewer", "auditor"].includes(access[name]),
      });
    }
    expect((await call("GET", "/api/v1/audit", { token: tokens.operator })).status).toBe(403);
    expect((await call("GET", "/api/v1/audit", { token: tokens.admin })).status).toBe(200);
  });

  it.each(guarded)("%s refused, to nobody and to a role that may not, stands in the audit log", async (name) => {
    const { method, path } = routes[name];
    await call(method, pathOf(name));
    expect(await refusals()).toEqual([{ actor: "anyone", object: path, code: "UNAUTHORIZED", count: 1 }]);
    if (access[name] === "viewer") return;
    await call(method, pathOf(name), { token: tokens.viewer });
    const [, second] = await refusals();
    expect(second).toMatchObject({ code: "FORBIDDEN" });
    expect(second?.["actor"]).toMatch(/^token:/);
  });

  it("an act that fails for what it asks stands there too; a look at what is not there does not", async () => {
    await call("POST", "/api/v1/jobs", { token: tokens.operator, body: { kind: "nothing" } });
    await call("POST", "/api/v1/jobs/job-1/cancel", { token: tokens.operator, body: { reason: "r" } });
    await call("GET", "/api/v1/jobs/job-1", { token: tokens.viewer });
    expect((await refusals()).map(({ code }) => code)).toEqual(["SCHEMA", "NOT_FOUND"]);
  });

  it("a body that is not JSON is the caller's fault, and no 500", async () => {
    const headers = { "content-type": "application/json" };
    const answer = await call("POST", "/api/v1/jobs", { token: tokens.operator, body: utf8("{"), headers });
    expect(answer.status).toBe(400);
    expect(await read(answer)).toMatchObject({ code: "SCHEMA" });
    expect((await refusals()).map(({ code }) => code)).toEqual(["SCHEMA"]);
  });

  it("only enrolment asks for no token, and it proves who asks in another way", () => {
    expect(names.filter((name) => access[name] === "open")).toEqual(["enrolChallenge", "enrol"]);
  });

  it("a path that is no route is 404, with or without a token", async () => {
    expect((await call("GET", "/api/v1/passwords")).status).toBe(404);
    expect((await call("DELETE", "/api/v1/jobs/job-1", { token: tokens.admin })).status).toBe(404);
  });

  it("an answer names the request and cannot be framed or sniffed", async () => {
    const response = await call("GET", "/api/v1/status", { token: tokens.viewer });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("x-request-id")).toMatch(/^[\w-]{12}$/);
  });
});

describe("limits", () => {
  it("a body that is too large is 413", async () => {
    const text = "x".repeat(1024 * 1024 + 1);
    expect((await call("PUT", "/api/v1/grants", { token: tokens.operator, body: { text } })).status).toBe(413);
    const blob = new Uint8Array(16 * 1024 * 1024 + 1);
    expect((await call("POST", "/api/v1/blobs", { token: tokens.operator, body: blob })).status).toBe(413);
  });

  it("many wrong tokens are refused as such; a right one is not", async () => {
    for (let i = 0; i < 60; i++) await call("GET", "/api/v1/status", { token: "fht_wrong" });
    expect((await call("GET", "/api/v1/status", { token: "fht_wrong" })).status).toBe(429);
    expect((await call("GET", "/api/v1/status", { token: tokens.viewer })).status).toBe(200);
  });
});

it("a text comes back as an attachment with the bytes that were put", async () => {
  const bytes = utf8("ntp server 192.0.2.1\n".repeat(40_000));
  const put = await read(await call("POST", "/api/v1/blobs", { token: tokens.operator, body: bytes }));
  expect(put).toEqual({ sha256: sha256(bytes), bytes: bytes.length });
  const got = await call("GET", `/api/v1/blobs/${sha256(bytes)}`, { token: tokens.viewer });
  expect(got.headers.get("content-disposition")).toMatch(/^attachment/);
  expect(sha256(new Uint8Array(await got.arrayBuffer()))).toBe(sha256(bytes));
});

describe("reads", () => {
  const collect = () => ({ kind: "collect", title: "backup", devices: [device()] });
  const grant = async () => {
    const envelope = await signEnvelope("farhand-grant+jws", makeGrant(org), [org.people.ann]);
    return read(await call("PUT", "/api/v1/grants", { token: tokens.operator, body: envelope }));
  };

  it("roll under a grant, and the same key is the same job", async () => {
    const { id: granted } = await grant();
    const asked = {
      token: tokens.operator,
      body: { ...collect(), grant: granted },
      headers: { "idempotency-key": "k" },
    };
    const first = await call("POST", "/api/v1/jobs", asked);
    const job = await read(first);
    expect([first.status, job["state"], job["signersNeeded"]]).toEqual([201, "ROLLING", 0]);
    expect(await read(await call("POST", "/api/v1/jobs", asked))).toMatchObject({ id: job["id"] });
    const other = { ...asked, body: { ...asked.body, title: "another" } };
    expect((await call("POST", "/api/v1/jobs", other)).status).toBe(409);
    const { jobs } = await read(await call("GET", "/api/v1/jobs", { token: tokens.viewer }));
    expect(jobs).toHaveLength(1);
  });

  it("without a grant wait for their author, whose signature over these very bytes lets them roll", async () => {
    const asked = { token: tokens.operator, body: { ...collect(), author: id.ann } };
    const job = await read(await call("POST", "/api/v1/jobs", asked));
    expect(job["state"]).toBe("PENDING_APPROVAL");
    const path = `/api/v1/jobs/${job["id"] as JobId}`;
    const bundle = await read(await call("GET", `${path}/warrant`, { token: tokens.viewer }));
    const warrant: unknown = JSON.parse(Buffer.from(String(bundle["payload"]), "base64url").toString());
    const post = async (payload: unknown, signer: typeof org.people.ann) => {
      const body = await signEnvelope("farhand-warrant+jws", payload, [signer]);
      return call("POST", `${path}/signatures`, { token: tokens.operator, body });
    };
    const altered = { ...(warrant as object), title: "another" };
    expect(await read(await post(altered, org.people.ann))).toMatchObject({ code: "SIGNATURE_BAD" });
    expect((await post(warrant, org.hub)).status).toBe(400);
    expect((await post(warrant, org.people.kim)).status).toBe(403);
    expect(await read(await post(warrant, org.people.bob))).toMatchObject({
      state: "PENDING_APPROVAL",
      signers: ["bob"],
    });
    expect(await read(await post(warrant, org.people.ann))).toMatchObject({ state: "ROLLING" });
  });

  it("need a grant or an author", async () => {
    expect((await call("POST", "/api/v1/jobs", { token: tokens.operator, body: collect() })).status).toBe(400);
  });
});

it("events are streamed from an offset", async () => {
  const asked = { token: tokens.operator, body: { kind: "check", title: "t", devices: [device()], author: id.ann } };
  await call("POST", "/api/v1/jobs", asked);
  const response = await call("GET", "/api/v1/events?after=0", { token: tokens.viewer });
  const reader = response.body?.getReader();
  await reader?.read();
  const chunk = await reader?.read();
  expect(new TextDecoder().decode(chunk?.value)).toMatch(/^id: 1\ndata: .*"type":"job".*\n\n/);
  await reader?.cancel();
});
