import { jcs, sha256, toBase64url, utf8, type Bytes } from "../../../shared/bytes.ts";
import type { Grant } from "../../../shared/documents/grant.ts";
import type { Manifest, TaskSpec } from "../../../shared/documents/manifest.ts";
import type { Cancel, Offer } from "../../../shared/documents/offer.ts";
import type { Warrant } from "../../../shared/documents/warrant.ts";
import { signEnvelope, type Envelope } from "../../../shared/envelope.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import type { DeviceId, Digest } from "../../../shared/ids.ts";
import type { Signer } from "../../../shared/keys.ts";
import { changeTask, id, makeGrant, makeManifest, makeOffer, makeWarrant } from "../../../shared/testing/org.ts";
import { nextUpdate, trustFrames } from "../../../shared/testing/trust-set.ts";
import { makeTimestamp, signMetadata } from "../../../shared/tuf/make.ts";
import type { TrustSet, TrustUpdate } from "../../../shared/tuf/set.ts";
import { encodeDown } from "../../../shared/wire/messages.ts";
import type { Site } from "../../agent/site.ts";
import type { SeededRandom } from "../../simulation/random.ts";

/** Some messages, and what they must come to: a code, or null where nothing is to be refused. */
export interface Shot {
  readonly name: string;
  readonly frames: readonly Bytes[];
  readonly code: ErrorCode | null;
  /** The work that the agent answers for by name; absent where nobody vouches for the offer. */
  readonly digest?: Digest;
}

export interface Piece {
  readonly kind: "warrant" | "grant";
  readonly authority: Envelope;
  readonly authorityDigest: Digest;
  readonly manifest: Bytes;
}

export interface Forged {
  readonly signers?: readonly Signer[];
  readonly warrant?: Partial<Warrant>;
  readonly grant?: Partial<Grant>;
  readonly manifest?: Partial<Manifest>;
}

/**
 * Has every key that a hub has, every document that ever passed through it, and no good intention. People's keys are used here
 * only to make what people might have signed at some time for some purpose; each forgery says what is wrong with it.
 */
export class HostileHub {
  readonly site: Site;
  readonly random: SeededRandom;
  /** The set that people signed last, and the one before it. */
  held: TrustSet;
  readonly older: TrustSet;
  #timestamp = 1_000;
  #sequence = 0;
  #number = 0;
  /** Newer than anything offered before; a stale one is an attack of its own. */
  #fence = 1_000_000;

  constructor(site: Site, random: SeededRandom) {
    this.site = site;
    this.random = random;
    this.held = site.org.view.set;
    this.older = site.org.view.set;
  }

  /** Publishes what keyadmins signed again, so that what was in force before is old. */
  async renew(): Promise<void> {
    const update = await nextUpdate(this.held, [this.people.kim], {}, Date.now());
    await this.site.hub.publish(update);
    this.held = { ...this.held, ...update };
  }

  /** Stamped with the hub's own key, each time newer than before. */
  async trust(
    update: TrustUpdate,
    over: { readonly version?: number; readonly expiresMs?: number } = {},
  ): Promise<{ frames: readonly Bytes[] }> {
    const snapshot = update.snapshot ?? this.held.snapshot;
    const { version = ++this.#timestamp, expiresMs = Date.now() + 7 * 86_400_000 } = over;
    const timestamp = await signMetadata("timestamp", makeTimestamp({ version, expiresMs, snapshot }), [
      this.site.org.hub,
    ]);
    return { frames: trustFrames({ ...update, timestamp }) };
  }

  get people(): Site["org"]["people"] {
    return this.site.org.people;
  }

  next(): number {
    return ++this.#number;
  }

  nextFence(): number {
    return ++this.#fence;
  }

  readonly now = (): number => Math.floor(Date.now() / 1000);

  run(device: DeviceId, words: string): TaskSpec {
    return { kind: "run", device, commands: [words] };
  }

  /** Adds one line, as a plan of the device as it stands would have it. */
  change(device: DeviceId, line: string, over: Parameters<typeof changeTask>[1] = {}): TaskSpec {
    const before = this.site
      .device(device)
      .lines.map((entry) => `${entry}\n`)
      .join("");
    return changeTask(device, {
      text: this.site.text(`${line}\n`),
      preImage: sha256(before),
      diff: this.site.text(JSON.stringify([{ line, op: "add", path: [] }])),
      commands: this.site.text(JSON.stringify([line])),
      ...over,
    });
  }

  async warranted(tasks: TaskSpec[], forged: Forged = {}): Promise<Piece> {
    const { bytes, digest } = this.#manifest(tasks, forged);
    const [first] = tasks;
    const kind = first?.kind === "change" ? "change" : "run";
    const warrant = makeWarrant(this.site.org, [digest], {
      kind,
      risk: kind === "change" ? "change" : "read",
      ...forged.warrant,
    });
    return this.pieceOf("warrant", warrant, bytes, forged.signers ?? [this.people.ann, this.people.bob]);
  }

  async granted(tasks: TaskSpec[], forged: Forged = {}): Promise<Piece> {
    const { bytes } = this.#manifest(tasks, forged);
    const grant = makeGrant(this.site.org, forged.grant);
    return this.pieceOf("grant", grant, bytes, forged.signers ?? [this.people.ann]);
  }

  async pieceOf(
    kind: Piece["kind"],
    payload: object,
    manifest: Bytes,
    signers: readonly Signer[],
    type: Parameters<typeof signEnvelope>[0] = `farhand-${kind}+jws`,
  ): Promise<Piece> {
    const authority = await signEnvelope(type, payload, signers);
    return { kind, authority, authorityDigest: sha256(jcs(payload)), manifest };
  }

  #manifest(tasks: TaskSpec[], { manifest }: Forged): { bytes: Bytes; digest: Digest } {
    const salt = Buffer.alloc(16);
    salt.writeUInt32BE(this.next());
    return makeManifest(this.site.org, { tasks, salt: toBase64url(salt), ...manifest });
  }

  /** The offer and the manifest, vouched for by the hub's own key. */
  async offer(piece: Piece, over: Partial<Offer> = {}, vouches: Signer = this.site.org.hub): Promise<Bytes[]> {
    const iat = this.now();
    const payload = makeOffer(this.site.org, {
      manifest: sha256(piece.manifest),
      authority: { kind: piece.kind, sha256: piece.authorityDigest },
      nonce: this.site.hub.nonce,
      sequence: ++this.#sequence,
      fence: this.nextFence(),
      iat,
      exp: iat + 300,
      ...over,
    });
    return this.frames(await signEnvelope("farhand-offer+jws", payload, [vouches]), piece, payload.manifest);
  }

  frames(offer: Envelope, piece: Piece, manifest: Digest = sha256(piece.manifest)): Bytes[] {
    return [
      encodeDown("offer", { offer, authority: piece.authority, manifestBytes: piece.manifest.length }),
      encodeDown("manifest", { sha256: manifest }, piece.manifest),
    ];
  }

  get usedSequence(): number {
    return Math.max(1, this.random.integer(1, Math.max(1, this.#sequence)));
  }

  async cancel(over: Partial<Cancel>, vouches: Signer = this.site.org.hub): Promise<Bytes> {
    const payload: Cancel = {
      type: "cancel",
      v: 1,
      org: id.org,
      hub: this.site.org.trust.hubId,
      agent: id.agentAms,
      manifest: sha256(`cancel ${this.next()}`),
      attempt: 1,
      generation: 1,
      reason: "because",
      iat: this.now(),
      ...over,
    };
    return encodeDown("cancel", { cancel: await signEnvelope("farhand-cancel+jws", payload, [vouches]) });
  }

  /** A text that stands under another's name at this hub. */
  swappedText(): { sha256: Digest; bytes: number } {
    const digest = sha256(`swapped ${this.next()}`);
    this.site.hub.texts.set(digest, utf8("another text"));
    return { sha256: digest, bytes: 12 };
  }
}
