import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { HostKey } from "../../../shared/documents/inventory.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import type { LoginGuard, OpenHop } from "../../types.ts";
import { loginOver, shownHostKey, type SshConnection, type SshOptions, type SshTarget } from "./client.ts";
import { asError } from "./connect-error.ts";

/** What a way to a target needs, whatever is done at its end. */
export type DialOptions = Omit<SshOptions, "credential">;

const unguarded: LoginGuard = (login) => login();

/** Connects and logs in; the errors are those of `loginOver`. */
export const connectSsh = (options: SshOptions): Promise<SshConnection> => connectSshVia([], options);

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
  requirePins(options.target);
  const way = await Way.open(hops, options);
  try {
    return await login(async () => {
      const connection = await way.step(options.target, (transport, step) =>
        loginOver({ ...step, credential: options.credential }, transport),
      );
      connection.whenLost(() => way.close());
      return connection;
    });
  } catch (error) {
    way.close();
    throw error;
  }
}

/**
 * Every host key that the target shows, one for each type that its profile allows, in as many connections and one more. Nothing is said to
 * it but which algorithms there are: each key is refused as soon as it was read. What is read is a claim, not evidence.
 */
export async function readHostKeys(hops: readonly OpenHop[], options: DialOptions): Promise<HostKey[]> {
  const way = await Way.open(hops, options);
  const found: HostKey[] = [];
  try {
    let left = HostKey.shape.algorithm.options.map((algorithm) => ({ algorithm }));
    while (left.length > 0) {
      const types = left;
      try {
        const blob = await way.step(options.target, (transport, step) => shownHostKey(step, transport, types));
        const key = hostKeyOf(blob);
        // One that was not asked for would be asked for again without end.
        if (!left.some(({ algorithm }) => algorithm === key.algorithm))
          throw new FarhandError("HOST_KEY", `the device showed another type of key: ${key.algorithm}`);
        found.push(key);
        left = left.filter(({ algorithm }) => algorithm !== key.algorithm);
      } catch (error) {
        // It has no more of them.
        if (found.length > 0 && errorCode(error) === "HOST_KEY") break;
        throw error;
      }
    }
    return found;
  } finally {
    way.close();
  }
}

/**
 * A transport to any port of the target at the end of the hops, for what brings its own verification (TLS). `whenClosed` ends
 * the hops: call it when the transport is done with.
 */
export async function transportVia<T>(
  hops: readonly OpenHop[],
  options: Omit<DialOptions, "target"> & { readonly target: Pick<SshTarget, "address" | "port"> },
  use: (transport: Duplex, whenClosed: () => void, leftMs: number) => Promise<T>,
): Promise<T> {
  const target: SshTarget = { ...options.target, hostKeys: [], algorithms: "modern" };
  const way = await Way.open(hops, { ...options, target });
  try {
    return await way.step(target, (transport, step) => use(transport, () => way.close(), step.connectMs));
  } catch (error) {
    way.close();
    throw error;
  }
}

/** The blob names its own type (RFC 4253 §6.6). */
function hostKeyOf(blob: Uint8Array): HostKey {
  const bytes = Buffer.from(blob);
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  const algorithm = bytes.subarray(4, 4 + Math.min(length, 64)).toString("latin1");
  const parsed = HostKey.safeParse({ algorithm, publicKey: bytes.toString("base64") });
  if (!parsed.success) throw new FarhandError("HOST_KEY", "the device showed a key of an unknown form");
  return parsed.data;
}

/** What has no pin is not even dialled. */
function requirePins({ hostKeys }: SshTarget, name = ""): void {
  if (hostKeys.length === 0) throw new FarhandError("HOST_KEY", `${name}no host key is pinned`);
}

/** The hops that are open, and what is left of the time. */
class Way {
  readonly #options: DialOptions;
  readonly #open: SshConnection[] = [];
  #leftMs: number;

  private constructor(options: DialOptions) {
    this.#options = options;
    this.#leftMs = options.connectMs;
  }

  static async open(hops: readonly OpenHop[], options: DialOptions): Promise<Way> {
    for (const { name, target } of hops) requirePins(target, `hop ${name}: `);
    const way = new Way(options);
    try {
      for (const { name, target, credential, guard = unguarded } of hops) {
        const login = (): Promise<SshConnection> =>
          way.step(target, (transport, step) => loginOver({ ...step, credential }, transport));
        try {
          way.#open.push(await guard(login));
        } catch (error) {
          throw ofHop(name, error);
        }
      }
      return way;
    } catch (error) {
      way.close();
      throw error;
    }
  }

  /** One connection at the end of what is open. */
  async step<T>(target: SshTarget, use: (transport: Duplex, step: DialOptions) => Promise<T>): Promise<T> {
    const { clock, signal } = this.#options;
    signal.throwIfAborted();
    const startedMs = clock.monotonicMs();
    const stepNow = (): DialOptions => {
      const leftMs = this.#leftMs - (clock.monotonicMs() - startedMs);
      return { ...this.#options, target, connectMs: Math.max(1, leftMs) };
    };
    const before = this.#open.at(-1);
    try {
      const { address, port } = target;
      const transport = before
        ? await forwarded(before, stepNow())
        : connectTcp({ host: address, port, noDelay: true });
      return await use(transport, stepNow());
    } finally {
      this.#leftMs -= clock.monotonicMs() - startedMs;
    }
  }

  close(): void {
    for (const connection of this.#open.toReversed()) connection.close();
  }
}

function ofHop(name: string, error: unknown): unknown {
  if (!(error instanceof FarhandError)) return error;
  const code = error.code === "LOGIN_REFUSED" ? "HOP_REFUSED" : error.code;
  return new FarhandError(code, `hop ${name}: ${error.detail ?? ""}`, { cause: error });
}

/** A hop may leave the request unanswered: the deadline and the signal end the hop with it. */
async function forwarded(before: SshConnection, step: DialOptions): Promise<Duplex> {
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
