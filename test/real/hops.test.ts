// A router that answers nobody but the one before it, which is the hop: OpenSSH's own server forwards, FRR is worked on.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobView, TaskView } from "../../hub/api/contract/views.ts";
import { agentAddress } from "../lab/topology.ts";
import { labVerdict } from "../lab/requirements.ts";
import type { HopSpec } from "../support/world.ts";
import { AGENT, deviceOf, routerNames, running, SITE, startRealStage, stopRealStage, type RealStage } from "./stage.ts";

const verdict = labVerdict();
let stage: RealStage;

const hop = (hostKey: string): HopSpec => ({
  id: "r2-jump",
  site: SITE,
  address: stage.lab.router("r2").address,
  port: 22,
  hostKey: `ssh-ed25519 ${hostKey}`,
  credential: "jump",
});

/** Of what r2 and r3 say that they are; the test of a wrong one says another. */
async function publish(keys: { hop?: string; device?: string } = {}): Promise<void> {
  const { lab, world } = stage;
  world.setDevices(
    routerNames.map((name) =>
      name === "r3" ? { ...deviceOf(lab, "r3", keys.device), via: "r2-jump" } : deviceOf(lab, name),
    ),
    [hop(keys.hop ?? lab.router("r2").hostKeyPublic)],
  );
  await world.importInventory();
  await world.createGrant();
}

const tasksOf = (job: JobView): TaskView[] => job.assignments.flatMap((assignment) => assignment.tasks);

async function collect(select: string): Promise<(string | null)[][]> {
  const [submitted] = await stage.world.cli(["job", "submit", "collect", "--grant", "reads", "--select", select]);
  const ended = await stage.world.waitForJob(String(submitted?.["job"]));
  return tasksOf(ended).map(({ device, state, code, detail }) => [device, state, code, detail]);
}

/** What a server's log says of those that came: connections, and logins that were tried. */
function heard(name: "r2" | "r3"): { connections: number; logins: number } {
  const lines = stage.lab.router(name).sshLog().split("\n");
  const count = (text: string): number => lines.filter((line) => line.includes(text)).length;
  return { connections: count("Connection from"), logins: count("userauth-request") };
}

beforeAll(async () => {
  if (!verdict.run) return;
  stage = await startRealStage();
  const { lab, world } = stage;
  const { user, password } = lab.router("r2");
  await world.setCredential(AGENT, "jump", user, password);
  const shut = await lab.exec("r3", ["ip", "route", "add", "blackhole", `${agentAddress}/32`]);
  if (shut.code !== 0) throw new Error(shut.stderr);
}, 120_000);
afterAll(() => stopRealStage(stage), 60_000);

describe.skipIf(!verdict.run)(`a router behind a hop${verdict.run ? "" : ` (skipped: ${verdict.reason})`}`, () => {
  it("is reached through the hop and not without it, and people see the way", { timeout: 120_000 }, async () => {
    expect(await collect("device=r3")).toEqual([["r3", "FAILED", "CONNECT_TIMEOUT", expect.anything()]]);
    expect(heard("r3").logins).toBe(0);
    await publish();
    expect(await collect("site=lab")).toEqual(routerNames.map((name) => [name, "DONE", null, null]));
    expect(stage.lab.router("r2").sshLog()).toMatch(/direct-tcpip.*10\.0\.23\.3 port 22|to 10\.0\.23\.3 port 22/);
    const devices = await stage.world.cliResult(["device", "list"]);
    expect(devices.stdout).toMatch(/^r3 +lab +frr_linux +10\.0\.23\.3:22 +r2-jump/m);
    const shown = await stage.world.cliResult(["inventory", "show", "r3"]);
    expect(shown.stdout).toContain("via r2-jump, 10.20.0.2:22, credential jump");
  });

  it(
    "is changed through it, verified over a new connection, and the reviewer reads the way",
    { timeout: 180_000 },
    async () => {
      const { world } = stage;
      const id = await world.plan({
        select: "device=r3",
        title: "A list behind a hop",
        template: "ip prefix-list BEHIND seq 5 permit 192.0.2.0/24\n",
        extra: ["--confirm-seconds", "20"],
      });
      const review = await world.cliResult(["review", id]);
      expect(review.stdout).toContain("reached via r2-jump");
      await world.sign(id, "ann");
      await world.sign(id, "bob");
      expect(tasksOf(await world.waitForJob(id)).map(({ state, code }) => [state, code])).toEqual([["DONE", null]]);
      expect(await running(stage, "r3")).toContain("ip prefix-list BEHIND seq 5 permit 192.0.2.0/24");
    },
  );

  it(
    "T32: a wrong key at the device behind: the hop is used, the device hears of no user",
    { timeout: 120_000 },
    async () => {
      await publish({ device: stage.lab.router("r1").hostKeyPublic });
      const before = { hop: heard("r2"), device: heard("r3") };
      expect(await collect("device=r3")).toEqual([["r3", "FAILED", "HOST_KEY", expect.anything()]]);
      expect(heard("r2").logins).toBeGreaterThan(before.hop.logins);
      expect(heard("r3")).toEqual({ ...before.device, connections: before.device.connections + 1 });
    },
  );

  it(
    "T32: a wrong key at the hop: it hears of no user, and nothing comes to the device",
    { timeout: 120_000 },
    async () => {
      await publish({ hop: stage.lab.router("r1").hostKeyPublic });
      const before = { hop: heard("r2"), device: heard("r3") };
      expect(await collect("device=r3")).toEqual([
        ["r3", "FAILED", "HOST_KEY", expect.stringContaining("hop r2-jump")],
      ]);
      expect(heard("r2")).toEqual({ ...before.hop, connections: before.hop.connections + 1 });
      expect(heard("r3")).toEqual(before.device);
    },
  );

  it(
    "a hop that refuses its credential spends the budget of that credential, and none of the device's",
    { timeout: 180_000 },
    async () => {
      const { lab, world } = stage;
      await publish();
      await world.setCredential(AGENT, "jump", lab.router("r2").user, "not this one");
      const before = heard("r3");
      for (let round = 0; round < 3; round++)
        expect(await collect("device=r3")).toEqual([
          ["r3", "FAILED", "HOP_REFUSED", expect.stringContaining("hop r2-jump")],
        ]);
      const spent = heard("r2");
      expect(await collect("device=r3")).toEqual([
        ["r3", "FAILED", "CREDENTIAL_STOPPED", expect.stringContaining("jump")],
      ]);
      expect(heard("r2")).toEqual(spent);
      expect(heard("r3")).toEqual(before);
      expect(await collect("device=r2")).toEqual([["r2", "DONE", null, null]]);
      await world.setCredential(AGENT, "jump", lab.router("r2").user, lab.router("r2").password);
      expect(await collect("device=r3")).toEqual([["r3", "DONE", null, null]]);
    },
  );
});
