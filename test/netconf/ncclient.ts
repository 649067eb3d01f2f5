/** Python's ncclient in a process of its own: the independent client of our NETCONF simulator. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { Child, ROOT } from "../support/child.ts";

const PACKAGE = "/usr/lib/python3/dist-packages/ncclient/__init__.py";
/** Debian's own: a python from elsewhere does not see Debian's packages. */
const PYTHON = "/usr/bin/python3";

export const missing: string | undefined = existsSync(PACKAGE) ? undefined : "python3-ncclient is not installed";

const RpcFault = z.object({
  type: z.string().nullable(),
  tag: z.string().nullable(),
  severity: z.string().nullable(),
  path: z.string().nullable(),
  message: z.string().nullable(),
  info: z.string().nullable(),
});
export type RpcFault = z.output<typeof RpcFault>;
const Answer = z.object({
  id: z.number(),
  result: z.unknown().optional(),
  error: RpcFault.optional(),
  failure: z.string().optional(),
});
const Connected = z.object({ sessionId: z.number(), capabilities: z.array(z.string()), framing: z.string() });

/** What ncclient raised. */
export class NcclientError extends Error {
  override name = "NcclientError";
  readonly rpc: RpcFault | undefined;

  constructor(message: string, rpc: RpcFault | undefined) {
    super(message);
    this.rpc = rpc;
  }
}

export class Ncclient {
  readonly #child = new Child({ argv: [PYTHON, join(ROOT, "test/netconf/ncclient_peer.py")] });
  #next = 1;

  async #do(command: Record<string, unknown>): Promise<unknown> {
    const id = this.#next++;
    this.#child.write(JSON.stringify({ id, ...command }));
    const answer = await this.#child.waitFor(
      `ncclient ${JSON.stringify(command).slice(0, 200)}`,
      (line) => {
        if (!line.startsWith("{")) return undefined;
        const read = Answer.parse(JSON.parse(line));
        return read.id === id ? read : undefined;
      },
      50_000,
    );
    if (answer.error) throw new NcclientError(`${answer.error.tag}: ${answer.error.message}`, answer.error);
    if (answer.failure !== undefined) throw new NcclientError(answer.failure, undefined);
    return answer.result;
  }

  async connect(session: string, device: SimulatedDevice, flavour = "default"): Promise<z.output<typeof Connected>> {
    const { address, port, username, password, hostKeyPublic } = device;
    const hostkey = hostKeyPublic.base64;
    return Connected.parse(
      await this.#do({ do: "connect", session, host: address, port, username, password, hostkey, device: flavour }),
    );
  }

  /** One method of ncclient's Manager by name; the reply's XML. */
  async call(session: string, method: string, args: Record<string, unknown> = {}): Promise<string> {
    const result = await this.#do({ do: "call", session, method, arguments: args });
    return z.object({ xml: z.string() }).parse(result).xml;
  }

  /** The size of a reply that is too big to hand on. */
  async measure(
    session: string,
    method: string,
    args: Record<string, unknown>,
  ): Promise<{ bytes: number; entries: number }> {
    const result = await this.#do({ do: "call", session, method, arguments: args, measure: true });
    return z.object({ bytes: z.number(), entries: z.number() }).parse(result);
  }

  async dispatch(session: string, rpc: string): Promise<string> {
    return z.object({ xml: z.string() }).parse(await this.#do({ do: "dispatch", session, rpc })).xml;
  }

  async close(session: string): Promise<void> {
    await this.#do({ do: "close", session });
  }

  async cut(session: string): Promise<void> {
    await this.#do({ do: "cut", session });
  }

  async connected(session: string): Promise<boolean> {
    return z.object({ connected: z.boolean() }).parse(await this.#do({ do: "state", session })).connected;
  }

  /** The error of a call that has to fail. */
  async refused(session: string, method: string, args: Record<string, unknown> = {}): Promise<RpcFault> {
    try {
      await this.call(session, method, args);
    } catch (error) {
      if (error instanceof NcclientError && error.rpc) return error.rpc;
      throw error;
    }
    throw new Error(`${method} was not refused`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop("SIGKILL");
  }
}
