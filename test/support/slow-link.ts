import { connect, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../shared/clock.ts";

export interface SlowLinkOptions {
  readonly clock: Clock;
  /** Milliseconds there and back. */
  readonly roundTripMs: number;
  /** Of all that goes one way, every connection together. */
  readonly bitsPerSecond: number;
}

export interface Traffic {
  bytesOut: number;
  bytesIn: number;
  /** How often the near end spoke again after the far end had: what distance costs. */
  roundTrips: number;
  connections: number;
}

/** One way of the link: what is handed in comes out in order, late, and no faster than the line is wide. */
class Way {
  readonly #o: SlowLinkOptions;
  #freeAtMs = 0;
  /** In order: two timers that end in the same millisecond may fire in any. */
  readonly #queue: (() => void)[] = [];

  constructor(options: SlowLinkOptions) {
    this.#o = options;
  }

  send(bytes: number, deliver: () => void): void {
    const { clock, roundTripMs, bitsPerSecond } = this.#o;
    const nowMs = clock.monotonicMs();
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (bytes * 8000) / bitsPerSecond;
    this.#queue.push(deliver);
    clock.after(this.#freeAtMs - nowMs + roundTripMs / 2, () => this.#queue.shift()?.());
  }
}

/** The line to a far site: one for all devices behind it, on the clock that is given. */
export class SlowLink {
  readonly #out: Way;
  readonly #in: Way;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  constructor(options: SlowLinkOptions) {
    this.#out = new Way(options);
    this.#in = new Way(options);
  }

  /** A port of this end that leads to the target, and what has gone over it. */
  async open(target: { readonly host: string; readonly port: number }): Promise<{ port: number; traffic: Traffic }> {
    const traffic: Traffic = { bytesOut: 0, bytesIn: 0, roundTrips: 0, connections: 0 };
    const server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near, target, traffic));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    this.#servers.push(server);
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("the link does not listen");
    return { port: address.port, traffic };
  }

  #accept(near: Socket, target: { readonly host: string; readonly port: number }, traffic: Traffic): void {
    traffic.connections++;
    traffic.roundTrips++;
    const far = connect({ ...target, noDelay: true });
    let farSpoke = false;
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => this.#sockets.delete(socket));
    }
    near.on("data", (chunk: Buffer) => {
      traffic.bytesOut += chunk.length;
      if (farSpoke) traffic.roundTrips++;
      farSpoke = false;
      this.#out.send(chunk.length, () => void (far.destroyed || far.write(chunk)));
    });
    far.on("data", (chunk: Buffer) => {
      traffic.bytesIn += chunk.length;
      farSpoke = true;
      this.#in.send(chunk.length, () => void (near.destroyed || near.write(chunk)));
    });
    near.on("close", () => this.#out.send(0, () => far.destroy()));
    near.on("end", () => this.#out.send(0, () => far.end()));
    far.on("close", () => this.#in.send(0, () => near.destroy()));
    far.on("end", () => this.#in.send(0, () => near.end()));
    // The handshake of TCP takes its way too: nothing is heard before.
    near.pause();
    this.#out.send(40, () => this.#in.send(40, () => near.resume()));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
