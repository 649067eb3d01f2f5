import type { AgentId, Digest } from "../../shared/ids.ts";
import type { AssignmentState } from "../../shared/states.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { Lane, UpHeader } from "../../shared/wire/messages.ts";
import type { Environment } from "./environment.ts";

interface Key {
  readonly manifest: Digest;
  readonly attempt: number;
}

/** The wire's messages, but for signatures: `valid` stands for every check that shared/verify makes. */
export interface Offer extends Key {
  readonly kind: "offer";
  readonly agent: AgentId;
  readonly sequence: number;
  readonly fence: number;
  readonly nonce: string;
  readonly valid: boolean;
  /** For the ledger's eyes: this copy was made by an enemy, and must be refused. */
  readonly forged: boolean;
}

export interface LaneAck {
  readonly epoch: string;
  readonly lane: Lane;
  readonly acked: number;
  readonly released: number;
}

export type Down =
  | { readonly kind: "welcome"; readonly lanes: readonly LaneAck[] }
  | Offer
  | ({ readonly kind: "cancel"; readonly generation: number; readonly reason: string } & Key)
  | ({ readonly kind: "ack" } & LaneAck)
  | { readonly kind: "wake" }
  | ({ readonly kind: "settled" } & Key);

export type Up =
  | { readonly kind: "hello"; readonly header: UpHeader<"hello"> }
  | { readonly kind: "pull"; readonly nonce: string; readonly capacity: number }
  | ({ readonly kind: "accept"; readonly sequence: number } & Key)
  | ({ readonly kind: "reject"; readonly sequence: number; readonly code: ErrorCode; readonly detail: string } & Key)
  | ({ readonly kind: "canceled"; readonly generation: number; readonly state: AssignmentState } & Key)
  | { readonly kind: "events"; readonly header: UpHeader<"events">; readonly body: Uint8Array };

/** What a process at the end of a link does with what arrives. */
export interface AgentEnd {
  readonly up: boolean;
  receive(session: number, message: Down): Promise<void>;
  linkLost(): Promise<void>;
}
export interface HubEnd {
  readonly up: boolean;
  receive(agent: AgentId, session: number, message: Up): Promise<void>;
}

interface Link {
  readonly end: AgentEnd;
  /** 0 is cut. A message of an earlier session never arrives. */
  session: number;
  blockedUntilMs: number;
  upLastMs: number;
  downLastMs: number;
}

const OFFERS_KEPT = 12;

/** Sessions between agents and the hub. Some seeds have a stream that keeps its order, some a broker that does not. */
export class Network {
  readonly #env: Environment;
  readonly #ordered: boolean;
  readonly #links = new Map<AgentId, Link>();
  #hub: HubEnd | undefined;
  #sessions = 0;
  /** What an enemy on the way has written down. */
  readonly #seen: { offer: Offer; session: number }[] = [];

  constructor(env: Environment) {
    this.#env = env;
    this.#ordered = env.random.chance(0.5);
  }

  attachHub(hub: HubEnd): void {
    this.#hub = hub;
  }

  attachAgent(agent: AgentId, end: AgentEnd): void {
    this.#links.set(agent, { end, session: 0, blockedUntilMs: 0, upLastMs: 0, downLastMs: 0 });
  }

  #link(agent: AgentId): Link {
    const link = this.#links.get(agent);
    if (!link) throw new Error(`no link to ${agent}`);
    return link;
  }

  /** A new session, or null when nothing answers. */
  connect(agent: AgentId): number | null {
    const link = this.#link(agent);
    if (!this.#hub?.up || this.#env.queue.nowMs < link.blockedUntilMs) return null;
    link.session = ++this.#sessions;
    link.upLastMs = link.downLastMs = this.#env.queue.nowMs;
    return link.session;
  }

  cut(agent: AgentId, blockMs = 0): void {
    const link = this.#link(agent);
    link.blockedUntilMs = Math.max(link.blockedUntilMs, this.#env.queue.nowMs + blockMs);
    if (link.session === 0) return;
    link.session = 0;
    this.#env.trace(agent, `link cut for ${blockMs}`);
    this.#env.queue.at(this.#env.random.integer(0, 3_000), async () => {
      if (link.session === 0 && link.end.up) await link.end.linkLost();
    });
  }

  cutAll(): void {
    for (const agent of this.#links.keys()) this.cut(agent);
  }

  heal(): void {
    for (const link of this.#links.values()) link.blockedUntilMs = 0;
  }

  up(agent: AgentId, session: number, message: Up): void {
    const link = this.#link(agent);
    if (link.session !== session || !this.#survives(agent)) return;
    const deliver = async () => {
      if (link.session === session && this.#hub?.up) await this.#hub.receive(agent, session, message);
    };
    for (const delay of this.#delays(link.upLastMs)) {
      link.upLastMs = Math.max(link.upLastMs, this.#env.queue.nowMs + delay);
      this.#env.queue.at(delay, deliver);
    }
  }

  down(agent: AgentId, session: number, message: Down): void {
    const link = this.#link(agent);
    if (link.session !== session) return;
    if (message.kind === "offer" && !message.forged) this.#beEvil(agent, session, message);
    if (!this.#survives(agent)) return;
    const deliver = async () => {
      if (link.session === session && link.end.up) await link.end.receive(session, message);
    };
    for (const delay of this.#delays(link.downLastMs)) {
      link.downLastMs = Math.max(link.downLastMs, this.#env.queue.nowMs + delay);
      this.#env.queue.at(delay, deliver);
    }
  }

  /** On a stream a lost message is a lost connection. */
  #survives(agent: AgentId): boolean {
    const { faults, random } = this.#env;
    if (faults.fires("link cut")) {
      this.cut(agent, random.integer(0, 15_000));
      return false;
    }
    return this.#ordered || !faults.fires("message lost");
  }

  #delays(lastMs: number): number[] {
    const { faults, random, queue } = this.#env;
    let delay = random.integer(5, 150);
    if (faults.fires("message delayed")) delay += random.integer(500, 8_000);
    if (this.#ordered) return [Math.max(delay, lastMs - queue.nowMs)];
    if (faults.fires("message reordered")) delay += random.integer(100, 2_000);
    return faults.fires("message doubled") ? [delay, delay + random.integer(0, 3_000)] : [delay];
  }

  #beEvil(agent: AgentId, session: number, offer: Offer): void {
    const { faults, random } = this.#env;
    if (faults.fires("offer altered")) this.#forge(agent, { ...offer, valid: false, forged: true });
    const others = [...this.#links.keys()].filter((other) => other !== agent);
    if (others.length > 0 && faults.fires("offer misdirected"))
      this.#forge(random.pick(others), { ...offer, forged: true });
    const old = this.#seen.filter((one) => one.session !== session && one.offer.agent === agent);
    if (old.length > 0 && faults.fires("offer replayed"))
      this.#forge(agent, { ...random.pick(old).offer, forged: true });
    this.#seen.push({ offer, session });
    if (this.#seen.length > OFFERS_KEPT) this.#seen.shift();
  }

  #forge(agent: AgentId, offer: Offer): void {
    const link = this.#link(agent);
    this.#env.queue.at(this.#env.random.integer(0, 5_000), async () => {
      if (link.session !== 0 && link.end.up) await link.end.receive(link.session, offer);
    });
  }
}
