/** The handle by which tests, fleets and the demo hold one simulated SR Linux device. */
import { z } from "zod";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { CommandRecord, SimulatedDevice } from "../device.ts";
import { Datastores, type Surroundings } from "../kit/datastores.ts";
import { selfSigned, type ServerCertificate } from "../kit/certificate.ts";
import { startHttpsDoor, type HttpsDoor } from "../kit/https.ts";
import { BaseConfig, startDevice } from "../kit/start.ts";
import { Box } from "./box.ts";
import { macOf } from "./ip.ts";
import { JsonRpc } from "./jsonrpc.ts";
import { ROOT } from "./model/root.ts";
import { flatConfig } from "./print.ts";
import { applyText, readText } from "./reader.ts";
import { Session } from "./session.ts";
import { cloneBranch, emptyBranch, entriesAt, leafAt, sameItem, type Branch } from "./tree.ts";

export const NokiaSrlinuxConfig = BaseConfig.extend({
  model: z.string().default("7220 IXR-D2L"),
  /** As `show version` has it. From 25 on the prompt names the user, from 23 on a blank line stands before it. */
  version: z
    .string()
    .regex(/^v\d+\.\d+\.\d+$/)
    .default("v24.10.1"),
  build: z.string().default("492-gf8858c5836"),
  /** A real box starts advanced: colours, and a toolbar under the prompt. */
  cliEngine: z.enum(["advanced", "basic"]).default("advanced"),
  /** JSON-RPC over HTTPS; 0 takes any free port. */
  httpsPort: z.number().int().min(0).max(65_535).default(0),
  uncabled: z.array(z.string()).default([]),
});
export type NokiaSrlinuxConfigInput = z.input<typeof NokiaSrlinuxConfig>;

export interface Dependencies {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Instead of one that the device makes for its own name and address. */
  readonly certificate?: ServerCertificate;
}

const TREE = {
  clone: cloneBranch,
  same: (a: Branch, b: Branch) => sameItem(a, b),
  text: (tree: Branch) => flatConfig(ROOT, tree),
};

export async function startNokiaSrlinux(
  input: NokiaSrlinuxConfigInput,
  { clock = systemClock, signal, certificate }: Dependencies = {},
): Promise<SimulatedDevice> {
  const config = NokiaSrlinuxConfig.parse(input);
  const running = readText(ROOT, config.config);
  const facts = {
    model: config.model,
    version: config.version,
    build: config.build,
    macAddress: macOf(`chassis/${config.serial}`),
  };
  const open: { box?: Box } = {};
  const asked: { log?: CommandRecord[] } = {};
  const make = (surroundings: Surroundings): Datastores<Branch> => {
    const store = new Datastores<Branch>({
      tree: TREE,
      clock,
      running,
      serial: config.serial,
      surroundings,
      separateStartup: true,
    });
    open.box = new Box(store, facts, surroundings, config.uncabled);
    return store;
  };
  const box = (): Box => {
    if (!open.box) throw new Error("the device is not there yet");
    return open.box;
  };
  const { door, certificate: shown } = await openDoor(config, {
    clock,
    certificate,
    box: () => open.box,
    running,
    log: (one) => asked.log?.push(one),
  });
  const started = startDevice<Branch>(
    config,
    {
      platform: "nokia_srlinux",
      model: config.model,
      version: config.version,
      doors: [door],
      ports: { https: door.port },
      certificate: shown,
      ident: "OpenSSH_9.2p1 Debian-2+deb12u3",
      datastores: make,
      dialect: (shell, _store, peers) => {
        box().peers = peers;
        return new Session(shell, box(), config.cliEngine);
      },
      hostname: () => box().hostname,
      mutate: (store, lines, by) =>
        store.outOfBand(
          (tree) => {
            applyText(tree, ROOT, lines.join("\n"));
            return tree;
          },
          lines,
          by,
        ),
      factory: (store) => factory(store.running),
      files: () => [
        ...box().files.keys(),
        ...box().checkpoints.map((_, id) => `/etc/opt/srlinux/checkpoint/checkpoint-${id}.json`),
      ],
      banner: (store) => {
        const text = leafAt(store.running, "system", "banner", "login-banner");
        return text === undefined ? undefined : `${text}\n`;
      },
    },
    { clock, ...(signal ? { signal } : {}) },
  );
  try {
    const { device, log } = await started;
    asked.log = log;
    return device;
  } catch (error) {
    await door.stop();
    throw error;
  }
}

interface DoorNeeds {
  readonly clock: Clock;
  readonly certificate: ServerCertificate | undefined;
  readonly box: () => Box | undefined;
  readonly running: Branch;
  readonly log: (record: CommandRecord) => void;
}

/** The API of the box, open before the box itself is: it finds it at each request. */
async function openDoor(
  config: z.output<typeof NokiaSrlinuxConfig>,
  { clock, certificate, box, running, log }: DoorNeeds,
): Promise<{ door: HttpsDoor; certificate: string }> {
  const hostname = leafAt(running, "system", "name", "host-name") ?? "srlinux";
  const shown = certificate ?? (await selfSigned({ commonName: hostname, hosts: [hostname, config.address] }));
  let requests = 0;
  const rpc = new JsonRpc({
    box: () => {
      const there = box();
      if (there === undefined) throw new Error("the box is not there yet");
      return there;
    },
    users: [{ username: config.username, password: config.password }],
    log,
    // Beside the numbers of the terminals.
    nextSession: () => 1_000_000 + (requests += 1),
  });
  const made: { door?: HttpsDoor } = {};
  const door = await startHttpsDoor({
    address: config.address,
    port: config.httpsPort,
    certificate: shown,
    clock,
    faults: () => box()?.store.faults,
    connectionsMax: config.sessionsMax,
    handle: (exchange) => (made.door ? rpc.handle(exchange, made.door) : new Response(null, { status: 503 })),
  });
  made.door = door;
  return { door, certificate: shown.cert };
}

/** What a box without a configuration file starts with (Configuration Basics Guide, "Default configuration"), with its management address. */
function factory(running: Branch): Branch {
  const tree = emptyBranch();
  const mgmt = entriesAt(running, "interface").find(({ keys }) => keys[0] === "mgmt0");
  applyText(
    tree,
    ROOT,
    [
      "interface mgmt0 admin-state enable subinterface 0 admin-state enable",
      'network-instance mgmt type ip-vrf admin-state enable description "Management network instance" interface mgmt0.0',
      "system aaa authentication authentication-method [ local ]",
      "system ssh-server mgmt admin-state enable network-instance mgmt",
    ]
      .map((line) => `set / ${line}`)
      .join("\n"),
  );
  if (mgmt) {
    const item = running.children.get("interface");
    const own = tree.children.get("interface");
    if (item?.kind === "list" && own?.kind === "list") own.entries.set(JSON.stringify(mgmt.keys), mgmt);
  }
  return cloneBranch(tree);
}
