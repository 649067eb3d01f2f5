/** The handle by which tests, fleets and the demo hold one simulated Linux host: a machine in namespaces behind our SSH server. */
import { z } from "zod";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { CommandRecord, SimulatedDevice } from "../device.ts";
import { FaultBoard } from "../faults.ts";
import { serveExec } from "../host/channel.ts";
import { Jail, type JailProgram } from "../host/jail.ts";
import type { JailFile } from "../host/plan.ts";
import { BaseConfig } from "../kit/start.ts";
import { hostKeyFrom } from "../ssh/hostkey.ts";
import { startSshServer, type ExecRequest, type ShellRequest } from "../ssh/server.ts";
import { Box } from "./box.ts";
import { chronyd, readSshd, sshd, visudo, type SshdConfig } from "./checkers.ts";
import { filesOf, viewOf } from "./disk.ts";
import { parseConfig } from "./text.ts";
import { BOOT_PROGRAM, TAKES_UP, unitFiles, unitLinks, unitPrograms } from "./units.ts";

export const LinuxConfig = BaseConfig.extend({
  model: z.string().default("VM"),
  version: z.string().default("12"),
  init: z.enum(["systemd", "sysv"]).default("systemd"),
});
export type LinuxConfigInput = z.input<typeof LinuxConfig>;
type LinuxConfig = z.output<typeof LinuxConfig>;

export interface SimulatedHost extends SimulatedDevice {
  /** Its programs are at work: a clock that runs fast should not run ahead of them. */
  readonly busy: boolean;
  readonly jail: Jail;
}

const FOLDERS = ["/etc/cron.d", "/etc/ssh/sshd_config.d", "/etc/sudoers.d", "/etc/sysctl.d", "/etc/chrony/conf.d"];
const UID = 1000;
/** How long it was down for: firmware, kernel, services. */
const BOOT_MS = 30_000;
/** Accounts of Debian that something owns. */
const NO_PASSWORD = "*";

/** What no configuration names and every host has. */
function machineFiles({ version, model, serial }: LinuxConfig): JailFile[] {
  return [
    {
      path: "/etc/os-release",
      content: `PRETTY_NAME="Debian GNU/Linux ${version} (simulated)"\nNAME="Debian GNU/Linux"\nVERSION_ID="${version}"\nID=debian\n`,
    },
    { path: "/sys/class/dmi/id/product_name", content: `${model}\n`, mode: "0444" },
    { path: "/sys/class/dmi/id/product_serial", content: `${serial}\n`, mode: "0400" },
  ];
}

export async function startLinux(
  input: LinuxConfigInput,
  { clock = systemClock, signal }: { clock?: Clock; signal?: AbortSignal } = {},
): Promise<SimulatedHost> {
  // OpenSSH's MaxSessions bounds those that are open at one time; a connection may have any number one after the other.
  const config = LinuxConfig.parse({ channelsPerConnection: 1_000_000, ...input });
  signal?.throwIfAborted();
  const wanted = parseConfig(config.config);
  const hostname = wanted.files.find(({ path }) => path === "/etc/hostname")?.content.trim() ?? config.name;
  const names = wanted.services.map(({ name }) => name);
  const faults = new FaultBoard();
  for (const fault of config.faults) faults.set(fault);
  const log: CommandRecord[] = [];
  const state: Door = {
    sshd: { values: new Map(), errors: [] },
    listen: () => Promise.resolve(),
    met: () => undefined,
  };
  const programs: JailProgram[] = [
    ...unitPrograms(config.init),
    { path: "/usr/local/sbin/sshd", serve: (call) => sshd(call, viewOf(call.files)) },
    { path: "/usr/local/sbin/visudo", serve: (call) => visudo(call, viewOf(call.files)) },
    { path: "/usr/local/sbin/chronyd", serve: (call) => chronyd(call, viewOf(call.files)) },
    { path: "/usr/local/sbin/cron", text: "#!/bin/sh\nexit 0\n" },
    {
      path: TAKES_UP,
      serve: async ({ argv, files }) => {
        const [, how] = argv;
        state.met("sshd reads its files");
        if (how !== "stopped") state.sshd = readSshd(viewOf(files));
        await state.listen(how !== "stopped");
        return 0;
      },
    },
  ];
  const jail = await Jail.start({
    hostname,
    clock,
    clockSkewMs: () => faults.conditions.clockSkewMs,
    accounts: [{ name: config.username, uid: UID, sudo: "ALL=(ALL) NOPASSWD: ALL" }],
    files: [...machineFiles(config), ...unitFiles(config.init, names), ...wanted.files],
    folders: FOLDERS,
    links: [...wanted.links, ...unitLinks(config.init, wanted.services)],
    programs,
    boot: BOOT_PROGRAM,
  });
  try {
    return await serve({ config, jail, clock, faults, log, state, names, ...(signal ? { signal } : {}) });
  } catch (error) {
    await jail.close();
    throw error;
  }
}

/** What the host's sshd has read, and whether it listens. */
interface Door {
  sshd: SshdConfig;
  listen: (listens: boolean) => Promise<void>;
  /** Something happens in the middle of somebody's command: faults may meet it there. */
  met: (line: string) => void;
}

interface Parts {
  readonly config: LinuxConfig;
  readonly jail: Jail;
  readonly clock: Clock;
  readonly faults: FaultBoard;
  readonly log: CommandRecord[];
  readonly state: Door;
  readonly names: readonly string[];
  readonly signal?: AbortSignal;
}

async function serve(parts: Parts): Promise<SimulatedHost> {
  const { config, jail, clock, faults, log, state, names, signal } = parts;
  const hostKey = hostKeyFrom(config.hostKeySeed);
  let nextSession = 1;
  const exec = (request: ExecRequest): void =>
    void serveExec(request, {
      jail,
      clock,
      faults,
      log,
      sessionId: nextSession++,
      done: () => box.look(request.username),
      isSilenced: () => silent.delete("now"),
    });
  const ssh = await startSshServer({
    address: config.address,
    port: config.port,
    hostKey,
    users: () => (letsIn(state.sshd, config.username) ? [userOf(config, jail)] : []),
    methods: config.methods,
    ident: "OpenSSH_9.2p1 Debian-2+deb12u3",
    maxConnections: () => (faults.get("full-session-table") ? 0 : config.sessionsMax),
    largePacketsLost: () => faults.conditions.largePacketsLost,
    logins: () => faults.get("aaa-down")?.how ?? "up",
    channelsPerConnection: config.channelsPerConnection,
    banner: () => bannerOf(state.sshd, jail),
    exec,
    shell: (request) => shell(request),
  });
  const silent = new Set<"now">();
  state.met = (line) => {
    log.push({ atMs: clock.nowMs(), sessionId: 0, user: "root", mode: "exec", line });
    const drop = faults.bites("drop", line);
    if (drop) ssh.dropConnections();
    if (faults.bites("hang", line)) silent.add("now");
  };
  state.listen = (listens) => ssh.setListening(listens);
  const box = new Box({
    jail,
    clock,
    faults,
    init: config.init,
    services: names,
    surroundings: { setReachability: (next) => ssh.setReachability(next), dropSessions: () => ssh.dropConnections() },
  });
  function shell(request: ShellRequest): void {
    // A terminal of its own, for people: script(1) has it made. No fault meets what is typed there.
    const { rows, columns } = request.size;
    const inside = `stty rows ${rows} cols ${columns}; PS1='${request.username}@\\h:\\w$ ' exec bash --norc --noprofile`;
    const note = `/tmp/.terminal-${nextSession++}`;
    const command = `echo $$ > ${note}; exec script -qfc "$TERMINAL" /dev/null`;
    const running = jail.spawn(command, request.username, { TERMINAL: inside });
    request.stream.pipe(running.stdin);
    running.stdout.pipe(request.stream);
    // Whoever made the terminal takes along what runs on it, when it is told that nobody is there.
    request.stream.on("close", () => {
      running.stdin.destroy();
      if (jail.up) jail.spawn(`kill -s KILL "$(cat ${note})"; rm -f ${note}`);
    });
  }
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    signal?.removeEventListener("abort", onAbort);
    box.stop();
    stopping ??= ssh.stop().then(() => jail.close());
    return stopping;
  };
  const onAbort = (): void => void stop();
  signal?.addEventListener("abort", onAbort, { once: true });
  const hostnameOf = (): string =>
    filesOf(jail.disk)
      .files.find(({ path }) => path === "/etc/hostname")
      ?.content.trim() ?? config.name;
  const heed = (): void => {
    jail.setSudoAsks(faults.get("wrong-privilege") !== undefined);
    const refused = faults.get("refuse-line");
    box.refuse(refused && (refused.match ?? "."));
  };
  heed();
  return {
    platform: "linux",
    name: config.name,
    address: ssh.address,
    port: ssh.port,
    hostKeyPublic: { algorithm: hostKey.algorithm, base64: hostKey.base64, sha256: hostKey.sha256 },
    username: config.username,
    password: config.password,
    enablePassword: undefined,
    serial: config.serial,
    model: config.model,
    version: config.version,
    jail,
    get busy() {
      return box.busy;
    },
    hostname: hostnameOf,
    acceptCount: () => ssh.counters.accepts,
    passwordAttempts: () => ssh.counters.passwordAttempts,
    counters: () => ({ ...ssh.counters }),
    runningConfig: () => box.running,
    startupConfig: () => box.startup,
    mutate: (lines, by = "other-admin") => box.mutate(lines, by),
    setFault: (fault) => {
      faults.set(fault);
      heed();
    },
    clearFault: (kind) => {
      faults.clear(kind);
      heed();
      if (jail.up && (kind === undefined || kind === "unreachable-after-apply")) ssh.setReachability("up");
    },
    faults: () => faults.active,
    conditions: faults.conditions,
    commands: () => log,
    applies: () => {
      box.look();
      return box.applies;
    },
    applyCount: () => {
      box.look();
      return box.applies.length;
    },
    events: () => {
      box.look();
      return box.events;
    },
    pendingRollback: () => box.pending,
    files: () => filesOf(jail.disk).files.map(({ path }) => path),
    wipe: () => {
      const spared = "( -path /etc/ssh -o -path /etc/alternatives -o -path /etc/systemd ) -prune -o";
      const names_ = "passwd group shadow sudoers hostname nsswitch.conf os-release".split(" ");
      const kept = names_.map((name) => `! -path /etc/${name}`).join(" ");
      jail.runSync(`find /etc ${spared.replaceAll(/[()]/g, "\\$&")} -type f ${kept} -exec rm -f {} +`);
      box.wiped();
    },
    reboot: (bootMs = BOOT_MS) => box.reboot(bootMs),
    stop,
  };
}

/** Whoever AllowUsers and DenyUsers let in, as the sshd that runs has read them. */
function letsIn({ values }: SshdConfig, username: string): boolean {
  const names = (key: string): string[] => (values.get(key) ?? "").split(/\s+/).filter((name) => name !== "");
  const allowed = names("allowusers");
  if (names("denyusers").includes(username)) return false;
  return allowed.length === 0 || allowed.includes(username);
}

function bannerOf({ values }: SshdConfig, jail: Jail): string | undefined {
  const path = values.get("banner");
  if (path === undefined || !path.startsWith("/")) return undefined;
  return viewOf(jail.disk).read(path);
}

/** The password that the test says, until somebody has set another one: then crypt(3) judges. */
function userOf(config: LinuxConfig, jail: Jail) {
  const shadow = viewOf(jail.disk).read("/etc/shadow") ?? "";
  const hash = new RegExp(`^${config.username}:([^:]*):`, "m").exec(shadow)?.[1] ?? NO_PASSWORD;
  const judged = (given: string): boolean =>
    jail.up &&
    jail.runSync(
      `perl -e 'chomp(my ($hash, $given) = <STDIN>); exit(crypt($given, $hash) eq $hash ? 0 : 1)'`,
      `${hash}\n${given}\n`,
    ).code === 0;
  return {
    username: config.username,
    password: hash === NO_PASSWORD ? config.password : judged,
    publicKeys: config.publicKeys,
  };
}
