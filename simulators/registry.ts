/** Which platforms can be simulated, by the name that they have in the product's inventory. */
import type { Clock } from "../shared/clock.ts";
import { startAristaEos } from "./arista_eos/index.ts";
import { sampleAristaEos } from "./arista_eos/sample.ts";
import { startCiscoIosxe } from "./cisco_iosxe/index.ts";
import type { SimulatedDevice } from "./device.ts";
import { startFrrLinux } from "./frr_linux/index.ts";
import { sampleFrrLinux } from "./frr_linux/sample.ts";
import { generateDevice, Profile } from "./fleet/generate.ts";
import type { Sample, SampleOptions } from "./kit/sample.ts";
import { startJuniperJunos } from "./juniper_junos/index.ts";
import { sampleJuniperJunos } from "./juniper_junos/sample.ts";
import { startLinux } from "./linux/index.ts";
import { sampleLinux } from "./linux/sample.ts";
import { startMikrotikRouteros } from "./mikrotik_routeros/index.ts";
import { sampleMikrotikRouteros } from "./mikrotik_routeros/sample.ts";
import { sampleNetconf, startNetconf } from "./netconf/index.ts";
import { startNokiaSrlinux } from "./nokia_srlinux/index.ts";
import { sampleNokiaSrlinux } from "./nokia_srlinux/sample.ts";

/** What every platform's start takes; the rest of it has the platform's own defaults. */
export interface StartOptions {
  readonly name: string;
  readonly address?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  readonly serial?: string;
  readonly hostKeySeed?: string;
  readonly model?: string;
  readonly version?: string;
  readonly config: string;
}

export interface StartDependencies {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

export interface PlatformSimulator {
  sample(options: Required<SampleOptions>): Sample;
  start(options: StartOptions, dependencies?: StartDependencies): Promise<SimulatedDevice>;
}

export const SIMULATORS = {
  arista_eos: { sample: sampleAristaEos, start: startAristaEos },
  cisco_iosxe: {
    sample: ({ interfaces, ...options }) =>
      generateDevice({ ...options, profile: Profile.parse({ interfaces }), version: "17.9.4a", model: "C8000V" }),
    start: startCiscoIosxe,
  },
  frr_linux: { sample: sampleFrrLinux, start: startFrrLinux },
  juniper_junos: {
    sample: ({ interfaces, ...options }) =>
      sampleJuniperJunos({ ...options, profile: Profile.parse({ interfaces }), version: "21.4R3.15", model: "vsrx" }),
    start: startJuniperJunos,
  },
  linux: { sample: sampleLinux, start: startLinux },
  mikrotik_routeros: { sample: sampleMikrotikRouteros, start: startMikrotikRouteros },
  netconf: {
    sample: ({ seed, index, interfaces }) =>
      sampleNetconf({ personality: "generic", seed: seed * 10_000 + index, interfaces: interfaces + 1 }),
    start: startNetconf,
  },
  nokia_srlinux: { sample: sampleNokiaSrlinux, start: startNokiaSrlinux },
} as const satisfies Record<string, PlatformSimulator>;

export type SimulatedPlatform = keyof typeof SIMULATORS;

export const SIMULATED_PLATFORMS = Object.keys(SIMULATORS) as SimulatedPlatform[];
