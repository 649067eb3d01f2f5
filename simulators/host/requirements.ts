/** Whether this machine can give a simulated host its namespaces. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

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

function tried(): HostVerdict {
  const no = (reason: string): HostVerdict => ({ run: false, reason: `a simulated host needs ${reason}` });
  if (process.platform !== "linux") return no("a Linux");
  const missing = TOOLS.filter(([path]) => !existsSync(path)).map(([path, what]) => `${path} (package ${what})`);
  if (missing.length > 0) return no(missing.join(", "));
  const flags = ["--user", "--map-root-user", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork"];
  const probe = spawnSync(
    "/usr/bin/unshare",
    [...flags, "/bin/sh", "-c", "mount -t proc proc /proc && mount -t tmpfs tmpfs /mnt"],
    { encoding: "utf8", timeout: 20_000 },
  );
  if (probe.status === 0) return { run: true };
  const said = (probe.stderr ?? "").trim().split("\n")[0] ?? "";
  return no(
    `user and mount namespaces with a /proc of their own, and this machine says: ${said || String(probe.error)}`,
  );
}
