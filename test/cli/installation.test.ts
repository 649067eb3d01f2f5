import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseEnvelope } from "../../shared/envelope.ts";
import { documentsOf, type CliResult } from "../support/cli.ts";
import { FleetProcess } from "../support/fleet.ts";
import { World } from "../support/world.ts";

/** The operator's tool over a real hub, a real agent and simulated routers: what is printed, what is asked next, what the status is. */
let fleet: FleetProcess;
let world: World;
let names: string[];

beforeAll(async () => {
  fleet = await FleetProcess.start({ count: 3, seed: 7 });
  world = await World.start({
    sites: [{ id: "ams", agent: "agent-ams" }],
    devices: fleet.devices.map((device, index) => ({
      id: device.name,
      site: "ams",
      platform: "cisco_iosxe",
      address: device.address,
      port: device.port,
      hostKey: `${device.hostKey.algorithm} ${device.hostKey.base64}`,
      serial: device.serial,
      tags: { n: String(index) },
    })),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
    grantCommands: ["show version", "show clock"],
  });
  names = fleet.devices.map((device) => device.name);
}, 120_000);
afterAll(async () => {
  await world.stop();
  await fleet.stop();
});

const run = (...args: string[]): Promise<CliResult> => world.cliResult([...args, "--no-input"]);
const collect = () => run("job", "submit", "collect", "--grant", "reads", "--select", "site=ams", "--watch");

const NTP = "ntp server 192.0.2.{{ 30 + device.tags.n | int }}\n";
const plan = (template: string, ...more: string[]) => {
  writeFileSync(world.path("change.j2"), template);
  const args = [
    "--select",
    "site=ams",
    "--author",
    "ann",
    "--grant",
    "reads",
    "--title",
    "NTP",
    "--accept-simulated",
    "cisco_iosxe",
  ];
  return run("plan", "change", "--template", world.path("change.j2"), ...args, ...more);
};
const jobOf = (result: CliResult): string => {
  const job = documentsOf(result)[0]?.["job"];
  if (typeof job !== "string") throw new Error(`no job in ${result.stdout}${result.stderr}`);
  return job;
};

describe("farhand over a real installation", () => {
  it("asks devices now, each line under its device's name", { timeout: 60_000 }, async () => {
    const { status, stdout, stderr } = await run("run", "show version", "--select", "site=ams", "--grant", "reads");
    expect(status, stderr).toBe(0);
    for (const name of names) expect(stdout).toMatch(new RegExp(`^${name} \\| .*Version`, "m"));
    expect(stdout.split("\n").every((line) => line === "" || names.some((name) => line.startsWith(`${name} |`)))).toBe(
      true,
    );
    expect(stderr).toContain("SUCCEEDED: 3 DONE");
  });

  it("refuses what the grant does not name, before a device hears of it", async () => {
    const before = await fleet.accepts();
    const { status, stderr } = await run("run", "show running-config", "--select", "site=ams", "--grant", "reads");
    expect({ status, named: stderr.includes("GRANT_SCOPE") }).toEqual({ status: 1, named: true });
    expect(await fleet.accepts()).toBe(before);
  });

  it(
    "plans, shows, is signed by two, runs, and leaves verified receipts and a readable difference",
    { timeout: 120_000 },
    async () => {
      expect((await collect()).status).toBe(0);
      const planned = await plan(NTP, "--json");
      expect(planned.status, planned.stderr).toBe(2);
      const job = jobOf(planned);

      const review = await run("review", job);
      expect(review.status, review.stderr).toBe(0);
      expect(review.stdout).toContain("+ ntp server 192.0.2.30");
      expect(review.stdout).toContain("accepts   drivers proved on simulators only: cisco_iosxe");
      expect(review.stdout).not.toContain("not compared with the author's own record");
      expect(review.stdout).not.toContain("refusal");

      const ann = await run("sign", job, "--key", world.keyFile("ann"), "--yes", "--json");
      expect(documentsOf(ann)[0], ann.stderr).toMatchObject({
        person: "ann",
        complete: false,
        state: "PENDING_APPROVAL",
      });
      expect((await run("review", job, "--out", world.path("job.bundle"))).status).toBe(0);
      const bob = await run(
        "sign",
        "--file",
        world.path("job.bundle"),
        "--key",
        world.keyFile("bob"),
        "--yes",
        "--send",
        "--json",
      );
      expect(bob.status, bob.stderr).toBe(0);
      expect(documentsOf(bob).map((document) => document.schema)).toEqual([
        "farhand.signed/1",
        "farhand.signatures-sent/1",
      ]);

      const watched = await run("job", "watch", job);
      expect(watched.status, watched.stdout).toBe(0);
      expect(watched.stdout).toContain("SUCCEEDED: 3 DONE");
      for (const name of names) expect(watched.stdout).toMatch(new RegExp(`${name} CONFIRM_WAIT`));

      const receipts = await run("job", "receipts", job, "--out", world.path("receipts"));
      expect(receipts.stdout).toContain("2 persons: ann, bob");
      const [file = ""] = readdirSync(world.path("receipts"));
      expect(parseEnvelope(readFileSync(world.path(`receipts/${file}`))).signatures).toHaveLength(1);

      expect((await collect()).status).toBe(0);
      const [first = ""] = names;
      const diff = await run("device", "diff", first);
      expect({ status: diff.status, out: diff.stdout.includes("+ ntp server 192.0.2.30") }, diff.stdout).toEqual({
        status: 2,
        out: true,
      });
      expect((await run("device", "history", first)).stdout).toContain("yes");

      const again = await plan(NTP, "--json");
      const [document] = documentsOf(again);
      expect(again.status, again.stderr).toBe(0);
      expect(document?.["devices"]).toMatchObject(names.map((device) => ({ device, outcome: "same" })));
    },
  );

  it("says which device has no plan, and ends with 1", { timeout: 60_000 }, async () => {
    const [first = ""] = names;
    const { status, stdout, stderr } = await plan(
      `{% if device.id == "${first}" %}reload{% else %}ntp server 192.0.2.77{% endif %}\n`,
    );
    expect(status, stdout + stderr).toBe(1);
    expect(stdout).toMatch(new RegExp(`${first}: TEXT_REFUSED`));
  });

  it("signs in waves, holds what may not start yet, and cancels it", { timeout: 60_000 }, async () => {
    const [first = ""] = names;
    const later = new Date(Date.now() + 3_600_000).toISOString().slice(0, 16);
    const planned = await plan("ntp server 192.0.2.88\n", "--wave", `device=${first}@${later}Z`, "--json");
    expect(planned.status, planned.stderr).toBe(2);
    const job = jobOf(planned);
    for (const person of ["ann", "bob"] as const) {
      const signed = await run("sign", job, "--key", world.keyFile(person), "--yes");
      expect(signed.status, signed.stderr).toBe(0);
    }
    expect((await run("job", "show", job)).stdout).toMatch(/SCHEDULED|ROLLING|APPROVED/);
    expect((await run("job", "cancel", job, "--reason", "another day")).status).toBe(0);
    const watched = await run("job", "watch", job);
    expect(watched.status, watched.stdout).toBe(3);
    expect(await fleet.runningConfig(first)).not.toContain("192.0.2.88");
  });

  it("ends with 4 for a wrong token", async () => {
    writeFileSync(world.path("wrong.token"), "no-such-token\n", { mode: 0o600 });
    expect((await run("job", "list", "--token-file", world.path("wrong.token"))).status).toBe(4);
  });
});
