// The first agent dies at a stage of a change, a standby takes over, the first one comes back. The device keeps the count.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AssignmentView, JobView } from "../../hub/api/contract/views.ts";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";
import { startUnderTest, within } from "./boundaries.ts";

const FIRST = "agent-plant";
const STANDBY = "agent-plant-2";
const LINE = "ip prefix-list TAKEN seq 5 permit 192.0.2.0/24";

interface Stage {
  readonly point: string;
  /** What the standby comes to, and how often the device was changed by then. */
  readonly standby: readonly [state: string, code: string | null];
  readonly applies: number;
}

/** By the labels of the journal's commits. Up to the packet that applies, nothing has been applied; from then on the device says so. */
const STAGES: readonly Stage[] = [
  { point: "accept after-commit", standby: ["DONE", null], applies: 1 },
  { point: "start before-commit", standby: ["DONE", null], applies: 1 },
  { point: "state:PRECHECK after-commit", standby: ["DONE", null], applies: 1 },
  { point: "done:snapshot after-commit", standby: ["DONE", null], applies: 1 },
  { point: "intent:arm after-commit", standby: ["DONE", null], applies: 1 },
  { point: "done:arm after-commit", standby: ["FAILED", "PENDING_CHANGE"], applies: 0 },
  { point: "intent:apply after-commit", standby: ["FAILED", "PENDING_CHANGE"], applies: 0 },
  { point: "done:apply before-commit", standby: ["FAILED", "PENDING_CHANGE"], applies: 1 },
  { point: "state:CONFIRM_WAIT after-commit", standby: ["FAILED", "PENDING_CHANGE"], applies: 1 },
  { point: "done:verify after-commit", standby: ["FAILED", "PENDING_CHANGE"], applies: 1 },
  { point: "done:confirm before-commit", standby: ["DRIFTED", "DRIFTED"], applies: 1 },
  { point: "task:DONE before-commit", standby: ["DRIFTED", "DRIFTED"], applies: 1 },
];

let fleet: FleetProcess;
let world: World;

beforeAll(async () => {
  fleet = await FleetProcess.start({ count: STAGES.length + 1, seed: 29 });
  world = await World.start({
    sites: [{ id: "plant", agent: FIRST }],
    devices: fleet.devices.map((device) => inventoryEntry(device, "plant")),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
  });
  await world.enrol({ id: "plant", agent: STANDBY });
  await world.startAgent(STANDBY);
  await shareKey();
}, 180_000);

afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
});

/** One site, one key: both are stopped for it, and each must have heard of the other before. */
async function shareKey(): Promise<void> {
  const file = world.path("site.key.json");
  await world.until("the agents to know each other", 60_000, async () => {
    await Promise.all([...world.agents.values()].map((agent) => agent.stop()));
    const shared = await world
      .agentCommand(FIRST, ["site-key", "share", "--to", STANDBY, "--out", file])
      .then(() => world.agentCommand(STANDBY, ["site-key", "take", file]))
      .then(
        () => true,
        () => false,
      );
    await world.startAgent(FIRST);
    await world.startAgent(STANDBY);
    return shared;
  });
}

const plan = (device: string, title: string, ...extra: string[]): Promise<string> =>
  world.plan({
    select: `device=${device}`,
    template: `${LINE}\n`,
    title,
    extra: ["--accept-simulated", "cisco_iosxe", "--confirm-seconds", "30", ...extra],
  });

const applies = async (device: string): Promise<number> => (await fleet.stats(device)).devices[0]?.applies ?? -1;
const isQuiet = async (device: string): Promise<boolean> =>
  (await fleet.stats(device)).devices[0]?.["pendingRollback"] === null;
const attempt = (job: JobView, number: number): AssignmentView | undefined =>
  job.assignments.find((entry) => entry.attempt === number);

describe("a standby takes over", () => {
  it("only what was signed for it, only from an agent that is gone, only so often", { timeout: 180_000 }, async () => {
    const device = fleet.devices[STAGES.length]?.name ?? "";
    const without = await plan(device, "no standby");
    await world.sign(without, "ann");
    const child = await startUnderTest(world, FIRST, "accept after-commit");
    await world.sign(without, "bob");
    expect(await within(child.exited, 60_000)).toMatchObject({ signal: "SIGKILL" });
    const takeOver = (job: string, agent = STANDBY) =>
      world.cliResult(["job", "takeover", job, "--agent", agent, "--reason", "gone"]);
    expect((await takeOver(without)).stderr).toContain("no manifest");
    expect((await takeOver(without, "agent-nobody")).stderr).toContain("WRONG_AGENT");
    await startUnderTest(world, FIRST);
    expect((await world.waitForJob(without)).state).toBe("SUCCEEDED");
    expect((await takeOver(without)).stderr).toContain("has ended");
  });

  it.each(STAGES.map((stage, index) => [stage.point, stage, index] as const))(
    "the first killed at %s",
    { timeout: 240_000 },
    async (point, stage, index) => {
      const device = fleet.devices[index]?.name ?? "";
      if (world.agents.get(FIRST)?.exit !== undefined) await startUnderTest(world, FIRST);
      const job = await plan(device, `taken ${index}`, "--standby", STANDBY);
      const review = await world.cliResult(["review", job]);
      expect(review.stdout).toContain(`standby ${STANDBY}`);
      await world.sign(job, "ann");
      const child = await startUnderTest(world, FIRST, point);
      const live = await world.cliResult(["job", "takeover", job, "--agent", STANDBY, "--reason", "too early"]);
      expect(live.status).toBe(1);
      await world.sign(job, "bob");
      expect(await within(child.exited, 60_000)).toMatchObject({ signal: "SIGKILL" });
      await world.waitForContact(FIRST, "LAPSED");
      const taken = await world.cliResult(["job", "takeover", job, "--agent", STANDBY, "--reason", "jump host died"]);
      expect(taken.status, taken.stderr).toBe(0);
      const ended = await world.waitForJob(job);
      const own = attempt(ended, 2);
      expect(own).toMatchObject({ agent: STANDBY });
      expect(own?.tasks.map(({ state, code }) => [state, code])).toEqual([stage.standby]);
      expect(ended.state).toBe(stage.standby[0] === "DONE" ? "SUCCEEDED" : "FAILED");
      expect(await applies(device)).toBe(stage.applies);
      const again = await world.cliResult(["job", "takeover", job, "--agent", FIRST, "--reason", "back"]);
      expect(again.stderr).toContain("has ended");
      // The first one comes back: it is told to stop, asks the device, and its truth stands beside the other's verdict.
      await startUnderTest(world, FIRST);
      await world.until("the first agent's own word", 90_000, async () => {
        const first = attempt(await world.job(job), 1);
        return first?.late != null || first?.receipt != null;
      });
      await world.until(`${device} to be quiet`, 90_000, () => isQuiet(device));
      const after = await world.job(job);
      expect(after.state).toBe(ended.state);
      expect(attempt(after, 1)?.state).toBe("ABANDONED");
      expect(await applies(device)).toBe(stage.applies);
      const has = (await fleet.configuration(device)).includes(LINE);
      const firstSays = attempt(after, 1)?.tasks[0]?.late ?? null;
      // Whoever says DONE says the truth; where nobody does, the device is as it was.
      const someoneDid = own?.tasks[0]?.state === "DONE" || firstSays === "DONE";
      expect({ has, firstSays }).toEqual({ has: someoneDid, firstSays });
    },
  );
});
