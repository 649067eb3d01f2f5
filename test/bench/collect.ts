import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { BUN, Child, ROOT } from "../support/child.ts";
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

/** `go` builds scrapligo from the Go module proxy; without it that peer is left out, and the result says so. */
async function scrapligo(
  folder: string,
  devices: readonly FleetDevice[],
  knownHosts: string,
): Promise<Record<string, unknown> | null> {
  const program = join(folder, "peer_scrapligo");
  const build = new Child({ argv: ["go", "build", "-o", program, "."], cwd: join(ROOT, "test/bench/peer_scrapligo") });
  if ((await build.exited).code !== 0) return null;
  return runPeer([program], { threads: NETMIKO_THREADS, knownHosts, devices: targetsOf(devices) });
}

async function ncclient(
  python: string,
  devices: readonly FleetDevice[],
  knownHosts: string,
): Promise<Record<string, unknown>> {
  return runPeer([python, "test/bench/peer_ncclient.py"], {
    threads: NETMIKO_THREADS,
    knownHosts,
    devices: targetsOf(devices),
  });
}

/** The Python that has the peer: given by --netmiko, else the one on the PATH if it can import it. */
async function pythonWith(module: "netmiko" | "ncclient", given: string | undefined): Promise<string | undefined> {
  const python = given ?? "python3";
  if (given !== undefined && !existsSync(given)) throw new Error(`no ${given}`);
  const probe = new Child({ argv: [python, "-c", `import ${module}`] });
  return (await probe.exited).code === 0 ? python : undefined;
}

function writeKnownHosts(file: string, devices: readonly FleetDevice[]): void {
  const lines = devices.map(
    (device) => `[${device.address}]:${device.port} ${device.hostKey.algorithm} ${device.hostKey.base64}`,
  );
  writeFileSync(file, `${lines.join("\n")}\n`);
}

async function netmiko(
  python: string,
  devices: readonly FleetDevice[],
  knownHosts: string,
): Promise<Record<string, unknown>> {
  return runPeer([python, "test/bench/peer_netmiko.py"], {
    threads: NETMIKO_THREADS,
    knownHosts,
    devices: targetsOf(devices),
  });
}

const Engine = z.enum(["cli", "netconf", "https"]);
/** What each engine collects from: the simulated platform that speaks it. */
const PLATFORMS = { cli: "cisco_iosxe", netconf: "netconf", https: "arista_eos" } as const;

export async function benchCollect(options: BenchOptions): Promise<object> {
  const engine = Engine.parse(options.engine ?? "cli");
  const count = Number(options.devices ?? 500);
  const rounds = Number(options.rounds ?? 3);
  const interfaces = Number(options.interfaces ?? 400);
  const fleet = await FleetProcess.start({ platform: PLATFORMS[engine], count, seed: 7, profile: { interfaces } });
  const world = await World.start({
    sites: [{ id: SITE, agent: "agent-bench" }],
    devices: fleet.devices.map((device) => inventoryEntry(device, SITE, engine === "cli" ? undefined : engine)),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
    parallel: CONCURRENCY,
  });
  try {
    const agent = world.agents.get("agent-bench");
    if (!agent) throw new Error("no agent");
    const idleMiB = residentMiB(agent.pid);
    const knownHosts = world.path("known_hosts");
    writeKnownHosts(knownHosts, fleet.devices);
    await ours(world, agent.pid, fleet.devices.slice(0, 20));
    const [mine, floor]: [number[], number[]] = [[], []];
    let peak = 0;
    for (let number = 0; number < rounds; number++) {
      const result = await ours(world, agent.pid, fleet.devices);
      mine.push(count / result.seconds);
      peak = Math.max(peak, result.peakMiB);
      if (engine === "cli") floor.push(count / (await bare(fleet.devices)));
    }
    const peers = await peersOf(engine, options, world, fleet.devices, knownHosts);
    const bytes = (await fleet.runningConfig(fleet.devices[0]?.name ?? "")).length;
    const median = spread(mine).median;
    return {
      schema: "farhand.bench-collect/2",
      engine,
      devices: count,
      interfaces,
      configurationBytes: bytes,
      concurrency: CONCURRENCY,
      rounds,
      devicesPerSecond: spread(mine),
      agentIdleMiB: round(idleMiB),
      agentPeakMiB: round(peak),
      bareSsh2: floor.length === 0 ? null : { devicesPerSecond: spread(floor), ratio: ratios(mine, floor) },
      peers: peers.map((peer) => {
        const perSecond = Number(peer["collected"]) / Number(peer["seconds"]);
        return { ...peer, devicesPerSecond: round(perSecond), ratio: round(median / perSecond) };
      }),
      budget: { ratioToBareSsh2: 0.6, ratioToNetmiko: 20, ratioToScrapligo: 1 },
    };
  } finally {
    await world.stop();
    await fleet.stop();
  }
}

async function peersOf(
  engine: z.infer<typeof Engine>,
  options: BenchOptions,
  world: World,
  devices: readonly FleetDevice[],
  knownHosts: string,
): Promise<Record<string, unknown>[]> {
  switch (engine) {
    case "cli": {
      const python = await pythonWith("netmiko", options.netmiko);
      const go = await scrapligo(world.path("."), devices, knownHosts);
      return [...(python === undefined ? [] : [await netmiko(python, devices, knownHosts)]), ...(go ? [go] : [])];
    }
    case "netconf": {
      const python = await pythonWith("ncclient", options.netmiko);
      return python === undefined ? [] : [await ncclient(python, devices, knownHosts)];
    }
    case "https":
      return [];
    default:
      return engine satisfies never;
  }
}
