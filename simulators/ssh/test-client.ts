/** A small SSH client for the simulators' own tests: it types and looks. It is no model for a driver. */
import type { Duplex } from "node:stream";
import ssh2, { type ClientChannel, type ConnectConfig } from "ssh2";

export interface TestTarget {
  address: string;
  port: number;
  username: string;
  password: string;
}

export interface TestSession {
  /** Everything that arrived since the start. */
  output(): string;
  /** Sends keys and waits until what arrives after them matches. */
  type(keys: string, until: RegExp): Promise<string>;
  waitFor(until: RegExp): Promise<string>;
  send(keys: string): void;
  readonly closed: Promise<void>;
  readonly banner: () => string | undefined;
  end(): void;
}

export interface TestClientOptions {
  columns?: number;
  rows?: number;
  extra?: Partial<ConnectConfig>;
}

export const connectTestClient = (target: TestTarget, options: TestClientOptions = {}): Promise<TestSession> =>
  connected(target, undefined, options);

/** One program on a terminal of its own, as `ssh -tt host program`. */
export const openTerminal = (
  target: TestTarget,
  program: string,
  options: TestClientOptions = {},
): Promise<TestSession> => connected(target, program, options);

async function connected(
  target: TestTarget,
  program: string | undefined,
  options: TestClientOptions,
): Promise<TestSession> {
  const client = new ssh2.Client();
  let banner: string | undefined;
  client.on("banner", (text) => (banner = text));
  const closed = new Promise<void>((resolve) => client.on("close", () => resolve()));
  await ready(client, target, options);
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    const pty = { cols: options.columns ?? 200, rows: options.rows ?? 24, term: "vt100" };
    const done = (error: Error | undefined, stream: ClientChannel): void => (error ? reject(error) : resolve(stream));
    if (program === undefined) client.shell(pty, done);
    else client.exec(program, { pty }, done);
  });
  // A program that has ended takes its channel along, and the connection stays.
  channel.on("close", () => client.end());
  let received = "";
  let from = 0;
  let check: (() => void) | undefined;
  let over = false;
  channel.on("data", (chunk: Buffer) => {
    received += chunk.toString("utf8");
    check?.();
  });
  void closed.then(() => {
    over = true;
    check?.();
  });
  const waitFor = (until: RegExp) =>
    new Promise<string>((resolve, reject) => {
      check = () => {
        const fresh = received.slice(from);
        if (until.test(fresh)) {
          check = undefined;
          from = received.length;
          resolve(fresh);
        } else if (over) {
          check = undefined;
          reject(new Error(`closed before ${until} came; got ${JSON.stringify(fresh)}`));
        }
      };
      check();
    });
  return {
    output: () => received,
    waitFor,
    send: (keys) => void channel.write(keys),
    type: (keys, until) => {
      from = received.length;
      channel.write(keys);
      return waitFor(until);
    },
    closed,
    banner: () => banner,
    end: () => void client.end(),
  };
}

async function ready(client: ssh2.Client, target: TestTarget, options: TestClientOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.once("ready", resolve);
    client.once("error", reject);
    // An error after the first one (a reset after a refusal) has nobody to tell.
    client.on("error", () => {});
    client.once("close", () => reject(new Error("closed before it was ready")));
    client.connect({
      host: target.address,
      port: target.port,
      username: target.username,
      password: target.password,
      hostVerifier: () => true,
      readyTimeout: 5000,
      ...options.extra,
    });
  });
}

export async function execOnce(
  target: TestTarget,
  command: string,
): Promise<{ text: string; status: number | undefined }> {
  const client = new ssh2.Client();
  await ready(client, target, {});
  return new Promise((resolve, reject) => {
    client.exec(command, (error, stream) => {
      if (error) {
        reject(error);
        return;
      }
      let text = "";
      let status: number | undefined;
      stream.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
      stream.on("exit", (code: number) => (status = code));
      stream.on("close", () => {
        client.end();
        resolve({ text, status });
      });
    });
  });
}

export interface TestSubsystem {
  /** Bytes as they come; ended with the connection. */
  readonly stream: Duplex;
  readonly closed: Promise<void>;
  end(): void;
}

export async function openSubsystem(target: TestTarget, name: string): Promise<TestSubsystem> {
  const client = new ssh2.Client();
  const closed = new Promise<void>((resolve) => client.on("close", () => resolve()));
  await ready(client, target, {});
  const stream = await new Promise<ClientChannel>((resolve, reject) =>
    client.subsys(name, (error, channel) => (error ? reject(error) : resolve(channel))),
  );
  return { stream, closed, end: () => void client.end() };
}
