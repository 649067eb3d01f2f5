import { generateHelpTextForAllCommands, type Application, type CommandContext } from "@stricli/core";
import { statSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256, utf8 } from "../../shared/bytes.ts";
import { Grant } from "../../shared/documents/grant.ts";
import { checkEnvelope, parseEnvelope, peekPayload, signEnvelope, type Envelope } from "../../shared/envelope.ts";
import type { DeviceId, PersonId } from "../../shared/ids.ts";
import { generateBoxJwk, generateSigningJwk, signerFrom } from "../../shared/keys.ts";
import { Secret } from "../../shared/secret.ts";
import { id, makeOrg, type TestOrg } from "../../shared/testing/org.ts";
import { nextUpdate } from "../../shared/testing/trust-set.ts";
import { openAgents, openInventory } from "../../shared/trust.ts";
import { fileOfUpdate } from "../../shared/tuf/file.ts";
import { rootFingerprint } from "../../shared/tuf/set.ts";
import { farhand } from "./app.ts";
import { hubCommands, listenAddress } from "./hub-commands.ts";
import { makeKeyFile, writeKeyFile } from "./keys/key-file.ts";
import { DIFF, JOB } from "./testing/bundle.ts";
import { assignmentView, jobView, taskView } from "./testing/views.ts";
import { errorResponse, eventStream, trustHub, trustOf, World } from "./testing/world.ts";
import { openAnchor } from "./trust/anchor.ts";

const PASSPHRASE = "correct horse battery";
const made = await makeKeyFile("kim" as PersonId, "Ed25519", new Secret(PASSPHRASE), { n: 2 ** 10, r: 8, p: 1 });
const own = await signerFrom(made.jwk);
/** Kim and Ann share a hand here: one key file serves every test. */
const org: TestOrg = await makeOrg({
  keyadmins: [own],
  keys: (keys) => ({
    ...keys,
    people: [
      ...keys.people,
      {
        id: "own" as PersonId,
        name: "Own",
        keys: [{ kid: own.kid, publicKey: own.publicKey }],
        roles: [
          { role: "keyadmin", sites: ["*"] },
          { role: "author", sites: ["*"] },
        ],
      },
    ],
  }),
});

let world: World;
let put: Envelope[];
const took =
  (answer: object) =>
  ({ body }: { body: unknown }) => {
    put.push(checkEnvelope(body));
    return answer;
  };
beforeEach(() => {
  world = new World().trusting(org);
  put = [];
  writeKeyFile(world.path("own.key.json"), made.file);
  world.write("pass", PASSPHRASE);
});
afterEach(() => world[Symbol.dispose]());
const key = ["--key", "own.key.json", "--passphrase-file", "pass"];

it("has examples in the help of every command", () => {
  const never = () => Promise.reject(new Error("not run"));
  const app = farhand("0", hubCommands({ init: never, serve: never, token: never }));
  // The help of a command does not depend on its context.
  const all = generateHelpTextForAllCommands(app as unknown as Application<CommandContext>);
  expect(all.length).toBeGreaterThan(25);
  for (const [route, help] of all)
    expect({ route, examples: help.includes(`EXAMPLES\n  ${route}`) }).toEqual({ route, examples: true });
});

it("ends with 64 and a correction where the command line is not understood", async () => {
  expect(await world.run("grnat", "list")).toMatchObject({
    exit: 64,
    err: expect.stringContaining("did you mean `grant`") as string,
  });
  expect(await world.run("grant", "list", "--jsn")).toMatchObject({
    exit: 64,
    err: expect.stringContaining("--json") as string,
  });
});

it("ends with 4 without a valid token, and says so in JSON", async () => {
  world.hub({ "GET /api/v1/agents": () => errorResponse(401, "UNAUTHORIZED", null) });
  const { exit, err, out } = await world.run("agent", "list", "--json");
  expect({ exit, out }).toEqual({ exit: 4, out: "" });
  expect(JSON.parse(err)).toMatchObject({ schema: "farhand.error/1", code: "UNAUTHORIZED" });
});

it("needs a trust file that the person trusts before it shows anything of the hub's", async () => {
  world.hub({ "GET /api/v1/trust": () => trustOf(org) });
  expect(await world.run("inventory", "list", "--trust", "none.json")).toMatchObject({ exit: 1 });
  expect((await world.run("inventory", "list")).out).toContain("ams-r1");
});

it("takes no older trust documents than it has seen", async () => {
  const hub = trustHub(org);
  world.hub(hub.answers);
  const { set } = org.view;
  const agents = await signEnvelope("farhand-agents+jws", { ...org.agentsDocument.document, version: 2 }, [own]);
  const newer = fileOfUpdate(await nextUpdate(set, [own], { agents }, org.nowSeconds * 1000));
  await hub.answers["PUT /api/v1/trust"]?.({
    url: new URL("https://hub.test"),
    body: newer,
    bytes: new Uint8Array(),
    headers: new Headers(),
  });
  expect((await world.run("inventory", "list")).exit).toBe(0);
  world.hub({ "GET /api/v1/trust": () => trustOf(org) });
  expect(await world.run("inventory", "list")).toMatchObject({
    exit: 1,
    err: expect.stringContaining("timestamp.json is version 1 here, and was version 2 before") as string,
  });
});

describe("trust init", () => {
  it("makes people's keys under a passphrase and a trust file that opens", async () => {
    const hub = await signerFrom(await generateSigningJwk());
    world.write("hub-key.json", JSON.stringify({ schema: "farhand.hub-key/1", id: "hub-1", publicKey: hub.publicKey }));
    const args = [
      "trust",
      "init",
      "--org",
      "acme",
      "--hub-key-file",
      "hub-key.json",
      "--keyadmin",
      "kim",
      "--author",
      "ann=Ann Author",
      "--out",
      "trust",
      "--passphrase-file",
      "pass",
      "--json",
    ];
    expect((await world.run(...args, "--approver", "ann")).err).toContain("THRESHOLD");
    const { exit, out } = await world.run(...args, "--approver", "bob,ann");
    expect(exit).toBe(0);
    const anchor = await openAnchor(readFileSync(world.path("trust/trust.json")));
    const store = anchor.keys;
    const fingerprint = rootFingerprint(anchor.set.root);
    expect(JSON.parse(out)).toMatchObject({ fingerprint });
    expect(store.keys.document.people.map(({ id: person, roles }) => [person, roles.map((role) => role.role)])).toEqual(
      [
        ["ann", ["author", "approver"]],
        ["bob", ["approver"]],
        ["kim", ["keyadmin"]],
      ],
    );
    expect(store.policyOf(id.ams)?.rules).toMatchObject({
      change: { approvers: 1, onePerson: false },
      destructive: { approvers: 2 },
    });
    for (const name of ["ann", "bob", "kim", "kim.root", "safe.root", "recovery"]) {
      expect(statSync(world.path(`trust/${name}.key.json`)).mode & 0o777).toBe(0o600);
      expect(readFileSync(world.path(`trust/${name}.key.json`), "utf8")).not.toContain('"d"');
    }
    expect((await world.run(...args, "--approver", "bob")).err).toContain("CONFLICT");
    expect((await world.run("trust", "show", "trust/trust.json")).out).toContain(fingerprint);
  });
});

describe("inventory import", () => {
  const yaml = (address: string) =>
    JSON.stringify({
      org: "acme",
      defaults: { platform: "cisco_iosxe", credential: "lab" },
      sites: [{ id: "ams", wayHome: [] }],
      devices: [
        {
          id: "r1",
          site: "ams",
          address,
          hostKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
        },
      ],
    });

  it("signs the next version, and leaves what has not changed", async () => {
    world.write("inventory.yaml", yaml("192.0.2.1"));
    const hub = trustHub(org);
    world.hub(hub.answers);
    expect((await world.run("inventory", "import", "inventory.yaml", ...key, "--publish")).exit).toBe(0);
    const published = hub.put[0]?.documents?.inventory;
    if (!published) throw new Error("nothing was published");
    expect((await openInventory(parseEnvelope(published), org.trust)).inventory.document).toMatchObject({
      version: 2,
      devices: [{ id: "r1", port: 22 }],
    });
    const again = await world.run("inventory", "import", "inventory.yaml", ...key, "--publish", "--json");
    expect(JSON.parse(again.out)).toMatchObject({ changed: false, version: 2 });
    expect(hub.put).toHaveLength(1);
  });

  it("names file, line and column, and asks for no passphrase first", async () => {
    world.write("inventory.yaml", "org: acme\nsites: []\ndevicse: []\n");
    const { exit, err } = await world.run("inventory", "import", "inventory.yaml", "--key", "missing", "--publish");
    expect(exit).toBe(1);
    expect(err).toContain("inventory.yaml:3:1: unknown member devicse; did you mean devices?");
  });
});

describe("agents", () => {
  const pending = async () => {
    const sign = await signerFrom(await generateSigningJwk());
    const box = await generateBoxJwk();
    return {
      id: "agent-new",
      site: "ams",
      kid: sign.kid,
      signKey: sign.publicKey,
      boxKey: box.x,
      status: "pending",
      contact: "LIVE",
      lastSeenMs: null,
      software: null,
      running: 0,
      quarantine: null,
    };
  };

  it("countersigns exactly the key whose fingerprint the person read", async () => {
    const agent = await pending();
    const hub = trustHub(org);
    world.hub({ ...hub.answers, "GET /api/v1/agents": () => ({ agents: [agent] }) });
    expect((await world.run("agent", "approve", "agent-new", "--fingerprint", agent.kid, ...key)).exit).toBe(0);
    const published = hub.put[0]?.documents?.agents;
    if (!published) throw new Error("nothing was published");
    const { document } = await openAgents(parseEnvelope(published), org.trust);
    expect({ version: document.version, ids: document.agents.map((entry) => entry.id) }).toEqual({
      version: 2,
      ids: ["agent-ams", "agent-lon", "agent-new"],
    });
  });

  it("are banned by a keyadmin's signature, for good", async () => {
    const hub = trustHub(org);
    const agent = await pending();
    world.hub({
      ...hub.answers,
      "GET /api/v1/agents": () => ({ agents: [{ ...agent, id: "agent-ams" }] }),
      "POST /api/v1/agents/agent-ams/kick": () => ({ live: true }),
    });
    const ban = ["agent", "ban", "agent-ams", "--reason", "stolen", ...key];
    expect((await world.run(...ban)).exit).toBe(0);
    const published = hub.put[0]?.documents?.agents;
    if (!published) throw new Error("nothing was published");
    const { document } = await openAgents(parseEnvelope(published), org.trust);
    expect(document.version).toBe(2);
    expect(document.agents.map(({ id: agentId, status, reason }) => [agentId, status, reason])).toEqual([
      ["agent-ams", "banned", "stolen"],
      ["agent-lon", "active", undefined],
    ]);
    expect((await world.run(...ban)).err).toContain("CONFLICT");
    expect((await world.run("agent", "ban", "agent-amz", "--reason", "x", ...key)).err).toContain("agent-ams");
    const approve = ["agent", "approve", "agent-ams", "--fingerprint", agent.kid, ...key];
    expect((await world.run(...approve)).err).toContain("ID_SPENT");
    expect(hub.put).toHaveLength(1);
    expect((await world.run("agent", "kick", "agent-ams")).out).toContain("is closed");
  });

  it("refuses a hub that shows another key under the same name", async () => {
    const [agent, other] = [await pending(), await pending()];
    world.hub({
      "GET /api/v1/trust": () => trustOf(org),
      "GET /api/v1/agents": () => ({ agents: [{ ...other, kid: agent.kid }] }),
    });
    expect((await world.run("agent", "approve", "agent-new", "--fingerprint", agent.kid, ...key)).err).toContain(
      "CHALLENGE",
    );
    expect(put).toEqual([]);
  });

  it("writes a join token that pins the trusted root", async () => {
    world.hub({
      "GET /api/v1/trust": () => trustOf(org),
      "POST /api/v1/invites": () => ({ id: "i", secret: "s", url: "https://hub.test", ca: "PEM", expiresMs: 1 }),
    });
    expect((await world.run("agent", "invite", "agent-new", "--site", "ams", "--out", "new.join")).exit).toBe(0);
    expect(statSync(world.path("new.join")).mode & 0o777).toBe(0o600);
    const token: unknown = JSON.parse(
      Buffer.from(readFileSync(world.path("new.join"), "utf8").trim(), "base64url").toString(),
    );
    expect(token).toEqual({
      v: 1,
      url: "https://hub.test",
      ca: "PEM",
      org: "acme",
      site: "ams",
      agent: "agent-new",
      root: rootFingerprint(org.view.set.root),
      id: "i",
      secret: "s",
    });
  });
});

it("signs a grant under the author's own policy", async () => {
  world.hub({ "GET /api/v1/trust": () => trustOf(org), "PUT /api/v1/grants": took({ id: "ask", sha256: sha256("") }) });
  const args = ["grant", "create", "--id", "ask", "--site", "ams", "--kind", "run", "--rate", "5", ...key];
  expect((await world.run(...args)).exit).toBe(64);
  expect((await world.run(...args, "--command", "show version")).exit).toBe(0);
  const [envelope] = put;
  if (!envelope) throw new Error("nothing was published");
  expect(Grant.parse(peekPayload(envelope))).toMatchObject({
    author: "own",
    kinds: ["run"],
    commands: ["show version"],
    inventory: org.inventory.digest,
  });
  // Two platforms' tables, and what both ask only once.
  expect((await world.run(...args, "--tables", "cisco_iosxe", "--tables", "frr_linux")).exit).toBe(0);
  const { commands } = Grant.parse(peekPayload(put[1] ?? envelope));
  expect(commands).toEqual(expect.arrayContaining(["show ip interface brief", "show bgp summary json"]));
  expect(new Set(commands).size).toBe(commands.length);
  expect((await world.run(...args, "--tables", "snmp_generic")).err).toContain("CHECKS_UNSUPPORTED");
});

describe("plan change", () => {
  const atMs = 1;
  const plan = (diff: string, over: Parameters<typeof taskView>[1] = {}) => {
    const texts: string[] = [];
    const bodies: unknown[] = [];
    world.write("edge.j2", 'hostname {{ device.id }}\nsnmp {{ secret("snmp") }} {{ location|upper }}\n');
    world.write("vars.yaml", "all: { location: nowhere }\nsites: { ams: { location: amsterdam } }\n");
    const task = taskView("ams-r1", { state: "QUEUED", plannedDiff: sha256(diff), ...over });
    const view = jobView({ kind: "change", state: "PENDING_APPROVAL", assignments: [assignmentView([task])] });
    world.hub({
      "GET /api/v1/trust": () => trustOf(org),
      "POST /api/v1/blobs": ({ bytes }) => {
        texts.push(new TextDecoder().decode(bytes));
        return { sha256: sha256(bytes), bytes: bytes.length };
      },
      "POST /api/v1/jobs": ({ body }) => {
        bodies.push(body);
        return jobView({ kind: "change", state: "DRAFT" });
      },
      "GET /api/v1/events": () =>
        eventStream([{ type: "job", id: 1, atMs, job: JOB, state: "PENDING_APPROVAL" } as { id: number }]),
      [`GET /api/v1/jobs/${JOB}`]: () => view,
      [`GET /api/v1/blobs/${sha256(diff)}`]: () => utf8(diff),
    });
    const run = () =>
      world.run(
        "plan",
        "change",
        "--template",
        "edge.j2",
        "--vars",
        "vars.yaml",
        "--select",
        "device=ams-r1",
        "--author",
        "ann",
        "--grant",
        "reads",
        "--title",
        "t",
      );
    return { texts, bodies, run };
  };

  it("renders, uploads, waits, shows the diff and ends with 2", async () => {
    const { texts, bodies, run } = plan(DIFF);
    const { exit, out, err } = await run();
    expect({ exit, texts }).toEqual({ exit: 2, texts: ['hostname ams-r1\nsnmp ‹secret("snmp")› AMSTERDAM\n'] });
    expect(bodies).toMatchObject([
      { kind: "change", texts: [{ device: "ams-r1", text: { sha256: sha256(texts[0] ?? "") } }] },
    ]);
    expect(out).toContain("+ ntp server 192.0.2.9");
    expect(err).toContain(`next: farhand sign ${JOB}`);
    const record = readFileSync(world.path(`.local/state/farhand/plans/${JOB}.json`), "utf8");
    expect(JSON.parse(record)).toMatchObject({
      job: JOB,
      texts: [{ device: "ams-r1" as DeviceId, text: { sha256: sha256(texts[0] ?? "") } }],
    });
  });

  it("ends with 0 where nothing would change, with 1 where a device has no plan", async () => {
    expect((await plan("[]").run()).exit).toBe(0);
    const failed = await plan(DIFF, { plannedDiff: null, code: "CONNECT_TIMEOUT" }).run();
    expect(failed).toMatchObject({ exit: 1, out: expect.stringContaining("CONNECT_TIMEOUT") as string });
  });

  it("sends nothing when a variable is undefined", async () => {
    const { bodies, texts, run } = plan(DIFF);
    world.write("vars.yaml", "all: { loaction: x }\n");
    expect(await run()).toMatchObject({
      exit: 1,
      err: expect.stringContaining("edge.j2:2: undefined value: location (ams-r1)") as string,
    });
    expect({ bodies, texts }).toEqual({ bodies: [], texts: [] });
  });

  it("names the line of a variable for a device that does not exist", async () => {
    const { run } = plan(DIFF);
    world.write("vars.yaml", "all: { location: x }\ndevices:\n  ams-r9: { a: 1 }\n");
    expect((await run()).err).toContain("vars.yaml:3:3: no device ams-r9; did you mean ams-r1?");
  });
});

describe("device diff", () => {
  const snapshot = (takenMs: number, config: string) => ({
    device: "ams-r1",
    takenMs,
    job: JOB,
    public: { sha256: sha256(config), bytes: config.length },
    keyGeneration: 1,
    sealed: null,
    notRestorable: null,
  });
  const configs = ["interface e0\n mtu 1500\n", "interface e0\n mtu 9000\n description x\u001b[2J\n"];
  let baseline: { config: string; atMs: number; by: string | null; reason: string | null } | null = null;
  const serve = (...order: string[]) =>
    world.hub({
      "GET /api/v1/devices/ams-r1/history": () => ({
        snapshots: order.map((config, index) => snapshot(100 - index, config)),
        next: null,
        baseline,
        adoptions: [],
      }),
      ...Object.fromEntries(configs.map((config) => [`GET /api/v1/blobs/${sha256(config)}`, () => utf8(config)])),
    });
  const [before = "", after = ""] = configs;

  it("shows the newest change and ends with 2", async () => {
    serve(after, after, before, before);
    const { exit, out } = await world.run("device", "diff", "ams-r1");
    expect(exit).toBe(2);
    expect(out.split("\n").slice(1, 5)).toEqual([
      "    interface e0",
      "  -   mtu 1500",
      "  +   description x\\u{1b}[2J",
      "  +   mtu 9000",
    ]);
  });

  it("compares with what was adopted, where the device is another now", async () => {
    baseline = { config: sha256(before), atMs: 1, by: "ann", reason: "by hand" };
    serve(after, "hostname x\n", before);
    expect((await world.run("device", "diff", "ams-r1", "--json")).out).toContain(`"from":"${sha256(before)}"`);
    baseline = null;
  });

  it("ends with 0 where nothing differs, and takes short digests", async () => {
    serve(after, after);
    expect((await world.run("device", "diff", "ams-r1")).exit).toBe(0);
    serve(after, before);
    const from = sha256(after).slice(0, 6);
    expect((await world.run("device", "diff", "ams-r1", "--from", from, "--to", from)).exit).toBe(0);
    expect((await world.run("device", "diff", "ams-r1", "--from", "zzzz")).exit).toBe(1);
  });
});

it("reads where to listen", () => {
  expect(listenAddress("127.0.0.1:0")).toEqual({ host: "127.0.0.1", port: 0 });
  expect(listenAddress("[::1]:8443")).toEqual({ host: "::1", port: 8443 });
  expect(listenAddress(":8443")).toEqual({ host: "0.0.0.0", port: 8443 });
  for (const wrong of ["8443", "::1:8443", "a:b", "a:70000"]) expect(() => listenAddress(wrong)).toThrow("USAGE");
});

it("remembers where the hub is, and never a secret", async () => {
  world.hub({
    "GET /api/v1/trust": () => trustOf(org),
    "GET /api/v1/status": () => ({
      org: "acme",
      hub: "hub-1",
      version: "1",
      trust: { root: 1, timestamp: 1, snapshot: 1, targets: 1 },
      trustExpiresMs: null,
      inventory: null,
      startedMs: 0,
    }),
  });
  expect((await world.run("login", "--json")).exit).toBe(0);
  const config = readFileSync(world.path(".config/farhand/config.yaml"), "utf8");
  expect(config).toContain(world.path("trust.json"));
  expect(config).not.toContain("secret-token");
});
