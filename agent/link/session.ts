import { randomBytes } from "node:crypto";
import { fromBase64url, toBase64url, type Bytes } from "../../shared/bytes.ts";
import type { Clock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId } from "../../shared/ids.ts";
import { importSigningKey, type Signer } from "../../shared/keys.ts";
import type { TrustStore } from "../../shared/trust.ts";
import {
  challengeBytes,
  decodeDown,
  encodeUp,
  type DownHeader,
  type DownMessage,
  type UpHeader,
  type UpMessage,
} from "../../shared/wire/messages.ts";
import type { HubProxy } from "./proxy.ts";
import { Socket } from "./socket.ts";

export const LINK_VERSION = 1;
const CONNECT_MS = 15_000;
const HANDSHAKE_MS = 15_000;

export interface LinkIdentity {
  readonly agent: AgentId;
  readonly signer: Signer;
  readonly url: string;
  readonly ca: string;
  readonly proxy?: HubProxy | undefined;
  /** Signed documents that come before the welcome: a hub that does not let a banned agent in says so with them. */
  early(header: DownHeader<"trust">, bytes: Bytes): Promise<void>;
  /** Read at each connection: a newer keys.json may have other hub keys. */
  trust(): TrustStore;
}

/** The part of a hello that the journal knows. */
export type HelloFacts = Omit<UpHeader<"hello">, "agent" | "nonce" | "signature" | "version">;

/** How the hub said that it ends the session, and for how long it asks for quiet. */
export class Closed extends FarhandError {
  readonly retryAfterMs: number;

  constructor(close: DownHeader<"close">) {
    super(close.code, "the hub closed the session");
    this.retryAfterMs = close.retryAfterMs;
  }
}

export const newNonce = (): string => toBase64url(randomBytes(32));

/** A connection on which both sides have proved who they are. */
export class Session {
  readonly welcome: DownHeader<"welcome">;
  readonly #socket: Socket;

  private constructor(socket: Socket, welcome: DownHeader<"welcome">) {
    this.#socket = socket;
    this.welcome = welcome;
  }

  static async open(
    identity: LinkIdentity,
    facts: () => Promise<HelloFacts>,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<Session> {
    const url = `${identity.url.replace(/^http/, "ws").replace(/\/$/, "")}/link/v1`;
    const socket = await Socket.connect({
      url,
      ca: identity.ca,
      proxy: identity.proxy,
      clock,
      connectMs: CONNECT_MS,
      signal,
    });
    const timer = clock.after(HANDSHAKE_MS, () =>
      socket.end(new FarhandError("CHALLENGE", "the handshake took too long")),
    );
    try {
      return new Session(socket, await shakeHands(socket, identity, facts));
    } catch (error) {
      const reason =
        error instanceof FarhandError ? error : new FarhandError("INTERNAL", "handshake", { cause: error });
      socket.end(reason);
      throw reason;
    } finally {
      timer.clear();
    }
  }

  send<K extends UpMessage["kind"]>(kind: K, header: UpHeader<K>, body?: Uint8Array): void {
    this.#socket.send(encodeUp(kind, header, body));
  }

  /** For frames that are counted against credit before they leave. */
  sendFrame(frame: Uint8Array): void {
    this.#socket.send(frame);
  }

  async receive(): Promise<{ message: DownMessage; bytes: number }> {
    const frame = await this.#socket.receive();
    const message = decodeDown(frame);
    if (message.kind === "close") throw new Closed(message.header);
    return { message, bytes: frame.length };
  }

  end(reason: FarhandError): void {
    this.#socket.end(reason);
  }

  get ended(): boolean {
    return this.#socket.ended !== undefined;
  }
}

async function shakeHands(
  socket: Socket,
  identity: LinkIdentity,
  facts: () => Promise<HelloFacts>,
): Promise<DownHeader<"welcome">> {
  const { hubId } = identity.trust();
  const { header: challenge } = expectKind(decodeDown(await socket.receive()), "challenge");
  if (challenge.hub !== hubId) throw new FarhandError("CHALLENGE", `hub ${challenge.hub}, wanted ${hubId}`);
  if (!challenge.versions.includes(LINK_VERSION)) throw new FarhandError("PROTOCOL", "no common link version");
  const nonce = newNonce();
  const proof = challengeBytes("farhand-agent", [challenge.nonce, challenge.hub, challenge.session]);
  const signature = toBase64url(new Uint8Array(await crypto.subtle.sign("Ed25519", identity.signer.key, proof)));
  socket.send(
    encodeUp("hello", { ...(await facts()), agent: identity.agent, nonce, signature, version: LINK_VERSION }),
  );
  const { header: welcome } = expectKind(await afterEarly(socket, identity), "welcome");
  // What came before the welcome may have brought the hub's newer key.
  const trust = identity.trust();
  const answer = challengeBytes("farhand-hub", [nonce, challenge.hub, identity.agent, challenge.session]);
  for (const key of trust.keys.document.hub.keys) {
    const publicKey = trust.hubKey(key.kid);
    if (publicKey === undefined) continue;
    const held = await crypto.subtle.verify(
      "Ed25519",
      await importSigningKey(publicKey),
      fromBase64url(welcome.signature),
      answer,
    );
    if (held) return welcome;
  }
  throw new FarhandError("CHALLENGE", "the hub's signature does not hold");
}

const EARLY_MAX = 64;

async function afterEarly(socket: Socket, identity: LinkIdentity): Promise<DownMessage> {
  for (let count = 0; count < EARLY_MAX; count++) {
    const message = decodeDown(await socket.receive());
    if (message.kind !== "trust") return message;
    // It proves itself: whoever sent it, root and keyadmins signed it.
    await identity.early(message.header, message.body);
  }
  throw new FarhandError("PROTOCOL", "documents without end before the welcome");
}

function expectKind<K extends DownMessage["kind"]>(message: DownMessage, kind: K): Extract<DownMessage, { kind: K }> {
  if (message.kind === "close") throw new Closed(message.header);
  if (message.kind !== kind) throw new FarhandError("PROTOCOL", `${message.kind}, wanted ${kind}`);
  return message as Extract<DownMessage, { kind: K }>;
}
