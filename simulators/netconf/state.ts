/** What a device tells beside its configuration (`<get>`): who it is, its ports, and who is in session with it. */
import { HARDWARE, INTERFACES, IOSXE_HARDWARE, IANA_HARDWARE, MONITORING, SYSTEM } from "./names.ts";
import { capabilitiesOf } from "./hello.ts";
import type { NetconfServer } from "./server.ts";
import { child, element, type XmlElement } from "./xml.ts";

const isoTime = (atMs: number): string => new Date(atMs).toISOString();
const leaves = (ns: string, values: Readonly<Record<string, string>>): XmlElement[] =>
  Object.entries(values).map(([name, value]) => element(ns, name, value));

export function stateOf(server: NetconfServer): XmlElement[] {
  switch (server.personality) {
    case "iosxe":
      return [iosxeHardware(server), monitoring(server)];
    case "junos":
      return [];
    case "generic":
      return [interfacesState(server), systemState(server), hardware(server), monitoring(server)];
    default:
      return server.personality satisfies never;
  }
}

function interfacesState({ store }: NetconfServer): XmlElement {
  const set = child(store.running, "interfaces", INTERFACES)?.children ?? [];
  return element(
    INTERFACES,
    "interfaces-state",
    set.map((one, index) => {
      const up = child(one, "enabled")?.text !== "false";
      const [type] = one.children.filter(({ name }) => name === "type");
      return element(INTERFACES, "interface", [
        element(INTERFACES, "name", child(one, "name")?.text ?? ""),
        ...(type ? [type] : []),
        ...leaves(INTERFACES, {
          "admin-status": up ? "up" : "down",
          "oper-status": up ? "up" : "down",
          "if-index": String(index + 1),
        }),
      ]);
    }),
  );
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
