// What the lab needs from the machine, and how to get what is missing.

import { existsSync } from "node:fs";

export type Missing = { what: string; how: string };

const debian = (packageName: string): string => `apt-get install -y --no-install-recommends ${packageName}`;

const files: readonly (readonly [path: string, packageName: string])[] = [
  ["/usr/lib/frr/zebra", "frr"],
  ["/usr/lib/frr/bgpd", "frr"],
  ["/usr/lib/frr/staticd", "frr"],
  ["/usr/bin/vtysh", "frr"],
  ["/usr/lib/frr/frr-reload.py", "frr-pythontools"],
  ["/usr/sbin/sshd", "openssh-server"],
  ["/usr/bin/ssh", "openssh-client"],
  ["/usr/bin/ssh-keygen", "openssh-client"],
  ["/usr/bin/sshpass", "sshpass"],
  ["/usr/bin/sudo", "sudo"],
  ["/usr/sbin/chpasswd", "passwd"],
  ["/bin/bash", "bash"],
];
const commands: readonly (readonly [command: string, packageName: string])[] = [
  ["ip", "iproute2"],
  ["unshare", "util-linux"],
  ["nsenter", "util-linux"],
];

/** Everything that keeps the lab from starting here; an empty list means it can start. */
export function missingRequirements(): Missing[] {
  if (process.platform !== "linux") return [{ what: "Linux", how: "run the lab on Debian or Ubuntu" }];
  const missing: Missing[] = [];
  if (process.getuid?.() !== 0) missing.push({ what: "root", how: "run as root (network and mount namespaces)" });
  for (const [path, packageName] of files) {
    if (!existsSync(path)) missing.push({ what: path, how: debian(packageName) });
  }
  for (const [command, packageName] of commands) {
    const found = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].some((folder) => existsSync(`${folder}/${command}`));
    if (!found) missing.push({ what: command, how: debian(packageName) });
  }
  if (missing.length === 0) {
    const probe = Bun.spawnSync(["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "true"]);
    if (probe.exitCode !== 0) {
      const how = "allow namespaces and mounts (CAP_SYS_ADMIN, CAP_NET_ADMIN; in Docker: --privileged)";
      missing.push({ what: `namespaces: ${probe.stderr.toString().trim()}`, how });
    }
  }
  return missing;
}

export type Verdict = { run: true } | { run: false; reason: string };

/** For tests: run, or skip with the reason. Under CI=true a machine without the lab is a failure, not a skip. */
export function labVerdict(): Verdict {
  const missing = missingRequirements();
  if (missing.length === 0) return { run: true };
  const reason = `the real-router lab needs ${missing.map(({ what, how }) => `${what} (${how})`).join("; ")}`;
  if (process.env["CI"] === "true") throw new Error(reason);
  return { run: false, reason };
}
