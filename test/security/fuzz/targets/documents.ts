/** One valid document of each kind that somebody signs, with its schema and its signers. */
import type { z } from "zod";
import { sha256, toBase64url } from "../../../../shared/bytes.ts";
import { Admission } from "../../../../shared/documents/admission.ts";
import { Adoption } from "../../../../shared/documents/adoption.ts";
import { Agents } from "../../../../shared/documents/agents.ts";
import { Breakglass } from "../../../../shared/documents/breakglass.ts";
import { BundleIndex } from "../../../../shared/documents/bundle.ts";
import { Checkpoint } from "../../../../shared/documents/checkpoint.ts";
import { SealedCredential } from "../../../../shared/documents/credential.ts";
import { Grant } from "../../../../shared/documents/grant.ts";
import { Hold } from "../../../../shared/documents/hold.ts";
import { Inventory } from "../../../../shared/documents/inventory.ts";
import { Keys } from "../../../../shared/documents/keys.ts";
import { Cancel, Offer } from "../../../../shared/documents/offer.ts";
import { Readmission } from "../../../../shared/documents/readmission.ts";
import { PlanReceipt, Receipt } from "../../../../shared/documents/receipt.ts";
import { Stage, Warrant } from "../../../../shared/documents/warrant.ts";
import { envelopeBytes, signEnvelope, type EnvelopeType } from "../../../../shared/envelope.ts";
import type { DeviceId, JobId, PersonId } from "../../../../shared/ids.ts";
import type { Signer } from "../../../../shared/keys.ts";
import { receiptDocument } from "../../../../shared/testing/audit.ts";
import {
  agentOf,
  id,
  makeBreakglass,
  makeGrant,
  makeManifest,
  makeOffer,
  makeOrg,
  makeWarrant,
  NO_DIGEST,
  TEST_NOW_SECONDS,
  type TestOrg,
} from "../../../../shared/testing/org.ts";

export interface Sample {
  readonly type: EnvelopeType;
  readonly schema: z.ZodType;
  readonly document: unknown;
  readonly signers: readonly Signer[];
}

const EPOCH = "0".repeat(32);
const NONCE = toBase64url(new Uint8Array(32).fill(7));
const from = TEST_NOW_SECONDS;

let made: Promise<TestOrg> | undefined;
/** One for all targets of a process: making it costs more than a hundred inputs. */
export const theOrg = (): Promise<TestOrg> => (made ??= makeOrg());

export function documentsOf(org: TestOrg): readonly Sample[] {
  const { ann, bob, kim, oli } = org.people;
  const agent = agentOf(org).signer;
  const place = { org: id.org, site: id.ams, agent: id.agentAms };
  const bundle = {
    v: 1,
    ...place,
    number: 2,
    prev: NO_DIGEST,
    seen: { number: 1, sha256: NO_DIGEST },
    iat: from,
    exp: from + 86_400,
  };
  const entry = { kind: "text", sha256: sha256("a"), bytes: 1 };
  const of = (name: string, schema: z.ZodType, document: unknown, ...signers: readonly Signer[]): Sample => ({
    type: `farhand-${name}+jws` as EnvelopeType,
    schema,
    document,
    signers,
  });
  const manifest = makeManifest(org).digest;
  const offer = makeOffer(org, { manifest, authority: { kind: "warrant", sha256: NO_DIGEST }, nonce: NONCE as never });
  return [
    of("warrant", Warrant, makeWarrant(org, [manifest, NO_DIGEST]), ann, bob),
    of("grant", Grant, makeGrant(org, { schedule: [{ kind: "collect", everySeconds: 3600, offsetSeconds: 60 }] }), ann),
    of(
      "stage",
      Stage,
      {
        type: "stage",
        v: 1,
        org: id.org,
        job: "job-1",
        author: id.ann,
        inventory: NO_DIGEST,
        manifest,
        iat: from,
        nbf: from,
        exp: from + 60,
      },
      ann,
    ),
    of("offer", Offer, offer, org.hub),
    of(
      "cancel",
      Cancel,
      {
        type: "cancel",
        v: 1,
        org: id.org,
        hub: "hub-1",
        agent: id.agentAms,
        manifest,
        attempt: 1,
        generation: 1,
        reason: "no",
        iat: from,
      },
      org.hub,
    ),
    of("plan", PlanReceipt, planDocument(manifest), agent),
    of("receipt", Receipt, receiptDocument({ tasks: [outcome] }), agent),
    of("keys", Keys, org.trust.keys.document, kim),
    of("agents", Agents, org.agentsDocument.document, kim),
    of("inventory", Inventory, org.inventory.inventory.document, kim),
    of("breakglass", Breakglass, makeBreakglass(org), ann, bob),
    of(
      "hold",
      Hold,
      {
        type: "hold",
        v: 1,
        org: id.org,
        site: id.ams,
        device: "ams-r1",
        owner: id.bob,
        reason: "hands off",
        generation: 1,
        held: true,
        iat: from,
        exp: null,
      },
      bob,
    ),
    of(
      "adoption",
      Adoption,
      {
        type: "adoption",
        v: 1,
        org: id.org,
        site: id.ams,
        device: "ams-r1",
        owner: id.bob,
        reason: "by hand",
        config: NO_DIGEST,
        from: null,
        iat: from,
      },
      bob,
    ),
    of(
      "readmission",
      Readmission,
      {
        type: "readmission",
        v: 1,
        org: id.org,
        agent: id.agentAms,
        epoch: EPOCH,
        reason: "restored",
        iat: from,
        exp: from + 60,
      },
      kim,
    ),
    of(
      "credential",
      SealedCredential,
      {
        type: "credential",
        v: 1,
        sender: "kim" as PersonId,
        iat: from,
        context: { ...place, kind: "secret", name: "radius", version: 3, exp: from + 60 },
        jwe: "{}",
      },
      kim,
    ),
    of(
      "checkpoint",
      Checkpoint,
      { type: "checkpoint", v: 1, org: id.org, hub: "hub-1", epoch: 1, size: 3, root: NO_DIGEST, at: from },
      org.hub,
    ),
    of(
      "bundle",
      BundleIndex,
      {
        type: "bundle",
        ...bundle,
        entries: [entry],
        direction: "in",
        work: [],
        acks: { epoch: EPOCH, lanes: [{ lane: "receipt", acked: 3, released: 2 }] },
      },
      org.hub,
    ),
    of(
      "admission",
      Admission,
      { type: "admission", v: 1, ...place, operator: id.oli, bundle: NO_DIGEST, iat: from, attestsTime: true },
      oli,
    ),
  ];
}

const text = { sha256: NO_DIGEST, bytes: 0 };
const snapshot = { public: text, keyGeneration: 1, sealed: null, notRestorable: "no" };
const outcome: Receipt["tasks"][number] = {
  device: "ams-r1" as DeviceId,
  state: "DONE",
  code: null,
  detail: null,
  startedAt: from,
  endedAt: from + 1,
  before: snapshot,
  after: snapshot,
  diff: text,
  transcript: text,
  output: null,
  level: "B",
  evidence: "recorded",
  verified: [{ command: "show version", ok: true }],
  applies: 1,
};

function planDocument(manifest: PlanReceipt["manifest"]): PlanReceipt {
  return {
    type: "plan",
    v: 1,
    org: id.org,
    site: id.ams,
    agent: id.agentAms,
    prev: null,
    epoch: EPOCH,
    index: 1,
    checkpoint: null,
    job: "job-1" as JobId,
    manifest,
    inventory: NO_DIGEST,
    at: from,
    devices: [
      {
        device: "ams-r1" as DeviceId,
        ok: true,
        platform: id.iosxe,
        platformDigest: NO_DIGEST,
        mode: "merge",
        source: { kind: "text" },
        text,
        preImage: snapshot,
        diff: text,
        commands: text,
        level: "B",
        undoCost: { kind: "in-place" },
        evidence: "recorded",
        touchesManagement: false,
        warnings: [{ code: "WARN_ME", detail: "of something" }],
        hints: [],
      },
      { device: "ams-r2" as DeviceId, ok: false, code: "CONNECT_TIMEOUT", detail: "no answer" },
    ],
  };
}

export const signedBytes = async (sample: Sample): Promise<Uint8Array> =>
  envelopeBytes(await signEnvelope(sample.type, sample.document, sample.signers));
