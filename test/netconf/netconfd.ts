// yuma123's netconfd behind OpenSSH on loopback: a NETCONF server that shares nothing with us but the RFCs.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { freePort } from "../support/port.ts";

const SSHD = "/usr/sbin/sshd";
const NETCONFD = "/usr/sbin/netconfd";
const SUBSYSTEM = "/usr/sbin/netconf-subsystem";

/** Why it cannot be started here; empty where it can. */
export const missingForNetconfd = (): string[] => [
  ...[SSHD, "/usr/bin/ssh-keygen", NETCONFD, SUBSYSTEM]
    .filter((path) => !existsSync(path))
    .map((path) => `${path} is not installed`),
  ...(process.getuid?.() === 0 ? [] : ["not root"]),
];

export interface Netconfd {
  readonly port: number;
  /** Base64 of its ed25519 key. */
  readonly hostKey: string;
  readonly username: string;
  readonly privateKey: string;
  readonly log: () => string;
  /** In its network, where it has one of its own. */
  readonly ip: (...words: readonly string[]) => void;
  stop(): Promise<void>;
}

/** Where Debian puts code that netconfd loads for a model; the folder's name has the machine's architecture in it. */
const codeFolder = (): string | undefined => {
  const found = readdirSync("/usr/lib").map((name) => join("/usr/lib", name, "yuma"));
  return found.find((path) => existsSync(path));
};

/** The code that sets and shows the kernel's interfaces (Debian's `netconfd-module-ietf-interfaces`). */
const hasCode = (): boolean => existsSync(join(codeFolder() ?? "/nowhere", "libietf-interfaces.so"));

/** Why its interfaces cannot be those of a kernel here; empty where they can. */
export const missingForInterfaces = (): string[] => [
  ...missingForNetconfd(),
  ...(hasCode() ? [] : ["netconfd-module-ietf-interfaces is not installed"]),
  ...["/usr/bin/unshare", "/usr/sbin/ifconfig"]
    .filter((path) => !existsSync(path))
    .map((path) => `${path} is not installed`),
];

/**
 * In a mount namespace of its own. `interfaces`: in a network of its own too, with two links whose other ends are up, and with the code that sets and
 * shows the kernel's interfaces (Debian's `netconfd-module-ietf-interfaces`); else without that code, or this machine's would be set.
 */
const OWN_WORLD = `set -e
code="$1" empty="$2" interfaces="$3"; shift 3
if [ "$interfaces" = yes ]; then
  mount -t sysfs sysfs /sys
  for at in 1 2; do ip link add "eth$at" type veth peer name "far$at"; ip link set "eth$at" up; ip link set "far$at" up; done
else
  mount --bind "$empty" "$code"
fi
exec "$@"`;
/** What that code calls, and Debian leaves out: an interface's address. */
const ADDRESS_OF = `#!/bin/sh\nip -4 -o addr show dev "$1" | awk '{print $4; exit}' | grep . || echo 0.0.0.0/0\n`;

export interface NetconfdOptions {
  readonly modules?: readonly string[];
  readonly interfaces?: boolean;
}

/** With `modules` (files of YANG) beside the models of RFC 7223 and 7317; configuration starts empty, and `startup` is a datastore of its own. */
export async function startNetconfd({ modules = [], interfaces = false }: NetconfdOptions = {}): Promise<Netconfd> {
  const folder = mkdtempSync(join(tmpdir(), "farhand-netconfd-"));
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => ended(child)));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const name of ["host", "user"])
      spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    mkdirSync("/run/sshd", { recursive: true });
    const port = freePort();
    const socket = join(folder, "ncx.sock");
    const log = join(folder, "netconfd.log");
    const options = [
      "--no-startup",
      "--target=candidate",
      "--with-startup=true",
      "--module=ietf-interfaces",
      "--module=iana-if-type",
      ...modules.map((path) => `--module=${path}`),
      "--access-control=off",
      "--superuser=root",
      `--port=${port}`,
      `--ncxserver-sockname=${socket}`,
      `--log=${log}`,
    ];
    // Its startup configuration is kept below HOME, what it was before a commit where it was started.
    const path = `${folder}:${process.env["PATH"] ?? ""}`;
    const env = {
      PATH: path,
      HOME: folder,
      ...(interfaces ? { YUMA_MODPATH: "/usr/share/yuma/modules/examples" } : {}),
    };
    const empty = join(folder, "empty");
    mkdirSync(empty);
    writeFileSync(join(folder, "get-interface-ipv4"), ADDRESS_OF, { mode: 0o755 });
    const code = codeFolder();
    const world = ["-m", ...(interfaces ? ["-n"] : []), "sh", "-c", OWN_WORLD, "netconfd"];
    const [command, args] =
      code === undefined || !hasCode()
        ? [NETCONFD, options]
        : ["unshare", [...world, code, empty, interfaces ? "yes" : "no", NETCONFD, ...options]];
    const server = spawn(command, args, { cwd: folder, env, stdio: "ignore" });
    children.push(server);
    const config = join(folder, "sshd.conf");
    const lines = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${join(folder, "host")}`,
      `AuthorizedKeysFile ${join(folder, "user.pub")}`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin prohibit-password",
      `Subsystem netconf "${SUBSYSTEM} --ncxserver-sockname=${port}@${socket}"`,
    ];
    writeFileSync(config, `${lines.join("\n")}\n`);
    const sshd = spawn(SSHD, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
    children.push(sshd);
    let heard = "";
    sshd.stderr.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    const untilMs = systemClock.monotonicMs() + 30_000;
    while (!existsSync(socket) || !heard.includes("Server listening")) {
      if (systemClock.monotonicMs() > untilMs) throw new Error(`netconfd or sshd does not start: ${heard}`);
      await systemClock.sleep(50);
    }
    return {
      port,
      hostKey: readFileSync(join(folder, "host.pub"), "utf8").split(" ")[1] ?? "",
      username: "root",
      privateKey: readFileSync(join(folder, "user"), "utf8"),
      log: () => readFileSync(log, "utf8"),
      ip: (...words) => {
        if (!interfaces) throw new Error("it has no network of its own");
        const done = spawnSync("nsenter", ["-t", String(server.pid), "-n", "ip", ...words], { encoding: "utf8" });
        if (done.status !== 0) throw new Error(`ip ${words.join(" ")}: ${done.stderr}`);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
