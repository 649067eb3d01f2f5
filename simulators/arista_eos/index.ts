/** An Arista EOS switch: SSH command line and eAPI over one configuration. */
import { z } from "zod";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { CommandRecord, SimulatedDevice } from "../device.ts";
import { selfSigned } from "../kit/certificate.ts";
import { startHttpsDoor } from "../kit/https.ts";
import { BaseConfig, startDevice } from "../kit/start.ts";
import type { ConfigNode } from "./config/tree.ts";
import { EosDevice } from "./device.ts";
import { eosDialect } from "./dialect.ts";
import { Eapi } from "./eapi.ts";
import { Neighborhood } from "./neighborhood.ts";

export const AristaEosConfig = BaseConfig.extend({
  version: z.string().default("4.30.1F"),
  model: z.string().default("DCS-7050SX3-48YC8"),
  /** The image that the header names; none for a container. */
  image: z.string().optional(),
  mac: z.string().default("5254.001f.e379"),
  /** Where a login lands; EOS asks for `enable` unless AAA says otherwise. */
  loginPrivileged: z.boolean().default(false),
  enablePassword: z.string().optional(),
  eapi: z.boolean().default(true),
  eapiPort: z.number().int().min(0).max(65_535).default(0),
  eapiRequestsPerMinute: z.number().int().positive().optional(),
  /** Names of the certificate besides the address; nothing but the address without them. */
  certificateHosts: z.array(z.string()).default([]),
  /** Made up from the configuration without it. */
  neighborhood: Neighborhood.optional(),
});
export type AristaEosConfig = z.output<typeof AristaEosConfig>;
export type AristaEosConfigInput = z.input<typeof AristaEosConfig>;

export async function startAristaEos(
  input: AristaEosConfigInput,
  { clock = systemClock, signal }: { clock?: Clock; signal?: AbortSignal } = {},
): Promise<SimulatedDevice> {
  const config = AristaEosConfig.parse(input);
  const { model, version, mac, image, neighborhood, enablePassword, username, password } = config;
  const live: { device?: EosDevice; eapi?: Eapi } = {};
  const apiLog: CommandRecord[] = [];
  const door = config.eapi
    ? await startHttpsDoor({
        address: config.address,
        port: config.eapiPort,
        certificate: await selfSigned({ commonName: config.name, hosts: [config.address, ...config.certificateHosts] }),
        clock,
        faults: () => live.device?.store.faults,
        connectionsMax: config.sessionsMax,
        handle: (exchange) => live.eapi?.handle(exchange) ?? new Response(null, { status: 503 }),
      })
    : undefined;
  const own = (): EosDevice => {
    if (!live.device) throw new Error("the device is not made yet");
    return live.device;
  };
  const { device } = await startDevice<ConfigNode[]>(
    config,
    {
      platform: "arista_eos",
      model,
      version,
      ident: "OpenSSH_8.7",
      datastores: (surroundings) => {
        live.device = new EosDevice({
          facts: { model, version, mac, image },
          neighborhood,
          serial: config.serial,
          config: config.config,
          clock,
          surroundings,
        });
        return live.device.store;
      },
      dialect: (shell, _store, peers) =>
        eosDialect(shell, { device: own(), peers, privileged: config.loginPrivileged, enablePassword }),
      hostname: () => own().hostname(),
      mutate: (_store, lines, by) => own().mutate(lines, by),
      factory: () => own().factory(),
      files: () => [...own().files.keys()],
      banner: (store) =>
        store.running
          .find(({ line }) => line === "banner login")
          ?.body?.slice(0, -1)
          .map((line) => `${line}\n`)
          .join(""),
      ...(door ? { doors: [door], ports: { https: door.port }, certificate: door.certificate } : {}),
    },
    { clock, ...(signal ? { signal } : {}) },
  );
  if (door)
    live.eapi = new Eapi({
      device: own(),
      door: () => door,
      users: [{ username, password }],
      enablePassword,
      log: apiLog,
      requestsPerMinute: config.eapiRequestsPerMinute,
    });
  return {
    ...device,
    enablePassword,
    // A getter, which a copy would freeze.
    get serial() {
      return device.serial;
    },
    acceptCount: () => device.acceptCount() + (door?.counters.accepts ?? 0),
    passwordAttempts: () => device.passwordAttempts() + (door?.counters.passwordAttempts ?? 0),
    commands: () => [...device.commands(), ...apiLog].toSorted((a, b) => a.atMs - b.atMs),
  };
}
