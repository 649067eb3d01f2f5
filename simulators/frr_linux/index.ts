/** The handle by which tests, fleets and the demo hold one simulated FRR router on Linux. */
import { z } from "zod";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { PendingRollback, SimulatedDevice } from "../device.ts";
import { serveExec } from "../host/channel.ts";
import type { Call } from "../host/calls.ts";
import { dfProgram } from "../host/free-space.ts";
import { Jail } from "../host/jail.ts";
import { TIMER_MS } from "../host/sleeps.ts";
import { Datastores } from "../kit/datastores.ts";
import { BaseConfig, startDevice } from "../kit/start.ts";
import { DAEMONS, emptyConfig, type Config, type Daemon } from "./config/config.ts";
import { frrReload, vtysh, type Invocation } from "./programs.ts";
import { FRR_CONF, Router, SAVED_BEFORE, TREE, VTYSH_CONF, type Files } from "./router.ts";
import { VtyshSession } from "./session.ts";
import type { Said } from "./vtysh.ts";

export const FrrLinuxConfig = BaseConfig.extend({
  model: z.string().default("Linux"),
  version: z
    .string()
    .regex(/^\d+\.\d+(?:\.\d+)?$/)
    .default("8.4.4"),
  /** Ports of the machine besides `lo`; those of the configuration without it. */
  ports: z.array(z.string()).optional(),
  /** What sudoers says of the login; nothing leaves it without sudo. */
  sudo: z.string().optional().default("ALL=(ALL) NOPASSWD: ALL"),
});
export type FrrLinuxConfigInput = z.input<typeof FrrLinuxConfig>;

const FRR_UID = 110;
const LOGIN_UID = 1000;
const VTYSH = "/usr/bin/vtysh";
const RELOAD = "/usr/lib/frr/frr-reload.py";

/** frr.conf as `write` writes it. */
const asFile = (config: string): string =>
  config.replace(/^(?:Building configuration\.\.\.|Current configuration:)?\n/gm, "").replace(/^end\n?/m, "");

export interface FrrLinux extends SimulatedDevice {
  /** Programs of its host are at work that do not wait for the clock. */
  busy(): boolean;
  /** A daemon dies; watchfrr needs five seconds to start one again. Without a time it stays dead. */
  kill(daemon: Daemon, restartMs?: number): void;
}

export async function startFrrLinux(
  input: FrrLinuxConfigInput,
  { clock = systemClock, signal }: { clock?: Clock; signal?: AbortSignal } = {},
): Promise<FrrLinux> {
  const config = FrrLinuxConfig.parse({ channelsPerConnection: 1_000_000, ...input });
  const text = asFile(config.config);
  const hostname = /^hostname (?<name>\S+)/m.exec(text)?.groups?.["name"] ?? config.name;
  const ports =
    config.ports ?? [...text.matchAll(/^interface (?<name>\S+)/gm)].flatMap((found) => found.groups?.["name"] ?? []);
  const made: { jail?: Jail; router?: Router } = {};
  const router = (): Router => {
    if (!made.router) throw new Error("the router is not there yet");
    return made.router;
  };
  const host = { booted: Promise.resolve(), woken: new Map<number, number>() };
  const jail = await Jail.start({
    hostname,
    clock,
    clockSkewMs: () => router().store.faults.conditions.clockSkewMs,
    accounts: [
      { name: "frr", uid: FRR_UID },
      { name: config.username, uid: LOGIN_UID, sudo: config.sudo },
    ],
    // From here files can be written and not made: what `write` makes is there from the start.
    files: [
      [FRR_CONF, text],
      [SAVED_BEFORE, text],
      [VTYSH_CONF, "service integrated-vtysh-config\n"],
    ].map(([path = "", content = ""]) => ({ path, content, mode: "0640", owner: `${FRR_UID}:${FRR_UID}` })),
    folders: ["/var/log/frr"],
    programs: [
      dfProgram(
        () => router().store.faults.conditions,
        () => jail,
      ),
      { path: VTYSH, readsStdin: { word: "/dev/stdin" }, serve: (call) => run(call, vtysh, "terminal") },
      { path: RELOAD, serve: (call) => reloaded(call) },
    ],
  });
  made.jail = jail;
  const files: Files = {
    read: (path) => jail.disk.read(path),
    write: (path, content) => jail.disk.write(path, content),
  };

  /** A program of the host, as the shell that called it sees it. */
  function run(
    { argv, stdin, uid, out, err }: Call,
    program: (router: Router, how: Invocation) => Said,
    via: string,
  ): number {
    if (uid !== 0) err(`% Can't open configuration file ${VTYSH_CONF} due to 'Permission denied'.\n`);
    const said = program(router(), {
      argv,
      readsConf: uid === 0,
      typist: { user: uid === 0 ? "root" : config.username, via, sitting: {} },
      read: (path) => (path === "/dev/stdin" ? stdin.toString("utf8") : jail.running.read(path)),
    });
    out(said.out);
    err(said.err);
    return said.code;
  }

  /** An undo, whoever asked for it: who waited for the clock before says why. */
  function reloaded(call: Call): number {
    const { store } = router();
    const before = TREE.text(store.running);
    const status = run(call, frrReload, "frr-reload");
    if (TREE.text(store.running) !== before) {
      const isTimer = jail.ancestorsOf(call.pid).some((pid) => host.woken.has(pid));
      store.record({ kind: "rolled-back", why: isTimer ? "timer" : "asked", by: "root" });
      if (store.up) reach.setReachability("up");
    }
    return status;
  }

  jail.sleeps.onWake = ({ parentPid, fromMs, untilMs }) => {
    if (untilMs - fromMs >= TIMER_MS) host.woken.set(parentPid, untilMs);
  };
  const waiting = () => jail.sleeps.timers.find(({ uid }) => uid === 0);
  const pending = (): PendingRollback | undefined => {
    const found = waiting();
    return found && { armedAtMs: found.fromMs, deadlineMs: found.untilMs, user: "root" };
  };

  const reach = { setReachability: (_next: "up" | "refuse" | "blackhole"): void => undefined };
  try {
    const { device } = await startDevice<Config>(
      config,
      {
        platform: "frr_linux",
        model: config.model,
        version: config.version,
        ident: "OpenSSH_9.2p1 Debian-2+deb12u3",
        datastores: (surroundings) => {
          reach.setReachability = (next) => surroundings.setReachability(next);
          const boots = (): Config => router().load(files.read(FRR_CONF) ?? "");
          const store = new Datastores<Config>({
            tree: { ...TREE, text: (tree) => router().running(tree) },
            clock,
            running: emptyConfig(),
            serial: config.serial,
            surroundings,
            separateStartup: true,
            boots,
          });
          const one = new Router(
            store,
            { hostname, version: config.version, ports: [...new Set(["lo", ...ports])] },
            files,
          );
          made.router = one;
          store.running = boots();
          one.isAwaited = () => waiting() !== undefined;
          one.keep = () => {
            const found = waiting();
            if (found) jail.runSync(`kill -9 ${found.parentPid} ${found.pid}`);
          };
          store.onEvent = ({ kind }) => {
            if (kind === "rebooted") {
              host.booted = jail.reboot();
              for (const daemon of DAEMONS) one.alive.add(daemon);
            }
            if (kind === "wiped") files.write(FRR_CONF, asFile(one.running()));
          };
          return store;
        },
        dialect: (shell) => new VtyshSession(shell, router()),
        exec: (request, { store, log, sessionId, terminal }) => {
          const { faults } = store;
          const start = async (): Promise<void> => {
            await host.booted;
            jail.setSudoAsks(faults.get("wrong-privilege") !== undefined);
            if (!request.size || !/^sudo -n (?:\/usr\/bin\/)?vtysh$/.test(request.command))
              return serveExec(request, { jail, faults, clock, log, sessionId });
            // A vtysh on a terminal is this process's own, where sudo lets the login have it.
            const { code, stderr } = await jail.run("sudo -n true", { login: config.username });
            if (code === 0) return terminal();
            request.stream.write(stderr.replaceAll("\n", "\r\n"));
            request.exit(code);
          };
          void start().finally(() => store.ended(sessionId));
        },
        hostname: () => router().hostname,
        mutate: (_store, lines, by) => router().outOfBand(lines, by),
        factory: () => router().load(reachable(router().running())),
        pending,
        stop: () => jail.close(),
        startupText: () => `${files.read(FRR_CONF) ?? ""}end\n`,
        files: () => [FRR_CONF],
      },
      { clock, ...(signal ? { signal } : {}) },
    );
    return Object.assign(device, {
      busy: () => jail.busy,
      kill: (daemon: Daemon, restartMs?: number) => router().kill(daemon, restartMs),
    });
  } catch (error) {
    await jail.close();
    throw error;
  }
}

/** What a router without a configuration is still reached by: its ports' addresses and its default route. */
function reachable(running: string): string {
  const blocks = running.match(/^interface [^]*?^exit$/gm) ?? [];
  const routes = running.match(/^ip route 0\.0\.0\.0\/0 .*$/gm) ?? [];
  return [...routes, ...blocks.map((block) => block.replace(/^ (?!ip address).*\n/gm, ""))].join("\n");
}
