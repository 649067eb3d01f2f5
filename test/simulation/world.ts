import type { AgentId, DeviceId, Digest, SiteId } from "../../shared/ids.ts";
import { AgentShell } from "./agent-shell.ts";
import { SimDevice } from "./device.ts";
import { Environment, Violation } from "./environment.ts";
import type { FaultCounts } from "./faults.ts";
import { HubShell } from "./hub-shell.ts";
import type { Identities } from "./identities.ts";
import { Ledger } from "./ledger.ts";
import type { Mutant } from "./mutants.ts";
import { Network } from "./network.ts";
import { planJob, type SimManifest, type Site } from "./workload.ts";

export const AGENTS = ["agent-a", "agent-b", "agent-c"] as readonly string[] as readonly AgentId[];
const EVENTS_MAX = 150_000;
/** Even a clock that ran an hour ahead while a deadline was set has then been overtaken. */
const REST_WITHIN_MS = 4 * 3_600_000;

export interface Outcome {
  readonly seed: number;
  readonly violation: string | null;
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly crashes: number;
  readonly applies: number;
  readonly faults: FaultCounts;
  readonly ends: readonly string[];
  readonly tail: readonly string[];
}

/** One seed: a hub, some agents, their devices, people's jobs, and bad weather for some minutes. */
export async function simulate(seed: number, identities: Identities, mutant: Mutant | null = null): Promise<Outcome> {
  const world = new World(seed, identities, mutant);
  let violation: string | null = null;
  try {
    await world.run();
  } catch (error) {
    violation = error instanceof Violation ? error.message : `an error that nobody expected: ${describe(error)}`;
  }
  return world.outcome(violation);
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

class World {
  readonly #env: Environment;
  readonly #sites: readonly Site[];
  readonly #network: Network;
  readonly #ledger: Ledger;
  readonly #hub: HubShell;
  readonly #agents: readonly AgentShell[];
  readonly #manifests = new Map<Digest, SimManifest>();
  #events = 0;
  #jobsToCome = 0;

  constructor(seed: number, identities: Identities, mutant: Mutant | null) {
    const env = new Environment(seed, mutant);
    this.#env = env;
    this.#sites = AGENTS.slice(0, env.random.chance(0.3) ? 2 : 3).map((agent) => ({
      agent,
      site: agent.replace("agent", "site") as SiteId,
      devices: Array.from(
        { length: env.random.integer(2, 4) },
        (_, index) => new SimDevice(env, `${agent}-r${index + 1}` as DeviceId),
      ),
    }));
    this.#network = new Network(env);
    this.#ledger = new Ledger(env, this.#manifests);
    const parts = { env, network: this.#network, ledger: this.#ledger, identities, manifests: this.#manifests };
    this.#hub = new HubShell(env, this.#network, this.#ledger, identities);
    this.#agents = this.#sites.map((site) => new AgentShell(parts, site));
    this.#ledger.attach(this.#hub.db, this.#agents);
  }

  async run(): Promise<void> {
    const { random, queue } = this.#env;
    this.#hub.boot(0);
    for (const agent of this.#agents) agent.boot(random.integer(0, 2_000));
    this.#people();
    this.#weather();
    queue.at(random.integer(120_000, 300_000), async () => this.#calm());
    let atRest = false;
    const look = async (): Promise<void> => {
      atRest = !this.#env.faults.active && this.#jobsToCome === 0 && this.#ledger.unrest() === undefined;
      if (!atRest) queue.at(this.#env.faults.active ? 20_000 : 5_000, look);
    };
    queue.at(20_000, look);
    while (!atRest) {
      if (++this.#events > EVENTS_MAX)
        this.#env.violated(`no rest after ${EVENTS_MAX} events: ${this.#ledger.unrest()}`);
      if (queue.nowMs > REST_WITHIN_MS) this.#env.violated(`no rest: ${this.#ledger.unrest()}`);
      await queue.step();
    }
    this.#ledger.conclude();
  }

  /** People submit jobs, sign them, and now and then change their mind. */
  #people(): void {
    const { random, queue } = this.#env;
    const jobs = random.integer(2, 4);
    for (let number = 1; number <= jobs; number++) {
      this.#jobsToCome++;
      queue.at(random.integer(0, 100_000), async () => {
        this.#jobsToCome--;
        const job = planJob(this.#env, number, this.#sites);
        if (job.manifests.length === 0) return;
        for (const manifest of job.manifests) this.#manifests.set(manifest.digest, manifest);
        this.#hub.submit(job);
        if (job.kind === "change")
          queue.at(random.integer(500, 8_000), async () => this.#hub.tell(job.id, { type: "authorised" }));
        if (!random.chance(0.35)) return;
        queue.at(random.integer(1_000, 60_000), async () =>
          this.#hub.tell(job.id, { type: "cancelRequested", reason: "changed my mind" }),
        );
      });
    }
  }

  #weather(): void {
    const { random, queue } = this.#env;
    queue.at(random.integer(1_000, 15_000), async () => {
      if (!this.#env.faults.active) return;
      this.#weather();
      const agent = random.pick(this.#agents);
      const device = random.pick([...agent.devices.values()]);
      switch (random.integer(0, 5)) {
        case 0:
          return this.#jump(agent, "clock forward", 3_600_000);
        case 1:
          return this.#jump(agent, "clock back", -3_600_000);
        case 2:
          if (this.#env.faults.fires("device unreachable"))
            device.unreachableUntilMs = queue.nowMs + random.integer(1_000, 90_000);
          return;
        case 3:
          if (this.#isIdle(agent, device) && this.#env.faults.fires("device drifted"))
            device.running = `${device.id}:by hand at ${queue.nowMs}`;
          return;
        default:
          if (this.#env.faults.fires("link cut")) this.#network.cut(agent.id, random.integer(0, 30_000));
      }
    });
  }

  #jump(agent: AgentShell, fault: "clock forward" | "clock back", ms: number): void {
    if (this.#env.faults.fires(fault)) agent.skewMs = Math.max(-3_600_000, Math.min(3_600_000, agent.skewMs + ms));
  }

  /** By hand is only changed what no job is working on: another's hand within a change is the driver's test. */
  #isIdle(agent: AgentShell, device: SimDevice): boolean {
    const open = agent.db
      .query("SELECT 1 FROM task WHERE device = ? AND state IN ('PRECHECK', 'APPLYING', 'CONFIRM_WAIT', 'UNKNOWN')")
      .get(device.id);
    return device.pending === null && open === null;
  }

  /** The weather clears: from here on everything must come to its end. */
  #calm(): void {
    this.#env.trace("world", "calm");
    this.#env.faults.active = false;
    this.#network.heal();
    for (const agent of this.#agents) {
      agent.skewMs = 0;
      for (const device of agent.devices.values()) device.unreachableUntilMs = 0;
    }
  }

  outcome(violation: string | null): Outcome {
    const ends = this.#ledger.ends();
    const processes = [this.#hub, ...this.#agents];
    for (const process of processes) process.scrap();
    const devices = this.#agents.flatMap((agent) => [...agent.devices.values()]);
    return {
      seed: this.#env.seed,
      violation,
      hash: this.#env.hash,
      events: this.#events,
      virtualMs: this.#env.queue.nowMs,
      crashes: processes.reduce((sum, process) => sum + process.crashes, 0),
      applies: devices.reduce((sum, device) => sum + device.applies.size, 0),
      faults: { ...this.#env.faults.counts },
      ends,
      tail: this.#env.tail,
    };
  }
}
