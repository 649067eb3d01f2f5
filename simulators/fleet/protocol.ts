/** Lines of JSON between a fleet's process and whoever started it: one command in, one answer out, in order. */
import { z } from "zod";
import { ManualClock, type Clock } from "../../shared/clock.ts";
import { Fault } from "../faults.ts";
import type { SimulatedDevice } from "../device.ts";
import { FleetConfig, type Fleet } from "./fleet.ts";

/** What the process reads first. */
export const MainConfig = FleetConfig.extend({
  /** `manual` stands still until `advance`. */
  clock: z.enum(["system", "manual"]).default("system"),
  faults: z.array(z.strictObject({ device: z.string(), fault: Fault })).default([]),
});
export type MainConfig = z.output<typeof MainConfig>;

const device = z.string();
/** An `id` comes back in the answer. */
const id = z.union([z.string(), z.number()]).optional();

export const Command = z.discriminatedUnion("command", [
  z.strictObject({ command: z.literal("stats"), id, device: device.optional() }),
  z.strictObject({ command: z.literal("running-config"), id, device }),
  z.strictObject({ command: z.literal("startup-config"), id, device }),
  z.strictObject({ command: z.literal("log"), id, device }),
  z.strictObject({
    command: z.literal("mutate"),
    id,
    device,
    lines: z.array(z.string()).min(1),
    by: z.string().optional(),
  }),
  z.strictObject({ command: z.literal("setFault"), id, device, fault: Fault }),
  z.strictObject({ command: z.literal("clearFault"), id, device: device.optional(), kind: z.string().optional() }),
  z.strictObject({ command: z.literal("wipe"), id, device }),
  z.strictObject({ command: z.literal("reboot"), id, device, bootMs: z.number().min(0).optional() }),
  z.strictObject({ command: z.literal("advance"), id, ms: z.number().min(0) }),
  z.strictObject({ command: z.literal("stop"), id }),
]);
export type Command = z.output<typeof Command>;

export function deviceLine(entry: SimulatedDevice): object {
  return {
    type: "device",
    name: entry.name,
    platform: entry.platform,
    hostname: entry.hostname(),
    address: entry.address,
    port: entry.port,
    username: entry.username,
    password: entry.password,
    enablePassword: entry.enablePassword ?? null,
    serial: entry.serial,
    model: entry.model,
    version: entry.version,
    hostKey: entry.hostKeyPublic,
    ...(entry.ports ? { ports: entry.ports } : {}),
    ...(entry.certificate === undefined ? {} : { certificate: entry.certificate }),
  };
}

function statsOf(entry: SimulatedDevice): object {
  return {
    name: entry.name,
    ...entry.counters(),
    commands: entry.commands().length,
    applies: entry.applyCount(),
    pendingRollback: entry.pendingRollback() ?? null,
    faults: entry.faults().map((fault) => fault.kind),
  };
}

/** Throws on a device that is not there and on a line that the device refuses. The caller turns that into an answer. */
export async function obey(command: Command, fleet: Fleet, clock: Clock): Promise<object> {
  switch (command.command) {
    case "stats": {
      const chosen = command.device === undefined ? fleet.devices : [fleet.device(command.device)];
      return { accepts: fleet.acceptCount(), devices: chosen.map(statsOf), memory: process.memoryUsage() };
    }
    case "running-config":
      return { text: fleet.device(command.device).runningConfig() };
    case "startup-config":
      return { text: fleet.device(command.device).startupConfig() };
    case "log": {
      const entry = fleet.device(command.device);
      return { commands: entry.commands(), applies: entry.applies(), events: entry.events() };
    }
    case "mutate":
      fleet.device(command.device).mutate(command.lines, command.by);
      return {};
    case "setFault":
      fleet.device(command.device).setFault(command.fault);
      return {};
    case "clearFault": {
      const chosen = command.device === undefined ? fleet.devices : [fleet.device(command.device)];
      const kinds = Fault.options.map((option) => option.shape.kind.value);
      const kind = kinds.find((candidate) => candidate === command.kind);
      if (command.kind !== undefined && kind === undefined)
        throw new Error(`there is no fault ${command.kind}; there are ${kinds.join(", ")}`);
      for (const entry of chosen) entry.clearFault(kind);
      return {};
    }
    case "wipe":
      fleet.device(command.device).wipe();
      return {};
    case "reboot":
      fleet.device(command.device).reboot(command.bootMs);
      return {};
    case "advance":
      if (!(clock instanceof ManualClock)) throw new Error("advance needs a fleet that was started with clock: manual");
      clock.advance(command.ms);
      return { nowMs: clock.nowMs() };
    case "stop":
      await fleet.stop();
      return {};
    default:
      return command satisfies never;
  }
}
