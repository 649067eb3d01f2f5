/** One simulated device with candidates on the network: an SSH server (shell, exec, NETCONF subsystem) over its datastores. */
import { z } from "zod";
import type { Clock } from "../../shared/clock.ts";
import type { CommandRecord, PendingRollback, SimulatedDevice } from "../device.ts";
import { Fault } from "../faults.ts";
import { hostKeyFrom } from "../ssh/hostkey.ts";
import { SessionClosed } from "../ssh/output.ts";
import {
  startSshServer,
  type ExecRequest,
  type ShellRequest,
  type SshServer,
  type SubsystemRequest,
} from "../ssh/server.ts";
import { Terminal } from "../ssh/terminal.ts";
import type { Datastores, Surroundings } from "./datastores.ts";
import { Shell, type Dialect } from "./shell.ts";

/** What every platform's configuration for a simulated device holds; a platform extends it. */
export const BaseConfig = z.strictObject({
  /** How the test calls the device; the hostname comes from the configuration. */
  name: z.string().min(1),
  address: z.string().default("127.0.0.1"),
  /** 0 takes any free port. */
  port: z.number().int().min(0).max(65_535).default(0),
  username: z.string().default("netops"),
  password: z.string().default("n3t0ps-lab"),
  publicKeys: z.array(z.string()).default([]),
  methods: z
    .array(z.enum(["password", "keyboard-interactive", "publickey"]))
    .default(["password", "keyboard-interactive"]),
  serial: z.string().default("9SIMULATED0"),
  /** Connections at one time. */
  sessionsMax: z.number().int().positive().default(16),
  /** Session channels on one connection. */
  channelsPerConnection: z.number().int().positive().default(10),
  /** Same seed, same host key. Random without it. */
  hostKeySeed: z.string().optional(),
  /** The configuration that the device boots with, as it shows it itself. */
  config: z.string(),
  faults: z.array(Fault).default([]),
});
export type BaseConfig = z.output<typeof BaseConfig>;

export interface Parts<T> {
  readonly platform: string;
  readonly model: string;
  readonly version: string;
  /** SSH software version string: `OpenSSH_8.8`. */
  readonly ident: string;
  /** Made once the network is there; `surroundings` is how it cuts itself off. */
  readonly datastores: (surroundings: Surroundings) => Datastores<T>;
  readonly dialect: (shell: Shell, store: Datastores<T>, peers: () => readonly Peer[]) => Dialect;
  readonly hostname: (store: Datastores<T>) => string;
  readonly mutate: (store: Datastores<T>, lines: readonly string[], by: string) => void;
  readonly factory: (store: Datastores<T>) => T;
  readonly files?: (store: Datastores<T>) => readonly string[];
  /** What the device will take back by itself, where its own scheduler and no commit is what does so. */
  readonly pending?: () => PendingRollback | undefined;
  /** What else is to stop: timers of the platform's own. */
  readonly stop?: () => void | Promise<void>;
  readonly banner?: (store: Datastores<T>) => string | undefined;
  /** The account that a login name means, where it may carry more. */
  readonly account?: (username: string) => string;
  /** What an exec channel does, where it is not one line of the dialect: a host's programs. Whoever takes it says `ended` to the store. */
  readonly exec?: (request: ExecRequest, session: ExecSession<T>) => void;
  /** What boots, as text; the startup tree without it. */
  readonly startupText?: (store: Datastores<T>) => string;
  /** NETCONF over the same port. The number is of the same row as the shells'; whoever takes it says `ended` to the store. */
  readonly subsystem?: (
    request: SubsystemRequest,
    store: Datastores<T>,
    log: CommandRecord[],
    sessionId: number,
  ) => void;
  /** Told after the doors are open or shut: a session whose line was cut lives on in the device until it is reachable again. */
  readonly onReachability?: (next: "up" | "refuse" | "blackhole") => void;
  /** More doors: an HTTPS API. Told of reachability, so that a device that is cut off is cut off on all of them. */
  readonly doors?: readonly Door[];
  readonly ports?: SimulatedDevice["ports"];
  readonly certificate?: string;
}

export interface ExecSession<T> {
  readonly store: Datastores<T>;
  readonly log: CommandRecord[];
  readonly sessionId: number;
  /** Runs the dialect on the channel, with its prompts, as a shell would. */
  readonly terminal: () => void;
}

export interface Door {
  setReachability(next: "up" | "refuse" | "blackhole"): void;
  dropSessions(): void;
  stop(): Promise<void>;
}

export interface Peer {
  readonly sessionId: number;
  readonly user: string;
  readonly remote: string;
}

export interface Started<T> {
  readonly device: SimulatedDevice;
  readonly store: Datastores<T>;
  readonly ssh: SshServer;
  /** Where a door of the platform's own adds what was asked of it. */
  readonly log: CommandRecord[];
}

export async function startDevice<T>(
  config: BaseConfig,
  parts: Parts<T>,
  { clock, signal }: { clock: Clock; signal?: AbortSignal },
): Promise<Started<T>> {
  signal?.throwIfAborted();
  const log: CommandRecord[] = [];
  const shells = new Map<number, { shell: Shell; peer: Peer }>();
  const network: { server?: SshServer } = {};
  let nextSession = 1;
  const setReachability = (next: "up" | "refuse" | "blackhole"): void => {
    network.server?.setReachability(next);
    for (const door of parts.doors ?? []) door.setReachability(next);
    parts.onReachability?.(next);
  };
  const store = parts.datastores({
    setReachability,
    dropSessions: () => {
      network.server?.dropConnections();
      for (const door of parts.doors ?? []) door.dropSessions();
    },
    tell: (sessionId, text) => {
      shells
        .get(sessionId)
        ?.shell.term.write(text)
        .catch(() => {});
    },
  });
  store.onMutate = (lines, by) => parts.mutate(store, lines, by);
  for (const fault of config.faults) store.faults.set(fault);

  const others = (): Peer[] =>
    Array.from({ length: store.faults.conditions.otherSessions }, (_, at) => ({
      sessionId: 9000 + at,
      user: "noc-admin",
      remote: `198.51.100.${at + 1}`,
    }));

  function open(request: ShellRequest | ExecRequest): Shell {
    const closing = new AbortController();
    const sessionId = nextSession++;
    request.stream.on("close", () => {
      closing.abort(new SessionClosed("the connection is closed"));
      shells.delete(sessionId);
      store.ended(sessionId);
    });
    let sent = 0;
    const term = new Terminal({
      stream: request.stream,
      clock,
      signal: closing.signal,
      // What is to be cut in the middle goes out in pieces, or all of it would be in the network by then.
      pace: () =>
        store.faults.pace ??
        (store.faults.get("drop")?.afterBytes === undefined ? undefined : { chunkBytes: 64, delayMs: 0 }),
      onBytes: (count) => {
        sent += count;
        const drop = store.faults.get("drop");
        if (drop?.afterBytes !== undefined && sent >= drop.afterBytes) request.drop(drop.how);
      },
    });
    const shell = new Shell(
      {
        term,
        clock,
        faults: store.faults,
        sessionId,
        user: request.username,
        remote: request.remote,
        signal: closing.signal,
        drop: request.drop,
        log,
      },
      (made) => parts.dialect(made, store, () => [...shells.values()].map(({ peer }) => peer).concat(others())),
    );
    shells.set(sessionId, { shell, peer: { sessionId, user: request.username, remote: request.remote } });
    return shell;
  }

  function terminalOf(request: ExecRequest): Shell {
    const shell = open(request);
    shell.term.length = request.size?.rows ?? 24;
    shell.term.width = request.size?.columns ?? 80;
    return shell;
  }

  const ssh = await startSshServer({
    address: config.address,
    port: config.port,
    hostKey: hostKeyFrom(config.hostKeySeed),
    users: () => [{ username: config.username, password: config.password, publicKeys: config.publicKeys }],
    methods: config.methods,
    ...(parts.account ? { account: parts.account } : {}),
    ident: parts.ident,
    maxConnections: () => (store.faults.get("full-session-table") ? 0 : config.sessionsMax),
    largePacketsLost: () => store.faults.conditions.largePacketsLost,
    logins: () => store.faults.get("aaa-down")?.how ?? "up",
    channelsPerConnection: config.channelsPerConnection,
    banner: () => parts.banner?.(store),
    shell: (request) => {
      const shell = open(request);
      const resize = (size: { rows: number; columns: number }): void => {
        shell.term.length = size.rows;
        shell.term.width = size.columns || 80;
      };
      resize(request.size);
      request.onResize(resize);
      void shell.run().finally(() => request.stream.end());
    },
    exec: (request) => {
      if (parts.exec) {
        const terminal = (): void =>
          void terminalOf(request)
            .run()
            .finally(() => request.exit(0));
        parts.exec(request, { store, log, sessionId: nextSession++, terminal });
        return;
      }
      const shell = open(request);
      void shell.runOnce(request.command).finally(() => request.exit(0));
    },
    ...(parts.subsystem
      ? { subsystem: (request: SubsystemRequest) => parts.subsystem?.(request, store, log, nextSession++) }
      : {}),
  });
  network.server = ssh;
  const { hostKey } = ssh;

  let stopping: Promise<unknown> | undefined;
  const stop = async (): Promise<void> => {
    const own = parts.stop?.();
    store.stop();
    signal?.removeEventListener("abort", onAbort);
    stopping ??= Promise.all([own, ssh.stop(), ...(parts.doors ?? []).map((door) => door.stop())]);
    await stopping;
  };
  const onAbort = (): void => void stop();
  signal?.addEventListener("abort", onAbort, { once: true });

  const device: SimulatedDevice = {
    platform: parts.platform,
    name: config.name,
    address: ssh.address,
    port: ssh.port,
    ...(parts.ports ? { ports: parts.ports } : {}),
    ...(parts.certificate === undefined ? {} : { certificate: parts.certificate }),
    hostKeyPublic: { algorithm: hostKey.algorithm, base64: hostKey.base64, sha256: hostKey.sha256 },
    username: config.username,
    password: config.password,
    enablePassword: undefined,
    get serial() {
      return store.serial;
    },
    model: parts.model,
    version: parts.version,
    hostname: () => parts.hostname(store),
    acceptCount: () => ssh.counters.accepts,
    passwordAttempts: () => ssh.counters.passwordAttempts,
    counters: () => ({ ...ssh.counters }),
    runningConfig: () => store.tree.text(store.running),
    startupConfig: () => parts.startupText?.(store) ?? store.tree.text(store.startup),
    mutate: (lines, by = "other-admin") => parts.mutate(store, lines, by),
    setFault: (fault) => void store.faults.set(fault),
    clearFault: (kind) => {
      store.faults.clear(kind);
      if (!store.up || (kind !== undefined && kind !== "unreachable-after-apply")) return;
      setReachability("up");
    },
    faults: () => store.faults.active,
    conditions: store.faults.conditions,
    commands: () => log,
    applies: () => store.applies,
    applyCount: () => store.applies.length,
    events: () => store.events,
    pendingRollback: () => (parts.pending ? parts.pending() : store.pending),
    files: () => parts.files?.(store) ?? [],
    wipe: () => store.wipe(parts.factory(store)),
    reboot: (bootMs = 120_000) => store.reboot(bootMs),
    stop,
  };
  return { device, store, ssh, log };
}
