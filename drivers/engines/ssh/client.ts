import { Socket } from "node:net";
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
import type { Device, HostKey } from "../../../shared/documents/inventory.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import type { Credential } from "../../../shared/secret.ts";
import { asError, connectError, quoted } from "./connect-error.ts";
import { installDiffieHellman } from "./diffie-hellman.ts";
import { isPinned, strictVerifier } from "./host-key.ts";
import { algorithmsFor, type OfferedAlgorithms } from "./profiles.ts";
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
  /** Channels open at one time, as the platform takes them; more are SESSIONS_FULL before they are asked for. */
  readonly channelsMax?: number | undefined;
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
  readonly #channelsMax: number;
  #channels = 0;
  #lost: string | undefined;
  readonly #onLost = new Set<() => void>();

  constructor(
    client: Client,
    clock: Clock,
    redact: (text: string) => string = (text) => text,
    channelsMax = Number.POSITIVE_INFINITY,
  ) {
    this.#channelsMax = channelsMax;
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

  /**
   * A subsystem such as `netconf`, on a clean line: no terminal ever, which would alter bytes that are counted. Errors: NETCONF_ABSENT where
   * the device knows it not, SESSIONS_FULL, CONNECTION_LOST.
   */
  async subsystem(name: "netconf"): Promise<ByteStream> {
    let channel: ClientChannel;
    try {
      channel = await this.#open((done) => this.#client.subsys(name, done));
    } catch (error) {
      // ssh2 tells a channel that was not opened and a subsystem that did not start apart by words alone.
      const isRefused = error instanceof FarhandError && /unable to start subsystem/iv.test(error.detail ?? "");
      throw isRefused ? new FarhandError("NETCONF_ABSENT", error.detail, { cause: error }) : error;
    }
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
      if (this.#channels >= this.#channelsMax)
        return reject(new FarhandError("SESSIONS_FULL", `${this.#channels} channels are open on this connection`));
      this.#channels++;
      this.#onLost.add(lost);
      try {
        start((error, channel) => {
          this.#onLost.delete(lost);
          if (error) this.#channels--;
          if (!error) {
            channel.once("close", () => this.#channels--);
            resolve(channel);
          } else if (this.#lost === undefined) reject(new FarhandError("SESSIONS_FULL", this.#redact(error.message)));
          else lost();
        });
      } catch (error) {
        this.#channels--;
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
        if (channel.write(typeof text === "string" ? text : Buffer.from(text))) return;
        while (channel.writableNeedDrain && !ended) await wait();
      },
      close: () => channel.destroy(),
    };
  }
}

/**
 * Over a transport that leads to the target: verifies the host key against its pins, then logs in. Errors: CONNECT_TIMEOUT, CONNECT_REFUSED,
 * SESSIONS_FULL, HOST_KEY, ALGORITHMS, LOGIN_REFUSED, CONNECTION_LOST, and the signal's reason when it aborts.
 */
export async function loginOver(options: SshOptions, transport: Duplex): Promise<SshConnection> {
  const { target, credential, clock, redact } = options;
  let refused = false;
  const verify = strictVerifier((key) => {
    const pinned = isPinned(key, target.hostKeys);
    refused = !pinned;
    return pinned;
  });
  const session = { username: credential.username, verify, isRefused: () => refused, auth: authentication(credential) };
  return handshake(options, transport, algorithmsFor(target.algorithms, target.hostKeys), session, (client) => {
    return new SshConnection(client, clock, redact, options.channelsMax);
  });
}

/**
 * The host key that the target shows of one of these types. Whatever it is, it is refused once it was read: no authentication ever
 * begins, and no user is named. Errors as for a login; HOST_KEY where it has none of these types.
 */
export async function shownHostKey(
  options: Omit<SshOptions, "credential">,
  transport: Duplex,
  types: readonly Pick<HostKey, "algorithm">[],
): Promise<Uint8Array> {
  let shown: Uint8Array | undefined;
  const verify = strictVerifier((key) => {
    shown = Uint8Array.from(key);
    return false;
  });
  const session = { username: "nobody", verify, isRefused: () => shown !== undefined, auth: () => false as const };
  try {
    return await handshake(options, transport, algorithmsFor(options.target.algorithms, types), session, () => {
      throw new FarhandError("INTERNAL", "a refused host key was taken");
    });
  } catch (error) {
    if (shown && errorCode(error) === "HOST_KEY") return shown;
    throw error;
  }
}

/**
 * What came of the key exchange before the time was up. The version line is a packet of a few dozen bytes, a KEXINIT or the reply with a
 * host key one of a thousand and more: where the line came and the exchange did not end, large packets may be lost on the way.
 */
class KeyExchange {
  isDone = false;
  #head = "";
  #bytes = 0;

  readonly take = (chunk: Uint8Array): void => {
    this.#bytes += chunk.length;
    if (!this.isDone && this.#head.length < 1024) this.#head += Buffer.from(chunk).toString("latin1").slice(0, 1024);
  };

  timedOut(afterMs: number): FarhandError {
    const line = /(?:^|\n)SSH-[^\r\n]{1,253}\r?\n/.exec(this.#head);
    if (!line || this.isDone) return new FarhandError("CONNECT_TIMEOUT", `no login after ${afterMs} ms`);
    const behind = this.#bytes - line.index - line[0].length;
    return new FarhandError(
      "SUSPECT_MTU",
      `its version line came, and ${behind} bytes of its key exchange in ${afterMs} ms`,
    );
  }
}

interface HandshakeParts {
  readonly username: string;
  readonly verify: ReturnType<typeof strictVerifier>;
  readonly isRefused: () => boolean;
  readonly auth: AuthHandlerMiddleware | (() => false);
}

async function handshake<T>(
  options: Omit<SshOptions, "credential" | "target">,
  socket: Duplex,
  offered: OfferedAlgorithms,
  { username, verify, isRefused, auth }: HandshakeParts,
  ready: (client: Client) => T,
): Promise<T> {
  const { clock, signal, redact = (text: string) => text } = options;
  // Plain text in our lists; ssh2 checks each name again when it is given them.
  const algorithms = structuredClone(offered) as Algorithms;
  const client = new ssh2.Client();
  return await new Promise<T>((resolve, reject) => {
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      timer.clear();
      signal.removeEventListener("abort", abort);
      socket.off("data", heard.take);
      act();
    };
    const fail = (error: Error): void =>
      settle(() => {
        client.destroy();
        socket.destroy();
        reject(error);
      });
    const abort = (): void => fail(asError(signal.reason));
    const heard = new KeyExchange();
    const timer = clock.after(options.connectMs, () => fail(heard.timedOut(options.connectMs)));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    client.once("handshake", () => (heard.isDone = true));
    // ssh2 may report more than one error for one failure; an unheard "error" event would end the process.
    client.on("error", (error: Error) => fail(connectError(error, isRefused(), socket, redact)));
    client.on("close", () => fail(connectError(new Error("closed by the device"), isRefused(), socket, redact)));
    client.once("ready", () =>
      settle(() => {
        try {
          resolve(ready(client));
        } catch (error) {
          client.destroy();
          reject(asError(error));
        }
      }),
    );
    socket.on("error", (error) => fail(connectError(error, isRefused(), socket, redact)));
    const begin = (): void => {
      if (settled) return;
      try {
        client.connect({
          sock: socket,
          username,
          algorithms,
          hostVerifier: verify,
          authHandler: auth as AuthHandlerMiddleware,
          readyTimeout: 0,
          keepaliveInterval: options.keepaliveMs ?? KEEPALIVE_MS,
          keepaliveCountMax: KEEPALIVE_COUNT,
          agentForward: false,
        });
        // Not before ssh2 listens: a first listener sets a stream flowing.
        socket.on("data", heard.take);
      } catch (error) {
        fail(new FarhandError("ALGORITHMS", asError(error).message, { cause: error }));
      }
    };
    if (socket instanceof Socket && socket.connecting) socket.once("connect", begin);
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
