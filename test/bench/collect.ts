import { existsSync, writeFileSync } from "node:fs";
import { BUN, Child } from "../support/child.ts";
import { FleetProcess, type FleetDevice, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";
import type { DeviceId, GrantId } from "../../shared/ids.ts";
import type { BenchOptions } from "./main.ts";
import { peakMiB, residentMiB } from "./memory.ts";
import { ratios, round, spread } from "./statistics.ts";

const CONCURRENCY = 64;
const NETMIKO_THREADS = 50;
const SITE = "bench";

interface Round {
  readonly seconds: number;
  readonly peakMiB: number;
}

/** Runs a program that reads a job from its standard input and prints one JSON document. */
async function runPeer(argv: readonly [string, ...string[]], job: object): Promise<Record<string, unknown>> {
  const child = new Child({ argv });
  child.process.stdin?.end(JSON.stringify(job));
  const exit = await child.exited;
  if (exit.code !== 0) throw new Error(`${argv.join(" ")}: ${JSON.stringify(exit)}\n${child.tail()}`);
  return JSON.parse(child.stdout.at(-1) ?? "{}") as Record<string, unknown>;
}

const targetsOf = (devices: readonly FleetDevice[]) =>
  devices.map((device) => ({
    host: device.address,
    port: device.port,
    username: device.username,
    password: device.password,
    hostKey: device.hostKey.base64,
  }));

async function ours(world: World, agentPid: number, devices: readonly FleetDevice[]): Promise<Round> {
  const started = performance.now();
  const job = await world.client().submit({
    kind: "collect",
    title: "bench",
    reason: "",
    devices: devices.map((device) => device.name as DeviceId),
    grant: "reads" as GrantId,
  });
  const ended = await world.waitForJob(job.id, undefined, 600_000);
  const seconds = (performance.now() - started) / 1000;
  if (ended.state !== "SUCCEEDED") throw new Error(`collect: ${ended.state} ${JSON.stringify(ended.counts)}`);
  return { seconds, peakMiB: peakMiB(agentPid) };
}

async function bare(devices: readonly FleetDevice[]): Promise<number> {
  const result = await runPeer([BUN, "simulators/ssh/bare-collect.ts"], {
    concurrency: CONCURRENCY,
    command: "show running-config",
    devices: targetsOf(devices),
  });
  if (result["collected"] !== devices.length) throw new Error(`bare: ${JSON.stringify(result)}`);
  return Number(result["seconds"]);
}

/** The Python that has Netmiko: given by --netmiko, else the one on the PATH if it can import it. */
async function netmikoPython(given: string | undefined): Promise<string | undefined> {
  const python = given ?? "python3";
  if (given !== undefined && !existsSync(given)) throw new Error(`no ${given}`);
  const probe = new Child({ argv: [python, "-c", "import netmiko"] });
  return (await probe.exited).code === 0 ? python : undefined;
}

async function netmiko(
  python: string,
  devices: readonly FleetDevice[],
  knownHosts: string,
): Promise<Record<string, unknown>> {
  const lines = devices.map(
    (device) => `[${device.address}]:${device.port} ${device.hostKey.algorithm} ${device.hostKey.base64}`,
  );
  writeFileSync(knownHosts, `${lines.join("\n")}\n`);
  return runPeer([python, "test/bench/peer_netmiko.py"], {
    threads: NETMIKO_THREADS,
    knownHosts,
    devices: targetsOf(devices),
  });
}

export async function benchCollect(options: BenchOptions): Promise<object> {
  const count = Number(options.devices ?? 500);
  const rounds = Number(options.rounds ?? 3);
  const interfaces = Number(options.interfaces ?? 400);
  const fleet = await FleetProcess.start({ count, seed: 7, profile: { interfaces } });
  const world = await World.start({
    sites: [{ id: SITE, agent: "agent-bench" }],
    devices: fleet.devices.map((device) => inventoryEntry(device, SITE)),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
    parallel: CONCURRENCY,
  });
  try {
    const agent = world.agents.get("agent-bench");
    if (!agent) throw new Error("no agent");
    const idleMiB = residentMiB(agent.pid);
    const python = await netmikoPython(options.netmiko);
    await ours(world, agent.pid, fleet.devices.slice(0, 20));
    const [mine, floor]: [number[], number[]] = [[], []];
    let peak = 0;
    for (let number = 0; number < rounds; number++) {
      const result = await ours(world, agent.pid, fleet.devices);
      mine.push(count / result.seconds);
      peak = Math.max(peak, result.peakMiB);
      floor.push(count / (await bare(fleet.devices)));
    }
    const peer = python === undefined ? null : await netmiko(python, fleet.devices, world.path("known_hosts"));
    const peerPerSecond = peer === null ? null : Number(peer["collected"]) / Number(peer["seconds"]);
    const bytes = (await fleet.runningConfig(fleet.devices[0]?.name ?? "")).length;
    return {
      schema: "farhand.bench-collect/1",
      devices: count,
      interfaces,
      configurationBytes: bytes,
      concurrency: CONCURRENCY,
      rounds,
      devicesPerSecond: spread(mine),
      agentIdleMiB: round(idleMiB),
      agentPeakMiB: round(peak),
      bareSsh2: { devicesPerSecond: spread(floor), ratio: ratios(mine, floor) },
      peer:
        peer === null
          ? null
          : {
              ...peer,
              devicesPerSecond: round(peerPerSecond ?? Number.NaN),
              ratio: round(spread(mine).median / (peerPerSecond ?? Number.NaN)),
            },
      budget: { ratioToBareSsh2: 0.6, ratioToNetmiko: 20 },
    };
  } finally {
    await world.stop();
    await fleet.stop();
  }
}
