/** The handle by which tests, fleets and the demo hold one simulated Junos device. */
import { z } from "zod";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { BaseConfig, startDevice } from "../kit/start.ts";
import { parseConfig } from "./config/load.ts";
import { clone, emptyConfig, select, type Config } from "./config/tree.ts";
import { parseStamp } from "./dates.ts";
import { JunosDevice } from "./device.ts";
import { JunosNetconf } from "./netconf/session.ts";
import { JunosSession } from "./session.ts";

export const JuniperJunosConfig = BaseConfig.extend({
  model: z.string().default("vsrx"),
  version: z.string().default("21.4R3.15"),
  built: z.string().default("2022-09-20 08:20:58 UTC"),
  /** `{master:0}` above each prompt. */
  role: z.string().optional(),
  /** Whether `show system commit` says of a commit that it waits: captures of 25.4 and later do, Juniper's sample for 12.3 does not. */
  tellsPending: z.boolean().default(true),
});
export type JuniperJunosConfig = z.output<typeof JuniperJunosConfig>;
export type JuniperJunosConfigInput = z.input<typeof JuniperJunosConfig>;

export interface SimulatorDependencies {
  clock?: Clock;
  signal?: AbortSignal;
}

/** What stays after a wipe: the way in, and a management address. */
function factory(running: Config): Config {
  const kept = clone(running);
  const system = select(kept, "system")[0]?.statement;
  if (system)
    system.children = system.children.filter((child) =>
      ["host-name", "root-authentication", "login", "services"].includes(child.schema.words[0] ?? ""),
    );
  const ports = select(kept, "interfaces")[0]?.statement;
  if (ports) ports.children = ports.children.filter((child) => /^(?:fxp|em|me|vme)\d*$/.test(child.keys[0] ?? ""));
  kept.children = kept.children.filter(({ schema }) => /^(?:version|system|interfaces)$/.test(schema.words[0] ?? ""));
  return kept;
}

/** Throws on a configuration that has a line of which this device knows nothing. */
export async function startJuniperJunos(
  input: JuniperJunosConfigInput,
  { clock = systemClock, signal }: SimulatorDependencies = {},
): Promise<SimulatedDevice> {
  const config = JuniperJunosConfig.parse(input);
  const running = parseConfig(emptyConfig(), config.config);
  const told = /^## Last commit: (\S+ \S+) UTC by (\S+)/m.exec(config.config);
  const made: { device?: JunosDevice } = {};
  const junos = (): JunosDevice => {
    if (!made.device) throw new Error("the device is asked before it is made");
    return made.device;
  };
  const { device } = await startDevice<Config>(
    config,
    {
      platform: "juniper_junos",
      model: config.model,
      version: config.version,
      ident: "OpenSSH_7.5",
      datastores: (surroundings) => {
        made.device = new JunosDevice({
          clock,
          running,
          serial: config.serial,
          surroundings,
          facts: { model: config.model, version: config.version, built: config.built, role: config.role },
          tellsPending: config.tellsPending,
          lastCommit: { atMs: parseStamp(told?.[1] ?? "") ?? clock.nowMs(), user: told?.[2] ?? "root" },
        });
        return made.device.store;
      },
      dialect: (shell) => new JunosSession(junos(), shell),
      hostname: () => junos().hostname ?? "",
      subsystem: (request, store, log, sessionId) => {
        // `set system services netconf ssh` opens it.
        const on = select(store.running, "system services netconf ssh").length > 0;
        if (request.name === "netconf" && on) new JunosNetconf(junos(), request, sessionId, log).start();
        else request.stream.end();
      },
      mutate: (_store, lines, by) => junos().mutate(lines, by),
      factory: (store) => factory(store.running),
      files: () => [...junos().files.keys()],
      banner: (store) => {
        const message = select(store.running, "system login message")[0]?.statement.values[0];
        return message === undefined ? undefined : `${message.replaceAll(String.raw`\n`, "\n")}\n`;
      },
    },
    { clock, ...(signal ? { signal } : {}) },
  );
  return device;
}
