import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobView, TaskView } from "../../hub/api/contract/views.ts";
import { driverFor } from "../../drivers/registry.ts";
import type { DeviceId, PlatformId } from "../../shared/ids.ts";
import { poll } from "../lab/poll.ts";
import { labVerdict } from "../lab/requirements.ts";
import {
  AGENT,
  changes,
  deviceOf,
  perRouter,
  routerNames,
  running,
  startRealStage,
  stopRealStage,
  type RealStage,
  type RouterName,
} from "./stage.ts";

const verdict = labVerdict();
const CONFIRM_SECONDS = "20";

let stage: RealStage;

beforeAll(async () => {
  if (verdict.run) stage = await startRealStage();
}, 120_000);
afterAll(() => stopRealStage(stage), 60_000);

const tasksOf = (job: JobView): TaskView[] => job.assignments.flatMap((assignment) => assignment.tasks);

async function plan(title: string, select: string, template: string, verify?: readonly object[]): Promise<string> {
  return stage.world.plan({
    select,
    template,
    title,
    extra: ["--confirm-seconds", CONFIRM_SECONDS],
    ...(verify ? { verify } : {}),
  });
}

async function change(title: string, select: string, template: string, verify?: readonly object[]): Promise<JobView> {
  const id = await plan(title, select, template, verify);
  await stage.world.sign(id, "ann");
  await stage.world.sign(id, "bob");
  return stage.world.waitForJob(id);
}

describe.skipIf(!verdict.run)(`real routers${verdict.run ? "" : ` (skipped: ${verdict.reason})`}`, () => {
  it(
    "collect equals what the router shows, and two reads of an untouched router hash equal",
    { timeout: 120_000 },
    async () => {
      const { world } = stage;
      for (let round = 0; round < 2; round++) {
        const [document] = await world.cli([
          "job",
          "submit",
          "collect",
          "--grant",
          "reads",
          "--select",
          "site=lab",
          "--watch",
        ]);
        expect(document).toBeDefined();
      }
      const driver = driverFor("frr_linux" as PlatformId);
      const tagger = { keyGeneration: 1, tag: () => "0".repeat(16) };
      for (const name of routerNames) {
        const [history] = await world.cli(["device", "history", name]);
        const snapshots = history?.["snapshots"] as { public: { sha256: string } }[];
        expect(new Set(snapshots.map((snapshot) => snapshot.public.sha256)).size).toBe(1);
        const shown = await world.cliResult(["device", "config", name]);
        expect(shown.status, shown.stderr).toBe(0);
        // The lab's routers hold no secrets: the public form is the normalised text.
        const own = driver?.publicForm(name as string as DeviceId, await running(stage, name), tagger).publicText;
        expect(shown.stdout.trimEnd()).toBe(own?.trimEnd());
      }
    },
  );

  it("a neighbour and a prefix list on three routers, and BGP comes up", { timeout: 180_000 }, async () => {
    const verify = [{ command: "show bgp summary", contains: ["10.0.100."], withinSeconds: 10 }];
    const ended = await change(
      "Peer at the exchange",
      "platform=frr_linux",
      perRouter((name) => changes.peerAtExchange(name)),
      verify,
    );
    expect(tasksOf(ended).map((task) => [task.device, task.state, task.code])).toEqual(
      routerNames.map((name) => [name, "DONE", null]),
    );
    for (const name of routerNames) {
      await poll(
        `${name}: BGP at the exchange`,
        async () => {
          const sessions = Object.entries(await stage.lab.bgp(name)).filter(([address]) =>
            address.startsWith("10.0.100."),
          );
          return sessions.length === 2 && sessions.every(([, state]) => state === "Established") ? true : undefined;
        },
        { within: 60_000 },
      );
    }
  });

  it(
    "a change that passes vtysh -C and that bgpd refuses half-way leaves the running configuration as it was",
    { timeout: 120_000 },
    async () => {
      const before = await running(stage, "r1");
      const ended = await change("Refused half-way", "device=r1", changes.refusedHalfWay("r1").join("\n"));
      expect(tasksOf(ended).map((task) => [task.state, task.code])).toEqual([["ROLLED_BACK", "COMMAND_REFUSED"]]);
      expect(await running(stage, "r1")).toBe(before);
    },
  );

  it(
    "a change that cuts the agent's own path to a router is undone by the router, the agent's process killed",
    { timeout: 180_000 },
    async () => {
      const before = await running(stage, "r1");
      const id = await plan("Cut the path to r1", "device=r1", changes.cutPathToR1.join("\n"));
      await stage.world.sign(id, "ann");
      await stage.world.sign(id, "bob");
      await poll("the path is cut", async () => ((await running(stage, "r1")) === before ? undefined : true), {
        within: 60_000,
      });
      await stage.world.agents.get(AGENT)?.stop("SIGKILL");
      expect(await running(stage, "r1")).not.toBe(before);
      await poll("the router has undone it", async () => ((await running(stage, "r1")) === before ? true : undefined), {
        within: 60_000,
      });
      await stage.world.startAgent(AGENT);
      const ended = await stage.world.waitForJob(id);
      expect(tasksOf(ended).map((task) => task.state)).toEqual(["ROLLED_BACK"]);
    },
  );

  it(
    "a change that leaves the LAN healthy but kills the way home is rolled back, and the link returns by itself",
    { timeout: 180_000 },
    async () => {
      const before = await running(stage, "r2");
      const ended = await change("Kill the way home", "device=r2", changes.killWayHome.join("\n"));
      expect(tasksOf(ended).map((task) => [task.state, task.code])).toEqual([["ROLLED_BACK", "WAY_HOME_LOST"]]);
      expect(await running(stage, "r2")).toBe(before);
      await stage.world.waitForContact(AGENT, "LIVE");
    },
  );

  it("a wrong host key is refused before any password is sent", { timeout: 120_000 }, async () => {
    const { lab, world } = stage;
    const offered = (): number =>
      lab
        .router("r3")
        .sshLog()
        .split("\n")
        .filter((line) => line.includes("userauth-request")).length;
    world.setDevices(
      routerNames.map((name: RouterName) =>
        name === "r3" ? deviceOf(lab, name, lab.router("r1").hostKeyPublic) : deviceOf(lab, name),
      ),
    );
    await world.importInventory();
    await world.createGrant();
    const before = offered();
    const [submitted] = await world.cli(["job", "submit", "collect", "--grant", "reads", "--select", "device=r3"]);
    const ended = await world.waitForJob(String(submitted?.["job"]));
    expect(tasksOf(ended).map((task) => [task.state, task.code])).toEqual([["FAILED", "HOST_KEY"]]);
    expect(lab.router("r3").sshLog()).toContain("Connection from");
    expect(offered()).toBe(before);
  });
});
