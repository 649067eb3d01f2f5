/** A NETCONF server on the network: one of three natures, over the datastores of `kit/`. */
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { Datastores } from "../kit/datastores.ts";
import type { Dialect, Shell } from "../kit/shell.ts";
import { startDevice } from "../kit/start.ts";
import { natureOf, NetconfConfig, type NetconfConfigInput, type Personality } from "./config.ts";
import { applyEdit } from "./edit.ts";
import { RpcErrors } from "./errors.ts";
import { junosHostname } from "./junos.ts";
import { ietfModels, ietfModules } from "./models/ietf.ts";
import {
  iosxeModels,
  iosxeModules,
  junosModels,
  junosModules,
  openconfigModels,
  openconfigModules,
} from "./models/vendors.ts";
import { BASE, IOSXE_NATIVE, SYSTEM } from "./names.ts";
import { sampleNetconf } from "./sample.ts";
import { Schema } from "./schema.ts";
import { parseConfig, readWhole, treeOf, validateTree, type NetconfServer, type SessionHandle } from "./server.ts";
import { NetconfSession } from "./session.ts";
import { child, element, type XmlElement } from "./xml.ts";

export type { NetconfConfigInput } from "./config.ts";
export { sampleNetconf } from "./sample.ts";

interface Make {
  schema: Schema;
  modules: readonly string[];
  readonly platform: string;
  model: string;
  version: string;
  readonly ident: string;
}

const MAKES: Record<Personality, Make> = {
  generic: {
    schema: new Schema(ietfModels),
    modules: ietfModules,
    platform: "netconf",
    model: "NC-1000",
    version: "4.2.0",
    ident: "netconfd_1.0",
  },
  iosxe: {
    schema: new Schema([...iosxeModels, ...ietfModels]),
    modules: [...iosxeModules, ...ietfModules],
    platform: "cisco_iosxe",
    model: "C8000V",
    version: "17.9.4a",
    ident: "ConfD-4.3.1.5",
  },
  junos: {
    schema: new Schema(junosModels),
    modules: junosModules,
    platform: "juniper_junos",
    model: "vmx",
    version: "21.4R3.15",
    ident: "OpenSSH_7.5",
  },
};

/** Throws where the configuration is one that the device itself would refuse. */
export async function startNetconf(
  input: NetconfConfigInput,
  { clock = systemClock, signal }: { clock?: Clock; signal?: AbortSignal } = {},
): Promise<SimulatedDevice> {
  const config = NetconfConfig.parse(input);
  const { personality } = config;
  const make = { ...MAKES[personality] };
  if (config.model !== undefined) make.model = config.model;
  if (config.version !== undefined) make.version = config.version;
  if (config.openconfig && personality === "generic") {
    make.schema = new Schema([...ietfModels, ...openconfigModels]);
    make.modules = [...ietfModules, ...openconfigModules];
  }
  const { schema } = make;
  const nature = natureOf(config);
  const lenient = personality === "junos";
  const text = config.config ?? sampleNetconf({ personality, seed: 1 }).config;
  const boots = readWhole(parseConfig(text, personality), schema, lenient);
  validateTree(boots, schema);
  const sessions = new Map<number, SessionHandle>();
  const line: NetconfServer["line"] = { cut: false, ghosts: [] };
  let server: NetconfServer | undefined;

  const started = await startDevice<XmlElement>(
    { ...config, config: text },
    {
      platform: make.platform,
      model: make.model,
      version: make.version,
      ident: make.ident,
      datastores: (surroundings) =>
        new Datastores<XmlElement>({
          tree: treeOf(schema),
          clock,
          running: boots,
          serial: config.serial,
          surroundings,
          separateStartup: nature.abilities.startup || !nature.abilities.commitSaves,
        }),
      dialect: (shell) => noShell(shell),
      hostname: (store) => hostnameOf(store.running, personality) ?? config.name,
      mutate: (store, lines, by) =>
        store.outOfBand((running) => changed(running, lines, personality, schema), lines, by),
      onReachability: (next) => {
        line.cut = next !== "up";
        if (!line.cut) for (const end of line.ghosts.splice(0)) end();
      },
      factory: () => element(BASE, "config"),
      subsystem: (request, store, log, sessionId) => {
        if (request.name !== "netconf" || sessions.size >= config.netconfSessionsMax) {
          request.stream.end();
          return;
        }
        server ??= {
          store,
          schema,
          personality,
          ...nature,
          config,
          modules: make.modules,
          sessions,
          log,
          model: make.model,
          version: make.version,
          line,
        };
        const session = new NetconfSession(server, request, sessionId);
        sessions.set(sessionId, session);
        session.start();
      },
    },
    { clock, ...(signal ? { signal } : {}) },
  );
  return started.device;
}

function changed(running: XmlElement, lines: readonly string[], personality: Personality, schema: Schema): XmlElement {
  const { errors } = applyEdit(running, parseConfig(lines.join("\n"), personality), {
    schema,
    defaultOperation: "merge",
    errorOption: "rollback-on-error",
    lenient: personality === "junos",
  });
  if (errors.length > 0) throw new RpcErrors(errors);
  validateTree(running, schema);
  return running;
}

function hostnameOf(tree: XmlElement, personality: Personality): string | undefined {
  if (personality === "junos") return junosHostname(tree);
  const top = personality === "iosxe" ? child(tree, "native", IOSXE_NATIVE) : child(tree, "system", SYSTEM);
  return top && child(top, "hostname")?.text;
}

/** Its users have no terminal: who asks for one is told so and is gone. */
function noShell(shell: Shell): Dialect {
  const refuse = async (): Promise<"logout"> => {
    await shell.print("This account is for the netconf subsystem only.\n");
    return "logout";
  };
  return {
    hostname: () => "",
    prompt: () => "",
    mode: () => "exec",
    greeting: () => "This account is for the netconf subsystem only.\n",
    line: refuse,
    ended: () => {},
  };
}
