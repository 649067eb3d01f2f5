// A Linux host of its own: OpenSSH, sudo, cron and chrony as Debian starts them, by systemd or by init scripts, in namespaces and on
// folders of the test. It can be rebooted: everything that runs ends, what lies in /run is gone, and its init starts again.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll } from "../lab/poll.ts";

export type Init = "systemd" | "sysv";

export interface LinuxHost {
  readonly init: Init;
  /** On this machine's loopback; a relay of ours leads into the namespace. */
  readonly port: number;
  readonly hostKeyPublic: string;
  readonly user: string;
  readonly password: string;
  /** As root on the host itself, past SSH and past us. Throws where the script fails. */
  sh(script: string): Promise<string>;
  /** Cuts what is open; `refuse`: and lets nobody in until `mend`. */
  cut(refuse?: boolean): void;
  mend(): void;
  /** Power off and on; resolves when sshd listens again. */
  reboot(): Promise<void>;
  stop(): Promise<void>;
}

const script = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const needs: readonly (readonly [string, string])[] = [
  ["/usr/sbin/sshd", "openssh-server"],
  ["/usr/bin/sudo", "sudo"],
  ["/usr/sbin/visudo", "sudo"],
  ["/usr/sbin/cron", "cron"],
  ["/usr/sbin/chronyd", "chrony"],
  ["/usr/sbin/nft", "nftables"],
  ["/usr/sbin/chpasswd", "passwd"],
];

/** Where systemd can be PID 1: it is installed, and a group of the unified hierarchy can be made for it. */
function systemdReasons(): string[] {
  if (!existsSync("/lib/systemd/systemd")) return ["/lib/systemd/systemd (apt-get install -y systemd)"];
  const groups = cgroupRoot();
  if (groups === undefined) return ["cgroup2 (mount it)"];
  const probe = join(groups, `farhand-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return [];
  } catch {
    return [`${groups} (make it writable; in Docker: --privileged)`];
  }
}

function cgroupRoot(): string | undefined {
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  return mounts.map((line) => line.split(" ")).find(([, , type]) => type === "cgroup2")?.[1];
}

/** One kind of host in a working day's tests, every kind and every boundary at night. */
export const everyHost = (): boolean => process.env["FARHAND_HOSTS"] === "all";

export function linuxVerdict(init: Init): { run: true } | { run: false; reason: string } {
  if (init === "systemd" && !everyHost())
    return { run: false, reason: "nightly boots this one too (FARHAND_HOSTS=all)" };
  const missing =
    process.platform === "linux" ? needs.filter(([path]) => !existsSync(path)) : [["Linux", "a Linux"] as const];
  const reasons = missing.map(([path, what]) => `${path} (apt-get install -y --no-install-recommends ${what})`);
  if (process.getuid?.() !== 0) reasons.push("root (namespaces)");
  else if (init === "systemd" && process.platform === "linux") reasons.push(...systemdReasons());
  if (reasons.length === 0) return { run: true };
  const reason = `a Linux host with ${init} needs ${reasons.join(", ")}`;
  if (process.env["CI"] === "true") throw new Error(reason);
  return { run: false, reason };
}

const PIPE = `
  const { connect } = require("node:net");
  const socket = connect(22, "127.0.0.1");
  process.stdin.pipe(socket).pipe(process.stdout);
  for (const event of ["error", "close"]) socket.on(event, () => process.exit(0));`;

export async function startLinux(init: Init, name = "edge-1"): Promise<LinuxHost> {
  const root = mkdtempSync(join(tmpdir(), "farhand-linux-"));
  const group = join(cgroupRoot() ?? "/nonexistent", `farhand-${randomBytes(6).toString("hex")}`);
  for (const folder of ["etc", "lib", "log", "spool", "home"]) mkdirSync(join(root, folder), { mode: 0o755 });
  if (init === "systemd") mkdirSync(group);
  const env = { PATH, FARHAND_ROOT: root };
  const password = randomBytes(18).toString("base64url");
  const user = "farhand";
  let keeper: ChildProcess | undefined;
  let pid = 0;

  const run = async (argv: readonly string[], input = ""): Promise<string> => {
    const child = spawn(argv[0] ?? "", argv.slice(1), { env, stdio: ["pipe", "pipe", "pipe"] });
    let [said, complaint] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0) throw new Error(`${argv.join(" ").slice(0, 300)}: exit ${code}\n${said}${complaint}`);
    return said;
  };
  const enter = ["nsenter", "-t", "0", "--mount", "--pid", "--net", "--uts", "--ipc", "--"];
  const inside = (...argv: string[]): string[] => enter.map((word) => (word === "0" ? String(pid) : word)).concat(argv);

  const boot = async (): Promise<void> => {
    const intoGroup = init === "systemd" ? `echo $BASHPID > ${group}/cgroup.procs; ` : "";
    const flags = `--net --uts --ipc --mount --pid --fork --kill-child --mount-proc ${init === "systemd" ? "--cgroup" : ""}`;
    // Ends with us, however we end: the pipe closes, and with its parent the kernel ends the host's init and all that it has started.
    const line = `${intoGroup}mkfifo ${root}/keep 2>/dev/null; exec 3<>${root}/keep; unshare ${flags} /bin/bash -c "$1" boot "$2" "$3" <&3 >/dev/null 2>&1 & child=$!; echo "$child"; while read -r _; do :; done; kill -9 "$child"`;
    const started = spawn("/bin/bash", ["-c", line, "keeper", script("linux-boot.sh"), name, init], {
      env,
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
    });
    keeper = started;
    let said = "";
    started.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    started.stdin.on("error", () => undefined);
    pid = await poll("the host's init", () => firstChild(Number(said.trim())), { within: 10_000, every: 5 });
    await poll(
      "sshd",
      async () => {
        const listens = await run(inside("ss", "-tln")).catch(() => "");
        return listens.includes(":22 ") ? true : undefined;
      },
      { within: 30_000 },
    );
  };
  const halt = async (): Promise<void> => {
    const ended = keeper;
    if (!ended) return;
    keeper = undefined;
    const gone = new Promise<void>((resolve) => ended.once("close", () => resolve()));
    ended.stdin?.end();
    await gone;
    await poll("the end of the host", () => (existsSync(`/proc/${pid}`) ? undefined : true), {
      within: 10_000,
      every: 5,
    });
  };
  const relay = await relayTo(() => pid);
  const stop = async (): Promise<void> => {
    relay.close();
    await halt();
    if (init === "systemd") spawnSync("find", [group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
    rmSync(root, { recursive: true, force: true });
  };
  try {
    await run(
      ["unshare", "--mount", "/bin/bash", "-c", script("linux-files.sh"), "files", name, user, init],
      `${password}\n`,
    );
    await boot();
    const [, blob = ""] = readFileSync(`${root}/etc/ssh/ssh_host_ed25519_key.pub`, "utf8").split(" ");
    return {
      init,
      port: relay.port,
      hostKeyPublic: blob,
      user,
      password,
      sh: (text) => run(inside("/bin/sh", "-c", text)),
      cut: (refuse = false) => relay.cut(refuse),
      mend: () => relay.mend(),
      reboot: async () => {
        await halt();
        await boot();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function firstChild(pid: number): number | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const children = existsSync(`/proc/${pid}/task/${pid}/children`)
    ? readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim()
    : "";
  return children === "" ? undefined : Number(children.split(" ")[0]);
}

async function relayTo(
  pid: () => number,
): Promise<{ port: number; cut(refuse: boolean): void; mend(): void; close(): void }> {
  const open = new Set<Socket>();
  let refuses = false;
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    if (refuses) return void socket.destroy();
    open.add(socket);
    // In its network, with our files.
    const child = spawn("nsenter", ["-t", String(pid()), "--net", "--", process.execPath, "-e", PIPE], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.stdin?.on("error", () => undefined);
    if (child.stdin) socket.pipe(child.stdin);
    child.stdout?.pipe(socket);
    child.once("exit", () => socket.destroy());
    socket.once("close", () => {
      open.delete(socket);
      child.kill("SIGKILL");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  const cutAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: bound.port,
    cut: (refuse) => {
      refuses = refuse;
      cutAll();
    },
    mend: () => (refuses = false),
    close: () => {
      cutAll();
      server.close();
    },
  };
}
