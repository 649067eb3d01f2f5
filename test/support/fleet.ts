import { z } from "zod";
import type { FleetConfigInput } from "../../simulators/fleet/fleet.ts";
import type { FaultInput } from "../../simulators/faults.ts";
import { BUN, Child, type ChildOptions } from "./child.ts";
import type { TransportName } from "../../shared/documents/inventory.ts";
import type { DeviceSpec } from "./world.ts";

const DeviceLine = z
  .object({
    type: z.literal("device"),
    name: z.string(),
    address: z.string(),
    port: z.int(),
    username: z.string(),
    password: z.string(),
    serial: z.string(),
    platform: z.string(),
    ports: z.object({ netconf: z.int().optional(), https: z.int().optional() }).optional(),
    certificate: z.string().optional(),
    hostKey: z.object({ algorithm: z.string(), base64: z.string(), sha256: z.string() }),
  })
  .loose();
export type FleetDevice = z.infer<typeof DeviceLine>;

const DeviceStats = z.object({ name: z.string(), applies: z.int(), commands: z.int() }).loose();
const Stats = z.object({ accepts: z.int(), devices: z.array(DeviceStats) }).loose();

/** The device as an inventory names it, its host key or its certificate pinned. */
export function inventoryEntry(device: FleetDevice, site: string, transport?: TransportName): DeviceSpec {
  const { name: id, platform, address, port, ports, certificate, hostKey } = device;
  const spec = { id, site, platform, address, port, hostKey: `${hostKey.algorithm} ${hostKey.base64}` };
  switch (transport) {
    case undefined:
    case "cli":
    case "snmp":
      return spec;
    case "netconf":
      return { ...spec, transport, port: ports?.netconf ?? port };
    case "https":
      if (ports?.https === undefined || certificate === undefined) throw new Error(`${id} has no HTTPS API`);
      return { ...spec, transport, port: ports.https, hostKey: null, certificate };
    default:
      return transport satisfies never;
  }
}

/** Simulated devices in a process of their own, with their own counts of what reached them. */
export class FleetProcess {
  readonly #child: Child;
  readonly devices: readonly FleetDevice[];
  #id = 0;

  private constructor(child: Child, devices: readonly FleetDevice[]) {
    this.#child = child;
    this.devices = devices;
  }

  static async start(
    config: FleetConfigInput & { clock?: "system" | "manual" },
    launch?: ChildOptions["launch"],
  ): Promise<FleetProcess> {
    const child = new Child({ argv: [BUN, "simulators/main.ts"], ...(launch ? { launch } : {}) });
    child.write(JSON.stringify(config));
    const devices: FleetDevice[] = [];
    await child.waitFor(
      "simulated devices",
      (line) => {
        const parsed = JSON.parse(line) as { type: string; error?: string };
        if (parsed.type === "error") throw new Error(`simulators: ${parsed.error}`);
        if (parsed.type === "device") devices.push(DeviceLine.parse(parsed));
        return parsed.type === "ready" ? true : undefined;
      },
      60_000,
    );
    return new FleetProcess(child, devices);
  }

  get pid(): number {
    return this.#child.pid;
  }

  async #ask(command: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = ++this.#id;
    this.#child.write(JSON.stringify({ ...command, id }));
    const answer = await this.#child.waitFor(`answer to ${String(command.command)}`, (line) => {
      const parsed = JSON.parse(line) as Record<string, unknown>;
      return parsed.type === "answer" && parsed.id === id ? parsed : undefined;
    });
    if (answer.ok !== true) throw new Error(`simulators: ${String(answer.error)}`);
    return answer;
  }

  async stats(device?: string): Promise<z.infer<typeof Stats>> {
    return Stats.parse(await this.#ask({ command: "stats", ...(device === undefined ? {} : { device }) }));
  }

  /** TCP connections accepted by all devices since they started. */
  async accepts(): Promise<number> {
    return (await this.stats()).accepts;
  }

  async runningConfig(device: string): Promise<string> {
    return z.string().parse((await this.#ask({ command: "running-config", device })).text);
  }

  /** The running configuration without the device's own lines about when it was changed: those are no configuration. */
  async configuration(device: string): Promise<string> {
    const dates = /^! (?:Last configuration change|NVRAM config last updated).*\n/gm;
    return (await this.runningConfig(device)).replaceAll(dates, "");
  }

  async mutate(device: string, lines: readonly string[], by = "noc-admin"): Promise<void> {
    await this.#ask({ command: "mutate", device, lines, by });
  }

  async wipe(device: string): Promise<void> {
    await this.#ask({ command: "wipe", device });
  }

  async setFault(device: string, fault: FaultInput): Promise<void> {
    await this.#ask({ command: "setFault", device, fault });
  }

  async clearFault(device?: string): Promise<void> {
    await this.#ask({ command: "clearFault", ...(device === undefined ? {} : { device }) });
  }

  async log(device: string): Promise<Record<string, unknown>> {
    return this.#ask({ command: "log", device });
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }
}
