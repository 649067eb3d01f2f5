// What is read over SNMP through the seams that jobs take, and the credential that it is read with.
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import { CredentialValue, secretsOf, snmpSecurity, snmpValue, type SnmpValue } from "../../shared/secret.ts";
import { compareOids } from "../../drivers/engines/snmp/oid.ts";
import { TEXT_CHARACTERS_MAX, textOf, type Varbind } from "../../drivers/engines/snmp/values.ts";
import { walkColumns, type WalkedRow } from "../../drivers/engines/snmp/walk.ts";
import { startSnmpAgent, type SnmpUser } from "../../simulators/snmp/index.ts";
import { AUTH, PRIVACY, COMMUNITY, v3, v2c, closing, closeAll, agentWith, failure } from "./snmp-agent.ts";
import { BUN, Child } from "../support/child.ts";
import { credentialOf, openSnmp, rowsOf } from "./snmp-support.ts";

afterEach(closeAll);

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

describe("the agents that people can try things on", () => {
  it("say how they are read, each its own device, and end with their input", async () => {
    const child = new Child({ argv: [BUN, "simulators/snmp/main.ts", "--count", "2", "--interfaces", "3"] });
    closing.push(() => child.stop());
    await child.waitFor("ready", (line) => (line.includes('"ready"') ? line : undefined));
    const devices = child.stdout.slice(0, -1).map((line) => JSON.parse(line) as { port: number; user: SnmpUser });
    const serials: (string | null)[] = [];
    for (const { port, user } of devices) {
      const { authPassphrase, privacyPassphrase = "" } = user;
      const privacy = { protocol: "aes128", passphrase: privacyPassphrase } as const;
      const value: SnmpValue = { version: "3", authProtocol: "sha256", authPassphrase, privacy };
      const { session } = await openSnmp(port, credentialOf(user.name, value));
      serials.push((await session.facts()).serial);
      expect(await rowsOf(session, "interfaces")).toHaveLength(3);
      await session.close();
    }
    expect(serials).toEqual(["LAB00000001", "LAB00000002"]);
    child.process.stdin?.end();
    expect(await child.exited).toMatchObject({ code: 0 });
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
