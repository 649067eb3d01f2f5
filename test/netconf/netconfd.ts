// yuma123's netconfd behind OpenSSH on loopback: a NETCONF server that shares nothing with us but the RFCs.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  stop(): Promise<void>;
}

/** With `modules` (files of YANG) beside the models of RFC 7223 and 7317; configuration starts empty, and `startup` is a datastore of its own. */
export async function startNetconfd(modules: readonly string[] = []): Promise<Netconfd> {
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
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
    children.push(spawn(NETCONFD, options, { cwd: folder, env, stdio: "ignore" }));
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
