/** Whether this machine can give a simulated host its namespaces. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

export type HostVerdict = { readonly run: true } | { readonly run: false; readonly reason: string };

const TOOLS: readonly (readonly [string, string])[] = [
  ["/usr/bin/unshare", "util-linux"],
  ["/usr/bin/nsenter", "util-linux"],
  ["/usr/bin/setpriv", "util-linux"],
  ["/usr/bin/prlimit", "util-linux"],
  ["/usr/bin/perl", "perl-base"],
];

let known: HostVerdict | undefined;

/** Asked once: what is missing, or what the kernel said when it was tried. In CI a machine that cannot is an error, not a skip. */
export function hostVerdict(): HostVerdict {
  known ??= tried();
  if (!known.run && process.env["CI"] === "true") throw new Error(known.reason);
  return known;
}

/** Outside, root of a jail is this user, who owns nothing, and its accounts are the next ones. */
export const OUTER_UID = 100_000;
export const UIDS = 65_536;

/** Only root can give accounts numbers of their own. */
export const hasAccounts = (): boolean => process.getuid?.() === 0;

/** A container may have few user numbers of its own. */
function hasRange(): boolean {
  const lines = readFileSync("/proc/self/uid_map", "utf8").trim().split("\n");
  return lines.some((line) => {
    const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
    return first <= OUTER_UID && first + count >= OUTER_UID + UIDS;
  });
}

function tried(): HostVerdict {
  const no = (reason: string): HostVerdict => ({ run: false, reason: `a simulated host needs ${reason}` });
  if (process.platform !== "linux") return no("a Linux");
  const missing = TOOLS.filter(([path]) => !existsSync(path)).map(([path, what]) => `${path} (package ${what})`);
  if (missing.length > 0) return no(missing.join(", "));
  const flags = ["--user", "--map-root-user", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork"];
  const probe = spawnSync(
    "/usr/bin/unshare",
    [...flags, "/bin/sh", "-c", "mount -t proc proc /proc && mount -t tmpfs tmpfs /tmp"],
    { encoding: "utf8", timeout: 20_000 },
  );
  if (probe.status === 0)
    return !hasAccounts() || hasRange() ? { run: true } : no("user numbers 100000 to 165535 to map to");
  const said = (probe.stderr ?? "").trim().split("\n")[0] ?? "";
  return no(
    `user and mount namespaces with a /proc of their own, and this machine says: ${said || String(probe.error)}`,
  );
}
