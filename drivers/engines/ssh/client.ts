import { connect as connectTcp, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type {
  Algorithms,
  AnyAuthMethod,
  AuthenticationType,
  AuthHandlerMiddleware,
  Client,
  ClientChannel,
  KeyboardInteractiveAuthMethod,
} from "ssh2";
import type { Clock } from "../../../shared/clock.ts";
import type { Device } from "../../../shared/documents/inventory.ts";
import { FarhandError, type ErrorCode } from "../../../shared/errors.ts";
import type { Credential } from "../../../shared/secret.ts";
import type { LoginGuard, OpenHop } from "../../types.ts";
import { installDiffieHellman } from "./diffie-hellman.ts";
import { isPinned, strictVerifier } from "./host-key.ts";
import { algorithmsFor } from "./profiles.ts";
import type { ByteStream, ExecResult } from "./stream.ts";

/**
 * The one place that loads ssh2. Everything that is dangerous when forgotten is decided here: pinned host keys, algorithm
 * lists, no agent, no forwarding, one attempt per method, deadlines.
 *
 * ssh2 takes Diffie-Hellman out of node:crypto while it is being loaded; a static import would be evaluated before the
 * replacement is in place, so it is a dynamic one.
 */
installDiffieHellman();
const { default: ssh2 } = await import("ssh2");

export type SshTarget = Pick<Device, "address" | "port" | "hostKeys" | "algorithms">;

export interface SshOptions {
  readonly target: SshTarget;
  readonly credential: Credential;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds for TCP, key exchange and login together. */
  readonly connectMs: number;
  /** Milliseconds between keepalives on an idle connection; three unanswered ones end it. */
  readonly keepaliveMs?: number;
  /** Makes the device's own words safe to tell: it may say anything as the reason why it hangs up, a password it was given too. */
  readonly redact?: (text: string) => string;
}

export interface Pty {
  readonly columns: number;
  readonly rows: number;
}

export interface ExecOptions {
  readonly stdin?: string;
  /** Of standard output and error together. */
  readonly outputBytesMax: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

const READ_MAX = 64 * 1024;
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_COUNT = 3;
const PASSWORD_PROMPT = /pass(?:word|code|phrase)|pin\b/i;

/** One SSH connection. Closed by us, by the device or by the line: after that every call throws CONNECTION_LOST. */
export class SshConnection {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #redact: (text: string) => string;
  #lost: string | undefined;
  readonly #onLost = new Set<() => void>();

  constructor(client: Client, clock: Clock, redact: (text: string) => string = (text) => text) {
    this.#client = client;
    this.#clock = clock;
    this.#redact = (text) => quoted(redact, text);
    client.on("error", (error: Error) => this.#lose(this.#redact(error.message)));
    client.on("close", () => this.#lose("closed by the device"));
  }

  get alive(): boolean {
    return this.#lost === undefined;
  }

  /** An interactive shell, or the one program `command` on a terminal of its own. */
  async shell(pty: Pty, command?: string): Promise<ByteStream> {
    const window = { cols: pty.columns, rows: pty.rows, width: 0, height: 0, term: "vt100" };
    const channel = await this.#open((done) =>
      command === undefined ? this.#client.shell(window, done) : this.#client.exec(command, { pty: window }, done),
    );
    channel.stderr.resume();
    return this.#stream(channel);
  }

  /** Runs a program to its end. Errors: OUTPUT_TOO_LARGE, COMMAND_TIMEOUT, CONNECTION_LOST; both limits close the channel. */
  async exec(command: string, options: ExecOptions): Promise<ExecResult> {
    options.signal.throwIfAborted();
    let code: number | null = null;
    // A quick program's exit status comes with the same packet as the channel, before anything awaited goes on.
    const channel = await this.#open((done) =>
      this.#client.exec(command, (error, opened) => {
        opened?.on("exit", (status: number | null) => (code = status));
        done(error, opened);
      }),
    );
    return await new Promise<ExecResult>((resolve, reject) => {
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      let bytes = 0;
      const finish = (settle: () => void): void => {
        timer.clear();
        options.signal.removeEventListener("abort", abort);
        this.#onLost.delete(lost);
        settle();
      };
      const fail = (error: Error): void => {
        channel.destroy();
        finish(() => reject(error));
      };
      const abort = (): void => fail(asError(options.signal.reason));
      const lost = (): void => fail(new FarhandError("CONNECTION_LOST", this.#lost));
      const collect = (into: Buffer[]) => (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > options.outputBytesMax)
          fail(new FarhandError("OUTPUT_TOO_LARGE", `more than ${options.outputBytesMax} bytes`));
        else into.push(chunk);
      };
      const timer = this.#clock.after(options.deadlineMs, () =>
        fail(new FarhandError("COMMAND_TIMEOUT", `no end after ${options.deadlineMs} ms`)),
      );
      options.signal.addEventListener("abort", abort, { once: true });
      this.#onLost.add(lost);
      channel.on("data", collect(out));
      channel.stderr.on("data", collect(err));
      channel.on("error", () => undefined);
      channel.on("close", () =>
        finish(() =>
          resolve({ code, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") }),
        ),
      );
      channel.end(options.stdin ?? "");
    });
  }

  /** A TCP connection that the peer opens for us (direct-tcpip). Errors: CONNECT_REFUSED, CONNECTION_LOST. */
  async forward(address: string, port: number): Promise<Duplex> {
    try {
      return await this.#open((done) => this.#client.forwardOut("127.0.0.1", 0, address, port, done));
    } catch (error) {
      if (this.#lost === undefined && error instanceof FarhandError)
        throw new FarhandError("CONNECT_REFUSED", error.detail, { cause: error });
      throw error;
    }
  }

  /** Called once when the connection has ended, whoever ended it. */
  whenLost(listener: () => void): void {
    if (this.#lost === undefined) this.#onLost.add(listener);
    else listener();
  }

  close(): void {
    this.#lose("closed by us");
    this.#client.end();
    this.#client.destroy();
  }

  #lose(why: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    for (const listener of this.#onLost) listener();
    this.#onLost.clear();
  }

  #open(start: (done: (error: Error | undefined, channel: ClientChannel) => void) => unknown): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new FarhandError("CONNECTION_LOST", this.#lost));
      if (this.#lost !== undefined) return lost();
      this.#onLost.add(lost);
      try {
        start((error, channel) => {
          this.#onLost.delete(lost);
          if (!error) resolve(channel);
          else if (this.#lost === undefined) reject(new FarhandError("SESSIONS_FULL", this.#redact(error.message)));
          else lost();
        });
      } catch (error) {
        this.#onLost.delete(lost);
        reject(new FarhandError("CONNECTION_LOST", asError(error).message));
      }
    });
  }

  /** `readable` and `read()` rather than `data`: nobody reads ahead of us, so the channel's window closes behind a slow reader. */
  #stream(channel: ClientChannel): ByteStream {
    let ended = false;
    const waiters = new Set<() => void>();
    const wake = (): void => {
      for (const waiter of waiters) waiter();
      waiters.clear();
    };
    const end = (): void => {
      ended = true;
      wake();
    };
    channel.on("readable", wake);
    channel.on("drain", wake);
    channel.on("end", end);
    channel.on("close", end);
    channel.on("error", end);
    this.#onLost.add(end);
    const wait = (): Promise<void> => new Promise((resolve) => waiters.add(resolve));
    return {
      read: async () => {
        for (;;) {
          // In small bites: what one bite becomes (lines, redacted lines) is a multiple of it.
          const ready = channel.readableLength;
          const chunk = (ready === 0 ? channel.read() : channel.read(Math.min(ready, READ_MAX))) as Buffer | null;
          if (chunk !== null) return chunk;
          if (this.#lost !== undefined) throw new FarhandError("CONNECTION_LOST", this.#lost);
          if (ended) return null;
          await wait();
        }
      },
      write: async (text) => {
        if (this.#lost !== undefined || ended)
          throw new FarhandError("CONNECTION_LOST", this.#lost ?? "the shell has ended");
        if (channel.write(text)) return;
        while (channel.writableNeedDrain && !ended) await wait();
      },
      close: () => channel.destroy(),
    };
  }
}

/**
 * Connects, verifies the host key against its pins, then logs in. Errors: CONNECT_TIMEOUT, CONNECT_REFUSED, SESSIONS_FULL,
 * HOST_KEY, ALGORITHMS, LOGIN_REFUSED, CONNECTION_LOST, and the signal's reason when it aborts.
 */
export async function connectSsh(options: SshOptions): Promise<SshConnection> {
  options.signal.throwIfAborted();
  const { address, port } = options.target;
  return await overTransport(options, connectTcp({ host: address, port, noDelay: true }));
}

/**
 * The same through hops, in the order in which they are dialled, each verified like a device before anything is said to it. Errors name the
 * hop that they come from, and a credential that a hop refuses is HOP_REFUSED: it says nothing of the device. `connectMs` covers the
 * whole way but for what a guard waits; whatever ends the connection ends its hops. `login` is what opens the connection to
 * the target itself, over the way that it is handed.
 */
export async function connectSshVia<T = SshConnection>(
  hops: readonly OpenHop[],
  options: SshOptions,
  login: (connect: () => Promise<SshConnection>) => Promise<T> = (connect) => connect() as Promise<T>,
): Promise<T> {
  const { clock } = options;
  let leftMs = options.connectMs;
  const open: SshConnection[] = [];
  const closeAll = (): void => {
    for (const connection of open.toReversed()) connection.close();
  };
  const next = async (target: SshTarget, credential: Credential): Promise<SshConnection> => {
    const startedMs = clock.monotonicMs();
    const step = { ...options, target, credential, connectMs: Math.max(1, leftMs) };
    const before = open.at(-1);
    try {
      return before ? await overTransport(step, await forwarded(before, step)) : await connectSsh(step);
    } finally {
      leftMs -= clock.monotonicMs() - startedMs;
    }
  };
  try {
    for (const { name, target, credential, guard = unguarded } of hops) {
      try {
        open.push(await guard(() => next(target, credential)));
      } catch (error) {
        throw ofHop(name, error);
      }
    }
    return await login(async () => {
      const connection = await next(options.target, options.credential);
      connection.whenLost(closeAll);
      return connection;
    });
  } catch (error) {
    closeAll();
    throw error;
  }
}

const unguarded: LoginGuard = (login) => login();

function ofHop(name: string, error: unknown): unknown {
  if (!(error instanceof FarhandError)) return error;
  const code = error.code === "LOGIN_REFUSED" ? "HOP_REFUSED" : error.code;
  return new FarhandError(code, `hop ${name}: ${error.detail ?? ""}`, { cause: error });
}

/** A hop may leave the request unanswered: the deadline and the signal end the hop with it. */
async function forwarded(before: SshConnection, step: SshOptions): Promise<Duplex> {
  let ended: Error | undefined;
  const end = (why: Error): void => {
    ended = why;
    before.close();
  };
  const abort = (): void => end(asError(step.signal.reason));
  const timer = step.clock.after(step.connectMs, () =>
    end(new FarhandError("CONNECT_TIMEOUT", `the hop did not answer after ${step.connectMs} ms`)),
  );
  step.signal.addEventListener("abort", abort, { once: true });
  try {
    step.signal.throwIfAborted();
    return await before.forward(step.target.address, step.target.port);
  } catch (error) {
    throw ended ?? error;
  } finally {
    timer.clear();
    step.signal.removeEventListener("abort", abort);
  }
}

async function overTransport(options: SshOptions, socket: Duplex): Promise<SshConnection> {
  const { target, credential, clock, signal, redact = (text: string) => text } = options;
  // Plain text in our lists; ssh2 checks each name again when it is given them.
  const algorithms = structuredClone(algorithmsFor(target.algorithms, target.hostKeys)) as Algorithms;
  const client = new ssh2.Client();
  let hostKeyRefused = false;
  const verify = strictVerifier((key) => {
    const pinned = isPinned(key, target.hostKeys);
    hostKeyRefused = !pinned;
    return pinned;
  });

  return await new Promise<SshConnection>((resolve, reject) => {
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      timer.clear();
      signal.removeEventListener("abort", abort);
      act();
    };
    const fail = (error: Error): void =>
      settle(() => {
        client.destroy();
        socket.destroy();
        reject(error);
      });
    const abort = (): void => fail(asError(signal.reason));
    const timer = clock.after(options.connectMs, () =>
      fail(new FarhandError("CONNECT_TIMEOUT", `no login after ${options.connectMs} ms`)),
    );
    signal.addEventListener("abort", abort, { once: true });
    // ssh2 may report more than one error for one failure; an unheard "error" event would end the process.
    client.on("error", (error: Error) => fail(connectError(error, hostKeyRefused, socket, redact)));
    client.on("close", () => fail(connectError(new Error("closed by the device"), hostKeyRefused, socket, redact)));
    client.once("ready", () => settle(() => resolve(new SshConnection(client, clock, redact))));
    socket.on("error", (error) => fail(connectError(error, hostKeyRefused, socket, redact)));
    const begin = (): void => {
      if (settled) return;
      try {
        client.connect({
          sock: socket,
          username: credential.username,
          algorithms,
          hostVerifier: verify,
          authHandler: authentication(credential),
          readyTimeout: 0,
          keepaliveInterval: options.keepaliveMs ?? KEEPALIVE_MS,
          keepaliveCountMax: KEEPALIVE_COUNT,
          agentForward: false,
        });
      } catch (error) {
        fail(new FarhandError("ALGORITHMS", asError(error).message, { cause: error }));
      }
    };
    if (socket instanceof Socket) socket.once("connect", begin);
    else begin();
  });
}

/**
 * Key, then password, then keyboard-interactive; the last only where the device does not take `password` at all, so that a
 * wrong password counts once against its lockout.
 */
function authentication(credential: Credential): AuthHandlerMiddleware {
  const username = credential.username;
  const password = credential.password?.reveal();
  const tried = new Set<AuthenticationType>();
  const answerPrompts: KeyboardInteractiveAuthMethod["prompt"] = (_name, _instructions, _language, prompts, finish) => {
    const known = prompts.every((prompt) => prompt.echo !== true && PASSWORD_PROMPT.test(prompt.prompt));
    finish(known ? prompts.map(() => password ?? "") : []);
  };
  const choose = (left: AuthenticationType[] | null): AnyAuthMethod | false => {
    const allowed = (method: AuthenticationType): boolean =>
      !tried.has(method) && (left === null || left.includes(method));
    if (credential.privateKey && allowed("publickey")) {
      tried.add("publickey");
      return { type: "publickey", username, key: credential.privateKey.reveal() };
    }
    if (password !== undefined && allowed("password")) {
      tried.add("password");
      return { type: "password", username, password };
    }
    const passwordRefused = tried.has("password") && left?.includes("password") === true;
    if (password !== undefined && !passwordRefused && allowed("keyboard-interactive")) {
      tried.add("keyboard-interactive");
      return { type: "keyboard-interactive", username, prompt: answerPrompts };
    }
    return false;
  };
  // ssh2 takes a returned value as the next method, `false` as the end; its types know only the callback.
  return (left: AuthenticationType[] | null) => choose(left);
}

const WORDS_MAX = 200;

/** What the peer said: one line, short, safe to tell. */
const quoted = (redact: (text: string) => string, text: string): string =>
  // Redacted before it is cut, or a cut would leave half a secret.
  redact(text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gv, " ")).slice(0, WORDS_MAX);

const TCP_CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: "CONNECT_REFUSED",
  ECONNRESET: "SESSIONS_FULL",
  EHOSTUNREACH: "CONNECT_TIMEOUT",
  ENETUNREACH: "CONNECT_TIMEOUT",
  ETIMEDOUT: "CONNECT_TIMEOUT",
  ENOTFOUND: "CONNECT_TIMEOUT",
};

/** ssh2's errors are told apart by level and words; nothing else tells an algorithm mismatch from a broken line. */
function connectError(
  error: Error & { level?: string; code?: unknown },
  hostKeyRefused: boolean,
  socket: Duplex,
  redact: (text: string) => string,
): FarhandError {
  const made = (code: ErrorCode, detail = quoted(redact, error.message)): FarhandError =>
    new FarhandError(code, detail);
  if (hostKeyRefused) return made("HOST_KEY", "the key that the device showed is not pinned");
  if (error.level === "client-authentication") return made("LOGIN_REFUSED");
  if (error.level === "client-timeout") return made("CONNECT_TIMEOUT");
  if (/no matching host key format/i.test(error.message))
    return made("HOST_KEY", "the device has no key of a pinned type");
  if (/no matching|unsupported algorithm/i.test(error.message)) return made("ALGORITHMS");
  const silent = socket instanceof Socket && socket.bytesRead === 0;
  const tcp = typeof error.code === "string" ? TCP_CODES[error.code] : undefined;
  if (tcp !== undefined && (tcp !== "SESSIONS_FULL" || silent)) return made(tcp);
  // A box without a free line takes the TCP connection and ends it before it says its version.
  if (silent) return made("SESSIONS_FULL", "the device closed the connection before SSH began");
  return made("CONNECTION_LOST");
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
