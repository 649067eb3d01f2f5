/** What `show …` prints. Each function returns the text between the echo and the prompt. */
import { contextualDiff } from "../config/diff.ts";
import { editLine } from "../config/edit.ts";
import { flatten } from "../config/print.ts";
import { clone, parseConfig } from "../config/tree.ts";
import { longTime, uptime } from "../dates.ts";
import type { Device } from "../device.ts";
import { reachable } from "./network.ts";

/** The running text with the lines that change by themselves above it. */
export function showRunning(device: Device): string {
  const text = device.runningText();
  const header = ["!"];
  if (device.lastChange)
    header.push(`! Last configuration change at ${longTime(device.lastChange.atMs)} by ${device.lastChange.by}`);
  else header.push(`! No configuration change since last restart`);
  if (device.lastSave)
    header.push(`! NVRAM config last updated at ${longTime(device.lastSave.atMs)} by ${device.lastSave.by}`);
  const body = `${header.join("\n")}\n!\n${text}`;
  return `Building configuration...\n\nCurrent configuration : ${Buffer.byteLength(body)} bytes\n${body}\n`;
}

export function showRunningInterface(device: Device, name: string): string | undefined {
  const entry = device.running.find((candidate) => candidate.line === `interface ${name}`);
  if (!entry) return undefined;
  const text = `!\n${flatten(entry).join("\n")}\nend\n`;
  return `Building configuration...\n\nCurrent configuration : ${Buffer.byteLength(text)} bytes\n${text}\n`;
}

export function showStartup(device: Device): string {
  if (device.startup === "") return "startup-config is not present\n";
  const saved = device.lastSave
    ? `!\n! Last configuration change at ${longTime(device.lastSave.atMs)} by ${device.lastSave.by}\n!\n`
    : "!\n";
  return `Using ${Buffer.byteLength(device.startup)} out of 33554432 bytes\n${saved}${device.startup}\n`;
}

export function showVersion(device: Device): string {
  const { model, serial, version } = device.facts;
  const up = uptime(device.clock.nowMs() - device.bootedAtMs + 20 * 7 * 86_400_000);
  const padded = version
    .split(".")
    .map((part) => part.padStart(2, "0"))
    .join(".");
  return `Cisco IOS XE Software, Version ${padded}
Cisco IOS Software [Cupertino], Virtual XE Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), Version ${version}, RELEASE SOFTWARE (fc3)
Technical Support: http://www.cisco.com/techsupport
Copyright (c) 1986-2023 by Cisco Systems, Inc.
Compiled Fri 20-Oct-23 10:33 by mcpre


Cisco IOS-XE software, Copyright (c) 2005-2023 by cisco Systems, Inc.
All rights reserved.  Certain components of Cisco IOS-XE software are
licensed under the GNU General Public License ("GPL") Version 2.0.  The
software code licensed under GPL Version 2.0 is free software that comes
with ABSOLUTELY NO WARRANTY.  You can redistribute and/or modify such
GPL code under the terms of GPL Version 2.0.

ROM: IOS-XE ROMMON

${device.hostname} uptime is ${up}
Uptime for this control processor is ${up}
System returned to ROM by reload
System image file is "bootflash:packages.conf"
Last reload reason: reload

License Level: ax
License Type: N/A(Smart License Enabled)
Next reload license Level: ax

The current throughput level is 1000 kbps

Smart Licensing Status: Registration Not Applicable/Not Applicable

cisco ${model} (VXE) processor (revision VXE) with 2071963K/3075K bytes of memory.
Processor board ID ${serial}
Router operating mode: ${device.faults.conditions.managed ? "Controller-Managed" : "Autonomous"}
${device.running.filter((entry) => entry.line.startsWith("interface GigabitEthernet")).length} Gigabit Ethernet interfaces
32768K bytes of non-volatile configuration memory.
3978420K bytes of physical memory.
6188032K bytes of virtual hard disk at bootflash:.

Configuration register is 0x2102

`;
}

export function showInventory(device: Device): string {
  const { model, serial } = device.facts;
  return `NAME: "Chassis", DESCR: "Cisco ${model} Chassis"\nPID: ${model.padEnd(18)}, VID: V00  , SN: ${serial}\n\n`;
}

/** Catalyst 9000 and ASR 1000, "show redundancy": of the one that answers, then of its peer. */
export function showRedundancy(device: Device): string {
  const { cluster } = device.faults.conditions;
  const up = uptime(device.clock.nowMs() - device.bootedAtMs);
  const unit = (where: string, state: string): string =>
    `              ${where}
        Current Software state = ${state}
       Uptime in current state = ${up}
                 Image Version = Cisco IOS Software [Cupertino], Version ${device.facts.version}, RELEASE SOFTWARE (fc3)
                          BOOT = bootflash:packages.conf,1;
        Configuration register = 0x2102
`;
  const standby = cluster?.synced === false ? "STANDBY COLD-CONFIG" : "STANDBY HOT";
  const own = cluster?.answers === "standby" ? standby : "ACTIVE";
  const peer = cluster?.answers === "standby" ? "ACTIVE" : standby;
  return `Redundant System Information :
------------------------------
       Available system uptime = ${up}
Switchovers system experienced = 0
              Standby failures = 0
        Last switchover reason = none

                 Hardware Mode = ${cluster ? "Duplex" : "Simplex"}
    Configured Redundancy Mode = ${cluster ? "sso" : "Non-redundant"}
     Operating Redundancy Mode = ${cluster ? "sso" : "Non-redundant"}
              Maintenance Mode = Disabled
                Communications = ${cluster ? "Up" : "Down      Reason: Failure"}

Current Processor Information :
-------------------------------
${unit(`${own === "ACTIVE" ? " Active" : "Standby"} Location = slot 1`, own)}
${cluster ? `Peer Processor Information :\n----------------------------\n${unit(`${peer === "ACTIVE" ? " Active" : "Standby"} Location = slot 2`, peer)}` : "Peer (slot: 0) information is not available because it is in 'DISABLED' state\n"}
`;
}

export function showArchive(device: Device): string {
  const path = device.archivePath;
  if (path === undefined) return " Archive feature not enabled\n\n";
  const maximum = device.archiveMaximum;
  const rows = Array.from({ length: maximum }, (_, index) => {
    const name = device.archives[index];
    const recent = index === device.archives.length - 1 ? " <- Most Recent" : " ";
    return `   ${String(index + 1).padEnd(9)}${name === undefined ? "" : name + recent}\n`;
  });
  return `The maximum archive configurations allowed is ${maximum}.
There are currently ${device.archives.length} archive configurations saved.
The next archive file will be named ${path}-<timestamp>-${device.archiveNumber}
 Archive #  Name
${rows.join("")}
`;
}

export function showRollbackTimer(device: Device): string {
  const pending = device.pending;
  if (!pending) return "%No Rollback Confirmed Change pending\n\n";
  return `Time configured(or reconfigured): ${longTime(pending.armedAtMs)}
Timer type: ${pending.type} timer
Timer value: ${pending.minutes} min
User: ${pending.user}

`;
}

export function showDifferences(device: Device, words: readonly string[]): string {
  const [first, second] = words.filter((word) => word !== "ignorecase");
  // One name compares the running configuration with it, none the running with the startup one.
  const [left, right] =
    first === undefined
      ? ["nvram:startup-config", "system:running-config"]
      : [first, second ?? "system:running-config"];
  const texts = [left, right].map((url) => device.readConfig(url));
  const missing = texts.findIndex((text) => text === undefined);
  if (missing >= 0) return `%Error: Could not open file ${[left, right][missing]} for reading\n`;
  const [a, b] = texts.map((text) => parseConfig(text ?? "").nodes);
  return contextualDiff(a ?? [], b ?? []);
}

export function showIncremental(device: Device, url: string): string {
  const text = device.readConfig(url);
  if (text === undefined) return `%Error: Could not open file ${url} for reading\n`;
  const scratch = clone(device.running);
  const out: string[] = [];
  let path: string[] = [];
  let heading: string[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === "" || line.startsWith("!")) continue;
    if (line === "end") break;
    const result = editLine(scratch, path, line, { confirmed: true });
    if (result.kind !== "ok") {
      out.push(raw);
      continue;
    }
    const opens = result.path.length > 0 && result.path.at(-1) !== path.at(-1);
    if (opens && !result.changed) heading = [raw];
    else if (result.path.length === 0) heading = [];
    if (result.changed) out.push(...heading.splice(0), raw);
    path = result.path;
  }
  return `!List of Commands:\n${[...out, "end"].join("\n")}\n\n`;
}

export function showInterfaceBrief(device: Device): string {
  const rows = device.running.flatMap((entry) => {
    if (!entry.line.startsWith("interface ")) return [];
    const address =
      entry.children.find((child) => /^ip address \d/.test(child.line))?.line.split(" ")[2] ?? "unassigned";
    const down = entry.children.some((child) => child.line === "shutdown");
    const method = address === "unassigned" ? "unset" : "manual";
    return [
      `${entry.line.slice(10).padEnd(23)}${address.padEnd(16)}YES ${method.padEnd(7)}${(down ? "administratively down" : "up").padEnd(22)}${down ? "down" : "up"}\n`,
    ];
  });
  return `Interface              IP-Address      OK? Method Status                Protocol\n${rows.join("")}`;
}

export function showPrefixList(device: Device, name: string | undefined): string {
  const entries = device.running.flatMap((entry) => {
    const found = /^ip prefix-list (\S+) (seq .*)$/.exec(entry.line);
    return found && (name === undefined || found[1] === name) ? [{ list: found[1] ?? "", rule: found[2] ?? "" }] : [];
  });
  if (name !== undefined && entries.length === 0) return `% Can't find prefix-list ${name}\n`;
  const lists = [...new Set(entries.map((entry) => entry.list))];
  return lists
    .map((list) => {
      const rules = entries.filter((entry) => entry.list === list);
      return `ip prefix-list ${list}: ${rules.length} entries\n${rules.map(({ rule }) => `   ${rule}\n`).join("")}`;
    })
    .join("");
}

export function showBgpSummary(device: Device): string {
  const bgp = device.running.find((entry) => entry.line.startsWith("router bgp "));
  if (!bgp) return "% BGP not active\n\n";
  const as = bgp.line.split(" ")[2] ?? "";
  const rows = bgp.children.flatMap((child) => {
    const found = /^neighbor (\S+) remote-as (\d+)$/.exec(child.line);
    if (!found) return [];
    const shut = bgp.children.some((other) => other.line === `neighbor ${found[1]} shutdown`);
    const state = shut ? "Idle (Admin)" : reachable(device, found[1] ?? "") ? "       1" : "Active";
    return [
      `${(found[1] ?? "").padEnd(15)} 4 ${(found[2] ?? "").padStart(12)}     100     100        1    0    0 01:23:45 ${state}\n`,
    ];
  });
  return `BGP router identifier 192.0.2.1, local AS number ${as}
BGP table version is 1, main routing table version 1

Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd
${rows.join("")}`;
}

/** Endless-looking output made as it is sent, so that a test of a gigabyte needs no gigabyte here. */
export function* techSupport(bytes: number): Generator<Buffer> {
  const line = "------------------ show tech-support 0123456789 abcdefghijklmnopqrstuvwxyz ------------------\r\n";
  const block = Buffer.from(line.repeat(Math.floor(65_536 / line.length)));
  let left = bytes;
  while (left >= block.length) {
    yield block;
    left -= block.length;
  }
  if (left > 2) yield Buffer.concat([block.subarray(0, left - 2), Buffer.from("\r\n")]);
}
