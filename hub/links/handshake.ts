import { fromBase64url, toBase64url } from "../../shared/bytes.ts";
import type { AgentEntry } from "../../shared/documents/agents.ts";
import { FarhandError, type ErrorCode } from "../../shared/errors.ts";
import { importSigningKey, type SigningPublicKey } from "../../shared/keys.ts";
import { challengeBytes, type UpHeader } from "../../shared/wire/messages.ts";
import { listEnrolments } from "../store/agents.ts";
import type { LinkDeps } from "./deps.ts";

export const LINK_VERSIONS: readonly number[] = [1];

export interface Challenge {
  readonly nonce: string;
  readonly session: string;
}

/** Ends the handshake, with how long the agent should stay away. */
export class Refused extends FarhandError {
  readonly retryAfterMs: number;

  constructor(code: ErrorCode, retryAfterMs: number, detail?: string) {
    super(code, detail);
    this.retryAfterMs = retryAfterMs;
  }
}

/** It has proved that it is the banned agent: it may hear of it, and what people signed about it. */
export class Banned extends Refused {
  readonly entry: AgentEntry;

  constructor(entry: AgentEntry) {
    super("AGENT_BANNED", BANNED_RETRY_MS, entry.reason ?? "banned");
    this.entry = entry;
  }
}

export const BANNED_RETRY_MS = 10 * 60_000;
const PENDING_RETRY_MS = 2_000;
const STRANGER_RETRY_MS = 60_000;

/**
 * The agent proves that it holds the key that a keyadmin countersigned. One that is enrolled and not yet countersigned
 * proves its enrolled key and is told to wait; whoever cannot prove anything learns nothing.
 */
export async function admit(deps: LinkDeps, challenge: Challenge, hello: UpHeader<"hello">): Promise<AgentEntry> {
  if (!LINK_VERSIONS.includes(hello.version))
    throw new Refused("PROTOCOL", STRANGER_RETRY_MS, `version ${hello.version}`);
  const bytes = challengeBytes("farhand-agent", [challenge.nonce, deps.hubId, challenge.session]);
  const entry = deps.trust.agent(hello.agent);
  if (!entry) {
    const enrolled = (await listEnrolments(deps.store)).find((one) => one.agent === hello.agent);
    if (enrolled && (await holds(enrolled.signKey, hello.signature, bytes))) {
      throw new Refused("AGENT_PENDING", PENDING_RETRY_MS);
    }
    throw new Refused("CHALLENGE", STRANGER_RETRY_MS);
  }
  if (!(await holds(entry.signKey, hello.signature, bytes))) throw new Refused("CHALLENGE", STRANGER_RETRY_MS);
  if (entry.status === "banned") throw new Banned(entry);
  return entry;
}

async function holds(key: SigningPublicKey, signature: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    return await crypto.subtle.verify("Ed25519", await importSigningKey(key), fromBase64url(signature), bytes);
  } catch {
    return false;
  }
}

/** The hub's side of the proof. */
export async function answerOf(deps: LinkDeps, challenge: Challenge, hello: UpHeader<"hello">): Promise<string> {
  const bytes = challengeBytes("farhand-hub", [hello.nonce, deps.hubId, hello.agent, challenge.session]);
  return toBase64url(new Uint8Array(await crypto.subtle.sign("Ed25519", deps.signer.key, bytes)));
}
