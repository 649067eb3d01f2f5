import { readFileSync, writeFileSync } from "node:fs";
import type { TaskView } from "../../hub/api/contract/views.ts";
import { BUN } from "../support/child.ts";
import type { World } from "../support/world.ts";

/** What a device is like, read from the device itself, never from our own record. */
export interface Truth {
  /** The configuration without what changes by itself. */
  config(device: string): Promise<string>;
  /** How often a change was applied, as the device counts; undefined where it does not. */
  applies(device: string): Promise<number | undefined>;
  /** No undo timer runs on the device. */
  isQuiet(device: string): Promise<boolean>;
}

export interface Rig {
  readonly world: World;
  readonly truth: Truth;
  /** Agents that can be used side by side, each with its one device. */
  readonly lanes: readonly { readonly agent: string; readonly device: string }[];
  /** A change that the device does not have yet, and a line that shows it. */
  readonly change: (number: number) => { readonly template: string; readonly shows: string };
  readonly planExtra: readonly string[];
}

export interface Outcome {
  readonly point: string;
  readonly state: string;
  readonly code: string | null;
  readonly applies: number | undefined;
  readonly problems: readonly string[];
}

const pointsFile = (world: World, agent: string): string => world.path(`${agent}.points`);

export async function startUnderTest(world: World, agent: string, killPoint?: string) {
  await world.agents.get(agent)?.stop();
  writeFileSync(pointsFile(world, agent), "");
  return world.startAgent(agent, [
    BUN,
    "test/faults/agent-under-test.ts",
    world.agentDir(agent),
    `${world.agentDir(agent)}.key`,
    pointsFile(world, agent),
    ...(killPoint === undefined ? [] : [killPoint]),
  ]);
}

/** Every distinct boundary that the journal passes from the offer of a change until the hub holds its receipt. */
export async function discoverPoints(rig: Rig): Promise<string[]> {
  const [lane] = rig.lanes;
  if (!lane) throw new Error("no lane");
  const { world } = rig;
  const job = await planned(rig, lane.device, 0);
  await startUnderTest(world, lane.agent);
  writeFileSync(pointsFile(world, lane.agent), "");
  await world.sign(job, "bob");
  const ended = await world.waitForJob(job);
  if (ended.state !== "SUCCEEDED")
    throw new Error(`without a crash the change ended ${ended.state}: ${JSON.stringify(ended.assignments)}`);
  const fired = readFileSync(pointsFile(world, lane.agent), "utf8")
    .split("\n")
    .filter((line) => line !== "");
  return [...new Set(fired)];
}

async function planned({ world, change, planExtra }: Rig, device: string, number: number): Promise<string> {
  const id = await world.plan({
    select: `device=${device}`,
    template: change(number).template,
    title: `crash ${number} on ${device}`,
    extra: planExtra,
  });
  await world.sign(id, "ann");
  return id;
}

/** Kills the agent at one point of a change, starts it again, and holds its word against the device. */
async function crashAt(rig: Rig, lane: Rig["lanes"][number], point: string, number: number): Promise<Outcome> {
  const { world, truth } = rig;
  const { agent, device } = lane;
  const problems: string[] = [];
  // The agent that recovered last time is still there, and makes the plan.
  const job = await planned(rig, device, number);
  const before = await truth.config(device);
  const appliesBefore = await truth.applies(device);
  const child = await startUnderTest(world, agent, point);
  await world.sign(job, "bob");
  // The last points come after the hub has seen the end: the process gets the time to reach them.
  const afterwards = world.waitForJob(job).then(() => within(child.exited, 20_000));
  const exit = await Promise.race([child.exited, afterwards]);
  if (exit?.signal !== "SIGKILL") problems.push(`the point never fired (${JSON.stringify(exit)})`);
  await startUnderTest(world, agent);
  const ended = await world.waitForJob(job);
  const task = ended.assignments.at(-1)?.tasks[0];
  if (!task) throw new Error(`no task in ${JSON.stringify(ended)}`);
  await world.until(`${device} to be quiet`, 60_000, () => truth.isQuiet(device));
  const appliesAfter = await truth.applies(device);
  const applies = appliesAfter === undefined || appliesBefore === undefined ? undefined : appliesAfter - appliesBefore;
  if (applies !== undefined && applies > 1) problems.push(`applied ${applies} times`);
  problems.push(...untruths(task, { before, now: await truth.config(device), shows: rig.change(number).shows }));
  if (problems.length > 0 && task.detail !== null) problems.push(task.detail);
  return { point, state: task.state, code: task.code, applies, problems };
}

/** The promise's value, or undefined when it takes longer. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function untruths(task: TaskView, device: { before: string; now: string; shows: string }): string[] {
  const has = device.now.includes(device.shows);
  const isAsBefore = device.now === device.before;
  switch (task.state) {
    case "DONE":
      return has ? [] : ["DONE, but the device does not have it"];
    case "ROLLED_BACK":
      return isAsBefore ? [] : ["ROLLED_BACK, but the device is not as before"];
    case "FAILED":
      return isAsBefore === (task.code !== "REVERT_FAILED")
        ? []
        : [`FAILED (${task.code}), but the device is ${isAsBefore ? "" : "not "}as before`];
    default:
      return [`${task.state} is no end for a device that can be reached`];
  }
}

/** All points, the lanes side by side. */
export async function crashEverywhere(rig: Rig, points: readonly string[]): Promise<Outcome[]> {
  const queue = points.map((point, index) => ({ point, number: index + 1 }));
  const outcomes: Outcome[] = [];
  await Promise.all(
    rig.lanes.map(async (lane) => {
      for (let next = queue.shift(); next; next = queue.shift())
        outcomes.push(await crashAt(rig, lane, next.point, next.number));
    }),
  );
  return outcomes.toSorted((a, b) => points.indexOf(a.point) - points.indexOf(b.point));
}

export function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ point, state, code, applies, problems }) => [
    point,
    code === null ? state : `${state} (${code})`,
    applies === undefined ? "-" : String(applies),
    problems.join("; "),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
