import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Certificates } from "../agent/certificates.ts";

export interface ConnectProxyOptions {
  /** `user:password` that it asks for. */
  readonly login?: string;
  /** What it answers instead of a tunnel: `403 Forbidden`. */
  readonly refuse?: string;
  /** It opens TLS: shows this certificate of its own CA, and speaks TLS to the hub itself. */
  readonly opens?: Certificates;
  /** The CA that the opening kind trusts for the hub. */
  readonly hubCa?: string;
}

const HEAD_MAX = 16_384;
const listening = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });

/** A real HTTP proxy that knows CONNECT and nothing else; with `opens` the inspecting kind, which reads along. */
export class ConnectProxy {
  readonly #options: ConnectProxyOptions;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#greet(socket));
  #inspector: Inspector | undefined;
  port = 0;
  /** What it was asked to reach, in order. */
  readonly asked: string[] = [];
  tunnels = 0;

  private constructor(options: ConnectProxyOptions) {
    this.#options = options;
  }

  static async start(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(options);
    proxy.port = await listening(proxy.#server);
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What was said inside TLS, as far as it was opened. */
  get read(): string {
    return this.#inspector?.read ?? "";
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    this.#inspector?.stop();
  }

  #greet(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    let head = "";
    const take = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      if (head.length > HEAD_MAX) socket.destroy();
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", take);
      void this.#answer(socket, head);
    };
    socket.on("data", take);
  }

  async #answer(socket: Socket, head: string): Promise<void> {
    const { login, refuse, opens, hubCa } = this.#options;
    const target = /^CONNECT (\S+):(\d+) HTTP\/1\.1\r\n/.exec(head);
    const deny = (status: string): void => void socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`);
    if (!target?.[1] || !target[2]) return deny("405 Method Not Allowed");
    this.asked.push(`${target[1]}:${target[2]}`);
    const given = /^proxy-authorization: Basic (\S+)\r$/im.exec(head)?.[1];
    if (login !== undefined && given !== Buffer.from(login).toString("base64"))
      return deny("407 Proxy Authentication Required");
    if (refuse !== undefined) return deny(refuse);
    const host = target[1];
    let port = Number(target[2]);
    if (opens) {
      this.#inspector ??= await Inspector.start(opens, { host, port, ca: hubCa });
      port = this.#inspector.port;
    }
    const outer = connectTcp(port, "127.0.0.1", () => {
      this.tunnels++;
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(outer).pipe(socket);
    });
    this.#sockets.add(outer);
    outer.on("error", () => socket.destroy());
    outer.on("close", () => socket.destroy());
    socket.on("close", () => outer.destroy());
  }
}

interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly ca: string | undefined;
}

/** A box that ends TLS with a certificate of its own CA and begins it again towards the hub. Also stands alone, as a transparent one. */
export class Inspector {
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();
  port = 0;
  read = "";

  private constructor(own: Certificates, hub: Upstream) {
    this.#server = createTlsServer({ cert: own.cert, key: own.key }, (inner) => {
      const outer = connectTls(hub);
      for (const socket of [inner, outer]) {
        this.#sockets.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => this.#sockets.delete(socket));
      }
      inner.on("data", (chunk: Buffer) => {
        this.read += chunk.toString("latin1");
        outer.write(chunk);
      });
      outer.pipe(inner);
    });
    this.#server.on("tlsClientError", () => undefined);
  }

  static async start(own: Certificates, hub: Upstream): Promise<Inspector> {
    const inspector = new Inspector(own, hub);
    inspector.port = await listening(inspector.#server);
    return inspector;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
