/** The hub's HTTP API, behind a token that holds: every route of the contract, whatever stands in path, query and body. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBase64url, utf8 } from "../../../../shared/bytes.ts";
import { ManualClock } from "../../../../shared/clock.ts";
import { signEnvelope } from "../../../../shared/envelope.ts";
import { FarhandError, isErrorCode } from "../../../../shared/errors.ts";
import { id, makeGrant, NO_DIGEST, TEST_NOW_SECONDS } from "../../../../shared/testing/org.ts";
import { firstUpdate } from "../../../../shared/testing/trust-set.ts";
import { makeApi } from "../../../../hub/api/server/app.ts";
import { createToken } from "../../../../hub/api/server/tokens.ts";
import { Watchers } from "../../../../hub/api/server/watchers.ts";
import { noEffects } from "../../../../hub/effects.ts";
import { Pump } from "../../../../hub/ingest/pump.ts";
import { Links } from "../../../../hub/links/registry.ts";
import { BlobCipher } from "../../../../hub/store/cipher.ts";
import { openHubStore } from "../../../../hub/store/open.ts";
import { TrustHolder } from "../../../../hub/trust.ts";
import { routes, type Routes } from "../../../../hub/api/contract/routes.ts";
import { mutateBytes, spoilPart } from "../mutate-bytes.ts";
import { mutateJson } from "../mutate-json.ts";
import { part, text, type Input, type Target } from "../target.ts";
import { theOrg } from "./documents.ts";

const key = "A".repeat(43);
/** Bodies that the schemas let through; a route without one here gets an empty object. */
const bodies = (grant: unknown): Partial<Record<keyof Routes, unknown>> => ({
  enrolChallenge: { boxKey: key },
  enrol: {
    token: "t",
    nonce: "n",
    agent: "agent-new",
    site: "ams",
    signKey: key,
    boxKey: key,
    signature: "A".repeat(86),
    mac: key,
    boxMac: key,
  },
  submitJob: { kind: "collect", title: "a backup", reason: "", devices: ["ams-r1"], grant: "reads" },
  putGrant: { envelope: grant },
});

const jobs: readonly unknown[] = [
  { kind: "run", title: "a question", devices: ["ams-r1", "ams-r2"], grant: "reads", commands: ["show version"] },
  {
    kind: "change",
    title: "a change",
    author: "ann",
    grant: "reads",
    drift: "exact",
    mode: "merge",
    texts: [{ device: "ams-r1", text: { sha256: NO_DIGEST, bytes: 3 } }],
    verify: [],
    waves: [{ devices: ["ams-r1"] }],
  },
  {
    kind: "rotate",
    title: "a rotation",
    author: "ann",
    devices: ["ams-r1"],
    credential: "lab",
    password: { kind: "made", length: 20 },
  },
];

/** `METHOD /path?query`, and the body. */
async function samplesOf(): Promise<Input[]> {
  const org = await theOrg();
  const grant = await signEnvelope("farhand-grant+jws", makeGrant(org), [org.people.ann]);
  const known = bodies(grant);
  const names = Object.keys(routes) as (keyof Routes)[];
  const requests = names.map((name): Input => {
    const { method, path } = routes[name];
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, parameter: string) =>
      parameter === "device" ? "ams-r1" : id.agentAms,
    );
    return [utf8(`${method.toUpperCase()} ${filled}`), utf8(JSON.stringify(known[name] ?? { envelope: grant }))];
  });
  return [
    ...requests,
    ...jobs.map((body): Input => [utf8("POST /api/v1/jobs"), utf8(JSON.stringify(body))]),
    [utf8("GET /api/v1/audit?from=0&limit=10"), utf8("")],
    [utf8("GET /api/v1/jobs?limit=3&after=job-1"), utf8("")],
  ];
}

const api: Target = {
  name: "api-request",
  share: 2,
  async prepare() {
    const org = await theOrg();
    const dir = mkdtempSync(join(tmpdir(), "farhand-fuzz-api-"));
    const store = openHubStore(join(dir, "hub.db"));
    const clock = new ManualClock(TEST_NOW_SECONDS * 1000);
    const cipher = new BlobCipher(new Uint8Array(32).fill(3));
    const trust = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
    await trust.accept(firstUpdate(org.view.set), "test");
    const random = (): number => 0;
    const pump = new Pump({
      store,
      cipher,
      clock,
      random,
      effects: noEffects,
      agent: (agent) => trust.agent(agent),
      onFault: () => undefined,
    });
    let made = 0;
    const randomBytes = (length: number): Uint8Array => new Uint8Array(length).fill((made += 1));
    const faults: string[] = [];
    const log = {
      info: () => undefined,
      warn: () => undefined,
      error: (...said: readonly unknown[]) => void faults.push(JSON.stringify(said)),
    };
    const deps = {
      store,
      clock,
      random,
      randomBytes,
      cipher,
      trust,
      hubId: "hub-1",
      signer: org.hub,
      pump,
      effects: noEffects,
    };
    const rest = { log: log as never, publicUrl: "https://hub.test", caPem: "ca", version: "0.0.0", startedMs: 1 };
    const hub = makeApi({
      ...deps,
      ...rest,
      composer: { compose: () => Promise.resolve() },
      links: new Links(),
      watchers: new Watchers(),
    });
    const token = await createToken(store, clock, { name: "fuzz", role: "admin" });
    let peer = 0;
    return {
      samples: [[utf8("GET /api/v1/sites"), utf8("")]],
      mutate: await (async () => {
        const samples = await samplesOf();
        return (_: readonly Input[], chance) => {
          const [line = utf8("")] = chance.pick(samples);
          const whole = samples.find(([other]) => other === line) ?? [line];
          return spoilPart([whole, ...samples], chance, chance.chance(0.7) ? mutateJson : mutateBytes);
        };
      })(),
      async take(input) {
        const [method = "", ...rest_] = text(part(input)).split(" ");
        const request = requestOf(method, rest_.join(" "), part(input, 1), token);
        const response = await hub.fetch(request, `peer-${(peer += 1)}`);
        if (response.headers.get("content-type")?.includes("event-stream") === true) {
          await response.body?.cancel();
          return undefined;
        }
        const said = await response.text();
        if (response.status === 500) throw new Error(`500: ${said.slice(0, 300)} ${faults.splice(0).join(" ")}`);
        if (response.status < 400) return undefined;
        const { code } = JSON.parse(said) as { code: string };
        if (!isErrorCode(code)) throw new Error(`a code that no table has: ${said.slice(0, 200)}`);
        throw new FarhandError(code);
      },
    };
  },
};

function requestOf(method: string, path: string, body: Uint8Array<ArrayBuffer>, token: string): Request {
  try {
    const url = new URL(path, "https://hub.test");
    if (url.host !== "hub.test") throw new TypeError("another host");
    const known = /^(?:GET|POST|PUT|PATCH|DELETE)$/.test(method) ? method : "POST";
    return new Request(url, {
      method: known,
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "idempotency-key": toBase64url(body.subarray(0, 12)),
      },
      ...(known === "GET" ? {} : { body }),
    });
  } catch (error) {
    throw new FarhandError("USAGE", "not a request", { cause: error });
  }
}

export const apiTargets: readonly Target[] = [api];
