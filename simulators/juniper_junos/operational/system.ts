/** What the box says about itself. */
import type { JunosDevice } from "../device.ts";
import { duration, stamp } from "../dates.ts";
import type { JunosSession } from "../session.ts";
import type { Report } from "./report.ts";

export function version(device: JunosDevice): Report {
  const { model, version: junos } = device.facts;
  const host = device.hostname;
  return {
    name: "software-information",
    text: `${host === undefined ? "" : `Hostname: ${host}\n`}Model: ${model}\nJunos: ${junos}\nJUNOS Software Release [${junos}]\n`,
    data: {
      ...(host === undefined ? {} : { "host-name": host }),
      "product-model": model,
      "product-name": model,
      "junos-version": junos,
    },
  };
}

/** Columns as an SRX300 of release 22.4 prints them. */
export function chassisHardware(device: JunosDevice): string {
  const model = device.facts.model.toUpperCase();
  const row = (item: string, part: string, number: string, serial: string, what: string): string =>
    `${item.padEnd(17)}${part.padEnd(9)}${number.padEnd(13)}${serial.padEnd(18)}${what}`.trimEnd();
  return `${[
    "Hardware inventory:",
    row("Item", "Version", "Part number", "Serial number", "Description"),
    row("Chassis", "", "", device.store.serial, model),
    row("Routing Engine 0", "REV 08", "650-077890", `${device.store.serial}RE`, `RE-${model}`),
    row("FPC 0", "", "BUILTIN", "BUILTIN", "FPC"),
    row("  PIC 0", "", "", "", "8x10/100/1000 Base-T"),
    row("Power Supply 0", "", "", "", ""),
  ].join("\n")}\n`;
}

export function uptime(device: JunosDevice, session: JunosSession): string {
  const { clockSkewMs, clockSynced } = device.store.faults.conditions;
  const nowMs = device.clock.nowMs() + clockSkewMs;
  const last = device.commits[0];
  const ago = (ms: number): string => `${stamp(ms)} (${duration(nowMs - ms)} ago)`;
  const time = stamp(nowMs).slice(11, 16);
  return [
    `Current time: ${stamp(nowMs)}`,
    `Time Source:  ${clockSynced ? "NTP" : "LOCAL"} CLOCK `,
    `System booted: ${ago(device.store.bootedAtMs)}`,
    `Protocols started: ${ago(device.store.bootedAtMs)}`,
    `Last configured: ${ago(last?.atMs ?? device.store.bootedAtMs)} by ${last?.user ?? session.shell.user}`,
    ` ${time}  up ${duration(nowMs - device.store.bootedAtMs)}, ${device.shells.size} users, load averages: 0.11, 0.08, 0.05`,
    "",
  ].join("\n");
}

export function users(device: JunosDevice, session: JunosSession): string {
  const nowMs = device.clock.nowMs();
  const time = stamp(nowMs).slice(11, 16);
  const rows = [...device.shells].map(([id, shell]) =>
    `${shell.user.padEnd(9)}${`pts/${id - 1}`.padEnd(9)}${shell.options.remote.padEnd(34)}${stamp(session.sinceMs).slice(11, 16).padEnd(8)}     - -cli (cli)`.trimEnd(),
  );
  return [
    ` ${time}  up ${duration(nowMs - device.store.bootedAtMs)}, ${device.shells.size} users, load averages: 0.11, 0.08, 0.05`,
    "USER     TTY      FROM                              LOGIN@  IDLE WHAT",
    ...rows,
    ...Array.from(
      { length: device.store.faults.conditions.otherSessions },
      (_, at) => `noc      pts/${at + 50}   198.51.100.${at + 1}                      00:00        - -cli (cli)`,
    ),
    "",
  ].join("\n");
}

export function storage(device: JunosDevice): string {
  const { freeBytes } = device.store.faults.conditions;
  const row = (device: string, size: string, used: string, free: string, share: string, on: string): string =>
    `${device.padEnd(24)}${size.padStart(8)}${used.padStart(11)}${free.padStart(11)}${share.padStart(6)}  ${on}`;
  return `${[
    "Filesystem                  Size       Used      Avail  Capacity   Mounted on",
    row("/dev/gpt/junos", "6.0G", "1.1G", "4.4G", "20%", "/.mount"),
    row("tmpfs", "5.3G", "36K", "5.3G", "0%", "/.mount/tmp"),
    row("/dev/gpt/config", "793M", "60K", "730M", "0%", "/.mount/config"),
    freeBytes === undefined
      ? row("/dev/gpt/var", "8.6G", "610M", "7.3G", "8%", "/.mount/var")
      : row("/dev/gpt/var", "8.6G", "8.5G", `${Math.round(freeBytes / 1024)}K`, "100%", "/.mount/var"),
  ].join("\n")}\n`;
}

/** CLI User Guide, "show cli authorization". A user of class read-only may look. */
export function authorization(device: JunosDevice, session: JunosSession): string {
  const { shell } = session;
  const readOnly = shell.options.faults.get("wrong-privilege") !== undefined;
  const denied = device.store.faults.conditions.deniedCommands ?? "none";
  const permissions = readOnly
    ? ["view        -- Can view current values and statistics"]
    : [
        "admin       -- Can view user accounts",
        "clear       -- Can clear learned network info",
        "configure   -- Can enter configuration mode",
        "control     -- Can modify any config",
        "edit        -- Can edit full files",
        "view        -- Can view current values and statistics",
      ];
  return `Current user: '${shell.user}' class '${readOnly ? "read-only" : "super-user"}'
Permissions:
${permissions.map((line) => `    ${line}\n`).join("")}Individual command authorization:
    Allow regular expression: none
    Deny regular expression: ${denied}
    Allow configuration regular expression: none
    Deny configuration regular expression: none
`;
}

/** Virtual Chassis User Guide, "show virtual-chassis status"; the star is the member that answers. */
export function virtualChassis(device: JunosDevice): string {
  const { cluster } = device.store.faults.conditions;
  if (!cluster) return "error: the virtual-chassis-control subsystem is not responding to management requests\n";
  const isStandby = cluster.answers === "standby";
  const row = (id: number, status: string, serial: string, priority: number, role: string): string =>
    `${id} (FPC ${id})  ${status.padEnd(8)} ${serial.padEnd(12)} ${device.facts.model.padEnd(14)} ${String(priority).padStart(3)}   ${role.padEnd(9)}  N  VC   ${1 - id}  vcp-0`;
  return [
    "Virtual Chassis ID: 0019.e257.3d80",
    "Virtual Chassis Mode: Enabled",
    "                                                Mstr           Mixed Route Neighbor List",
    "Member ID  Status   Serial No    Model          prio  Role      Mode  Mode ID  Interface",
    row(0, "Prsnt", device.store.serial, 129, `Master${isStandby ? "" : "*"}`),
    row(1, cluster.synced ? "Prsnt" : "Inactive", "BM0208124111", 128, `${isStandby ? "Backup*" : "Backup"}`),
    "",
  ].join("\n");
}
