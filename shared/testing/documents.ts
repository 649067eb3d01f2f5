/**
 * One of each signed document, with every member that one can have and every kind of part: not signed by anybody, for tests of what a
 * document may look like.
 */
import type { z } from "zod";
import { Admission } from "../documents/admission.ts";
import { Adoption } from "../documents/adoption.ts";
import { Agents } from "../documents/agents.ts";
import { Breakglass } from "../documents/breakglass.ts";
import { BundleIndex } from "../documents/bundle.ts";
import { Checkpoint } from "../documents/checkpoint.ts";
import { SealedCredential } from "../documents/credential.ts";
import { Grant } from "../documents/grant.ts";
import { Hold } from "../documents/hold.ts";
import { HostKeysSeen } from "../documents/host-keys.ts";
import { Inventory } from "../documents/inventory.ts";
import { Keys } from "../documents/keys.ts";
import { Manifest } from "../documents/manifest.ts";
import { Cancel, Offer } from "../documents/offer.ts";
import { Readmission } from "../documents/readmission.ts";
import { PlanReceipt, Receipt } from "../documents/receipt.ts";
import { SharedSiteKey } from "../documents/site-key.ts";
import { Stage, Warrant } from "../documents/warrant.ts";

export interface Sample {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly value: Readonly<Record<string, unknown>>;
}

const sha256 = "a".repeat(64);
const key = "A".repeat(43);
const at = 1_800_000_000;
const text = { sha256, bytes: 3 };
const hands = { v: 1, org: "acme", site: "ams", device: "ams-r1", owner: "ann" };
const validity = { iat: at, nbf: at, exp: at + 3600 };
const policy = { id: "default", version: 1 };
const place = { org: "acme", site: "ams", agent: "agent-ams" };
const authority = { kind: "warrant", sha256 };
const verify = [{ command: "show version", contains: ["a"], absent: ["b"], withinMs: 0 }];
const snapshot = { public: text, keyGeneration: 1, sealed: sha256, notRestorable: null };
const rule = { approvers: 1, onePerson: false };
const hostKeys = [{ algorithm: "ssh-ed25519", publicKey: "AAAA" }];
const reached = { address: "192.0.2.1", port: 22, hostKeys, algorithms: "modern", credential: "lab" };
const bundle = {
  type: "bundle",
  v: 1,
  ...place,
  number: 2,
  prev: sha256,
  seen: { number: 1, sha256 },
  iat: at,
  exp: at + 3600,
};
const chain = { ...place, prev: null, epoch: "0".repeat(32), index: 1, checkpoint: null };
const sealed = { kind: "sealed", public: sha256, keyGeneration: 1 };
const planned = { mode: "merge", text, diff: text, commands: text, level: "B", evidence: "recorded" };
const manifest = (task: Readonly<Record<string, unknown>>) => ({
  type: "manifest",
  v: 1,
  org: "acme",
  salt: "A".repeat(22),
  job: "job-1",
  site: "ams",
  agents: ["agent-ams"],
  inventory: sha256,
  platforms: { cisco_iosxe: sha256 },
  deadlines: { connectMs: 5000, commandMs: 10_000, taskMs: 120_000, jobMs: 600_000, confirmMs: 120_000 },
  outputBytesMax: 10_000_000,
  tasks: [{ device: "ams-r1", ...task }],
});
const change = {
  kind: "change",
  ...planned,
  drift: "exact",
  preImage: sha256,
  keyGeneration: 1,
  touchesManagement: false,
  verify,
  plan: sha256,
};

export const SAMPLES: readonly Sample[] = [
  {
    name: "admission",
    schema: Admission,
    value: {
      type: "admission",
      v: 1,
      ...place,
      operator: "sam",
      bundle: sha256,
      iat: at,
      attestsTime: true,
    },
  },
  {
    name: "agents",
    schema: Agents,
    value: {
      type: "agents",
      v: 1,
      org: "acme",
      version: 1,
      agents: [{ id: "agent-ams", site: "ams", kid: key, signKey: key, boxKey: key, status: "banned", reason: "lost" }],
    },
  },
  {
    name: "break-glass",
    schema: Breakglass,
    value: {
      type: "breakglass",
      v: 1,
      org: "acme",
      id: "night",
      author: "ann",
      policy,
      keysVersion: 1,
      site: "ams",
      agents: ["agent-ams"],
      oncall: ["oli"],
      useSecondsMax: 3600,
      reason: "night",
      ...validity,
    },
  },
  {
    name: "inbound bundle",
    schema: BundleIndex,
    value: {
      ...bundle,
      direction: "in",
      entries: [
        { kind: "trust", sha256, bytes: 3, role: "keys" },
        { kind: "text", sha256, bytes: 3 },
      ],
      work: [{ authority, envelope: sha256, manifest: sha256, attempt: 1, sequence: 1, fence: 1 }],
      acks: { epoch: chain.epoch, lanes: [{ lane: "receipt", acked: 1, released: 1 }] },
    },
  },
  {
    name: "outbound bundle",
    schema: BundleIndex,
    value: {
      ...bundle,
      direction: "out",
      entries: [],
      epoch: chain.epoch,
      lanes: [{ lane: "receipt", first: 1, last: 1 }],
    },
  },
  {
    name: "brought bundle",
    schema: BundleIndex,
    value: {
      type: "bundle",
      v: 1,
      ...place,
      iat: at,
      exp: at + 3600,
      direction: "breakglass",
      entries: [],
      oncall: "oli",
      breakglass: sha256,
      work: { authority, envelope: sha256, manifest: sha256 },
    },
  },
  {
    name: "checkpoint",
    schema: Checkpoint,
    value: { type: "checkpoint", v: 1, org: "acme", hub: "hub-1", epoch: 1, size: 1, root: sha256, at },
  },
  {
    name: "credential",
    schema: SealedCredential,
    value: {
      type: "credential",
      v: 1,
      sender: "kim",
      iat: at,
      context: { ...place, kind: "credential", name: "lab", version: 1, exp: at + 3600 },
      jwe: "sealed",
    },
  },
  {
    name: "grant",
    schema: Grant,
    value: {
      type: "grant",
      v: 1,
      org: "acme",
      id: "reads",
      author: "ann",
      policy,
      keysVersion: 1,
      sites: ["ams"],
      selectors: [{ devices: ["ams-r1"], platforms: ["cisco_iosxe"], tags: { role: "edge" } }],
      kinds: ["collect"],
      commands: ["show version"],
      rate: { devicesPerMinute: 10 },
      schedule: [{ kind: "collect", everySeconds: 86_400, offsetSeconds: 7200 }],
      inventory: sha256,
      ...validity,
    },
  },
  {
    name: "hold",
    schema: Hold,
    value: { type: "hold", ...hands, reason: "hands off", generation: 1, held: true, iat: at, exp: null },
  },
  {
    name: "adoption",
    schema: Adoption,
    value: { type: "adoption", ...hands, reason: "by hand at night", config: sha256, from: null, iat: at },
  },
  {
    name: "host keys as a device showed them",
    schema: HostKeysSeen,
    value: {
      type: "host-keys",
      v: 1,
      device: "ams-r1",
      address: "192.0.2.1",
      port: 22,
      inventory: sha256,
      keys: hostKeys,
    },
  },
  {
    name: "inventory",
    schema: Inventory,
    value: {
      type: "inventory",
      v: 1,
      org: "acme",
      version: 1,
      sites: [{ id: "ams", wayHome: ["ams-r1"], parallel: 8 }],
      devices: [
        {
          id: "ams-r1",
          site: "ams",
          platform: "cisco_iosxe",
          ...reached,
          via: "jump",
          serial: null,
          tags: { role: "edge" },
        },
      ],
      hops: [{ id: "jump", site: "ams", ...reached, credential: "jump", parallel: 8 }],
    },
  },
  {
    name: "keys",
    schema: Keys,
    value: {
      type: "keys",
      v: 1,
      org: "acme",
      version: 1,
      exp: at,
      people: [
        { id: "ann", name: "Ann", keys: [{ kid: key, publicKey: key }], roles: [{ role: "author", sites: ["*"] }] },
      ],
      hub: { id: "hub-1", keys: [{ kid: key, publicKey: key }], evidence: key },
      policies: [
        {
          id: "default",
          version: 1,
          rules: { read: rule, change: rule, destructive: rule },
          warrantLifetimeSecondsMax: 180 * 86_400,
          airGapped: true,
          refusedLoginsMax: 3,
        },
      ],
      sitePolicies: [{ site: "*", policy: "default" }],
      revoked: [{ kid: key, reason: "left", at }],
      recovery: key,
    },
  },
  { name: "manifest of collect", schema: Manifest, value: manifest({ kind: "collect" }) },
  { name: "manifest of check", schema: Manifest, value: manifest({ kind: "check" }) },
  { name: "manifest of run", schema: Manifest, value: manifest({ kind: "run", commands: ["show version"] }) },
  {
    name: "manifest of plan",
    schema: Manifest,
    value: manifest({ kind: "plan", mode: "merge", source: { kind: "text" }, text, verify }),
  },
  {
    name: "manifest of a change, in place",
    schema: Manifest,
    value: manifest({ ...change, source: { kind: "text" }, undoCost: { kind: "in-place" } }),
  },
  {
    name: "manifest of a restore, by a reboot",
    schema: Manifest,
    value: manifest({ ...change, source: sealed, undoCost: { kind: "reboot", minutes: 5 } }),
  },
  {
    name: "manifest of a change that drops sessions",
    schema: Manifest,
    value: manifest({ ...change, source: { kind: "text" }, undoCost: { kind: "sessions-lost" } }),
  },
  {
    name: "manifest of a rotation, made",
    schema: Manifest,
    value: manifest({ kind: "rotate", credential: "lab", password: { kind: "made", length: 32 } }),
  },
  {
    name: "manifest of a rotation, sent",
    schema: Manifest,
    value: manifest({ kind: "rotate", credential: "lab", password: { kind: "sent", secret: "next" } }),
  },
  {
    name: "manifest of a reveal",
    schema: Manifest,
    value: manifest({ kind: "reveal", sealed: text, public: sha256, person: "ann", to: key, reason: "to look" }),
  },
  {
    name: "offer",
    schema: Offer,
    value: {
      type: "offer",
      v: 1,
      org: "acme",
      hub: "hub-1",
      agent: "agent-ams",
      authority,
      manifest: sha256,
      attempt: 1,
      sequence: 1,
      fence: 1,
      nonce: key,
      iat: at,
      exp: at + 600,
    },
  },
  {
    name: "cancel",
    schema: Cancel,
    value: {
      type: "cancel",
      v: 1,
      org: "acme",
      hub: "hub-1",
      agent: "agent-ams",
      manifest: sha256,
      attempt: 1,
      generation: 1,
      reason: "",
      iat: at,
    },
  },
  {
    name: "readmission",
    schema: Readmission,
    value: {
      type: "readmission",
      v: 1,
      org: "acme",
      agent: "agent-ams",
      epoch: chain.epoch,
      reason: "restored",
      iat: at,
      exp: at + 3600,
    },
  },
  {
    name: "plan receipt",
    schema: PlanReceipt,
    value: {
      type: "plan",
      v: 1,
      ...chain,
      job: "job-1",
      manifest: sha256,
      inventory: sha256,
      at,
      devices: [
        {
          device: "ams-r1",
          ok: true,
          platform: "cisco_iosxe",
          platformDigest: sha256,
          ...planned,
          source: { kind: "text" },
          preImage: snapshot,
          undoCost: { kind: "in-place" },
          touchesManagement: false,
          warnings: [{ code: "WARNING", detail: "" }],
          hints: [{ code: "HINT", detail: "" }],
        },
        { device: "ams-r2", ok: false, code: "INTERNAL", detail: "" },
      ],
    },
  },
  {
    name: "receipt",
    schema: Receipt,
    value: {
      type: "receipt",
      v: 1,
      ...chain,
      job: "job-1",
      manifest: sha256,
      attempt: 1,
      fence: 1,
      authority,
      signers: ["ann"],
      persons: 1,
      breakglass: { id: "night", sha256, reason: "night" },
      outcome: "SUCCEEDED",
      code: null,
      startedAt: at,
      endedAt: at,
      tasks: [
        {
          device: "ams-r1",
          state: "DONE",
          code: null,
          detail: null,
          startedAt: at,
          endedAt: at,
          before: snapshot,
          after: snapshot,
          diff: text,
          transcript: text,
          output: text,
          level: "B",
          evidence: "recorded",
          verified: [{ command: "show version", ok: true }],
          applies: 1,
        },
      ],
    },
  },
  {
    name: "warrant",
    schema: Warrant,
    value: {
      type: "warrant",
      v: 1,
      org: "acme",
      job: "job-1",
      kind: "change",
      title: "a change",
      reason: "because",
      author: "ann",
      policy,
      keysVersion: 1,
      inventory: sha256,
      risk: "change",
      sites: ["ams"],
      ...validity,
      attemptsMax: 1,
      breakglass: sha256,
      accepts: { levelE: [], simulatedEvidence: [] },
      waves: [{ notBefore: at, manifests: [0] }],
      manifests: [sha256],
    },
  },
  {
    name: "site-key",
    schema: SharedSiteKey,
    value: {
      type: "site-key",
      v: 1,
      org: "acme",
      site: "ams",
      from: "agent-ams",
      to: "agent-ams-2",
      iat: at,
      generation: 1,
      sealed: "c2VhbGVk",
    },
  },
  {
    name: "stage",
    schema: Stage,
    value: {
      type: "stage",
      v: 1,
      org: "acme",
      job: "job-1",
      author: "ann",
      inventory: sha256,
      manifest: sha256,
      ...validity,
    },
  },
];
