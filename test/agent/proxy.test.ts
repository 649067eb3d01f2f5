// The way to the hub through proxies. Bun's own words for what went wrong are part of what is held here.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toBase64url, utf8 } from "../../shared/bytes.ts";
import { systemClock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import { id, makeOrg } from "../../shared/testing/org.ts";
import { firstUpdate } from "../../shared/testing/trust-set.ts";
import { fileOfUpdate } from "../../shared/tuf/file.ts";
import { rootFingerprint } from "../../shared/tuf/set.ts";
import { agentApplication, runAgentCli } from "../../agent/cli/app.ts";
import { readConfig } from "../../agent/config.ts";
import { ProxyUrl, type HubProxy } from "../../agent/link/proxy.ts";
import { Socket } from "../../agent/link/socket.ts";
import { ConnectProxy, Inspector, type ConnectProxyOptions } from "../support/connect-proxy.ts";
import { makeCertificates } from "./certificates.ts";
import { ScriptHub } from "./script-hub.ts";
import { makeSite } from "./site.ts";
import { until } from "./until.ts";

const certificates = makeCertificates();
const others = makeCertificates();
const stopping: { stop(): unknown }[] = [];
let hub: ScriptHub;
let enrolled: unknown;
beforeEach(async () => {
  enrolled = undefined;
  const org = await makeOrg({ nowSeconds: Math.floor(Date.now() / 1000) });
  hub = new ScriptHub(org, certificates, (body) => {
    enrolled = body;
    return { trust: fileOfUpdate(firstUpdate(org.view.set)) };
  });
  stopping.push(hub);
});
afterEach(async () => {
  for (const one of stopping.splice(0)) await one.stop();
});

async function through(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const proxy = await ConnectProxy.start(options);
  stopping.push(proxy);
  return proxy;
}
const connect = (proxy: HubProxy | undefined, url = hub.url): Promise<Socket> =>
  Socket.connect({
    url: `${url.replace("https", "wss")}/link/v1`,
    ca: certificates.ca,
    proxy,
    clock: systemClock,
    connectMs: 20_000,
    signal: AbortSignal.timeout(60_000),
  });
const errorOf = (promise: Promise<unknown>): Promise<FarhandError> =>
  promise.then(
    () => new FarhandError("INTERNAL", "it went through"),
    (error: unknown) => {
      if (error instanceof FarhandError) return error;
      throw error;
    },
  );

describe("the agent's link", () => {
  it("goes through CONNECT, and only there", async () => {
    const proxy = await through();
    const socket = await connect({ url: proxy.url });
    expect((await socket.receive()).length).toBeGreaterThan(0);
    expect(proxy.asked).toEqual([`127.0.0.1:${hub.server.port}`]);
    socket.end(new FarhandError("CANCELED"));
  });

  it("gives the proxy its credential, and tells its refusals with their status", async () => {
    const proxy = await through({ login: "agent:let me out" });
    const wrong = await errorOf(connect({ url: proxy.url }));
    expect(wrong.code).toBe("PROXY");
    expect(wrong.detail).toContain("407");
    expect(hub.connections).toBe(0);
    const credential = { username: "agent", password: new Secret("let me out") };
    const socket = await connect({ url: proxy.url, credential });
    await socket.receive();
    expect(hub.connections).toBe(1);
    socket.end(new FarhandError("CANCELED"));
    const denying = await through({ refuse: "403 Forbidden" });
    const denied = await errorOf(connect({ url: denying.url, credential }));
    expect(denied.code).toBe("PROXY");
    expect(denied.detail).toContain("403");
    expect(denied.message).not.toContain("let me out");
  });

  it("names the proxy that cannot be reached", async () => {
    const gone = await ConnectProxy.start();
    const { url } = gone;
    gone.stop();
    const error = await errorOf(connect({ url }));
    expect(error.code).toBe("PROXY");
    expect(error.detail).toContain(url);
  });

  it("refuses a proxy that opens TLS, by name, before a byte of the link is said", async () => {
    const proxy = await through({ opens: others, hubCa: certificates.ca });
    expect((await errorOf(connect({ url: proxy.url }))).code).toBe("PROXY_OPENS_TLS");
    expect(proxy.tunnels).toBe(1);
    expect(proxy.read).toBe("");
    expect(hub.connections).toBe(0);
  });

  it("refuses a transparent box that opens TLS, which no configuration names", async () => {
    const box = await Inspector.start(others, { host: "127.0.0.1", port: hub.server.port ?? 0, ca: certificates.ca });
    stopping.push(box);
    expect((await errorOf(connect(undefined, `https://127.0.0.1:${box.port}`))).code).toBe("PROXY_OPENS_TLS");
    expect(box.read).toBe("");
    expect(hub.connections).toBe(0);
  });

  it("lives through a proxy from the signed offer to the receipt", async () => {
    const proxy = await through();
    const site = await makeSite();
    stopping.push(site);
    const path = join(site.stateDir, "agent.json");
    const config = JSON.parse(readFileSync(path, "utf8")) as object;
    writeFileSync(path, JSON.stringify({ ...config, proxy: proxy.url }));
    await site.start();
    site.hub.offer(await site.work([{ kind: "collect", device: "ams-r1" as DeviceId }]));
    await until("a receipt", () => site.hub.records("receipt").length > 0);
    expect(new Set(proxy.asked)).toEqual(new Set([`127.0.0.1:${site.hub.server.port}`]));
    expect(site.hub.connections).toBe(proxy.tunnels);
  });
});

it.each([
  "http://user:pw@proxy:3128",
  "https://proxy:3128",
  "http://proxy:3128/path",
  "http://proxy:3128?x",
  "proxy:3128",
  "http://proxy:99999",
  "http://[::1",
  "%",
])("a proxy's address is http://host:port and not %s", (url) => expect(ProxyUrl.safeParse(url).success).toBe(false));

describe("enrolment", () => {
  const token = (): string =>
    toBase64url(
      utf8(
        JSON.stringify({
          v: 1,
          url: hub.url,
          ca: certificates.ca,
          org: id.org,
          site: id.ams,
          agent: id.agentAms,
          root: rootFingerprint(hub.org.view.set.root),
          id: "t1",
          secret: "the token's secret",
        }),
      ),
    );

  async function enroll(flags: string[]): Promise<{ code: number; err: string; dir: string }> {
    const dir = mkdtempSync(join(tmpdir(), "farhand-enroll-"));
    stopping.push({ stop: () => rmSync(dir, { recursive: true, force: true }) });
    writeFileSync(join(dir, "token"), token());
    writeFileSync(join(dir, "proxy.pw"), "let me out\n");
    let err = "";
    const stderr = { write: (text: string) => void (err += text) };
    const streams = { stdout: { write: () => undefined }, stderr, env: {} };
    const args = ["enroll", join(dir, "token"), "--state-dir", join(dir, "state")];
    const code = await runAgentCli(
      agentApplication("0"),
      [...args, "--vault-key-file", join(dir, "vault.key"), ...flags.map((flag) => flag.replace("DIR", dir))],
      { process: streams, env: {} },
    );
    return { code, err, dir };
  }

  it("goes through the proxy; its password lies in the vault, its address in the configuration", async () => {
    const proxy = await through({ login: "agent:let me out" });
    const flags = ["--proxy", proxy.url, "--proxy-user", "agent", "--proxy-password-file", "DIR/proxy.pw"];
    const { code, err, dir } = await enroll(flags);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(enrolled).toBeDefined();
    expect(proxy.asked.length).toBeGreaterThan(0);
    expect(readConfig(join(dir, "state"))).toMatchObject({ proxy: proxy.url, proxyCredential: "hub-proxy" });
    for (const name of readdirSync(join(dir, "state")))
      expect(readFileSync(join(dir, "state", name)).toString("latin1")).not.toContain("let me out");
  });

  it.each([
    ["PROXY", "407", { login: "somebody:else" }],
    ["PROXY", "502", { refuse: "502 Bad Gateway" }],
    ["PROXY_OPENS_TLS", "issuer", { opens: others, hubCa: certificates.ca }],
  ] as const)("tells %s (%s), and stays not enrolled", async (wanted, word, options) => {
    const proxy = await through(options);
    const { code, err, dir } = await enroll(["--proxy", proxy.url]);
    expect(code).toBe(1);
    expect(err).toContain(`${wanted}:`);
    expect(err).toContain(word);
    expect(enrolled).toBeUndefined();
    expect(proxy.read).toBe("");
    expect(() => readConfig(join(dir, "state"))).toThrow(FarhandError);
  });

  it("asks for the parts of a credential together", async () => {
    expect((await enroll(["--proxy-user", "agent"])).code).toBe(64);
    expect((await enroll(["--proxy", "http://p:1", "--proxy-user", "agent"])).code).toBe(64);
    expect((await enroll(["--proxy", "http://a:b@p:1"])).code).toBe(64);
  });
});
