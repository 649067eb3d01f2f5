/**
 * The one place where ssh2's Server is used. It knows SSH, not devices: it accepts, counts, authenticates, and hands a
 * byte stream with a window size to the shell that the caller gave it.
 *
 * The TCP listener is our own and sockets are injected, because a simulator has to do to a socket what a device's
 * failure does: refuse before the first byte, reset in the middle, or go silent without closing.
 */
import { timingSafeEqual } from "node:crypto";
import { createServer, type Server as TcpServer, type Socket } from "node:net";
import type { Duplex, Writable } from "node:stream";
import ssh2, { type AuthContext, type Connection, type ServerChannel, type Session } from "ssh2";
import { hostKeyFrom, type HostKey } from "./hostkey.ts";

export interface TerminalSize {
  columns: number;
  rows: number;
}

export interface SshPeer {
  /** 1 for the first connection that this server accepted. */
  readonly connectionId: number;
  readonly username: string;
  readonly remote: string;
  /** Ends the connection: `reset` sends a TCP RST, `close` a disconnect. */
  readonly drop: (how: "reset" | "close") => void;
}

export interface ShellRequest extends SshPeer {
  readonly stream: Duplex;
  readonly size: TerminalSize;
  /** Tells of a `window-change`. The size object is already updated. */
  onResize(listener: (size: TerminalSize) => void): void;
}

export interface ExecRequest extends SshPeer {
  readonly stream: Duplex;
  readonly stderr: Writable;
  readonly command: string;
  /** Present where the program was asked for on a terminal of its own. */
  readonly size: TerminalSize | undefined;
  readonly exit: (status: number) => void;
}

export interface SubsystemRequest extends SshPeer {
  readonly stream: Duplex;
  /** `netconf`, `sftp`. */
  readonly name: string;
}

export interface SshUser {
  username: string;
  password?: string | ((given: string) => boolean) | undefined;
  /** OpenSSH public key lines. */
  publicKeys?: readonly string[] | undefined;
}

export interface SshServerOptions {
  address?: string;
  port?: number;
  hostKey?: HostKey;
  users: () => readonly SshUser[];
  /** The account that a login name means, where it may carry more (RouterOS: `admin+ct511w4098h`). */
  account?: (username: string) => string;
  methods?: readonly ("password" | "keyboard-interactive" | "publickey")[];
  /** Connections at one time. A box with no free line closes the TCP connection before it says its version. */
  maxConnections?: number | (() => number);
  /** Only small packets get through: the version line comes, and nothing of the key exchange. */
  largePacketsLost?: () => boolean;
  /** Asked at each login: `hang` never answers it, `refuse` says no to everybody, as a box whose AAA server is gone. */
  logins?: () => "up" | "hang" | "refuse";
  /** Session channels that one connection may open during its life. IOS allows one. */
  channelsPerConnection?: number;
  ident?: string;
  /** Sent by SSH before authentication (`banner login`). */
  banner?: () => string | undefined;
  /** Shown to a keyboard-interactive client. */
  passwordPrompt?: string;
  shell: (request: ShellRequest) => void;
  exec?: (request: ExecRequest) => void;
  subsystem?: (request: SubsystemRequest) => void;
}

export interface SshCounters {
  accepts: number;
  refusedNoLine: number;
  handshakes: number;
  authAttempts: number;
  passwordAttempts: number;
  authFailures: number;
  sessions: number;
  openConnections: number;
  bytesIn: number;
}

export type Reachability = "up" | "refuse" | "blackhole";

export interface SshServer {
  readonly address: string;
  readonly port: number;
  readonly hostKey: HostKey;
  readonly counters: Readonly<SshCounters>;
  /** `refuse` resets every connection, old and new; `blackhole` leaves them open and answers nothing. */
  setReachability(next: Reachability): void;
  dropConnections(): void;
  /** Whether anything listens: what is open stays, what is new finds nobody. */
  setListening(listens: boolean): Promise<void>;
  stop(): Promise<void>;
}

// No finite-field Diffie-Hellman: under Bun it stalls the event loop of every device in the process.
const KEX: ssh2.KexAlgorithm[] = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
];

function same(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function authenticate(context: AuthContext, options: SshServerOptions, counters: SshCounters): void {
  const methods = options.methods ?? ["password", "keyboard-interactive"];
  const name = options.account?.(context.username) ?? context.username;
  const user = options.users().find((candidate) => candidate.username === name);
  const refuse = () => {
    counters.authFailures += 1;
    context.reject([...methods]);
  };
  const checkPassword = (given: string) => {
    counters.passwordAttempts += 1;
    const { password } = user ?? {};
    const opens = typeof password === "function" ? password(given) : password !== undefined && same(given, password);
    if (opens) context.accept();
    else refuse();
  };
  if (context.method !== "none") counters.authAttempts += 1;
  const logins = context.method === "none" ? "up" : (options.logins?.() ?? "up");
  if (logins === "hang") return;
  if (logins === "refuse") return refuse();
  switch (context.method) {
    case "none":
    case "hostbased":
      context.reject([...methods]);
      return;
    case "password":
      if (methods.includes("password")) checkPassword(context.password);
      else refuse();
      return;
    case "keyboard-interactive":
      if (!methods.includes("keyboard-interactive")) refuse();
      else
        context.prompt([{ prompt: options.passwordPrompt ?? "Password: ", echo: false }], (answers) =>
          checkPassword(answers[0] ?? ""),
        );
      return;
    case "publickey": {
      const offered = context.key.data.toString("base64");
      const line = methods.includes("publickey")
        ? user?.publicKeys?.find((key) => key.split(/\s+/)[1] === offered)
        : undefined;
      const parsed = line === undefined ? undefined : ssh2.utils.parseKey(line);
      if (parsed === undefined || parsed instanceof Error || Array.isArray(parsed)) return refuse();
      if (!context.signature || !context.blob) return context.accept();
      if (parsed.verify(context.blob, context.signature, context.hashAlgo) === true) return context.accept();
      return refuse();
    }
    default:
      context satisfies never;
  }
}

interface Live {
  readonly id: number;
  readonly socket: Socket;
  connection?: Connection;
}

export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const hostKey = options.hostKey ?? hostKeyFrom();
  const counters: SshCounters = {
    accepts: 0,
    refusedNoLine: 0,
    handshakes: 0,
    authAttempts: 0,
    passwordAttempts: 0,
    authFailures: 0,
    sessions: 0,
    openConnections: 0,
    bytesIn: 0,
  };
  const live = new Set<Live>();
  let reachability: Reachability = "up";

  const ssh = new ssh2.Server(
    {
      hostKeys: [hostKey.privateKey],
      ident: options.ident ?? "Cisco-1.25",
      algorithms: { kex: KEX },
      keepaliveInterval: 0,
      // Read by ssh2 for each connection: a device's banner changes while it runs.
      get banner() {
        return options.banner?.() ?? "";
      },
    },
    (connection, info) => {
      // ssh2 tells of a connection only after the client's version line; the peer's port says which socket it was.
      const entry = [...live].find(({ socket }) => socket.remotePort === info.port && socket.remoteAddress === info.ip);
      if (!entry) {
        connection.end();
        return;
      }
      entry.connection = connection;
      serveConnection(connection, options, counters, {
        id: entry.id,
        remote: info.ip,
        drop: (how) => drop(entry, how),
      });
    },
  );

  function drop(entry: Live, how: "reset" | "close"): void {
    if (how === "reset") entry.socket.resetAndDestroy();
    else entry.connection?.end();
  }

  const tcp: TcpServer = createServer({ noDelay: true }, (socket) => {
    counters.accepts += 1;
    socket.on("error", () => {});
    if (reachability === "refuse") {
      socket.resetAndDestroy();
      return;
    }
    const entry: Live = { id: counters.accepts, socket };
    const { maxConnections = Number.POSITIVE_INFINITY } = options;
    const most = typeof maxConnections === "function" ? maxConnections() : maxConnections;
    if (reachability === "up" && live.size >= most) {
      counters.refusedNoLine += 1;
      socket.destroy();
      return;
    }
    live.add(entry);
    counters.openConnections = live.size;
    socket.on("close", () => {
      live.delete(entry);
      counters.openConnections = live.size;
    });
    if (reachability === "blackhole") return;
    if (options.largePacketsLost?.() === true) {
      socket.write(`SSH-2.0-${options.ident ?? "Cisco-1.25"}\r\n`);
      socket.resume();
      return;
    }
    ssh.injectSocket(socket);
    socket.on("data", (chunk: Buffer) => (counters.bytesIn += chunk.length));
  });

  const listen = (port: number): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      tcp.once("error", reject);
      tcp.listen(port, options.address ?? "127.0.0.1", () => {
        tcp.off("error", reject);
        resolve();
      });
    });
  await listen(options.port ?? 0);
  const bound = tcp.address();
  if (bound === null || typeof bound === "string") throw new Error("the SSH server has no TCP address");

  return {
    address: bound.address,
    port: bound.port,
    hostKey,
    counters,
    setReachability(next) {
      if (next === reachability) return;
      reachability = next;
      for (const entry of live) {
        switch (next) {
          case "up":
            // Whoever was left in the dark stays broken, as after a path change that lost the session's state.
            entry.socket.resetAndDestroy();
            break;
          case "refuse":
            entry.socket.resetAndDestroy();
            break;
          case "blackhole":
            entry.socket.removeAllListeners("data");
            entry.socket.pause();
            // What the device still says is lost on the way too.
            entry.socket.write = () => true;
            entry.connection?.removeAllListeners();
            entry.connection?.on("error", () => {});
            break;
          default:
            next satisfies never;
        }
      }
    },
    dropConnections() {
      for (const entry of live) entry.socket.resetAndDestroy();
    },
    async setListening(listens) {
      if (listens === tcp.listening) return;
      if (listens) await listen(bound.port);
      else tcp.close();
    },
    async stop() {
      const closed = tcp.listening ? new Promise<void>((resolve) => tcp.close(() => resolve())) : Promise.resolve();
      for (const entry of live) entry.socket.destroy();
      await closed;
    },
  };
}

interface ConnectionFacts {
  id: number;
  remote: string;
  drop: (how: "reset" | "close") => void;
}

function serveConnection(
  connection: Connection,
  options: SshServerOptions,
  counters: SshCounters,
  facts: ConnectionFacts,
): void {
  let username = "";
  let channels = 0;
  connection.on("error", () => {});
  connection.on("handshake", () => (counters.handshakes += 1));
  connection.on("authentication", (context) => {
    username = context.username;
    authenticate(context, options, counters);
  });
  connection.on("session", (accept, reject) => {
    channels += 1;
    if (channels > (options.channelsPerConnection ?? 1)) {
      reject();
      return;
    }
    counters.sessions += 1;
    serveSession(accept(), options, connection, { ...facts, username });
  });
}

function serveSession(
  session: Session,
  options: SshServerOptions,
  connection: Connection,
  facts: ConnectionFacts & { username: string },
): void {
  const size: TerminalSize = { columns: 80, rows: 24 };
  const resizeListeners: ((size: TerminalSize) => void)[] = [];
  const peer: SshPeer = { connectionId: facts.id, username: facts.username, remote: facts.remote, drop: facts.drop };
  let hasTerminal = false;
  session.on("pty", (accept, _reject, info) => {
    hasTerminal = true;
    size.columns = info.cols;
    size.rows = info.rows;
    accept?.();
  });
  session.on("window-change", (accept, _reject, info) => {
    size.columns = info.cols;
    size.rows = info.rows;
    for (const listener of resizeListeners) listener(size);
    accept?.();
  });
  session.on("env", (accept) => accept?.());
  // A box with one channel on a connection hangs up with it.
  const single = (options.channelsPerConnection ?? 1) === 1;
  const hangUp = (stream: ServerChannel): void => {
    if (single) stream.on("close", () => connection.end());
  };
  session.on("subsystem", (accept, reject, info) => {
    if (!options.subsystem) {
      reject();
      return;
    }
    const stream = quiet(accept());
    hangUp(stream);
    options.subsystem({ ...peer, stream, name: info.name });
  });
  session.on("shell", (accept) => {
    const stream = quiet(accept());
    hangUp(stream);
    options.shell({ ...peer, stream, size, onResize: (listener) => resizeListeners.push(listener) });
  });
  session.on("exec", (accept, reject, info) => {
    if (!options.exec) {
      reject();
      return;
    }
    const stream = quiet(accept());
    hangUp(stream);
    const exit = (status: number) => {
      stream.exit(status);
      stream.end();
    };
    const terminal = hasTerminal ? size : undefined;
    options.exec({ ...peer, stream, stderr: stream.stderr, command: info.command, size: terminal, exit });
  });
}

function quiet(stream: ServerChannel): ServerChannel {
  stream.on("error", () => {});
  return stream;
}
