// kill -9 of the agent at every boundary of a rotation: afterwards the vault and the device agree on one login, and the outcome says which.
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskView } from "../../hub/api/contract/views.ts";
import { BUN } from "../support/child.ts";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";
import { within } from "./boundaries.ts";

const LANES = 3;

interface Lane {
  readonly agent: string;
  readonly device: string;
}

let fleet: FleetProcess;
let world: World;
let lanes: readonly Lane[];

beforeAll(async () => {
  fleet = await FleetProcess.start({ count: LANES, seed: 47 });
  lanes = fleet.devices.map((device, index) => ({ agent: `agent-${index}`, device: device.name }));
  world = await World.start({
    sites: lanes.map(({ agent }, index) => ({ id: `site-${index}`, agent })),
    devices: fleet.devices.map((device, index) => inventoryEntry(device, `site-${index}`)),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
    moreApprovers: ["cyd"],
  });
}, 120_000);

afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
});

const pointsFile = (agent: string): string => world.path(`${agent}.points`);

async function start(agent: string, killPoint?: string) {
  await world.agents.get(agent)?.stop();
  writeFileSync(pointsFile(agent), "");
  const kill = killPoint === undefined ? [] : [killPoint];
  const dir = world.agentDir(agent);
  return world.startAgent(agent, [
    BUN,
    "test/faults/agent-under-test.ts",
    dir,
    `${dir}.key`,
    pointsFile(agent),
    ...kill,
  ]);
}

/** Signed by all but the last, so that the agent can be made ready first. */
async function asked(device: string): Promise<string> {
  const args = ["credential", "rotate", "lab", "--select", `device=${device}`, "--author", "ann"];
  const [submitted] = await world.cli([...args, "--accept-simulated", "cisco_iosxe"]);
  const job = String(submitted?.["job"]);
  await world.sign(job, "ann");
  await world.sign(job, "bob");
  return job;
}

const secretLine = async (device: string): Promise<string | undefined> =>
  (await fleet.configuration(device)).split("\n").find((line) => line.startsWith("username "));

async function endOf(job: string): Promise<TaskView> {
  const ended = await world.waitForJob(job);
  const task = ended.assignments.at(-1)?.tasks[0];
  if (!task) throw new Error(`no task in ${JSON.stringify(ended)}`);
  return task;
}

/** The agent's next task: it logs in with what its vault now says. */
async function collects(device: string): Promise<string> {
  const [submitted] = await world.cli(["job", "submit", "collect", "--grant", "reads", "--select", `device=${device}`]);
  return (await endOf(String(submitted?.["job"]))).state;
}

async function crashAt({ agent, device }: Lane, point: string): Promise<string[]> {
  const job = await asked(device);
  const before = await secretLine(device);
  const child = await start(agent, point);
  await world.sign(job, "cyd");
  // The last points come after the hub has seen the end: the process gets the time to reach them.
  const afterwards = world.waitForJob(job).then(() => within(child.exited, 20_000));
  const exit = await Promise.race([child.exited, afterwards]);
  await start(agent);
  const task = await endOf(job);
  const changed = (await secretLine(device)) !== before;
  const problems: string[] = [];
  if (exit?.signal !== "SIGKILL") problems.push("the point never fired");
  if (!["DONE", "ROLLED_BACK", "FAILED"].includes(task.state)) problems.push(`${task.state} is no end`);
  if (changed !== (task.state === "DONE"))
    problems.push(`${task.state}, and the password is ${changed ? "" : "not "}changed`);
  const read = await collects(device);
  if (read !== "DONE") problems.push(`the agent's own login does not work: ${read}`);
  const stats = (await fleet.stats(device)).devices[0];
  if (stats?.["pendingRollback"] !== null) problems.push("an undo timer still runs");
  process.stdout.write(`${point}: ${task.state}${task.code === null ? "" : ` (${task.code})`}\n`);
  return problems.map((problem) => `${point}: ${problem}`);
}

describe("kill -9 of the agent at every boundary of a rotation, a simulated router", () => {
  it("always leaves one login, and the agent has it", { timeout: 600_000 }, async () => {
    const [lane] = lanes;
    if (!lane) throw new Error("no lane");
    const job = await asked(lane.device);
    await start(lane.agent);
    writeFileSync(pointsFile(lane.agent), "");
    await world.sign(job, "cyd");
    expect(await endOf(job)).toMatchObject({ state: "DONE", code: null });
    expect(await collects(lane.device)).toBe("DONE");
    const fired = readFileSync(pointsFile(lane.agent), "utf8").split("\n");
    // What has not been committed is the state after the commit before it: those apart that something outside the journal comes before.
    const isPoint =
      /^(?:(?:state|intent|done|task):\S+ after-commit|(?:intent:precheck|done:apply|done:keep|task:DONE) before-commit)$/;
    const points = [...new Set(fired.filter((line) => isPoint.test(line)))];
    expect(points.length).toBeGreaterThan(18);
    const queue = [...points];
    const problems: string[] = [];
    await Promise.all(
      lanes.map(async (one) => {
        for (let point = queue.shift(); point !== undefined; point = queue.shift())
          problems.push(...(await crashAt(one, point)));
      }),
    );
    expect(problems).toEqual([]);
  });
});
