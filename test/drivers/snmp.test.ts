// The SNMP engine against an agent that answers, lies, hangs and forges.
import { createSocket } from "node:dgram";
import snmp from "net-snmp";
import { afterEach, describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { SnmpValue } from "../../shared/secret.ts";
import type { FaultInput } from "../../simulators/snmp/faults.ts";
import { startSnmpAgent } from "../../simulators/snmp/index.ts";
import {
  SYS_NAME,
  IF_TABLE,
  AUTH,
  PRIVACY,
  v3,
  v2c,
  closing,
  MORE_USERS,
  hex,
  closeAll,
  agentWith,
  clientOf,
  failure,
  walked,
  timedOut,
  timedOutAfter,
  user,
} from "./snmp-agent.ts";

afterEach(closeAll);

describe("get and walk", () => {
  it.each(MORE_USERS.map(({ name, auth, privacy }) => ({ name, auth, privacy })))(
    "reads over version 3 with $auth and $privacy",
    async ({ name, auth, privacy }) => {
      const agent = await agentWith(systemClock, [], 4, MORE_USERS);
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

  it("has a name that nobody knows: CONNECT_REFUSED", async () => {
    const client = clientOf({ port: 161 }, { address: "no-such-host.invalid" });
    expect((await failure(client.get([SYS_NAME]))).code).toBe("CONNECT_REFUSED");
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
      sink: async (rows) => {
        expect(rows.length).toBeLessThanOrEqual(10);
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

describe("a hostile agent", () => {
  it("that answers each correction with another one is stopped, not followed", async () => {
    const agent = await startSnmpAgent({ users: [user], boots: 0 }, { clock: systemClock });
    closing.push(() => agent.stop());
    agent.setFault({ kind: "wrong-engine-time", bySeconds: -1_000_000_000 });
    agent.setFault({ kind: "never-in-time" });
    expect(await failure(clientOf(agent).get([SYS_NAME]))).toEqual({
      code: "DEVICE_ANSWER",
      detail: "it asks for another engine time again and again",
    });
    expect(agent.requests()).toBeLessThanOrEqual(5);
  });

  it("that floods is listened to for so long only", async () => {
    const socket = createSocket("udp4");
    let floods = true;
    closing.push(async () => {
      floods = false;
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    });
    socket.once("message", (_, from) => {
      const flood = (): void => {
        if (!floods) return;
        socket.send("no BER at all", from.port, from.address);
        setImmediate(flood);
      };
      flood();
    });
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
    const client = clientOf({ port: socket.address().port }, { clock: new ManualClock() });
    const { code, detail } = await failure(client.get([SYS_NAME]));
    expect({ code, detail }).toEqual({
      code: "DEVICE_ANSWER",
      detail: expect.stringContaining("256 datagrams that are no answer") as string,
    });
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
    const agent = await agentWith(systemClock, [], 4, MORE_USERS);
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
