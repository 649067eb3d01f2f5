// The SNMP engine against an agent that answers, lies, hangs and forges.
import { inspect } from "node:util";
import snmp from "net-snmp";
import { afterEach, describe, expect, it } from "vitest";
import { ManualClock, systemClock, type Clock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import {
  CredentialValue,
  secretsOf,
  snmpSecurity,
  snmpValue,
  type SnmpSecurity,
  type SnmpValue,
} from "../../shared/secret.ts";
import { SnmpClient } from "../../drivers/engines/snmp/client.ts";
import { compareOids } from "../../drivers/engines/snmp/oid.ts";
import { TEXT_CHARACTERS_MAX, textOf, type Varbind } from "../../drivers/engines/snmp/values.ts";
import { walkColumns, type WalkedRow, type WalkOptions } from "../../drivers/engines/snmp/walk.ts";
import type { FaultInput } from "../../simulators/snmp/faults.ts";
import { startSnmpAgent, type SnmpAgent, type SnmpUser } from "../../simulators/snmp/index.ts";
import { credentialOf, openSnmp, rowsOf } from "./snmp-support.ts";

const SYS_NAME = "1.3.6.1.2.1.1.5.0";
const IF_TABLE = "1.3.6.1.2.1.2.2";
const AUTH = "correct horse battery";
const PRIVACY = "staple and then some";
const COMMUNITY = "c0mmunity-of-the-lab";

const user: SnmpUser = {
  name: "farhand",
  auth: "sha256",
  authPassphrase: AUTH,
  privacy: "aes128",
  privacyPassphrase: PRIVACY,
};
const v3: SnmpValue = {
  version: "3",
  authProtocol: "sha256",
  authPassphrase: AUTH,
  privacy: { protocol: "aes128", passphrase: PRIVACY },
};
const v2c: SnmpValue = { version: "2c", community: COMMUNITY };

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function agentWith(clock: Clock, faults: readonly FaultInput[] = [], interfaces = 4): Promise<SnmpAgent> {
  const agent = await startSnmpAgent(
    { users: [user, ...MORE_USERS], communities: [COMMUNITY], device: { interfaces } },
    { clock },
  );
  closing.push(() => agent.stop());
  for (const fault of faults) agent.setFault(fault);
  return agent;
}

interface Asked {
  readonly clock?: Clock;
  readonly value?: SnmpValue;
  readonly username?: string;
  readonly retries?: number;
  readonly signal?: AbortSignal;
}

function clientOf(agent: Pick<SnmpAgent, "port">, asked: Asked = {}): SnmpClient {
  const security: SnmpSecurity = snmpSecurity(asked.value ?? v3);
  const client = new SnmpClient({
    address: "127.0.0.1",
    port: agent.port,
    username: asked.username ?? "farhand",
    security,
    clock: asked.clock ?? systemClock,
    signal: asked.signal ?? new AbortController().signal,
    requestMs: 5000,
    retries: asked.retries ?? 0,
  });
  closing.push(() => client.close());
  return client;
}

const MORE_USERS: readonly SnmpUser[] = (["sha1", "sha224", "sha256", "sha384", "sha512"] as const).flatMap((auth) =>
  (["aes128", "aes256-blumenthal", "aes256-reeder"] as const).map((privacy) => ({
    name: `${auth}-${privacy}`,
    auth,
    authPassphrase: AUTH,
    privacy,
    privacyPassphrase: PRIVACY,
  })),
);

async function failure(run: Promise<unknown>): Promise<{ code: string; detail: string }> {
  try {
    await run;
  } catch (error) {
    if (error instanceof FarhandError) return { code: error.code, detail: error.detail ?? "" };
    throw error;
  }
  throw new Error("nothing was refused");
}

const hex = (text: string): string => Buffer.from(text).toString("hex");

async function walked(client: SnmpClient, root: string, options: Partial<WalkOptions> = {}): Promise<Varbind[]> {
  const found: Varbind[] = [];
  await walkColumns(client, [root], {
    objects: 10,
    rowsMax: 10_000,
    bytesMax: 1_000_000,
    sink: (rows) => {
      for (const { index, data } of rows)
        for (const datum of data) if (datum) found.push({ oid: `${root}.${index}`, datum });
    },
    ...options,
  });
  return found;
}

describe("get and walk", () => {
  it.each(MORE_USERS.map(({ name, auth, privacy }) => ({ name, auth, privacy })))(
    "reads over version 3 with $auth and $privacy",
    async ({ name, auth, privacy }) => {
      const agent = await agentWith(systemClock);
      if (!privacy) throw new Error("no privacy");
      const value: SnmpValue = {
        version: "3",
        authProtocol: auth,
        authPassphrase: AUTH,
        privacy: { protocol: privacy, passphrase: PRIVACY },
      };
      const client = clientOf(agent, { value, username: name });
      expect(await client.get([SYS_NAME])).toEqual([
        { oid: SYS_NAME, datum: { type: "octets", hex: hex("sw1.lab.example.net") } },
      ]);
    },
  );

  it("reads over version 2c", async () => {
    const agent = await agentWith(systemClock);
    const [name, absent] = await clientOf(agent, { value: v2c }).get([SYS_NAME, "1.3.6.1.2.1.1.99.0"]);
    expect(name?.datum).toEqual({ type: "octets", hex: hex("sw1.lab.example.net") });
    expect(absent?.datum).toEqual({ type: "noSuchInstance" });
  });

  it("walks a table to its end and no further, whatever one answer holds", async () => {
    const agent = await agentWith(systemClock, [], 60);
    const rows = await walked(clientOf(agent), IF_TABLE);
    expect(rows).toHaveLength(60 * 15);
    expect(rows.every(({ oid }) => oid.startsWith(`${IF_TABLE}.`))).toBe(true);
    expect(await walked(clientOf(agent, { value: v2c }), IF_TABLE, { objects: 50 })).toHaveLength(900);
    expect(agent.sets()).toBe(0);
  });
});

/** A request of which the client's own clock decides the end: moved on as soon as the agent has heard so many datagrams. */
async function timedOut(
  clock: ManualClock,
  agent: SnmpAgent,
  run: Promise<unknown>,
  waits: readonly (readonly [heard: number, ms: number])[],
): Promise<{ code: string; detail: string }> {
  const failed = failure(run);
  for (const [heard, ms] of waits) {
    await agent.heard(heard);
    clock.advance(ms);
  }
  return failed;
}

describe("an agent that is wrong", () => {
  it("says nothing: CONNECT_TIMEOUT after the tries, each twice as patient", async () => {
    const clock = new ManualClock();
    const agent = await agentWith(clock, [{ kind: "hang" }]);
    const run = clientOf(agent, { clock, retries: 2 }).get([SYS_NAME]);
    const { code, detail } = await timedOut(clock, agent, run, [
      [1, 5000],
      [2, 10_000],
      [3, 20_000],
    ]);
    expect({ code, detail }).toEqual({ code: "CONNECT_TIMEOUT", detail: "SNMP: no answer" });
    expect(agent.requests()).toBe(3);
  });

  it("falls silent later: COMMAND_TIMEOUT", async () => {
    const clock = new ManualClock();
    const agent = await agentWith(clock, [{ kind: "hang", from: 3 }]);
    const client = clientOf(agent, { clock });
    await client.get([SYS_NAME]);
    expect((await timedOut(clock, agent, client.get([SYS_NAME]), [[3, 5000]])).code).toBe("COMMAND_TIMEOUT");
  });

  it("loses two answers: the third try has it", async () => {
    const clock = new ManualClock();
    const agent = await agentWith(clock, [{ kind: "drop", count: 2 }]);
    const got = clientOf(agent, { clock, retries: 2 }).get([SYS_NAME]);
    await agent.heard(1);
    clock.advance(5000);
    await agent.heard(2);
    clock.advance(10_000);
    expect((await got)[0]?.datum).toMatchObject({ type: "octets" });
  });

  it("is not there: CONNECT_REFUSED", async () => {
    const agent = await startSnmpAgent({}, { clock: systemClock });
    await agent.stop();
    expect((await failure(clientOf(agent).get([SYS_NAME]))).code).toBe("CONNECT_REFUSED");
  });

  it.each<[string, FaultInput, string]>([
    ["cuts its answers off", { kind: "truncated", by: 3 }, "a length beyond its container"],
    ["answers without a signature", { kind: "unsigned-answers" }, "not authentic"],
    ["answers with a forged digest", { kind: "forged-digest" }, "not authentic"],
  ])("%s: as if it had said nothing, and then DEVICE_ANSWER", async (_, fault, why) => {
    const clock = new ManualClock();
    const agent = await agentWith(clock);
    const client = clientOf(agent, { clock });
    await client.get([SYS_NAME]);
    agent.setFault(fault);
    const { code, detail } = await timedOutAfter(clock, client.get([SYS_NAME]));
    expect({ code, detail }).toEqual({ code: "DEVICE_ANSWER", detail: expect.stringContaining(why) as string });
  });

  it("answers for other objects", async () => {
    const agent = await agentWith(systemClock, [{ kind: "other-objects" }]);
    expect(await failure(clientOf(agent).get([SYS_NAME]))).toEqual({
      code: "DEVICE_ANSWER",
      detail: "it answers for other objects than were asked for",
    });
  });

  it("denies by its access control: AUTHORIZATION_DENIED, with the object", async () => {
    const agent = await agentWith(systemClock, [{ kind: "authorization-denied", below: "1.3.6.1.2.1.1" }]);
    const { code, detail } = await failure(clientOf(agent).get([SYS_NAME]));
    expect({ code, detail }).toEqual({
      code: "AUTHORIZATION_DENIED",
      detail: `SNMP authorizationError for ${SYS_NAME}`,
    });
  });
});

/** Waits until the client has judged what came, which nothing outside shows: the clock moves in small steps until it is over. */
async function timedOutAfter(clock: ManualClock, run: Promise<unknown>): Promise<{ code: string; detail: string }> {
  let isOver = false;
  const failed = failure(run).finally(() => (isOver = true));
  for (let turn = 0; turn < 10_000 && !isOver; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (turn > 200) clock.advance(1);
  }
  return failed;
}

describe("a walk", () => {
  it.each<[string, FaultInput]>([
    ["that goes back to its start", { kind: "looping-walk", after: 25 }],
    ["in reverse", { kind: "wrong-order" }],
  ])("%s is stopped: DEVICE_ANSWER", async (_, fault) => {
    const agent = await agentWith(systemClock, [fault], 60);
    const { code, detail } = await failure(walked(clientOf(agent), IF_TABLE));
    expect({ code, detail }).toEqual({
      code: "DEVICE_ANSWER",
      detail: expect.stringContaining("the walk would not end") as string,
    });
    expect(agent.requests()).toBeLessThan(12);
  });

  it.each([
    ["rows", { rowsMax: 500 }],
    ["bytes", { bytesMax: 20_000 }],
  ])("without an end meets its bound of %s: OUTPUT_TOO_LARGE", async (what, bound) => {
    const agent = await agentWith(systemClock, [{ kind: "endless-walk" }]);
    const { code, detail } = await failure(walked(clientOf(agent), IF_TABLE, bound));
    expect({ code, detail }).toEqual({ code: "OUTPUT_TOO_LARGE", detail: expect.stringContaining(what) as string });
  });

  it("without an end meets the deadline of the whole", async () => {
    const clock = new ManualClock();
    const agent = await agentWith(clock, [{ kind: "endless-walk", octets: 8 }]);
    const sink = (): void => clock.advance(1000);
    const client = clientOf(agent, { clock });
    const run = client.within(120_000, () => walked(client, IF_TABLE, { sink, rowsMax: 1e9, bytesMax: 1e12 }));
    expect((await failure(run)).code).toBe("DEADLINE");
  });

  it("halves what it asks for while the agent says tooBig, and gives up at one", async () => {
    const agent = await agentWith(systemClock, [{ kind: "too-big", objectsMax: 3 }], 10);
    const client = clientOf(agent);
    expect(await walked(client, IF_TABLE)).toHaveLength(150);
    agent.setFault({ kind: "too-big", objectsMax: 0 });
    expect(await failure(walked(client, IF_TABLE))).toMatchObject({ code: "COMMAND_REFUSED" });
    const names = Array.from({ length: 10 }, (_, index) => `1.3.6.1.2.1.2.2.1.2.${index + 1}`);
    agent.setFault({ kind: "too-big", objectsMax: 3 });
    expect((await client.get(names)).map(({ oid }) => oid)).toEqual(names);
  });

  it("waits for its sink: nothing is asked for while it is full", async () => {
    const agent = await agentWith(systemClock, [], 40);
    let full = 0;
    await walked(clientOf(agent), IF_TABLE, {
      sink: async () => {
        const before = agent.requests();
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        expect(agent.requests()).toBe(before);
        full += 1;
      },
    });
    expect(full).toBe(60);
  });

  it("ends when it is aborted, with the reason", async () => {
    const agent = await agentWith(systemClock, [{ kind: "endless-walk" }]);
    const stop = new AbortController();
    const run = walked(clientOf(agent, { signal: stop.signal }), IF_TABLE, {
      rowsMax: 1e9,
      sink: () => stop.abort(new FarhandError("CANCELED", "a person")),
    });
    expect(await failure(run)).toEqual({ code: "CANCELED", detail: "a person" });
  });
});

describe("the engine's time", () => {
  it("is learned anew after the device was started again", async () => {
    const agent = await agentWith(systemClock);
    const client = clientOf(agent);
    await client.get([SYS_NAME]);
    agent.reboot();
    expect(await client.get([SYS_NAME])).toHaveLength(1);
  });

  it.each([-600_000, 600_000])("is learned anew where the device's clock jumped by %d seconds", async (bySeconds) => {
    const agent = await agentWith(systemClock);
    const client = clientOf(agent);
    await client.get([SYS_NAME]);
    agent.setFault({ kind: "wrong-engine-time", bySeconds });
    expect(await client.get([SYS_NAME])).toHaveLength(1);
  });

  it("that can never be agreed on ends the request", async () => {
    const agent = await agentWith(systemClock, [{ kind: "never-in-time" }]);
    expect(await failure(clientOf(agent).get([SYS_NAME]))).toEqual({
      code: "DEVICE_ANSWER",
      detail: "its engine's time cannot be agreed on",
    });
    expect(agent.requests()).toBeLessThanOrEqual(12);
  });
});

describe("a credential", () => {
  const wrong = "not the right words";
  it.each<[string, SnmpValue, string, string, string]>([
    [
      "a wrong authentication passphrase",
      { ...v3, authPassphrase: wrong },
      "farhand",
      "LOGIN_REFUSED",
      "authentication",
    ],
    ["another protocol", { ...v3, authProtocol: "sha1" }, "farhand", "LOGIN_REFUSED", "authentication"],
    [
      "a wrong privacy passphrase",
      { ...v3, privacy: { protocol: "aes128", passphrase: wrong } },
      "farhand",
      "LOGIN_REFUSED",
      "privacy passphrase",
    ],
    ["an unknown user", v3, "nobody", "LOGIN_REFUSED", "does not know the user"],
    [
      "less than the user's level",
      { version: "3", authProtocol: "sha256", authPassphrase: AUTH },
      "farhand",
      "ALGORITHMS",
      "security level",
    ],
  ])("with %s is refused", async (_, value, username, code, detail) => {
    const agent = await agentWith(systemClock);
    const found = await failure(clientOf(agent, { value, username }).get([SYS_NAME]));
    expect(found).toEqual({ code, detail: expect.stringContaining(detail) as string });
    expect(found.detail).not.toContain(wrong);
    expect(found.detail).not.toContain(AUTH);
  });

  it("with a community that the agent does not know meets silence, which says what that may mean", async () => {
    const clock = new ManualClock();
    const agent = await agentWith(clock);
    const run = clientOf(agent, { clock, value: { version: "2c", community: "sesame-of-nobody" } }).get([SYS_NAME]);
    const { code, detail } = await timedOut(clock, agent, run, [[1, 5000]]);
    expect({ code, detail }).toEqual({
      code: "CONNECT_TIMEOUT",
      detail: expect.stringContaining("community") as string,
    });
    expect(detail).not.toContain("sesame");
  });

  it("leaves nothing of itself in the library once its client is closed", async () => {
    const agent = await agentWith(systemClock);
    const value: SnmpValue = {
      ...v3,
      authProtocol: "sha1",
      privacy: { protocol: "aes256-reeder", passphrase: PRIVACY },
    };
    const client = clientOf(agent, { value, username: "sha1-aes256-reeder" });
    await client.get([SYS_NAME]);
    expect(Object.keys(snmp.Authentication.authToKeyCache).filter((key) => key.includes(AUTH))).toHaveLength(1);
    client.close();
    expect(Object.keys(snmp.Authentication.authToKeyCache)).toEqual([]);
  });
});

describe("net-snmp by itself", () => {
  /** What Admission is for. When this fails, the library has learned it, and part of Admission may go. */
  it("believes an answer to authPriv that nobody signed", async () => {
    const agent = await agentWith(systemClock);
    const name = { name: "farhand", level: snmp.SecurityLevel.authPriv };
    const authentication = { authProtocol: snmp.AuthProtocols.sha256, authKey: AUTH };
    const session = snmp.createV3Session(
      "127.0.0.1",
      { ...name, ...authentication, privProtocol: snmp.PrivProtocols.aes, privKey: PRIVACY },
      { version: snmp.Version3, port: agent.port, retries: 0, timeout: 5000 },
    );
    closing.push(() => session.close());
    const get = (): Promise<unknown> =>
      new Promise((resolve, reject) =>
        session.get([SYS_NAME], (error, varbinds) => (error ? reject(error) : resolve(varbinds))),
      );
    await get();
    agent.setFault({ kind: "unsigned-answers" });
    expect(await get()).toMatchObject([{ value: Buffer.from("sw1.lab.example.net") }]);
  });
});

describe("facts and tables through the driver", () => {
  it("are structured, joined by index, and what the device says", async () => {
    const agent = await agentWith(systemClock);
    const { session } = await openSnmp(agent.port, credentialOf("farhand", v3));
    closing.push(() => session.close());
    expect(session.findings).toEqual([]);
    expect(await session.facts()).toEqual({
      hostname: "sw1.lab.example.net",
      vendor: "Cisco",
      model: "C9300-24T",
      version: "17.9.4a",
      serial: "FCW2133L0AB",
    });
    const rows = await rowsOf(session, "interfaces");
    expect(rows.map(({ index }) => index)).toEqual(["1", "2", "3", "4"]);
    expect(rows[0]?.cells).toMatchObject({
      ifDescr: "GigabitEthernet1/0/1",
      ifName: "Gi1/0/1",
      ifAlias: "to the core",
      ifOperStatus: "up",
      ifPhysAddress: "02:00:5e:00:00:01",
      ifHighSpeed: 1000,
    });
    expect(rows[2]?.cells["ifOperStatus"]).toBe("down");
    expect(rows[0]?.cells["ifHCInOctets"]).toMatch(/^[0-9]{10,}$/);
    expect((await rowsOf(session, "entities")).map(({ cells }) => cells["entPhysicalClass"])).toEqual([
      "chassis",
      "powerSupply",
    ]);
    expect(agent.sets()).toBe(0);
  });

  it("count: what the wide counter says grows with the device's time, past where the narrow one wraps", async () => {
    const clock = new ManualClock();
    const agent = await agentWith(clock);
    const { session } = await openSnmp(agent.port, credentialOf("farhand", v3), { clock });
    closing.push(() => session.close());
    const read = async (): Promise<bigint> =>
      BigInt(String((await rowsOf(session, "interfaces"))[0]?.cells["ifHCInOctets"]));
    const before = await read();
    clock.advance(60_000);
    expect((await read()) - before).toBe(125_000_000n * 60n);
  });

  it("joins 400 interfaces of 13 columns in few round trips, and says how many", async () => {
    const agent = await agentWith(systemClock, [], 400);
    const { session, said } = await openSnmp(agent.port, credentialOf("farhand", v3));
    closing.push(() => session.close());
    const rows = await rowsOf(session, "interfaces");
    expect(rows).toHaveLength(400);
    for (const [place, { index, cells }] of rows.entries()) {
      expect(index).toBe(String(place + 1));
      expect(Object.values(cells)).not.toContain(null);
    }
    console.log(`SNMP: 400 interfaces, 13 columns: ${said.at(-1) ?? ""}`);
    expect(agent.requests()).toBeLessThan(200);
  });

  it("are read where rows and columns have holes", async () => {
    const answers = new Map([
      ["1.1", 11],
      ["1.3", 13],
      ["2.1", 21],
      ["2.2", 22],
      ["2.10", 210],
    ]);
    const names = [...answers.keys()].toSorted((a, b) => compareOids(a, b));
    const getBulk = async (oids: readonly string[], repetitions: number): Promise<Varbind[]> => {
      const found: Varbind[] = [];
      let cursors = [...oids];
      for (let turn = 0; turn < repetitions; turn += 1) {
        const row = cursors.map((cursor): Varbind => {
          const next = names.find((name) => compareOids(name, cursor) > 0);
          return next === undefined
            ? { oid: cursor, datum: { type: "endOfMibView" } }
            : { oid: next, datum: { type: "integer", value: answers.get(next) ?? 0 } };
        });
        cursors = row.map(({ oid }) => oid);
        found.push(...row);
      }
      return found;
    };
    for (let objects = 1; objects < 12; objects += 1) {
      const rows: WalkedRow[] = [];
      const sink = (some: readonly WalkedRow[]): void => void rows.push(...some);
      await walkColumns({ getBulk }, ["1", "2"], { objects, rowsMax: 10, bytesMax: 1000, sink });
      expect(
        rows.map(({ index, data }) => [
          index,
          ...data.map((datum) => (datum ? "value" in datum && datum.value : null)),
        ]),
      ).toEqual([
        ["1", 11, 21],
        ["2", null, 22],
        ["3", 13, null],
        ["10", null, 210],
      ]);
    }
  });

  it("cannot be controlled by what a device calls itself", async () => {
    const name = "r1\u001b[2J\u0007\u202E\n‹secret›";
    const agent = await startSnmpAgent({ communities: [COMMUNITY], device: { name } }, { clock: systemClock });
    closing.push(() => agent.stop());
    const { session } = await openSnmp(agent.port, credentialOf("label", v2c));
    closing.push(() => session.close());
    expect((await session.facts()).hostname).toBe("r1\\u{1b}[2J\\u{7}\\u{202e}\\u{a}‹secret›");
    expect(textOf("ff".repeat(9000)).length).toBe(TEXT_CHARACTERS_MAX + 1);
  });

  it("say how weak the login is, and nothing of what it is", async () => {
    const agent = await startSnmpAgent(
      { communities: [COMMUNITY], users: [{ name: "plain", auth: "sha1", authPassphrase: AUTH }] },
      { clock: systemClock },
    );
    closing.push(() => agent.stop());
    const weak: SnmpValue = { version: "3", authProtocol: "sha1", authPassphrase: AUTH };
    const opened = [
      await openSnmp(agent.port, credentialOf("label", v2c)),
      await openSnmp(agent.port, credentialOf("plain", weak)),
    ];
    for (const { session } of opened) closing.push(() => session.close());
    expect(opened.map(({ session }) => session.findings.map(({ code }) => code))).toEqual([
      ["SNMP_CLEARTEXT"],
      ["SNMP_NO_PRIVACY"],
    ]);
    const shown = `${inspect(opened, { depth: 9 })} ${JSON.stringify(opened)}`;
    for (const secret of [COMMUNITY, AUTH]) expect(shown).not.toContain(secret);
  });

  it("are refused where they are not known, and where a hop stands between", async () => {
    const agent = await agentWith(systemClock);
    const { session } = await openSnmp(agent.port, credentialOf("farhand", v3));
    closing.push(() => session.close());
    expect((await failure(rowsOf(session, "routes"))).code).toBe("READ_NOT_ALLOWED");
    expect((await failure(rowsOf(session, "constructor"))).code).toBe("READ_NOT_ALLOWED");
    const hop = {
      name: "hop",
      target: { address: "127.0.0.1", port: 22, hostKeys: [], algorithms: "modern" as const },
    };
    const via = [{ ...hop, credential: { username: "x" } }];
    expect((await failure(openSnmp(agent.port, credentialOf("farhand", v3), { via }))).code).toBe("CONNECT_REFUSED");
    expect((await failure(openSnmp(agent.port, { username: "farhand" }))).code).toBe("CREDENTIAL_UNKNOWN");
  });

  it("count a refused login once, by the guard that was given", async () => {
    const agent = await agentWith(systemClock);
    const seen: string[] = [];
    const guard = async <T>(login: () => Promise<T>): Promise<T> => {
      try {
        return await login();
      } catch (error) {
        seen.push(error instanceof FarhandError ? error.code : "");
        throw error;
      }
    };
    const refused = openSnmp(agent.port, credentialOf("farhand", { ...v3, authPassphrase: "not the right words" }), {
      guard,
    });
    expect((await failure(refused)).code).toBe("LOGIN_REFUSED");
    expect(seen).toEqual(["LOGIN_REFUSED"]);
  });
});

describe("an SNMP credential", () => {
  it.each([
    ["MD5", { ...v3, authProtocol: "md5" }],
    ["DES", { ...v3, privacy: { protocol: "des", passphrase: PRIVACY } }],
    ["no authentication", { version: "3", privacy: { protocol: "aes128", passphrase: PRIVACY } }],
    ["a passphrase under eight characters", { ...v3, authPassphrase: "seven77" }],
    ["version 1", { version: "1", community: COMMUNITY }],
  ])("with %s has no form", (_, snmpPart) => {
    expect(CredentialValue.safeParse({ username: "farhand", snmp: snmpPart }).success).toBe(false);
    expect(CredentialValue.safeParse({ username: "farhand", snmp: v3 }).success).toBe(true);
  });

  it.each([v2c, v3, { version: "3", authProtocol: "sha1", authPassphrase: AUTH, contextName: "vlan-10" }] as const)(
    "is the same after it was hidden and kept again: %j",
    (value) => {
      expect(snmpValue(snmpSecurity(value))).toEqual(value);
    },
  );

  it("names each of its secrets to who hides them", () => {
    expect(secretsOf({ username: "u", snmp: v3 })).toEqual([AUTH, PRIVACY]);
    expect(secretsOf({ username: "u", snmp: v2c })).toEqual([COMMUNITY]);
  });
});
