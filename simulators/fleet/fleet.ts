/** Many devices in one process, each with its own loopback address, from one seed. */
import { z } from "zod";
import { systemClock, type Clock } from "../../shared/clock.ts";
import { startCiscoIosxe } from "../cisco_iosxe/index.ts";
import type { SimulatedDevice } from "../device.ts";
import { NetconfConfig } from "../netconf/config.ts";
import { sampleNetconf, startNetconf } from "../netconf/index.ts";
import { SIMULATED_PLATFORMS, SIMULATORS } from "../registry.ts";
import { generateDevice, Profile } from "./generate.ts";

export const FleetConfig = z.strictObject({
  platform: z.enum(SIMULATED_PLATFORMS).default("cisco_iosxe"),
  count: z.number().int().min(1).max(5000),
  seed: z.number().int().default(1),
  /** `own`: every device has an address of its own in 127/8 (Linux); `shared`: all on `baseAddress`, told apart by port. */
  addressing: z.enum(["own", "shared"]).default("own"),
  baseAddress: z.string().default("127.20.0.1"),
  /** 0 takes any free port; with addresses of their own all devices may share one. */
  port: z.number().int().min(0).max(65_535).default(0),
  username: z.string().default("netops"),
  password: z.string().default("n3t0ps-lab"),
  enablePassword: z.string().optional(),
  loginPrivilege: z.number().int().min(1).max(15).default(15),
  /** As the platform writes it; the platform's own default without it. */
  version: z.string().optional(),
  model: z.string().optional(),
  vtyLines: z.number().int().positive().default(16),
  bulkBytes: z.number().int().min(0).default(1_000_000),
  profile: Profile.prefault({}),
  /** Of a fleet of `netconf`: what kind of server each is, and how it is odd. */
  netconf: NetconfConfig.pick({ personality: true, abilities: true, oddities: true, bulkBytes: true }).prefault({}),
});
export type FleetConfig = z.output<typeof FleetConfig>;
export type FleetConfigInput = z.input<typeof FleetConfig>;

export interface Fleet {
  readonly devices: readonly SimulatedDevice[];
  /** By name, which is the hostname that the device started with. */
  device(name: string): SimulatedDevice;
  /** TCP connections that any device accepted. */
  acceptCount(): number;
  stop(): Promise<void>;
}

export interface FleetDependencies {
  clock?: Clock;
  signal?: AbortSignal;
}

function addressAt(base: string, index: number): string {
  const number = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) + index;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

export async function startFleet(
  input: FleetConfigInput,
  { clock = systemClock, signal }: FleetDependencies = {},
): Promise<Fleet> {
  const config = FleetConfig.parse(input);
  const started = await Promise.allSettled(
    Array.from({ length: config.count }, (_, index) =>
      startOne(config, index, { clock, ...(signal ? { signal } : {}) }),
    ),
  );
  const devices = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = started.find((result) => result.status === "rejected");
  if (failed) {
    // A half-started fleet would keep its ports.
    await Promise.all(devices.map((device) => device.stop()));
    throw failed.reason;
  }
  const byName = new Map(devices.map((device) => [device.name, device]));
  return {
    devices,
    device(name) {
      const found = byName.get(name);
      if (!found) throw new Error(`the fleet has no device ${name}`);
      return found;
    },
    acceptCount: () => devices.reduce((sum, device) => sum + device.acceptCount(), 0),
    async stop() {
      await Promise.all(devices.map((device) => device.stop()));
    },
  };
}

function startOne(
  config: FleetConfig,
  index: number,
  dependencies: { clock: Clock; signal?: AbortSignal },
): Promise<SimulatedDevice> {
  const { platform, seed, username, password, port, version, model } = config;
  const address = config.addressing === "own" ? addressAt(config.baseAddress, index) : config.baseAddress;
  const common = { address, port, username, password };
  const { interfaces } = config.profile;
  if (platform === "netconf") {
    const { personality } = config.netconf;
    const made = sampleNetconf({ personality, seed: seed * 10_000 + index, interfaces: interfaces + 1 });
    const { hostname, serial, config: text } = made;
    const hostKeySeed = `${seed}/${hostname}`;
    return startNetconf(
      { ...config.netconf, name: hostname, ...common, serial, hostKeySeed, version, model, config: text },
      dependencies,
    );
  }
  if (platform !== "cisco_iosxe") {
    const { hostname, serial, config: text } = SIMULATORS[platform].sample({ seed, index, interfaces, username });
    const facts = { ...(version === undefined ? {} : { version }), ...(model === undefined ? {} : { model }) };
    return SIMULATORS[platform].start(
      { name: hostname, ...common, ...facts, serial, hostKeySeed: `${seed}/${hostname}`, config: text },
      dependencies,
    );
  }
  const facts = { version: version ?? "17.9.4a", model: model ?? "C8000V" };
  const made = generateDevice({ index, seed, profile: config.profile, ...facts, username });
  return startCiscoIosxe(
    {
      name: made.hostname,
      ...common,
      ...facts,
      ...(config.enablePassword === undefined ? {} : { enablePassword: config.enablePassword }),
      loginPrivilege: config.loginPrivilege,
      serial: made.serial,
      vtyLines: config.vtyLines,
      hostKeySeed: `${seed}/${made.hostname}`,
      config: made.config,
      bulkBytes: config.bulkBytes,
    },
    dependencies,
  );
}
