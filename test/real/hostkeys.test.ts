// From addresses without a pin to a signed inventory: simulated devices and OpenSSH's own server, ssh-keyscan as somebody else's eyes.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import type { CliResult } from "../support/cli.ts";
import { World, type DeviceSpec } from "../support/world.ts";
import { freePort } from "../support/port.ts";

const missing = ["/usr/sbin/sshd", "/usr/bin/ssh-keyscan", "/usr/bin/ssh-keygen"].filter((path) => !existsSync(path));
const AGENT = "agent-plant";
const SECOND = "agent-plant-2";
let world: World;
let fleet: FleetProcess;
let folder: string;
let port: number;
let server: ChildProcess | undefined;
let log = "";

/** OpenSSH with this host key; nobody can log in, and nobody has to. */
async function sshd(key: string): Promise<void> {
  server?.kill("SIGKILL");
  const path = join(folder, key);
  if (!existsSync(path)) spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
  const config = join(folder, "config");
  const lines = [`Port ${port}`, "ListenAddress 127.0.0.1", `HostKey ${path}`, "PidFile none", "StrictModes no"];
  writeFileSync(config, [...lines, "UsePAM no", "LogLevel DEBUG1", ""].join("\n"));
  const started = (server = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", config], {
    stdio: ["ignore", "ignore", "pipe"],
  }));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    started.stderr.on("data", (text: Buffer) => {
      said += text.toString();
      log += text.toString();
      if (said.includes("Server listening")) resolve();
    });
    started.once("exit", () => reject(new Error(said)));
  });
}

const collect = (out: string, ...more: string[]): Promise<CliResult> =>
  world.cliResult([
    "hostkeys",
    "collect",
    "--select",
    "site=plant",
    "--grant",
    "reads",
    "--out",
    world.path(out),
    ...more,
  ]);
const accept = (seen: string, ...more: string[]): Promise<CliResult> =>
  world.cliResult(["hostkeys", "accept", world.path(seen), "--inventory", world.path("inventory.yaml"), ...more]);
const key = (): string[] => ["--key", world.keyFile("kim")];

async function pins(): Promise<Record<string, number>> {
  const [document] = await world.cli(["inventory", "list"]);
  const devices = document?.["devices"] as { id: string; hostKeys: unknown[] }[];
  return Object.fromEntries(devices.map(({ id, hostKeys }) => [id, hostKeys.length]));
}

async function version(): Promise<unknown> {
  return (await world.cli(["inventory", "list"]))[0]?.["version"];
}

const fingerprint = (name: string): string =>
  spawnSync("ssh-keygen", ["-lf", join(folder, `${name}.pub`)])
    .stdout.toString()
    .split(" ")[1] ?? "";

beforeAll(async () => {
  if (missing.length > 0) return;
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "farhand-hostkeys-"));
  port = freePort();
  await sshd("first");
  fleet = await FleetProcess.start({ count: 3, seed: 12 });
  const openssh: DeviceSpec = {
    id: "linux-1",
    site: "plant",
    platform: "frr_linux",
    address: "127.0.0.1",
    port,
    hostKey: null,
  };
  world = await World.start({
    sites: [{ id: "plant", agent: AGENT }],
    devices: [...fleet.devices.map((device) => ({ ...inventoryEntry(device, "plant"), hostKey: null })), openssh],
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
  });
  await world.enrol({ id: "plant", agent: SECOND });
  await world.startAgent(SECOND);
}, 180_000);

afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
  server?.kill("SIGKILL");
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(missing.length > 0)(
  `host keys in batches${missing.length > 0 ? ` (skipped: ${missing.join(", ")} not installed)` : ""}`,
  () => {
    it(
      "a device without a pin is not even dialled, and its keys are read without a login",
      { timeout: 120_000 },
      async () => {
        const [submitted] = await world.cli(["job", "submit", "collect", "--grant", "reads", "--select", "site=plant"]);
        const job = await world.waitForJob(String(submitted?.["job"]));
        expect(job.assignments.flatMap(({ tasks }) => tasks.map(({ code }) => code))).toEqual(
          Array(4).fill("HOST_KEY"),
        );
        expect(await fleet.accepts()).toBe(0);
        expect(log).not.toContain("Connection from");
        const seen = await collect("first.seen.json");
        expect(seen.status, seen.stderr).toBe(0);
        for (const device of fleet.devices) expect(seen.stdout).toContain(device.hostKey.sha256);
        expect(seen.stdout).toContain(fingerprint("first"));
        expect(await fleet.accepts()).toBeGreaterThan(0);
        expect((await fleet.stats()).devices.map(({ commands }) => commands)).toEqual([0, 0, 0]);
        expect(log).toContain("Connection from");
        expect(log).not.toContain("userauth-request");
      },
    );

    it("nothing is pinned because it was the first to be seen", { timeout: 120_000 }, async () => {
      const before = await version();
      const result = await accept("first.seen.json", ...key());
      expect(result.status).toBe(1);
      expect(result.stdout).toMatch(/4 without evidence/);
      expect(await version()).toBe(before);
    });

    it(
      "what a known_hosts file names is pinned; what it contradicts or does not know is not",
      { timeout: 120_000 },
      async () => {
        const [first, second, third] = fleet.devices;
        if (!first || !second || !third) throw new Error("three devices");
        const scanned = spawnSync("ssh-keyscan", ["-p", String(port), "127.0.0.1"], { encoding: "utf8" }).stdout;
        const line = (device: typeof first, base64 = device.hostKey.base64): string =>
          `[${device.address}]:${device.port} ${device.hostKey.algorithm} ${base64}\n`;
        const path = join(folder, "known_hosts");
        writeFileSync(path, `${scanned}${line(first)}${line(second, third.hostKey.base64)}`);
        // As OpenSSH hashes it: the names of the hosts are not in the file.
        expect(spawnSync("ssh-keygen", ["-H", "-f", path]).status).toBe(0);
        appendFileSync(path, `@cert-authority * ssh-ed25519 ${second.hostKey.base64}\n`);
        const looked = await accept("first.seen.json", "--known-hosts", path);
        expect(looked.stdout).toMatch(new RegExp(`^${second.name} +DISAGREED +REFUSED`, "m"));
        expect(looked.stdout).toMatch(new RegExp(`^${third.name} +without evidence +left out`, "m"));
        expect(looked.stdout).toMatch(/^linux-1 +agreed +pin /m);
        expect(looked.stdout).toMatch(/2 agreed, 1 disagreed, 1 without evidence/);
        expect(looked.stderr).toContain("@cert-authority is not understood");
        expect(await pins()).toEqual({ [first.name]: 0, [second.name]: 0, [third.name]: 0, "linux-1": 0 });
        const before = Number(await version());
        const signed = await accept("first.seen.json", "--known-hosts", path, ...key());
        expect(signed.status, signed.stderr).toBe(1);
        expect(await version()).toBe(before + 1);
        expect(await pins()).toEqual({ [first.name]: 1, [second.name]: 0, [third.name]: 0, "linux-1": 1 });
        await world.createGrant();
        const [submitted] = await world.cli([
          "job",
          "submit",
          "collect",
          "--grant",
          "reads",
          "--select",
          "platform=cisco_iosxe",
        ]);
        const job = await world.waitForJob(String(submitted?.["job"]));
        const ends = job.assignments.flatMap(({ tasks }) =>
          tasks.map(({ device, state, code }) => [device, code ?? state]),
        );
        expect(Object.fromEntries(ends)).toEqual({
          [first.name]: "DONE",
          [second.name]: "HOST_KEY",
          [third.name]: "HOST_KEY",
        });
      },
    );

    it("another agent's eyes are evidence, the same agent's are not", { timeout: 120_000 }, async () => {
      expect((await collect("again.seen.json")).status).toBe(0);
      expect((await collect("second.seen.json", "--agent", SECOND)).status).toBe(0);
      const same = await accept("again.seen.json", "--second-vantage", world.path("first.seen.json"));
      expect(same).toMatchObject({ status: 64, stderr: expect.stringContaining("both times") as unknown });
      const forged = readFileSync(world.path("second.seen.json"), "utf8").replaceAll(SECOND, AGENT);
      writeFileSync(world.path("forged.seen.json"), forged);
      const altered = JSON.parse(forged) as { receipts: { payload: string }[] };
      for (const receipt of altered.receipts) receipt.payload = `${receipt.payload.slice(0, -4)}AAAA`;
      writeFileSync(world.path("forged.seen.json"), JSON.stringify(altered));
      const refused = await accept("again.seen.json", "--second-vantage", world.path("forged.seen.json"), ...key());
      expect(refused.stderr).toMatch(/SIGNATURE_BAD|PAYLOAD_NOT_CANONICAL|ENVELOPE/);
      const signed = await accept("again.seen.json", "--second-vantage", world.path("second.seen.json"), ...key());
      expect(signed.status, signed.stderr).toBe(0);
      expect(Object.values(await pins())).toEqual([1, 1, 1, 1]);
      await world.createGrant();
    });

    it("a key that replaces a pinned one is refused until the device is named", { timeout: 120_000 }, async () => {
      await sshd("another");
      const [submitted] = await world.cli(["job", "submit", "check", "--grant", "reads", "--select", "device=linux-1"]);
      const job = await world.waitForJob(String(submitted?.["job"]));
      expect(job.assignments.flatMap(({ tasks }) => tasks.map(({ code }) => code))).toEqual(["HOST_KEY"]);
      expect((await collect("changed.seen.json")).status).toBe(0);
      const rack = join(folder, "rack.txt");
      writeFileSync(rack, `# read on the console\nlinux-1 ${fingerprint("another")}\n`);
      const before = await version();
      const unproved = await accept("changed.seen.json", "--replace", "linux-1", ...key());
      expect(unproved.stdout).toMatch(/^linux-1 +without evidence, CHANGED +REFUSED/m);
      expect(unproved.status).toBe(1);
      const refused = await accept("changed.seen.json", "--console", rack, ...key());
      expect(refused.stdout).toMatch(/^linux-1 +CHANGED, evidence agrees +REFUSED/m);
      expect(refused.stdout).toContain(`pinned: ssh-ed25519 ${fingerprint("first")}`);
      expect(refused.status).toBe(1);
      expect(await version()).toBe(before);
      const replaced = await accept("changed.seen.json", "--console", rack, "--replace", "linux-1", ...key());
      expect(replaced.status, replaced.stderr).toBe(0);
      expect(await version()).toBe(Number(before) + 1);
      const shown = await world.cliResult(["inventory", "show", "linux-1"]);
      expect(shown.stdout).toContain(readFileSync(join(folder, "another.pub"), "utf8").split(" ")[1] ?? "none");
    });

    it(
      "a revoked key is taken nowhere, and a file with other edits is not signed along",
      { timeout: 120_000 },
      async () => {
        const path = join(folder, "revoked");
        writeFileSync(path, `@revoked * ${readFileSync(join(folder, "another.pub"), "utf8")}`);
        const revoked = await accept("changed.seen.json", "--known-hosts", path);
        expect(revoked.stdout).toMatch(/^linux-1 +REVOKED/m);
        const yaml = world.path("inventory.yaml");
        writeFileSync(yaml, readFileSync(yaml, "utf8").replace('"lab"', '"other"'));
        const edited = await accept("changed.seen.json", "--known-hosts", path, ...key());
        expect(edited).toMatchObject({ status: 1, stderr: expect.stringContaining("import it first") as unknown });
      },
    );
  },
);
