import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { selfSigned } from "../kit/certificate.ts";
import { execOnce } from "../ssh/test-client.ts";
import { startNokiaSrlinux, type NokiaSrlinuxConfigInput } from "./index.ts";
import { sampleNokiaSrlinux } from "./sample.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function boot(options: Partial<NokiaSrlinuxConfigInput> = {}) {
  const clock = new ManualClock();
  const made = sampleNokiaSrlinux({ seed: 1, interfaces: 3 });
  const device = await startNokiaSrlinux(
    { name: "dut", config: made.config, serial: made.serial, ...options },
    { clock },
  );
  open.push(() => device.stop());
  return { device, clock };
}

interface Answer {
  result?: unknown;
  error?: { code: number; message: string };
  id: unknown;
}

function send(
  device: SimulatedDevice,
  body: string,
  how: { password?: string; path?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  const { password = device.password, path = "/jsonrpc", signal } = how;
  return fetch(`https://127.0.0.1:${device.ports?.https}${path}`, {
    method: "POST",
    body,
    keepalive: false,
    headers: { authorization: `Basic ${btoa(`${device.username}:${password}`)}` },
    tls: { ca: device.certificate ?? "" },
    ...(signal ? { signal } : {}),
  });
}

async function rpc(device: SimulatedDevice, method: string, params: object): Promise<Answer> {
  const response = await send(device, JSON.stringify({ jsonrpc: "2.0", id: 7, method, params }));
  expect(response.status).toBe(200);
  const answer = (await response.json()) as Answer;
  expect(answer.id).toBe(7);
  return answer;
}

const one = (path: string, more: object = {}) => ({ commands: [{ path, ...more }] });
const DESCRIBE = { action: "update", path: "/interface[name=ethernet-1/1]/description:by-us" };
const described = async (device: SimulatedDevice) =>
  (await rpc(device, "get", one("/interface[name=ethernet-1/1]/description"))).result;

describe("JSON-RPC", () => {
  test("asks who it is, and knows one path", async () => {
    const { device } = await boot();
    const refused = await send(device, "{}", { password: "wrong" });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain("Basic");
    expect((await send(device, "{}", { path: "/" })).status).toBe(404);
    expect(await (await send(device, "no json")).json()).toMatchObject({ error: { code: -32_700 } });
    expect(await (await send(device, "{}")).json()).toMatchObject({ error: { code: -32_600 } });
  });

  test("shows the certificate that it was given", async () => {
    const certificate = await selfSigned({ commonName: "x", hosts: ["127.0.0.1"] });
    const made = sampleNokiaSrlinux({ seed: 1 });
    const device = await startNokiaSrlinux(
      { name: "dut", config: made.config },
      { clock: new ManualClock(), certificate },
    );
    open.push(() => device.stop());
    expect(device.certificate).toBe(certificate.cert);
    expect((await send(device, "{}")).status).toBe(200);
  });

  test("gets leaves, containers, entries and lists, from what runs and from the state", async () => {
    const { device } = await boot();
    expect(await rpc(device, "get", one("/system/information/version", { datastore: "state" }))).toMatchObject({
      result: ["v24.10.1-492-gf8858c5836"],
    });
    expect(await rpc(device, "get", one("/interface[name=ethernet-1/2]/subinterface[index=0]/ipv4"))).toMatchObject({
      result: [{ "admin-state": "enable", address: [{ "ip-prefix": "172.16.0.2/31" }] }],
    });
    const { result } = await rpc(device, "get", {
      datastore: "state",
      commands: [{ path: "/platform/chassis/serial-number" }, { path: "/interface[name=*]/oper-state" }],
    });
    expect(result).toEqual([
      device.serial,
      {
        "srl_nokia-interfaces:interface": ["ethernet-1/1", "ethernet-1/2", "ethernet-1/3", "lo0", "mgmt0"].map(
          (name) => ({ name, "oper-state": "up" }),
        ),
      },
    ]);
    expect((await rpc(device, "get", one("/"))).result).toMatchObject([
      { "srl_nokia-system:system": { "srl_nokia-system-name:name": { "host-name": "s0001-leaf1" } } },
    ]);
  });

  test("refuses with an error and status 200, all or nothing", async () => {
    const { device } = await boot();
    expect((await rpc(device, "get", one("/system/information/version"))).error).toEqual({
      code: -1,
      message: "Path not valid - unknown element 'version'. Options are [contact, location]",
    });
    const { error, result } = await rpc(device, "get", {
      datastore: "state",
      commands: [{ path: "/system/information" }, { path: "/system/somethingwrong" }],
    });
    expect(result).toBeUndefined();
    expect(error?.message).toMatch(/^Path not valid - unknown element 'somethingwrong'\. Options are \[/);
    expect(
      (await rpc(device, "validate", one("/interface[name=GigabitEthernet1/0]/description:x", { action: "update" })))
        .error?.message,
    ).toMatch(
      /^Failed to parse value 'GigabitEthernet1\/0' for key 'name' \(node 'interface'\) - Invalid value "GigabitEthernet1\/0": Must match the pattern '/,
    );
    expect((await rpc(device, "get", one("/", { datastore: "tools" }))).error?.message).toContain("tools");
    expect((await rpc(device, "get-config", one("/"))).error?.message).toContain("Unknown method");
  });

  test("sets what comes with the path, beside it and as a whole, in one transaction", async () => {
    const { device } = await boot();
    expect(await rpc(device, "set", { commands: [DESCRIBE] })).toMatchObject({ result: [{}] });
    expect(await described(device)).toEqual(["by-us"]);
    await rpc(device, "set", {
      commands: [
        { action: "replace", path: "/system/information", value: { contact: "John Doe" } },
        { action: "update", path: "/network-instance[name=vrf-red]", value: { name: "vrf-red", description: "red" } },
        {
          action: "update",
          path: "/srl_nokia-interfaces:interface[name=ethernet-1/2]",
          value: { mtu: 9000, subinterface: [{ index: 5, ipv4: { address: [{ "ip-prefix": "10.5.0.1/24" }] } }] },
        },
        { action: "delete", path: "/system/banner/login-banner" },
      ],
    });
    const running = device.runningConfig();
    expect(running).toMatch(/system information contact "John Doe"\nset \/ system json-rpc-server/);
    expect(running).toContain("set / network-instance vrf-red description red\n");
    expect(running).toContain("set / interface ethernet-1/2 subinterface 5 ipv4 address 10.5.0.1/24\n");
    expect(running).not.toContain("login-banner");
    expect(device.applies().map(({ via, by }) => [via, by])).toEqual([
      ["api", "netops"],
      ["api", "netops"],
    ]);
  });

  test("a wrong command among right ones changes nothing, and so does a commit that is refused", async () => {
    const { device } = await boot();
    const before = device.runningConfig();
    for (const wrong of [
      { action: "update", path: "/interface[name=ethernet-1/1]", value: { colour: "red" } },
      { action: "update", path: "/interface[name=ethernet-1/1]/mtu", value: 12 },
      { action: "update", path: "/interface[name=ethernet-1/1]/mtu" },
      { action: "update", path: "/interface", value: [{ mtu: 9000 }] },
      { action: "update", path: "/interface[name=*]/mtu:9000" },
      { action: "update", path: "/network-instance[name=default]/interface[name=ethernet-1/40.0]", value: {} },
    ]) {
      const { error } = await rpc(device, "set", { commands: [DESCRIBE, wrong] });
      expect(error?.code).toBe(-1);
    }
    expect(device.runningConfig()).toBe(before);
    expect(device.applyCount()).toBe(0);
  });

  test("the whole configuration goes out and comes back as one replace", async () => {
    const { device } = await boot();
    const before = device.runningConfig();
    const { result } = await rpc(device, "get", one("/"));
    await rpc(device, "set", {
      commands: [
        DESCRIBE,
        { action: "delete", path: "/routing-policy/policy[name=all]" },
        {
          action: "delete",
          path: "/network-instance[name=default]/protocols/bgp/group[group-name=spines]/import-policy",
        },
      ],
    });
    expect(device.runningConfig()).not.toBe(before);
    const [value] = result as unknown[];
    expect(await rpc(device, "set", one("/", { action: "replace", value }))).toMatchObject({ result: [{}] });
    expect(device.runningConfig()).toBe(before);
  });

  test("diffs as JSON and as the command line does, and says nothing where nothing differs", async () => {
    const { device } = await boot();
    const change = one("/system/information", {
      action: "update",
      value: { location: "from the diff", contact: "differ" },
    });
    await rpc(device, "set", one("/system/information", { action: "delete" }));
    expect((await rpc(device, "diff", change)).result).toEqual([
      '  {\n    "system": {\n+     "information": {\n+       "contact": "differ",\n+       "location": "from the diff"\n+     }\n    }\n  }\n',
    ]);
    expect((await rpc(device, "diff", { ...change, "output-format": "text" })).result).toEqual([
      '      system {\n+         information {\n+             contact differ\n+             location "from the diff"\n+         }\n      }\n',
    ]);
    expect(await rpc(device, "validate", change)).toMatchObject({ result: [{}] });
    expect(device.applyCount()).toBe(1);
    await rpc(device, "set", change);
    expect((await rpc(device, "diff", change)).result).toEqual([]);
  });

  test("confirm-timeout: seconds, taken back on the clock, kept by a tool from anywhere", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    expect((await rpc(device, "set", { commands: [DESCRIBE], "confirm-timeout": 0 })).error?.message).toContain(
      "confirm-timeout",
    );
    await rpc(device, "set", { commands: [DESCRIBE], "confirm-timeout": 30 });
    const pending = async () =>
      (await rpc(device, "get", one("/system/configuration/commit[id=*]", { datastore: "state" }))).result;
    expect(await pending()).toMatchObject([
      {
        commit: [
          { id: 1, status: "complete" },
          { id: 2, type: "private", status: "unconfirmed" },
        ],
      },
    ]);
    expect((await rpc(device, "set", { commands: [DESCRIBE] })).error?.message).toContain("in progress");
    clock.advance(30_000);
    expect(device.runningConfig()).toBe(before);
    expect(await pending()).toMatchObject([{ commit: [{ id: 1 }, { id: 2, status: "failed" }] }]);
    await rpc(device, "set", { commands: [DESCRIBE], "confirm-timeout": 30 });
    const accept = {
      datastore: "tools",
      commands: [{ action: "update", path: "/system/configuration/confirmed-accept" }],
    };
    expect(await rpc(device, "set", accept)).toMatchObject({ result: [{}] });
    clock.advance(30_000);
    expect(await described(device)).toEqual(["by-us"]);
    expect((await rpc(device, "set", accept)).error?.message).toContain("No confirmed commit is in progress");
    await rpc(device, "set", {
      commands: [{ action: "update", path: "/interface[name=ethernet-1/1]/description:again" }],
      "confirm-timeout": 30,
    });
    await rpc(device, "set", {
      datastore: "tools",
      commands: [{ action: "update", path: "/system/configuration/confirmed-reject" }],
    });
    expect(await described(device)).toEqual(["by-us"]);
    expect(device.pendingRollback()).toBeUndefined();
  });

  test("runs command lines: a session for each request, JSON for each or one text", async () => {
    const { device } = await boot();
    expect((await rpc(device, "cli", { commands: ["interface mgmt0", "info"] })).result).toMatchObject([
      {},
      { name: "mgmt0", "admin-state": "enable" },
    ]);
    expect((await rpc(device, "cli", { commands: ["show version"] })).result).toMatchObject([
      { "basic system info": { Hostname: "s0001-leaf1", "Serial Number": device.serial } },
    ]);
    expect(
      (await rpc(device, "cli", { commands: ["pwc", "info flat system name"], "output-format": "text" })).result,
    ).toEqual(["/\nset / system name host-name s0001-leaf1\n"]);
    const lines = [
      "enter candidate",
      '/interface ethernet-1/1 {\n  description "a new one"\n  admin-state enable\n}',
      "commit now",
    ];
    expect((await rpc(device, "cli", { commands: lines })).result).toEqual([
      {},
      {},
      { text: "All changes have been committed. Leaving candidate mode.\n" },
    ]);
    expect(device.applies()).toMatchObject([{ via: "api" }]);
    expect((await rpc(device, "cli", { commands: ["show nothing"] })).error?.message).toMatch(
      /^Parsing error: Unknown token 'nothing'/,
    );
    expect((await rpc(device, "cli", { commands: ['info "'] })).error?.message).toContain("Parsing error");
  });

  test("a configuration that shuts the API shuts it, and the terminal stays", async () => {
    const { device, clock } = await boot();
    const shut = { action: "update", path: "/system/json-rpc-server/admin-state:disable" };
    await rpc(device, "set", { commands: [shut], "confirm-timeout": 60 });
    await expect(rpc(device, "get", one("/"))).rejects.toThrow();
    expect((await execOnce(device, "info flat from running system json-rpc-server")).text).toContain(
      "admin-state disable",
    );
    clock.advance(60_000);
    expect((await rpc(device, "get", one("/system/name"))).result).toBeDefined();
  });

  test("a named candidate stays between requests, and a failed one leaves it behind", async () => {
    const { device } = await boot();
    const enter = "enter candidate private name job";
    await rpc(device, "cli", {
      commands: [enter, "interface ethernet-1/1 description staged", "interface ethernet-1/1 colour red"],
    });
    const { result } = await rpc(device, "cli", { commands: [enter, "diff"], "output-format": "text" });
    expect(result).toEqual([expect.stringMatching(/^Candidate 'job' is not empty\n[^]*\+ {9}description staged\n/)]);
    await rpc(device, "cli", { commands: [enter, "discard now"] });
    expect(
      (await rpc(device, "get", one("/system/configuration/candidate[name=*]", { datastore: "state" }))).result,
    ).toEqual([{}]);
  });
});

describe("faults on JSON-RPC", () => {
  const set = (device: SimulatedDevice) => rpc(device, "set", { commands: [DESCRIBE], "confirm-timeout": 60 });

  test("hang and a silent AAA server answer nothing", async () => {
    const { device } = await boot();
    device.setFault({ kind: "hang", at: "^set " });
    const gone = new AbortController();
    const waiting = send(
      device,
      JSON.stringify({ jsonrpc: "2.0", id: 1, method: "set", params: { commands: [DESCRIBE] } }),
      { signal: gone.signal },
    );
    await rpc(device, "get", one("/system/name"));
    gone.abort();
    await expect(waiting).rejects.toThrow();
    expect(device.applyCount()).toBe(0);
    device.setFault({ kind: "aaa-down", how: "refuse" });
    expect((await send(device, "{}")).status).toBe(401);
  });

  test("drop before does nothing, drop after has done it", async () => {
    const { device } = await boot();
    device.setFault({ kind: "drop", at: "^set ", moment: "before" });
    await expect(set(device)).rejects.toThrow();
    expect(device.applyCount()).toBe(0);
    device.setFault({ kind: "drop", at: "^set ", moment: "after" });
    await expect(set(device)).rejects.toThrow();
    expect(device.applyCount()).toBe(1);
    expect(device.pendingRollback()).toBeDefined();
  });

  test("refused lines, missing rights", async () => {
    const { device } = await boot();
    device.setFault({ kind: "refuse-line", match: "description" });
    expect((await set(device)).error?.message).toMatch(/^Path not valid - unknown element/);
    device.clearFault();
    device.setFault({ kind: "authorization-denied", match: "ethernet-1/1" });
    expect((await set(device)).error?.message).toContain("not authorized to write to path");
    expect((await rpc(device, "cli", { commands: ["show interface ethernet-1/1"] })).error?.message).toContain(
      "not authorized",
    );
    device.clearFault();
    device.setFault({ kind: "wrong-privilege" });
    expect((await set(device)).error?.message).toContain("not authorized");
    expect((await rpc(device, "get", one("/system/name"))).result).toBeDefined();
    expect(device.applyCount()).toBe(0);
  });

  test("a change that cuts its own way cuts this door too, until it is taken back", async () => {
    const { device, clock } = await boot();
    device.setFault({ kind: "unreachable-after-apply", match: "by-us" });
    await set(device).catch(() => {});
    await expect(rpc(device, "get", one("/"))).rejects.toThrow();
    clock.advance(60_000);
    expect((await rpc(device, "get", one("/system/name"))).result).toBeDefined();
    expect(device.runningConfig()).not.toContain("by-us");
  });

  test("confirm-lost: the tool says yes and the timer runs on; a reboot ends it", async () => {
    const { device, clock } = await boot();
    const accept = {
      datastore: "tools",
      commands: [{ action: "update", path: "/system/configuration/confirmed-accept" }],
    };
    device.setFault({ kind: "confirm-lost" });
    await set(device);
    expect((await rpc(device, "set", accept)).result).toEqual([{}]);
    clock.advance(60_000);
    expect(device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "timer" });
    device.setFault({ kind: "reboot-before-confirm", afterMs: 1000, bootMs: 1000 });
    await set(device);
    clock.advance(1000);
    await expect(rpc(device, "get", one("/"))).rejects.toThrow();
    clock.advance(1000);
    expect(await described(device)).not.toEqual(["by-us"]);
  });

  test("a full table of sessions closes the connection", async () => {
    const { device } = await boot();
    device.setFault({ kind: "full-session-table" });
    await expect(rpc(device, "get", one("/"))).rejects.toThrow();
  });
});
