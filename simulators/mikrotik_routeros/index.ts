/** The handle by which tests, fleets and the demo hold one simulated RouterOS box. */
import { z } from "zod";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { Datastores } from "../kit/datastores.ts";
import { BaseConfig, startDevice } from "../kit/start.ts";
import { Box } from "./box.ts";
import { cloneConfig, emptyConfig, exportText, itemsOf, type Config } from "./config.ts";
import { Console } from "./console.ts";
import { joined, loadExport } from "./load.ts";
import { accountOf, Session } from "./session.ts";

export const MikrotikRouterosConfig = BaseConfig.extend({
  model: z.string().default("RB5009UPr+S+"),
  version: z
    .string()
    .regex(/^7\.\d+(?:\.\d+)?$/)
    .default("7.18.2"),
  softwareId: z.string().default("QMLS-64F2"),
  /** The question of a first login. */
  asksLicense: z.boolean().default(false),
  /** Whether it has a folder `flash`, and forgets what lies beside it at a reboot. */
  flash: z.boolean().default(false),
  /** Whether device-mode allows the scheduler. */
  scheduler: z.boolean().default(true),
  /** How long a reboot takes, that of a restore among them. */
  bootMs: z.number().min(0).default(20_000),
});
export type MikrotikRouterosConfigInput = z.input<typeof MikrotikRouterosConfig>;

const TREE = {
  clone: cloneConfig,
  same: (a: Config, b: Config) => exportText(a) === exportText(b),
  text: (config: Config) => exportText(config),
};

/** Ports that a board has, named in its configuration or not. */
const PORTS = 10;
const SERVICES = ["telnet", "ftp", "www", "ssh", "www-ssl", "api", "winbox", "api-ssl"];

export function bootConfig(text: string): Config {
  const config = emptyConfig();
  loadExport(config, text);
  const complete = (path: string, key: string, names: readonly string[]): void => {
    const items = itemsOf(config, path);
    for (const name of names)
      if (!items.some(({ props }) => props.get(key) === name))
        items.push({ id: config.nextId++, props: new Map([[key, name]]) });
  };
  complete(
    "/interface ethernet",
    "default-name",
    Array.from({ length: PORTS }, (_, at) => `ether${at + 1}`),
  );
  complete("/interface ethernet", "default-name", ["sfp-sfpplus1"]);
  complete("/ip service", "name", SERVICES);
  return config;
}

export async function startMikrotikRouteros(
  input: MikrotikRouterosConfigInput,
  { clock = systemClock, signal }: { clock?: Clock; signal?: AbortSignal } = {},
): Promise<SimulatedDevice> {
  // Each command on a channel of its own is how RouterOS is best spoken to.
  const config = MikrotikRouterosConfig.parse({ channelsPerConnection: 1_000_000, ...input });
  const running = bootConfig(config.config);
  const made: { box?: Box } = {};
  const box = (): Box => {
    if (!made.box) throw new Error("the box is not there yet");
    return made.box;
  };
  const { device } = await startDevice<Config>(
    config,
    {
      platform: "mikrotik_routeros",
      model: config.model,
      version: config.version,
      ident: "ROSSSH",
      account: accountOf,
      datastores: (surroundings) => {
        const store = new Datastores<Config>({
          tree: TREE,
          clock,
          running,
          serial: config.serial,
          surroundings,
          separateStartup: false,
        });
        const { model: board, version, softwareId, flash, bootMs, scheduler } = config;
        const one = new Box(store, { board, version, softwareId, flash, bootMs, scheduler });
        one.script = (source, by) => {
          const inner = new Console(one, { sessionId: 0, user: by, remote: "scheduler" }, "script");
          for (const line of joined(source)) inner.run(line);
        };
        made.box = one;
        return store;
      },
      dialect: (shell) => new Session(shell, box(), config.asksLicense),
      hostname: () => box().identity,
      mutate: (_store, lines, by) =>
        box().outOfBand(
          (next) => {
            for (const line of lines) loadExport(next, line);
          },
          lines,
          by,
        ),
      factory: () => {
        const whole = bootConfig(exportText(box().config));
        const next = bootConfig("");
        // What makes it reachable: the addresses and the route, on ports that are there by themselves.
        for (const path of ["/ip route", "/ip address"]) {
          const items = itemsOf(whole, path).filter(({ props }) => /^ether|^$/.test(props.get("interface") ?? ""));
          itemsOf(next, path).push(...items);
        }
        return next;
      },
      pending: () => box().pending,
      stop: () => made.box?.stop(),
      files: () => box().files.map(({ name }) => name),
    },
    { clock, ...(signal ? { signal } : {}) },
  );
  return device;
}
