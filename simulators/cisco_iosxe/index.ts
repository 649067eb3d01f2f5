/** The handle by which tests, fleets and the demo hold one simulated IOS-XE device. */
import { z } from "zod";
import { systemClock, type Clock } from "../../shared/clock.ts";
import { hostKeyFrom } from "../ssh/hostkey.ts";
import { Accounts, factoryConfig } from "./accounts.ts";
import { SessionClosed } from "../ssh/output.ts";
import { startSshServer, type ExecRequest, type ShellRequest, type SshServer } from "../ssh/server.ts";
import { Terminal } from "../ssh/terminal.ts";
import type { CommandRecord, SimulatedDevice } from "../device.ts";
import { Fault } from "../faults.ts";
import { Device } from "./device.ts";
import { bannerText, Session } from "./session.ts";

export const CiscoIosxeConfig = z.strictObject({
  /** How the test calls the device; the hostname comes from the configuration. */
  name: z.string().min(1),
  address: z.string().default("127.0.0.1"),
  /** 0 takes any free port. */
  port: z.number().int().min(0).max(65_535).default(0),
  username: z.string().default("netops"),
  password: z.string().default("n3t0ps-lab"),
  /** OpenSSH public key lines that may log in as `username`. */
  publicKeys: z.array(z.string()).default([]),
  methods: z
    .array(z.enum(["password", "keyboard-interactive", "publickey"]))
    .default(["password", "keyboard-interactive"]),
  enablePassword: z.string().optional(),
  /** 15 lands in privileged mode, 1 needs `enable`. */
  loginPrivilege: z.number().int().min(1).max(15).default(15),
  model: z.string().default("C8000V"),
  serial: z.string().default("9SIMULATED0"),
  version: z.string().default("17.9.4a"),
  /** `line vty`: connections at one time. */
  vtyLines: z.number().int().positive().default(16),
  /** Same seed, same host key. Random without it. */
  hostKeySeed: z.string().optional(),
  /** The configuration that the device boots with, as `show running-config` prints it. */
  config: z.string(),
  /** Bytes that `show tech-support` prints. */
  bulkBytes: z.number().int().min(0).default(1_000_000),
  faults: z.array(Fault).default([]),
  /** Starts as it came from the factory, with management access and nothing else of `config`. */
  wiped: z.boolean().default(false),
});
export type CiscoIosxeConfig = z.output<typeof CiscoIosxeConfig>;
export type CiscoIosxeConfigInput = z.input<typeof CiscoIosxeConfig>;

export interface SimulatorDependencies {
  clock?: Clock;
  signal?: AbortSignal;
}

export async function startCiscoIosxe(
  input: CiscoIosxeConfigInput,
  { clock = systemClock, signal }: SimulatorDependencies = {},
): Promise<SimulatedDevice> {
  signal?.throwIfAborted();
  const config = CiscoIosxeConfig.parse(input);
  const lines = new Map<number, { session: Session; remote: string }>();
  const log: CommandRecord[] = [];
  // The device speaks to its network from the first fault on, the network to the device from the first session on.
  const network: { server?: SshServer } = {};
  const device = new Device({
    facts: { model: config.model, serial: config.serial, version: config.version },
    clock,
    config: config.config,
    bulkBytes: config.bulkBytes,
    surroundings: {
      setReachability: (next) => network.server?.setReachability(next),
      dropSessions: () => network.server?.dropConnections(),
      tell: (sessionId, text) => {
        lines
          .get(sessionId)
          ?.session.term.write(text)
          .catch(() => {});
      },
    },
  });
  const { username, password, publicKeys } = config;
  const accounts = new Accounts(device, { username, password, publicKeys });
  const wipe = () => device.wipe(factoryConfig(device.running, username));
  if (config.wiped) wipe();
  for (const fault of config.faults) device.faults.set(fault);

  function open(request: ShellRequest | ExecRequest): { session: Session; closed: AbortSignal } {
    const closing = new AbortController();
    const id = request.connectionId;
    request.stream.on("close", () => {
      closing.abort(new SessionClosed("the connection is closed"));
      lines.delete(id);
    });
    let sent = 0;
    const term = new Terminal({
      stream: request.stream,
      clock,
      signal: closing.signal,
      pace: () => device.faults.pace,
      onBytes: (count) => {
        sent += count;
        const drop = device.faults.get("drop");
        if (drop?.afterBytes !== undefined && sent >= drop.afterBytes) request.drop(drop.how);
      },
    });
    const session = new Session({
      device,
      term,
      sessionId: id,
      user: request.username,
      remote: request.remote,
      privilege: device.faults.get("wrong-privilege") ? 1 : config.loginPrivilege,
      signal: closing.signal,
      drop: request.drop,
      enablePassword: () => (device.faults.get("wrong-privilege") ? undefined : config.enablePassword),
      log,
      others: () => [
        ...[...lines].map(([line, entry]) => ({ user: entry.session.user, remote: entry.remote, line })),
        ...Array.from({ length: device.faults.conditions.otherSessions }, (_, at) => ({
          user: "noc-admin",
          remote: `198.51.100.${at + 1}`,
          line: 50 + at,
        })),
      ],
    });
    lines.set(id, { session, remote: request.remote });
    return { session, closed: closing.signal };
  }

  const ssh = await startSshServer({
    address: config.address,
    port: config.port,
    hostKey: hostKeyFrom(config.hostKeySeed),
    users: () => accounts.users(),
    methods: config.methods,
    maxConnections: () =>
      device.faults.get("full-session-table") ? 0 : config.vtyLines - device.faults.conditions.otherSessions,
    largePacketsLost: () => device.faults.conditions.largePacketsLost,
    logins: () => device.faults.get("aaa-down")?.how ?? "up",
    channelsPerConnection: 1,
    banner: () => bannerText(device, "login"),
    shell: (request) => {
      const { session } = open(request);
      session.term.length = request.size.rows;
      session.term.width = request.size.columns || 80;
      request.onResize((size) => {
        session.term.length = size.rows;
        session.term.width = size.columns || 80;
      });
      void session.run().finally(() => request.stream.end());
    },
    exec: (request) => {
      const { session } = open(request);
      session.term.length = 0;
      void session.term
        .write("\n")
        .then(() => session.line(request.command, session.prompt()))
        .catch(() => {})
        .finally(() => request.exit(0));
    },
  });
  network.server = ssh;
  const { hostKey } = ssh;

  let stopping: Promise<void> | undefined;
  const stop = () => {
    device.stop();
    signal?.removeEventListener("abort", onAbort);
    stopping ??= ssh.stop();
    return stopping;
  };
  const onAbort = () => void stop();
  signal?.addEventListener("abort", onAbort, { once: true });

  return {
    platform: "cisco_iosxe",
    name: config.name,
    address: ssh.address,
    port: ssh.port,
    hostKeyPublic: { algorithm: hostKey.algorithm, base64: hostKey.base64, sha256: hostKey.sha256 },
    username: config.username,
    password: config.password,
    enablePassword: config.enablePassword,
    get serial() {
      return device.facts.serial;
    },
    model: config.model,
    version: config.version,
    hostname: () => device.hostname,
    acceptCount: () => ssh.counters.accepts,
    passwordAttempts: () => ssh.counters.passwordAttempts,
    counters: () => ({ ...ssh.counters }),
    runningConfig: () => device.runningText(),
    startupConfig: () => device.startup,
    mutate: (changes, by = "other-admin") => device.mutate(changes, by),
    setFault: (fault) => void device.faults.set(fault),
    clearFault: (kind) => {
      device.faults.clear(kind);
      if (device.up && (kind === undefined || kind === "unreachable-after-apply")) ssh.setReachability("up");
    },
    faults: () => device.faults.active,
    conditions: device.faults.conditions,
    commands: () => log,
    applies: () => device.applies,
    applyCount: () => device.applies.length,
    events: () => device.events,
    pendingRollback: () => device.pending,
    files: () => [...device.files.keys()],
    wipe,
    reboot: (bootMs = 120_000) => device.reboot(bootMs),
    stop,
  };
}
