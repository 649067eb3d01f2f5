import { z } from "zod";
import { InclusionProof, ProofHashes } from "../audit/proofs.ts";
import { Authority } from "../documents/offer.ts";
import { Code } from "../documents/receipt.ts";
import { Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import { AgentId, CredentialName, DeviceId, Digest, KeyId, Nonce, PlatformId } from "../ids.ts";
import { AssignmentState, TaskState } from "../states.ts";
import { TrustVersions } from "../tuf/file.ts";
import { LOGGED_PROOFS_MAX } from "../verify/logged.ts";
import { Epoch } from "./epoch.ts";
import { Lane } from "./lane.ts";
import { decodeFrame, encodeFrame, layFrame, type Frame } from "./frame.ts";
import type { Bytes } from "../bytes.ts";

export { LANES, Lane } from "./lane.ts";
export { Epoch } from "./epoch.ts";

const Seq = z.int().min(0);
const Signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/);
const AssignmentKey = { manifest: Digest, attempt: z.int().min(1).max(10) } as const;

/** What an agent tells of one value of its vault: never the value. */
export const CredentialWord = z.strictObject({
  kind: z.enum(["credential", "secret"]),
  name: CredentialName,
  /** The one in use; 0 for none. */
  version: z.int().min(0),
  /** Refused so often that it is used nowhere. */
  stopped: z.boolean(),
  /** Since when it is held. */
  atMs: z.int().min(0),
});
export type CredentialWord = z.infer<typeof CredentialWord>;

/** What came of a sealed credential: taken when `code` is null. */
export const CredentialAnswer = z.strictObject({ document: Digest, code: Code.nullable() });
export type CredentialAnswer = z.infer<typeof CredentialAnswer>;

/** Hub to agent. */
const down = {
  /** First message of a session: what the agent must sign. */
  challenge: {
    type: 1,
    header: z.strictObject({
      hub: z.string().max(63),
      nonce: Nonce,
      session: Nonce,
      versions: z.array(z.int()).max(16),
    }),
  },
  /** The hub's side of the mutual proof, and where each stream stands. */
  welcome: {
    type: 2,
    header: z.strictObject({
      signature: Signature,
      serverTimeMs: z.int(),
      lanes: z.array(z.strictObject({ lane: Lane, acked: Seq, released: Seq })).max(8),
      creditBytes: z.int().min(0),
    }),
  },
  offer: {
    type: 3,
    header: z.strictObject({
      offer: Envelope,
      authority: Envelope,
      manifestBytes: z.int().min(1),
      /** The break-glass that the warrant names. */
      breakglass: Envelope.optional(),
      /** That the audit log held signatures of keys which were revoked since, when this agent last looked before it took the revocation. */
      proofs: z.array(InclusionProof).max(LOGGED_PROOFS_MAX).optional(),
    }),
  },
  manifest: { type: 4, header: z.strictObject({ sha256: Digest }) },
  /** One part of a text, in answer to one `fetch`: the bytes from its `offset` on. The agent asks again until it holds `total`. */
  blob: { type: 5, header: z.strictObject({ sha256: Digest, offset: z.int().min(0), total: z.int().min(0) }) },
  cancel: { type: 6, header: z.strictObject({ cancel: Envelope }) },
  /** The news of the trust repository (tuf/file.ts), in parts that follow one another: the bytes from `offset` on. Type 7 was one document. */
  trust: { type: 13, header: z.strictObject({ offset: z.int().min(0), total: z.int().min(1) }) },
  /** Absolute: the agent may have sent this many bytes of credited frames since the session began. */
  credit: { type: 8, header: z.strictObject({ bytes: z.int().min(0) }) },
  /** Everything up to `acked` is committed; everything up to `released` may be deleted at the agent. */
  ack: { type: 9, header: z.strictObject({ epoch: Epoch, lane: Lane, acked: Seq, released: Seq }) },
  /** There is work: pull. Answered by nothing; losing it delays, the agent also pulls on its own. */
  wake: { type: 10, header: z.strictObject({}) },
  /** The hub holds the agent's word on this assignment; the agent need not repeat it. */
  settled: { type: 11, header: z.strictObject(AssignmentKey) },
  /**
   * The hub's newest checkpoint, which is the body's envelope, and the proof that it continues the one that the agent witnessed
   * (RFC 6962 consistency from `from` entries). Sent to an agent that has said what it witnessed, and on each newer one.
   */
  checkpoint: { type: 14, header: z.strictObject({ from: Seq, proof: ProofHashes }) },
  /** Hands off a device, or the end of that; the body is its envelope. All that stand at the site come again after each hello. */
  hold: { type: 15, header: z.strictObject({}) },
  /** A keyadmin's readmission of an agent in quarantine; the body is its envelope. */
  readmission: { type: 16, header: z.strictObject({}) },
  close: { type: 12, header: z.strictObject({ code: Code, retryAfterMs: z.int().min(0) }) },
  /** A sealed credential; the body is its envelope. Answered by `credentials`, and sent again after the next hello until it is. */
  credential: { type: 17, header: z.strictObject({ document: Digest }) },
  /** A grant with a schedule that this agent's site carries out by its own clock. */
  grant: { type: 20, header: z.strictObject({ grant: Envelope }) },
} as const;

/** Agent to hub. */
const up = {
  hello: {
    type: 65,
    header: z.strictObject({
      agent: AgentId,
      nonce: Nonce,
      /** Over (hub nonce, hub id, session id) by the agent's key. */
      signature: Signature,
      version: z.int(),
      software: z.string().max(63),
      epoch: Epoch,
      /** The highest offer sequence that this journal holds. */
      sequence: Seq,
      lanes: z.array(z.strictObject({ lane: Lane, first: Seq, next: Seq })).max(8),
      clock: z.strictObject({ wallMs: z.int(), quality: z.enum(["synced", "holdover", "untrusted"]) }),
      /** The set held: what is older than the hub's is sent. */
      trust: TrustVersions,
      keysVersion: z.int().min(0),
      platforms: z.record(PlatformId, Digest),
      /** A connection made only to prove that the hub can be reached afresh: it takes no work and displaces no session. */
      wayHome: z.literal(true).optional(),
      /** The journal is an older copy of itself and takes no work in this epoch until a keyadmin has readmitted it. */
      quarantine: z.strictObject({ sinceMs: z.int(), detail: z.string().max(500) }).optional(),
      /** What this journal holds and has not settled with the hub. */
      assignments: z.array(z.strictObject({ ...AssignmentKey, sequence: Seq, state: AssignmentState })).max(2000),
    }),
  },
  pull: { type: 66, header: z.strictObject({ nonce: Nonce, capacity: z.int().min(0).max(1000) }) },
  accept: { type: 67, header: z.strictObject({ ...AssignmentKey, sequence: Seq }) },
  reject: {
    type: 68,
    header: z.strictObject({ ...AssignmentKey, sequence: Seq, code: Code, detail: z.string().max(500) }),
  },
  /** A text that a served manifest names. One fetch is answered by one `blob`; a text that is not held is answered with `total` 0. */
  fetch: { type: 69, header: z.strictObject({ sha256: Digest, offset: z.int().min(0) }) },
  /** Records `first..last` of a lane; the body holds them (encodeRecords). */
  events: { type: 70, header: z.strictObject({ epoch: Epoch, lane: Lane, first: Seq, last: Seq }) },
  credit: { type: 71, header: z.strictObject({ bytes: z.int().min(0) }) },
  /** Records `first..last` were dropped under quota; never in the receipt or state lane. */
  gap: {
    type: 72,
    header: z.strictObject({ epoch: Epoch, lane: Lane, first: Seq, last: Seq, reason: z.string().max(100) }),
  },
  /** What became of the news of the trust repository: in force when `code` is null. */
  trusted: {
    type: 74,
    header: z.strictObject({ held: TrustVersions, code: Code.nullable(), detail: z.string().max(500) }),
  },
  /** The last checkpoint that this agent holds, null for none: what the next one must continue. */
  witnessed: {
    type: 75,
    header: z.strictObject({
      checkpoint: z.strictObject({ epoch: z.int().min(1), size: Seq, root: Digest }).nullable(),
      /** Of each key that the agent's keys.json revokes: how large the log was that it had seen before it took that; null where it saw none. */
      revoked: z
        .array(z.strictObject({ kid: KeyId, size: Seq.nullable() }))
        .max(1000)
        .optional(),
    }),
  },
  /** Canceled as asked, or too late: the current state. */
  canceled: { type: 73, header: z.strictObject({ ...AssignmentKey, generation: z.int(), state: AssignmentState }) },
  /** What the vault holds, all of it, in parts where it is much: after each hello, and when something of it changed; and answers to `credential`. */
  credentials: {
    type: 77,
    header: z.strictObject({
      items: z.array(CredentialWord).max(400),
      /** More of the same list follows. */
      more: z.boolean(),
      answers: z.array(CredentialAnswer).max(64),
    }),
  },
} as const;

type Definition = { readonly type: number; readonly header: z.ZodType };
type Message<T extends Record<string, Definition>> = {
  [K in keyof T]: { readonly kind: K; readonly header: z.infer<T[K]["header"]>; readonly body: Bytes };
}[keyof T];

export type DownMessage = Message<typeof down>;
export type UpMessage = Message<typeof up>;
export type DownHeader<K extends keyof typeof down> = z.infer<(typeof down)[K]["header"]>;
export type UpHeader<K extends keyof typeof up> = z.infer<(typeof up)[K]["header"]>;

export const encodeDown = <K extends keyof typeof down>(kind: K, header: DownHeader<K>, body?: Uint8Array): Bytes =>
  encodeFrame(down[kind].type, header, body);
export const encodeUp = <K extends keyof typeof up>(kind: K, header: UpHeader<K>, body?: Uint8Array): Bytes =>
  encodeFrame(up[kind].type, header, body);

/** `events` in a buffer that the sender keeps; see layFrame. */
export const layEvents = (
  scratch: Bytes,
  header: UpHeader<"events">,
  records: readonly { readonly header: unknown; readonly bytes: number }[],
): { frame: Bytes; bodies: readonly Bytes[] } => layFrame(scratch, up.events.type, header, records);

function decodeWith<T extends Record<string, Definition>>(definitions: T, message: Uint8Array): Message<T> {
  const frame: Frame = decodeFrame(message);
  for (const [kind, definition] of Object.entries(definitions)) {
    if (definition.type !== frame.type) continue;
    const parsed = definition.header.safeParse(frame.header);
    if (!parsed.success) throw new FarhandError("PROTOCOL", `${kind}: ${parsed.error.issues[0]?.message ?? "header"}`);
    return { kind, header: parsed.data, body: frame.body } as Message<T>;
  }
  throw new FarhandError("PROTOCOL", `frame type ${frame.type}`);
}

export const decodeDown = (message: Uint8Array): DownMessage => decodeWith(down, message);
export const decodeUp = (message: Uint8Array): UpMessage => decodeWith(up, message);

/** Frames that spend no credit: a session must always be able to start, answer and stop. */
export const CREDIT_EXEMPT: ReadonlySet<string> = new Set([
  "hello",
  "accept",
  "reject",
  "canceled",
  "pull",
  "fetch",
  "credit",
  "gap",
  "witnessed",
  "credentials",
]);

/** What both sides sign to prove who they are; the label keeps the two directions apart. */
export function challengeBytes(label: "farhand-agent" | "farhand-hub", parts: readonly string[]): Bytes {
  return new TextEncoder().encode([label, ...parts].join("\n"));
}

/** Records of the up lanes. `bytes` of a blob travel as the record's body. */
export const UpRecord = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("receipt"), envelope: Envelope }),
  z.strictObject({ type: z.literal("plan"), envelope: Envelope }),
  z.strictObject({
    type: z.literal("assignment"),
    ...AssignmentKey,
    state: AssignmentState,
    code: Code.nullable(),
    reason: z.string().max(200).nullable(),
    atMs: z.int(),
  }),
  z.strictObject({
    type: z.literal("task"),
    ...AssignmentKey,
    device: DeviceId,
    state: TaskState,
    step: z.string().max(40).nullable(),
    code: Code.nullable(),
    detail: z.string().max(500).nullable(),
    atMs: z.int(),
  }),
  /** Part of a text by digest: a diff, a public or sealed configuration, a transcript, an output. */
  z.strictObject({
    type: z.literal("blob"),
    sha256: Digest,
    media: z.string().max(63),
    offset: z.int().min(0),
    total: z.int().min(0),
  }),
  /** Live output of `run`, for the eye; the whole of it also comes as a blob. */
  z.strictObject({
    type: z.literal("output"),
    ...AssignmentKey,
    device: DeviceId,
    order: z.int().min(0),
    last: z.boolean(),
  }),
  /** Work that an agent began by its own clock under a grant: its manifest, which no hub has made. */
  z.strictObject({ type: z.literal("own"), authority: Authority, manifest: z.string().min(2).max(150_000) }),
  /** Work that an on-call person brought without a hub: the grant that it plans under, or the warrant; and the break-glass. */
  z.strictObject({
    type: z.literal("breakglass"),
    authority: Authority,
    envelope: Envelope,
    breakglass: Envelope,
    manifest: z.string().min(2).max(100_000),
  }),
  z.strictObject({ type: z.literal("metric"), name: z.string().max(120), value: z.number(), atMs: z.int() }),
]);
export type UpRecord = z.infer<typeof UpRecord>;

/** A receipt or plan too large for one frame travels as blob records of that media: the blob is the envelope's bytes. */
export function laneOfMedia(media: string): Lane {
  if (media === "receipt" || media === "plan") return "receipt";
  return media === "transcript" ? "transcript" : "diff";
}

/** Which lane a record belongs to; what is lost first under pressure follows from it. */
export function laneOf(record: UpRecord): Lane {
  switch (record.type) {
    case "receipt":
    case "plan":
    case "own":
    case "breakglass":
      return "receipt";
    case "assignment":
    case "task":
      return "state";
    case "blob":
      return laneOfMedia(record.media);
    case "output":
    case "metric":
      return "telemetry";
    default:
      return record satisfies never;
  }
}
