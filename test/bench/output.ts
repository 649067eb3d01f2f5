import type { DeviceId, GrantId } from "../../shared/ids.ts";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";
import type { BenchOptions } from "./main.ts";
import { peakMiB, residentMiB } from "./memory.ts";
import { round } from "./statistics.ts";

const COMMAND = "show tech-support";

/** One device that says a gibibyte: the agent's memory must not grow with it. */
export async function benchOutput(options: BenchOptions): Promise<object> {
  const mebibytes = Number(options.mebibytes ?? 1024);
  const bytes = mebibytes * 1024 * 1024;
  const fleet = await FleetProcess.start({ count: 1, seed: 3, bulkBytes: bytes });
  const [device] = fleet.devices;
  if (!device) throw new Error("no device");
  const world = await World.start({
    sites: [{ id: "bench", agent: "agent-bench" }],
    devices: [inventoryEntry(device, "bench")],
    username: device.username,
    password: device.password,
    grantCommands: ["show version", COMMAND],
  });
  try {
    const agent = world.agents.get("agent-bench");
    if (!agent) throw new Error("no agent");
    const run = async (command: string) => {
      const deadlines = {
        connectMs: 30_000,
        commandMs: 900_000,
        taskMs: 1_200_000,
        jobMs: 1_800_000,
        confirmMs: 120_000,
      };
      const job = await world.client().submit({
        kind: "run",
        title: "bench",
        reason: "",
        devices: [device.name as DeviceId],
        grant: "reads" as GrantId,
        commands: [command],
        outputBytesMax: 2_000_000_000,
        deadlines,
      });
      const ended = await world.waitForJob(job.id, undefined, 1_800_000);
      if (ended.state !== "SUCCEEDED")
        throw new Error(`${command}: ${ended.state} ${JSON.stringify(ended.assignments)}`);
      return ended;
    };
    await run("show version");
    const idle = residentMiB(agent.pid);
    const started = performance.now();
    await run(COMMAND);
    const seconds = (performance.now() - started) / 1000;
    const peak = peakMiB(agent.pid);
    return {
      schema: "farhand.bench-output/1",
      outputMiB: mebibytes,
      seconds: round(seconds),
      mebibytesPerSecond: round(mebibytes / seconds),
      agentIdleMiB: round(idle),
      agentPeakMiB: round(peak),
      aboveIdleMiB: round(peak - idle),
      hubPeakMiB: round(peakMiB(world.hub?.pid ?? process.pid)),
      budget: { aboveIdleMiB: 96 },
    };
  } finally {
    await world.stop();
    await fleet.stop();
  }
}
