/** `show version`, `show inventory`, `show clock`, `show users`, `show hostname`. */
import type { Peer } from "../../kit/start.ts";
import { calendar, uptime } from "../dates.ts";
import type { EosDevice } from "../device.ts";
import { done, failed, textOnly, type Outcome } from "../outcome.ts";

/** `5254.001f.e379` → `52:54:00:1f:e3:79`, as the JSON has it. */
function colons(mac: string): string {
  return mac.replaceAll(".", "").match(/../g)?.join(":") ?? mac;
}

export function showVersion(device: EosDevice): Outcome {
  const { model, version, mac } = device.facts;
  const { serial, bootedAtMs, clock } = device.store;
  const upMs = clock.nowMs() - bootedAtMs;
  const build = `${version}-13062802.${version.replaceAll(".", "")}`;
  const text = `${/^[vc]EOS/.test(model) ? ` ${model}` : `Arista ${model}`}
Hardware version:    ${/^[vc]EOS/.test(model) ? "" : "11.03"}
Serial number:       ${serial}
System MAC address:  ${mac}

Software image version: ${version}
Architecture:           x86_64
Internal build version: ${build}
Internal build ID:      bb097f5d-d38c-4c32-898b-c20f6e18b00a

Uptime:                 ${uptime(upMs)}
Total memory:           4008840 kB
Free memory:            3257488 kB

`.replaceAll(/[ \t]+$/gm, "");
  return done(text, {
    mfgName: "Arista",
    modelName: model,
    hardwareRevision: /^[vc]EOS/.test(model) ? "" : "11.03",
    serialNumber: serial,
    systemMacAddress: colons(mac),
    hwMacAddress: colons(mac),
    configMacAddress: "00:00:00:00:00:00",
    version,
    architecture: "x86_64",
    internalVersion: build,
    internalBuildId: "bb097f5d-d38c-4c32-898b-c20f6e18b00a",
    bootupTimestamp: bootedAtMs / 1000,
    uptime: upMs / 1000,
    memTotal: 4_008_840,
    memFree: 3_257_488,
    isIntlVersion: false,
  });
}

export function showInventory(device: EosDevice): Outcome {
  const { model } = device.facts;
  const { serial } = device.store;
  const switched = [...device.ports].filter((port) => port.startsWith("Ethernet")).length;
  const text = `System information
  Model                    Description
  ------------------------ ----------------------------------------------------
  ${model.padEnd(24)} Simulated switch

  HW Version  Serial Number  Mfg Date   Epoch
  ----------- -------------- ---------- -----
  11.03       ${serial.padEnd(14)} 2021-05-14 01.00

System has 2 power supply slots
  Slot Model            Serial Number
  ---- ---------------- ----------------
  1    PWR-460AC-F      K192KU00241CZ
  2    PWR-460AC-F      K192L200751CZ

System has ${device.ports.size} ports
  Type               Count
  ------------------ ----
  Management         ${device.ports.size - switched}
  Switched           ${switched}

`;
  return done(text, {
    systemInformation: {
      name: model,
      description: "Simulated switch",
      hardwareRev: "11.03",
      serialNum: serial,
      mfgDate: "2021-05-14",
      hwEpoch: "01.00",
    },
    powerSupplySlots: {
      "1": { name: "PWR-460AC-F", serialNum: "K192KU00241CZ" },
      "2": { name: "PWR-460AC-F", serialNum: "K192L200751CZ" },
    },
    portCount: device.ports.size,
    switchedPortCount: switched,
    managementPortCount: device.ports.size - switched,
  });
}

export function showClock(device: EosDevice): Outcome {
  const { clockSkewMs, clockSynced } = device.store.faults.conditions;
  const nowMs = device.store.clock.nowMs() + clockSkewMs;
  const zone = device.store.running.find(({ line }) => line.startsWith("clock timezone "))?.line.slice(15) ?? "UTC";
  const servers = device.store.running.some(({ line }) => line.startsWith("ntp server "));
  const synced = servers && clockSynced;
  const source = synced ? "NTP server" : "local";
  return done(`${calendar(nowMs)}\nTimezone: ${zone}\nClock source: ${source}\n`, {
    utcTime: nowMs / 1000,
    timezone: zone,
    clockSource: synced ? { local: false } : { local: true },
  });
}

export function showHostname(device: EosDevice): Outcome {
  const hostname = device.hostname();
  const domain = device.store.running.flatMap(
    ({ line }) => /^(?:dns domain|ip domain-name) (\S+)/.exec(line)?.[1] ?? [],
  );
  const fqdn = domain[0] === undefined ? hostname : `${hostname}.${domain[0]}`;
  return done(`Hostname: ${hostname}\nFQDN:     ${fqdn}\n`, { hostname, fqdn });
}

export function showUsers(peers: readonly Peer[], self: number): Outcome {
  const rows = peers.map(
    (peer, at) =>
      `${peer.sessionId === self ? "*" : " "} ${String(at + 1).padStart(2)}  vty ${peer.sessionId + 1}     ${peer.user.padEnd(11)} idle          00:00:00  ${peer.remote}`,
  );
  return done(
    `    Line      User        Host(s)       Idle      Location\n${rows.map((line) => `${line}\n`).join("")}`,
    {
      serials: {},
      vtys: Object.fromEntries(
        peers.map((peer) => [
          String(peer.sessionId + 1),
          { username: peer.user, location: peer.remote, idleTime: 0, vtyNum: peer.sessionId + 1 },
        ]),
      ),
    },
  );
}

/** EOS User Manual, "MLAG": one that is not configured says so, line by line. */
export function showMlag(device: EosDevice): Outcome {
  const { cluster } = device.store.faults.conditions;
  const row = (name: string, value: string): string => `${name.padEnd(23)}: ${value.padStart(18)}\n`;
  if (!cluster)
    return textOnly(
      `MLAG Configuration:\n${["domain-id", "local-interface", "peer-address", "peer-link"].map((name) => row(name, "")).join("")}\nMLAG Status:\n${row("state", "Disabled")}`,
    );
  return textOnly(
    `MLAG Configuration:\n${row("domain-id", "mlag1")}${row("local-interface", "Vlan4094")}${row("peer-address", "10.255.255.2")}${row("peer-link", "Port-Channel1000")}${row("peer-config", cluster.synced ? "consistent" : "inconsistent")}\nMLAG Status:\n${row("state", "Active")}${row("negotiation status", "Connected")}${row("peer-link status", "Up")}${row("local-int status", "Up")}${row("system-id", "52:54:00:1f:e3:79")}\nMLAG Ports:\n${row("Disabled", "0")}${row("Configured", "0")}${row("Inactive", "0")}${row("Active-partial", "0")}${row("Active-full", "2")}`,
  );
}

/** Of a chassis with two supervisors; a fixed switch has no such command. */
export function showRedundancy(device: EosDevice): Outcome {
  const { cluster } = device.store.faults.conditions;
  if (cluster?.answers !== "standby") return failed("This is an invalid command on this platform");
  return textOnly(
    `  my state = STANDBY HOT\npeer state = ACTIVE\n      Unit = Secondary\n   Unit ID = 2\n\nRedundancy Protocol (Operational) = Stateful Switchover\nRedundancy Protocol (Configured) = Stateful Switchover\nCommunications = Up\nReady for switchover\n`,
  );
}
