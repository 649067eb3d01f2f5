import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromBase64url, jcs, sha256, toBase64url, utf8 } from "../../shared/bytes.ts";
import { holdsBoxKey } from "../../shared/box-proof.ts";
import { importSigningKey, type SigningPublicKey } from "../../shared/keys.ts";
import { id, makeOrg, type TestOrg } from "../../shared/testing/org.ts";
import { firstUpdate } from "../../shared/testing/trust-set.ts";
import { fileOfUpdate } from "../../shared/tuf/file.ts";
import { rootFingerprint } from "../../shared/tuf/set.ts";
import { makeCertificates } from "./certificates.ts";
import { ScriptHub } from "./script-hub.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "farhand-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const WEAK = /^(NODE_|BUN_)/;
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !WEAK.test(name)));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The agent as a process of its own, with a clean environment. */
async function agent(args: string[], options: { input?: string; env?: Record<string, string> } = {}): Promise<Ran> {
  const child = Bun.spawn([join(root, "node_modules/.bin/bun"), join(root, "agent/main.ts"), ...args], {
    env: { ...clean, ...options.env },
    stdin: utf8(options.input ?? ""),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, out, err };
}

let org: TestOrg;
let hub: ScriptHub;
let enrolled: unknown;
let enrolAnswer: unknown;
let stateDir: string;
let made = 0;
const secret = "the token's secret";
const certificates = makeCertificates();

beforeEach(async () => {
  org = await makeOrg({ nowSeconds: Math.floor(Date.now() / 1000) });
  enrolled = undefined;
  enrolAnswer = undefined;
  stateDir = join(folder, `state-${made++}`);
  hub = new ScriptHub(org, certificates, (body) => {
    enrolled = body;
    return enrolAnswer === undefined ? { trust: fileOfUpdate(firstUpdate(org.view.set)) } : enrolAnswer;
  });
});
afterEach(() => hub.stop());

function tokenFile(over: object = {}): string {
  const token = {
    v: 1,
    url: hub.url,
    ca: certificates.ca,
    org: id.org,
    site: id.ams,
    agent: id.agentAms,
    root: rootFingerprint(org.view.set.root),
    id: "t1",
    secret,
  };
  const path = join(folder, `token-${made++}`);
  writeFileSync(path, toBase64url(utf8(JSON.stringify({ ...token, ...over }))));
  return path;
}
const keyFlag = (): string[] => ["--state-dir", stateDir, "--vault-key-file", join(stateDir, "..", `key-of-${made}`)];

describe("farhand-agent enroll", () => {
  it("proves its keys, pins root.json, and prints the fingerprint that a keyadmin compares", async () => {
    const flags = keyFlag();
    const ran = await agent(["enroll", "--token-file", tokenFile(), ...flags]);
    expect(ran).toMatchObject({ code: 0 });
    const body = enrolled as Record<
      "token" | "nonce" | "agent" | "site" | "signKey" | "boxKey" | "signature" | "mac" | "boxMac",
      string
    >;
    const { signature, mac, boxMac, ...proof } = body;
    expect(proof).toMatchObject({ token: "t1", agent: "agent-ams", site: "ams" });
    expect(mac).toBe(createHmac("sha256", secret).update(jcs(proof)).digest("base64url"));
    expect(holdsBoxKey(hub.boxSecret, jcs(proof), boxMac)).toBe(true);
    const key = await importSigningKey(body.signKey as SigningPublicKey);
    expect(await crypto.subtle.verify("Ed25519", key, fromBase64url(signature), jcs(proof))).toBe(true);
    expect(JSON.stringify(body)).not.toContain(secret);
    expect(statSync(flags[3] ?? "").mode & 0o777).toBe(0o400);

    expect(await agent(["credential", "set", "lab", "--username", "ops", ...flags], { input: "pass\n" })).toMatchObject(
      { code: 0, out: "" },
    );
    expect(await agent(["secret", "set", "bgp", ...flags], { input: "" })).toMatchObject({ code: 64 });
    const status = await agent(["status", "--json", "--state-dir", stateDir]);
    expect(JSON.parse(status.out)).toMatchObject({
      type: "agent-status",
      agent: "agent-ams",
      running: false,
      fingerprint: ran.out.trim(),
    });
    expect(await agent(["enroll", "--token-file", tokenFile(), ...flags])).toMatchObject({ code: 1 });
  });

  it("refuses a root that is not the pinned one, and stays not enrolled", async () => {
    const ran = await agent(["enroll", tokenFile({ root: sha256("other") }), ...keyFlag()]);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("TRUST_ROOT");
    expect((await agent(["status", "--state-dir", stateDir])).err).toContain("NOT_FOUND");
  });

  it.each([[null], [{}], [{ keys: "a" }], [[1]]])("refuses an answer that is none: %j", async (answer) => {
    enrolAnswer = answer;
    const ran = await agent(["enroll", tokenFile(), ...keyFlag()]);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/PROTOCOL|ENVELOPE_SHAPE/);
  });

  it("refuses a hub behind another certificate", async () => {
    const ran = await agent(["enroll", tokenFile({ ca: makeCertificates().ca }), ...keyFlag()]);
    expect(ran.code).toBe(1);
    expect(enrolled).toBeUndefined();
  });
});

describe("farhand-agent run", () => {
  it("is ready, drains on SIGTERM, and its status is seen from outside", async () => {
    const flags = keyFlag();
    await agent(["enroll", tokenFile(), ...flags]);
    hub.agentKey = (enrolled as { signKey: SigningPublicKey }).signKey;
    const child = Bun.spawn([join(root, "node_modules/.bin/bun"), join(root, "agent/main.ts"), "run", ...flags], {
      env: clean,
      stderr: "pipe",
      stdout: "pipe",
    });
    try {
      const lines = child.stderr.getReader();
      let log = "";
      while (!log.includes('"link-up"')) {
        const { value, done } = await lines.read();
        if (done) throw new Error(log);
        log += new TextDecoder().decode(value);
      }
      expect(log).toContain('"ready"');
      const status: unknown = JSON.parse((await agent(["status", "--json", "--state-dir", stateDir])).out);
      expect(status).toMatchObject({ running: true });
      expect((await agent(["run", ...flags])).err).toContain("ALREADY_RUNNING");
      expect(JSON.parse((await agent(["jobs", "--json", "--state-dir", stateDir])).out)).toEqual({
        type: "agent-jobs",
        v: 1,
        jobs: [],
      });
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it.each([
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
    "BUN_INSPECT_CONNECT_TO",
    "HTTPS_PROXY",
    "all_proxy",
  ])("T26: does not start under %s", async (name) => {
    const ran = await agent(["status", "--state-dir", stateDir], { env: { [name]: "0" } });
    expect(ran.err).toContain("ENVIRONMENT");
    expect(ran.code).toBe(1);
  });

  it("does not start without a way into its vault", async () => {
    expect(await agent(["run", "--state-dir", stateDir])).toMatchObject({ code: 4 });
  });

  it("says what it does not understand", async () => {
    expect((await agent(["walk"])).code).toBe(64);
  });
});
