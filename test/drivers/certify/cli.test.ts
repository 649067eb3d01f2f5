// farhand-agent certify as a person types it: a process of its own, a lab file, the real clock.
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Certificate } from "../../../agent/certify/certificate.ts";
import { writeConfig } from "../../../agent/config.ts";
import { lockStateDir } from "../../../agent/state-lock.ts";
import { startNokiaSrlinux } from "../../../simulators/nokia_srlinux/index.ts";
import { sampleNokiaSrlinux } from "../../../simulators/nokia_srlinux/sample.ts";
import type { SimulatedDevice } from "../../../simulators/device.ts";
import { startLab } from "../../lab/lab.ts";
import { labVerdict } from "../../lab/requirements.ts";
import { BUN, Child, ROOT } from "../../support/child.ts";
import { forwarded } from "../forward.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "farhand-certify-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Its exit status, and what it said. */
async function agent(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = new Child({
    argv: [BUN, join(ROOT, "agent/main.ts"), ...args],
    cwd: dir,
    env: { HOME: dir, STATE_DIRECTORY: join(dir, "state") },
  });
  child.process.stdin?.end();
  const { code } = await child.exited;
  return { code, out: child.stdout.join("\n"), err: child.stderr.join("\n") };
}

function enrolled(): string {
  const stateDir = join(dir, "state");
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const names = { org: "acme", site: "ams", agent: "agent-ams", kid: "k".repeat(43) } as unknown as object;
  writeConfig(stateDir, { v: 1, ...names, ca: "none", vaultKey: "file" } as Parameters<typeof writeConfig>[1]);
  return stateDir;
}

const certificateIn = (folder: string): { name: string; certificate: Certificate } => {
  const [name = ""] = readdirSync(folder).filter((file) => file.startsWith("certify-"));
  return { name, certificate: Certificate.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))) };
};

describe("on a simulated device", () => {
  let sim: SimulatedDevice;
  beforeEach(async () => {
    const { config } = sampleNokiaSrlinux({ seed: 1, index: 0, interfaces: 24, username: "netops" });
    sim = await startNokiaSrlinux({ name: "edge-1", config });
    writeFileSync(join(dir, "password"), `${sim.password}\n`, { mode: 0o600 });
    writeFileSync(
      join(dir, "lab.yaml"),
      JSON.stringify({
        schema: "farhand.lab/1",
        devices: [
          {
            id: "lab-1",
            platform: "nokia_srlinux",
            address: sim.address,
            port: sim.port,
            hostKeys: [`ssh-ed25519 ${sim.hostKeyPublic.base64}`],
            credential: { username: sim.username, passwordFile: "password" },
            mayTouch: ["interface lo0", "system information contact", "routing-policy prefix-set"],
            change: {
              text: 'set / interface lo0 description probe\nset / system information contact "noc probe"\nset / routing-policy prefix-set probes prefix 198.51.100.0/24 mask-length-range 32..32\n',
              shows: [{ command: "info flat from running /interface lo0", contains: "description probe" }],
            },
            other: { text: "set / routing-policy prefix-set theirs prefix 10.9.0.0/16 mask-length-range exact\n" },
            refused: {
              text: "set / interface lo0 description probe\nset / interface lo0 no-such-leaf 1\nset / system information contact probe\n",
            },
            reads: ["info flat from running", "show version"],
            confirmSeconds: 12,
          },
        ],
      }),
    );
  });
  afterEach(() => sim.stop());

  test("asks first, tells each point, and writes a file that an operator can have an agent go by", async () => {
    const asked = await agent("certify", "lab-1", "--lab", "lab.yaml");
    expect(asked.code).toBe(64);
    expect(asked.err).toContain("LAB ONLY. lab-1 (nokia_srlinux");
    expect(asked.err).toContain("--yes");
    expect(sim.acceptCount()).toBe(0);

    const before = sim.runningConfig();
    const done = await agent("certify", "lab-1", "--lab", "lab.yaml", "--yes", "--json");
    expect(done.err).toContain("undo-timer");
    expect(done.code, done.err).toBe(0);
    const { name, certificate } = certificateIn(dir);
    expect(name).toMatch(/^certify-nokia_srlinux-.+-\d{4}-\d\d-\d\d\.json$/v);
    expect(Certificate.parse(JSON.parse(done.out))).toEqual(certificate);
    expect(certificate.grade).toEqual({ evidence: "real", missing: [] });
    expect(sim.runningConfig()).toBe(before);
    expect(`${done.out}${done.err}${readFileSync(join(dir, name), "utf8")}`).not.toContain(sim.password);

    enrolled();
    expect(await agent("evidence", "add", name)).toMatchObject({ code: 0 });
    expect((await agent("evidence", "list")).out).toMatch(
      /nokia_srlinux over cli on version \S+, driver [\da-f]{16}, .*: counts$/v,
    );
    // One letter of the digest: it was made with another platform file.
    writeFileSync(join(dir, "other.json"), JSON.stringify({ ...certificate, digest: "0".repeat(64) }));
    const other = await agent("evidence", "add", "other.json");
    expect(other).toMatchObject({ code: 1 });
    expect(other.err).toContain("DRIVER_CHANGED");
  }, 240_000);

  test("does not run while the agent serves, and tells what fails", async () => {
    const unlock = lockStateDir(enrolled());
    try {
      const refused = await agent("certify", "lab-1", "--lab", "lab.yaml", "--yes");
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.err).toContain("ALREADY_RUNNING");
      expect(sim.acceptCount()).toBe(0);
    } finally {
      unlock();
    }
    writeFileSync(join(dir, "password"), "not the password\n");
    const failed = await agent("certify", "lab-1", "--lab", "lab.yaml", "--yes");
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/^failed +login /mv);
    expect(failed.out).toContain("evidence: simulated");
    // Tried once, in vain: nothing after it ran.
    expect(sim.passwordAttempts()).toBe(1);
    const unknown = await agent("certify", "prod-1", "--lab", "lab.yaml", "--yes");
    expect(unknown.err).toContain("NOT_FOUND");
  }, 60_000);
});

const isFull = process.env["FARHAND_MATRIX"] === "full";
const lab = labVerdict();
const reason = !lab.run
  ? lab.reason
  : isFull
    ? ""
    : "about three minutes of timers and logins; nightly runs it (FARHAND_MATRIX=full)";

describe.skipIf(reason !== "")(`on a real FRR router${reason === "" ? "" : `: ${reason}`}`, () => {
  test("passes the list", async () => {
    const lab = await startLab();
    try {
      const router = lab.router("r1");
      const forward = await forwarded(lab, router.address, router.sshPort);
      const before = await lab.vtysh("r1", "show running-config no-header");
      writeFileSync(join(dir, "password"), router.password, { mode: 0o600 });
      const change =
        "ip prefix-list PROBE seq 5 permit 192.0.2.0/24\nip prefix-list PROBE seq 10 permit 198.51.100.0/24\n";
      const last = "route-map PROBE permit 10\n match ip address prefix-list PROBE\n";
      writeFileSync(
        join(dir, "lab.yaml"),
        JSON.stringify({
          schema: "farhand.lab/1",
          devices: [
            {
              id: "r1",
              platform: "frr_linux",
              address: "127.0.0.1",
              port: forward.port,
              hostKeys: [`ssh-ed25519 ${router.hostKeyPublic}`],
              credential: { username: router.user, passwordFile: "password" },
              mayTouch: ["PROBE"],
              change: {
                text: change + last,
                shows: [{ command: "show ip prefix-list PROBE", contains: "198.51.100.0/24" }],
              },
              other: { text: "ip prefix-list PROBE-THEIRS seq 5 permit 10.9.0.0/16\n" },
              refused: { text: `${change}ip prefix-list PROBE seq 15 permit 999.0.0.0/8\n${last}` },
              reads: ["show running-config", "show version"],
              confirmSeconds: 20,
            },
          ],
        }),
      );
      const done = await agent("certify", "r1", "--lab", "lab.yaml", "--yes");
      console.log(done.err);
      expect(done.code, done.out).toBe(0);
      expect(certificateIn(dir).certificate).toMatchObject({ platform: "frr_linux", grade: { evidence: "real" } });
      expect(await lab.vtysh("r1", "show running-config no-header")).toBe(before);
      forward.close();
    } finally {
      await lab.stop();
    }
  }, 580_000);
});
