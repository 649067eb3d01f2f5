/** What a device tells beside its configuration (`<get>`): who it is, its ports, and who is in session with it. */
import { HARDWARE, IANA_HARDWARE, IOSXE_HARDWARE, MONITORING, SYSTEM, YANG_LIBRARY } from "./names.ts";
import { iosxeState } from "./iosxe-state.ts";
import { genericState } from "./operational.ts";
import { capabilitiesOf } from "./hello.ts";
import type { NetconfServer } from "./server.ts";
import { element, type XmlElement } from "./xml.ts";

const isoTime = (atMs: number): string => new Date(atMs).toISOString();
const leaves = (ns: string, values: Readonly<Record<string, string>>): XmlElement[] =>
  Object.entries(values).map(([name, value]) => element(ns, name, value));

/** All that a `<get>` shows: `shown` is the configuration, beside which some models have their state. */
export function withState(server: NetconfServer, shown: readonly XmlElement[]): XmlElement[] {
  switch (server.personality) {
    case "iosxe":
      return [...shown, ...iosxeState(server), iosxeHardware(server), monitoring(server)];
    case "junos":
      return [...shown];
    case "generic":
      return [
        ...genericState(server, shown),
        systemState(server),
        hardware(server),
        monitoring(server),
        ...(server.config.yangLibrary ? [library(server)] : []),
      ];
    default:
      return server.personality satisfies never;
  }
}

function systemState({ store, version, model }: NetconfServer): XmlElement {
  const { clock, bootedAtMs } = store;
  return element(SYSTEM, "system-state", [
    element(SYSTEM, "platform", leaves(SYSTEM, { "os-name": "simulated", "os-version": version, machine: model })),
    element(
      SYSTEM,
      "clock",
      leaves(SYSTEM, { "current-datetime": isoTime(clock.nowMs()), "boot-datetime": isoTime(bootedAtMs) }),
    ),
  ]);
}

function hardware({ store, version, model }: NetconfServer): XmlElement {
  return element(HARDWARE, "hardware", [
    element(HARDWARE, "component", [
      ...leaves(HARDWARE, { name: "chassis" }),
      // Mandatory in RFC 8348.
      { ...element(HARDWARE, "class", "ianahw:chassis"), prefixes: { ianahw: IANA_HARDWARE } },
      ...leaves(HARDWARE, {
        "software-rev": version,
        "serial-num": store.serial,
        "model-name": model,
      }),
    ]),
  ]);
}

function iosxeHardware({ store, version, model }: NetconfServer): XmlElement {
  const ns = IOSXE_HARDWARE;
  return element(ns, "device-hardware-data", [
    element(ns, "device-hardware", [
      element(
        ns,
        "device-inventory",
        leaves(ns, { "hw-type": "hw-type-chassis", "part-number": model, "serial-number": store.serial }),
      ),
      element(
        ns,
        "device-system-data",
        leaves(ns, {
          "current-time": isoTime(store.clock.nowMs()),
          "boot-time": isoTime(store.bootedAtMs),
          "software-version": `Cisco IOS Software [Simulated], Version ${version}`,
        }),
      ),
    ]),
  ]);
}

/** RFC 6022: capabilities, datastores with their locks, sessions. */
function monitoring(server: NetconfServer): XmlElement {
  const { abilities, sessions, store } = server;
  const stores = [
    "running" as const,
    ...(abilities.candidate === "none" ? [] : ["candidate" as const]),
    ...(abilities.startup ? ["startup" as const] : []),
  ];
  return element(MONITORING, "netconf-state", [
    element(
      MONITORING,
      "capabilities",
      capabilitiesOf(server).map((uri) => element(MONITORING, "capability", uri)),
    ),
    element(
      MONITORING,
      "datastores",
      stores.map((name) => {
        const holder = store.lockOf(name);
        const locks = element(MONITORING, "locks", [
          element(MONITORING, "global-lock", leaves(MONITORING, { "locked-by-session": String(holder?.sessionId) })),
        ]);
        return element(MONITORING, "datastore", [element(MONITORING, "name", name), ...(holder ? [locks] : [])]);
      }),
    ),
    element(
      MONITORING,
      "sessions",
      [...sessions.values()].map((one) =>
        element(
          MONITORING,
          "session",
          leaves(MONITORING, {
            "session-id": String(one.sessionId),
            transport: "netconf-ssh",
            username: one.user,
            "source-host": one.remote,
            "login-time": isoTime(one.startedAtMs),
          }),
        ),
      ),
    ),
  ]);
}

/** Types and nothing else. */
const ROUTING_TYPES = "urn:ietf:params:xml:ns:yang:ietf-routing-types?module=ietf-routing-types&revision=2017-12-04";

/** RFC 7895. */
function library({ modules }: NetconfServer): XmlElement {
  const module = (uri: string, conformance: "implement" | "import"): XmlElement => {
    const [namespace = "", query = ""] = uri.split("?");
    const parameters = new URLSearchParams(query);
    const name = parameters.get("module") ?? "";
    const revision = parameters.get("revision") ?? "";
    const values = { name, revision, namespace, "conformance-type": conformance };
    return element(YANG_LIBRARY, "module", leaves(YANG_LIBRARY, values));
  };
  const told = [...modules.map((uri) => module(uri, "implement")), module(ROUTING_TYPES, "import")];
  return element(YANG_LIBRARY, "modules-state", [element(YANG_LIBRARY, "module-set-id", "1"), ...told]);
}
