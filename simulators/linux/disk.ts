/** What is configured on a simulated host, read from outside: its files as they lie there, its services as they are. */
import { basename, dirname } from "node:path";
import { OUTER_UID } from "../host/requirements.ts";
import type { Files } from "../host/files.ts";
import type { View } from "./checkers.ts";
import type { ConfigFile, ConfigLink, ConfigService, HostConfig } from "./text.ts";
import { ACTIVE, FAILED, WANTS, type Init } from "./units.ts";

/** Accounts, names of services and what boots are shown otherwise, or are nobody's configuration. */
const HIDDEN =
  /^\/etc\/(?:passwd|group|shadow|gshadow|subuid|subgid|\.pwd\.lock|alternatives|systemd\/system|init\.d|rc\d\.d|machine-id|os-release|pam\.d|login\.defs)(?:-|\/|$)/;
/** A job that runs once, at the next boot, is no configuration of what the host does. */
const BOOT_JOB = /^(?:@reboot [^\n]*\n|#[^\n]*\n)+$/;
const FILE_BYTES_MAX = 1024 * 1024;
const FILES_MAX = 2_000;

/** Root of the host is another user here. */
const owner = (uid: number, gid: number): string => {
  const inside = (id: number): number => (process.getuid?.() === 0 ? id - OUTER_UID : 0);
  return `${inside(uid)}:${inside(gid)}`;
};

export function filesOf(disk: Files): { files: ConfigFile[]; links: ConfigLink[] } {
  const files: ConfigFile[] = [];
  const links: ConfigLink[] = [];
  const walk = (folder: string): void => {
    for (const name of disk.names(folder)) {
      const path = `${folder}/${name}`;
      const stat = HIDDEN.test(path) ? undefined : disk.stat(path);
      if (!stat || files.length >= FILES_MAX) continue;
      if (stat.isSymbolicLink()) links.push({ path, target: disk.target(path) ?? "" });
      else if (stat.isDirectory()) walk(path);
      else if (stat.isFile() && Number(stat.size) <= FILE_BYTES_MAX) {
        const content = disk.read(path, FILE_BYTES_MAX) ?? "";
        const mode = `0${(Number(stat.mode) & 0o777).toString(8).padStart(3, "0")}`;
        if (!BOOT_JOB.test(content))
          files.push({ path, mode, owner: owner(Number(stat.uid), Number(stat.gid)), content });
      }
    }
  };
  walk("/etc");
  return { files, links };
}

export function servicesOf(
  init: Init,
  names: readonly string[],
  disk: Files,
  running: Files | undefined,
): ConfigService[] {
  return names.map((name) => {
    const isEnabled =
      init === "systemd"
        ? disk.stat(`${WANTS}/${name}.service`) !== undefined
        : disk.names("/etc/rc2.d").some((link) => /^S\d\d/.test(link) && link.slice(3) === name);
    const enabled = isEnabled ? "enabled" : "disabled";
    // Of a host that is down: what its next boot would start.
    if (!running) return { name, enabled, active: isEnabled ? "active" : "inactive" };
    const active = running.stat(`${ACTIVE}/${name}`)
      ? "active"
      : running.stat(`${FAILED}/${name}`)
        ? "failed"
        : "inactive";
    return { name, enabled, active };
  });
}

export function configOf(init: Init, names: readonly string[], disk: Files, running: Files | undefined): HostConfig {
  return { ...filesOf(disk), services: servicesOf(init, names, disk, running) };
}

/** What a program sees that judges files. */
export function viewOf(files: Files): View {
  return {
    read: (path) => files.read(path, FILE_BYTES_MAX),
    list: (pattern) => {
      const [before = "", after = ""] = basename(pattern).split("*");
      const folder = dirname(pattern);
      if (!pattern.includes("*")) return files.stat(pattern) ? [pattern] : [];
      return files
        .names(folder)
        .filter((name) => name.startsWith(before) && name.endsWith(after) && !name.startsWith("."))
        .map((name) => `${folder}/${name}`);
    },
  };
}
