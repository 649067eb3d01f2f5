// Two implementations that nobody here wrote: our engine against net-snmp's snmpd, and net-snmp's snmpwalk against our simulator.
import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { SnmpValue } from "../../shared/secret.ts";
import { startSnmpAgent, type SnmpAgent, type SnmpUser } from "../../simulators/snmp/index.ts";
import { Child } from "../support/child.ts";
import { credentialOf, openSnmp, rowsOf } from "./snmp-support.ts";

const SNMPD = "/usr/sbin/snmpd";
const SNMPWALK = "/usr/bin/snmpwalk";
const absent = [SNMPD, SNMPWALK].filter((path) => !existsSync(path));
const missing = absent.length > 0 ? `${absent.join(" and ")} not installed` : undefined;
const AUTH = "correct horse battery";
const PRIVACY = "staple and then some";
const COMMUNITY = "c0mmunity-of-the-lab";

/** No file of this machine's own configuration or MIBs. */
const ENVIRONMENT = { MIBS: "", MIBDIRS: "/nonexistent", SNMPCONFPATH: "/nonexistent" };

const v3 = (
  authProtocol: Extract<SnmpValue, { version: "3" }>["authProtocol"],
  protocol: NonNullable<Extract<SnmpValue, { version: "3" }>["privacy"]>["protocol"],
  more: Partial<Extract<SnmpValue, { version: "3" }>> = {},
): SnmpValue => ({
  version: "3",
  authProtocol,
  authPassphrase: AUTH,
  privacy: { protocol, passphrase: PRIVACY },
  ...more,
});

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    if (error instanceof FarhandError) return error.code;
    throw error;
  }
  return "taken";
}

describe("our engine reads net-snmp's snmpd", () => {
  const folder = mkdtempSync(join(tmpdir(), "farhand-snmpd-"));
  let snmpd: Child | undefined;
  let port = 0;

  beforeAll(async () => {
    if (missing !== undefined) return;
    port = await freePort();
    const file = join(folder, "snmpd.conf");
    const users = [
      ["sha256", "SHA-256", "AES"],
      ["sha1", "SHA", "AES"],
      ["sha512", "SHA-512", "AES-256"],
      ["sha224", "SHA-224", "AES"],
      ["sha384", "SHA-384", "AES"],
    ] as const;
    const lines = users.flatMap(([name, auth, privacy]) => [
      `createUser ${name} ${auth} "${AUTH}" ${privacy} "${PRIVACY}"`,
      `rouser ${name} authpriv`,
    ]);
    const system = [
      "sysName peer.lab",
      "sysDescr a real agent",
      "sysLocation rack 4",
      `rocommunity ${COMMUNITY} 127.0.0.1`,
    ];
    writeFileSync(file, [...lines, ...system, ""].join("\n"), { mode: 0o600 });
    const argv = [SNMPD, "-f", "-Lo", "-C", "-c", file, "-p", join(folder, "pid"), `udp:127.0.0.1:${port}`] as const;
    snmpd = new Child({ argv, env: { ...ENVIRONMENT, SNMP_PERSISTENT_DIR: join(folder, "state") } });
    await snmpd.waitFor("snmpd", (line) => (line.startsWith("NET-SNMP version") ? line : undefined));
  });
  beforeEach((context) => {
    if (missing !== undefined) context.skip(missing);
  });
  afterAll(async () => {
    await snmpd?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ["sha256", v3("sha256", "aes128")],
    ["sha1", v3("sha1", "aes128")],
    ["sha224", v3("sha224", "aes128")],
    ["sha384", v3("sha384", "aes128")],
    ["sha512", v3("sha512", "aes256-blumenthal")],
  ] as const)("facts, and every interface that the kernel has, over %s and privacy", async (name, value) => {
    const { session } = await openSnmp(port, credentialOf(name, value));
    try {
      expect(session.findings).toEqual([]);
      expect(await session.facts()).toMatchObject({ hostname: "peer.lab", vendor: "net-snmp" });
      const rows = await rowsOf(session, "interfaces");
      const named = rows.map(({ cells }) => cells["ifName"]);
      for (const kernel of Object.keys(networkInterfaces())) expect(named).toContain(kernel);
      const loopback = rows.find(({ cells }) => cells["ifName"] === "lo");
      expect(loopback?.cells).toMatchObject({ ifType: 24, ifOperStatus: "up" });
      expect(BigInt(String(loopback?.cells["ifHCInOctets"]))).toBeGreaterThan(0n);
      expect(await rowsOf(session, "system")).toMatchObject([
        { index: "0", cells: { sysName: "peer.lab", sysDescr: "a real agent", sysLocation: "rack 4" } },
      ]);
    } finally {
      await session.close();
    }
  });

  it("over version 2c, with a finding that says so", async () => {
    const { session, said } = await openSnmp(port, credentialOf("community", { version: "2c", community: COMMUNITY }));
    expect(session.findings.map(({ code }) => code)).toEqual(["SNMP_CLEARTEXT"]);
    expect((await session.facts()).hostname).toBe("peer.lab");
    await session.close();
    expect(JSON.stringify([said, session.findings])).not.toContain(COMMUNITY);
  });

  const wrong = "not the right words";
  it.each([
    ["a wrong authentication passphrase", "sha256", v3("sha256", "aes128", { authPassphrase: wrong }), "LOGIN_REFUSED"],
    ["a wrong authentication protocol", "sha256", v3("sha1", "aes128"), "LOGIN_REFUSED"],
    ["an unknown user", "nobody", v3("sha256", "aes128"), "LOGIN_REFUSED"],
    [
      "no privacy where it is asked for",
      "sha256",
      { version: "3", authProtocol: "sha256", authPassphrase: AUTH },
      "AUTHORIZATION_DENIED",
    ],
  ] as const)("%s is refused", async (_, name, value, code) => {
    expect(await codeOf(openSnmp(port, credentialOf(name, value)))).toBe(code);
  });

  // net-snmp 5.9.3 drops what it cannot parse after it decrypted it, without a Report: silence is all that there is.
  it("a wrong privacy passphrase reads nothing, and is told as what it may be", async () => {
    const value = v3("sha256", "aes128", { privacy: { protocol: "aes128", passphrase: wrong } });
    const refused = openSnmp(port, credentialOf("sha256", value), { connectMs: 2000 });
    await expect(refused).rejects.toThrow(/CONNECT_TIMEOUT.*wrong privacy passphrase|DEADLINE/v);
  });
});

describe("net-snmp's snmpwalk reads our simulator", () => {
  const user = (auth: SnmpUser["auth"], privacy: NonNullable<SnmpUser["privacy"]>): SnmpUser => ({
    name: auth,
    auth,
    authPassphrase: AUTH,
    privacy,
    privacyPassphrase: PRIVACY,
  });
  const state = mkdtempSync(join(tmpdir(), "farhand-snmp-"));
  mkdirSync(join(state, "cert_indexes"));
  let agent: SnmpAgent;
  beforeAll(async () => {
    const users = [user("sha1", "aes128"), user("sha256", "aes128"), user("sha512", "aes256-blumenthal")];
    agent = await startSnmpAgent(
      { users, communities: [COMMUNITY], device: { interfaces: 30 } },
      { clock: systemClock },
    );
  });
  beforeEach((context) => {
    if (missing !== undefined) context.skip(missing);
  });
  afterAll(async () => {
    await agent.stop();
    rmSync(state, { recursive: true, force: true });
  });

  async function snmp(program: string, ...words: string[]): Promise<Child> {
    const child = new Child({
      argv: [program, ...words],
      env: { ...ENVIRONMENT, SNMP_PERSISTENT_DIR: state },
    });
    await child.exited;
    return child;
  }
  const at = (): string => `127.0.0.1:${agent.port}`;
  const as = (name: string, auth: string, privacy: string, words = AUTH): string[] => [
    "-v3",
    "-On",
    "-r0",
    "-t5",
    "-l",
    "authPriv",
    "-u",
    name,
    "-a",
    auth,
    "-A",
    words,
    "-x",
    privacy,
    "-X",
    PRIVACY,
  ];

  it.each([
    ["sha1", "SHA", "AES"],
    ["sha256", "SHA-256", "AES"],
    ["sha512", "SHA-512", "AES-256"],
  ])("over version 3 with %s, object by object what our engine reads", async (name, auth, privacy) => {
    const child = await snmp("/usr/bin/snmpbulkwalk", ...as(name, auth, privacy), at(), "1.3.6.1.2.1.31.1.1.1.1");
    expect(child.stderr).toEqual([]);
    const theirs = child.stdout.map((line) => /^\.(\S+) = STRING: "(.*)"$/u.exec(line)?.slice(1));
    const value = v3(name as "sha1", name === "sha512" ? "aes256-blumenthal" : "aes128");
    const { session } = await openSnmp(agent.port, credentialOf(name, value));
    const ours = (await rowsOf(session, "interfaces")).map(({ index, cells }) => [
      `1.3.6.1.2.1.31.1.1.1.1.${index}`,
      cells["ifName"],
    ]);
    await session.close();
    expect(ours).toHaveLength(30);
    expect(theirs).toEqual(ours);
  });

  it("walks the whole of it, in order, over version 2c", async () => {
    const child = await snmp(SNMPWALK, "-v2c", "-On", "-r0", "-t5", "-c", COMMUNITY, at(), "1.3.6.1.2.1");
    expect(child.stdout.filter((line) => /^\.1\.3\.6\.1\..* = (?!No more)/u.test(line))).toHaveLength(
      8 + 30 * 20 + 2 * 13,
    );
  });

  it.each([
    ["a wrong passphrase", as("sha1", "SHA", "AES", "not the right words"), /[Aa]uthentication failure/],
    ["an unknown user", as("nobody", "SHA", "AES"), /Unknown user name/],
  ])("is told of %s", async (_, words, said) => {
    const child = await snmp("/usr/bin/snmpget", ...words, at(), "1.3.6.1.2.1.1.5.0");
    expect(child.exit?.code).not.toBe(0);
    expect(child.tail()).toMatch(said);
  });

  it("cannot set anything", async () => {
    const words = as("sha1", "SHA", "AES");
    const child = await snmp("/usr/bin/snmpset", ...words, at(), "1.3.6.1.2.1.1.5.0", "s", "other");
    expect(child.exit?.code).not.toBe(0);
    expect(agent.sets()).toBeGreaterThan(0);
  });
});
