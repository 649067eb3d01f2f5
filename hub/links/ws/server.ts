import type { ServerWebSocket, WebSocketHandler } from "bun";
import { FRAME_BYTES_MAX } from "../../../shared/wire/frame.ts";
import { CreditBudget } from "../credit.ts";
import type { LinkDeps } from "../deps.ts";
import type { Links } from "../registry.ts";
import { AgentSession } from "../session.ts";

export const LINK_PATH = "/link/v1";
const SESSIONS_MAX = 20_000;
/** What may wait for a peer that does not read. */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024;
const IDLE_SECONDS = 60;

export interface LinkSocketData {
  session: AgentSession | undefined;
}

/** The WebSocket carrier. Bun pings by itself and closes what stays silent. */
export class WsLinks {
  readonly #deps: LinkDeps;
  readonly #links: Links;
  readonly #budget = new CreditBudget();
  readonly #sessions = new Set<AgentSession>();

  constructor(deps: LinkDeps, links: Links) {
    this.#deps = deps;
    this.#links = links;
  }

  get isFull(): boolean {
    return this.#sessions.size >= SESSIONS_MAX;
  }

  readonly handler: WebSocketHandler<LinkSocketData> = {
    maxPayloadLength: FRAME_BYTES_MAX,
    idleTimeout: IDLE_SECONDS,
    sendPings: true,
    backpressureLimit: UNREAD_BYTES_MAX,
    closeOnBackpressureLimit: true,
    perMessageDeflate: false,
    open: (socket) => {
      const session = new AgentSession(this.#deps, this.#links, this.#budget, carrierOf(socket));
      socket.data.session = session;
      this.#sessions.add(session);
    },
    message: (socket, message) => {
      const { session } = socket.data;
      if (typeof message === "string") socket.close(1003, "binary only");
      else session?.receive(new Uint8Array(message));
    },
    close: (socket) => {
      const { session } = socket.data;
      if (!session) return;
      this.#sessions.delete(session);
      session.gone();
    },
  };

  stop(): void {
    for (const session of this.#sessions) session.leave();
  }
}

function carrierOf(socket: ServerWebSocket<LinkSocketData>): { send(frame: Uint8Array): boolean; close(): void } {
  return {
    // 0 is dropped; -1 is queued, which `backpressureLimit` bounds.
    send: (frame) => socket.readyState === WebSocket.OPEN && socket.sendBinary(frame) !== 0,
    close: () => socket.close(1000),
  };
}
