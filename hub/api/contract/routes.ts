import { createRoute, z } from "@hono/zod-openapi";
import { AuditEntry } from "../../../shared/audit/entry.ts";
import { Envelope } from "../../../shared/envelope.ts";
import { AgentId, BreakglassId, DeviceId, Digest, GrantId, JobId, PlatformId, SiteId } from "../../../shared/ids.ts";
import { Grant } from "../../../shared/documents/grant.ts";
import { BoxPublicKey, SEALED_CHALLENGE_MAX, SigningPublicKey } from "../../../shared/keys.ts";
import { JobState } from "../../../shared/states.ts";
import { TrustFile, TrustVersions } from "../../../shared/tuf/file.ts";
import {
  AgentView,
  BreakglassView,
  BaselineView,
  DeviceView,
  ErrorBody,
  JobRequest,
  JobSummary,
  JobView,
  ReceiptRecord,
  SecretView,
  SentSecretView,
  SiteView,
  SnapshotView,
  WarrantBundle,
} from "./views.ts";

/** The whole HTTP surface: server, client and OpenAPI document are made from these. A route that is not here is 404. */
type Schema = z.ZodType;

const json = <S extends Schema>(schema: S, description: string) => ({
  description,
  content: { "application/json": { schema } },
});
const errors = {
  400: json(ErrorBody, "The request is not understood"),
  401: json(ErrorBody, "No valid token"),
  403: json(ErrorBody, "Not allowed"),
  404: json(ErrorBody, "Not found"),
  409: json(ErrorBody, "In a state that does not allow this"),
  413: json(ErrorBody, "Too large"),
  429: json(ErrorBody, "Too many requests"),
  500: json(ErrorBody, "A fault of Farhand's"),
} as const;
const body = <S extends Schema>(schema: S) => ({
  body: { required: true, content: { "application/json": { schema } } },
});
const bearer = [{ bearer: [] as string[] }];
const page = {
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  after: z.string().max(200).optional(),
} as const;
const span = {
  from: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
} as const;

/** A document that people signed, stored once it is verified. */
const putSigned = <P extends string, S extends Schema>(path: P, stored: S) =>
  createRoute({
    method: "put",
    path,
    security: bearer,
    request: body(Envelope),
    responses: { 200: json(stored, "Stored after verification"), ...errors },
  });

export const routes = {
  enrolChallenge: createRoute({
    method: "post",
    path: "/api/v1/enrol/challenge",
    request: body(z.strictObject({ boxKey: BoxPublicKey })),
    responses: {
      200: json(
        z.strictObject({
          nonce: z.string(),
          /** A secret as a compact JWE to the box key: who opens it holds the key. */
          sealed: z.string().max(SEALED_CHALLENGE_MAX),
        }),
        "A nonce, good for one enrolment with this box key",
      ),
      ...errors,
    },
  }),
  enrol: createRoute({
    method: "post",
    path: "/api/v1/enrol",
    request: body(
      z.strictObject({
        token: z.string().max(64),
        nonce: z.string().max(64),
        agent: AgentId,
        site: SiteId,
        signKey: SigningPublicKey,
        boxKey: BoxPublicKey,
        /** Ed25519 by signKey over JCS {agent, boxKey, nonce, signKey, site, token}. */
        signature: z.string().length(86),
        /** base64url HMAC-SHA-256 of the same bytes under the token's secret, which itself never travels. */
        mac: z.string().length(43),
        /** The same under the secret that the challenge sealed to boxKey. */
        boxMac: z.string().length(43),
      }),
    ),
    responses: { 200: json(z.strictObject({ trust: TrustFile }), "Pending until countersigned"), ...errors },
  }),
  status: createRoute({
    method: "get",
    path: "/api/v1/status",
    security: bearer,
    responses: {
      200: json(
        z.strictObject({
          org: z.string(),
          hub: z.string(),
          version: z.string(),
          /** Of the trust repository; null before the first set was published. */
          trust: TrustVersions.nullable(),
          /** The first of its roles ends then. */
          trustExpiresMs: z.int().nullable(),
          inventory: Digest.nullable(),
          startedMs: z.int(),
        }),
        "This hub",
      ),
      ...errors,
    },
  }),
  getTrust: createRoute({
    method: "get",
    path: "/api/v1/trust",
    security: bearer,
    responses: {
      200: json(TrustFile, "The trust repository: every root, and the newest signed files, byte for byte"),
      ...errors,
    },
  }),
  putTrust: createRoute({
    method: "put",
    path: "/api/v1/trust",
    security: bearer,
    request: body(TrustFile),
    responses: {
      200: json(TrustVersions, "In force, all of it, and sent to the agents"),
      ...errors,
    },
  }),
  invite: createRoute({
    method: "post",
    path: "/api/v1/invites",
    security: bearer,
    request: body(z.strictObject({ agent: AgentId, site: SiteId })),
    responses: {
      200: json(
        z.strictObject({ id: z.string(), secret: z.string(), url: z.string(), ca: z.string(), expiresMs: z.int() }),
        "Parts of a join token; shown once",
      ),
      ...errors,
    },
  }),
  kickAgent: createRoute({
    method: "post",
    path: "/api/v1/agents/{id}/kick",
    security: bearer,
    request: { params: z.object({ id: AgentId }) },
    responses: { 200: json(z.strictObject({ live: z.boolean() }), "Whether there was a session to close"), ...errors },
  }),
  listAgents: createRoute({
    method: "get",
    path: "/api/v1/agents",
    security: bearer,
    responses: { 200: json(z.strictObject({ agents: z.array(AgentView) }), "Agents"), ...errors },
  }),
  listSites: createRoute({
    method: "get",
    path: "/api/v1/sites",
    security: bearer,
    responses: { 200: json(z.strictObject({ sites: z.array(SiteView) }), "Sites"), ...errors },
  }),
  listDevices: createRoute({
    method: "get",
    path: "/api/v1/devices",
    security: bearer,
    request: {
      query: z.strictObject({
        ...page,
        site: SiteId.optional(),
        platform: PlatformId.optional(),
        tag: z.string().max(320).optional(),
      }),
    },
    responses: {
      200: json(z.strictObject({ devices: z.array(DeviceView), next: z.string().nullable() }), "Devices"),
      ...errors,
    },
  }),
  getDevice: createRoute({
    method: "get",
    path: "/api/v1/devices/{id}",
    security: bearer,
    request: { params: z.strictObject({ id: DeviceId }) },
    responses: { 200: json(DeviceView, "One device"), ...errors },
  }),
  /** A keyadmin's word for an agent in quarantine: the signed document. */
  putReadmission: putSigned("/api/v1/readmissions", z.strictObject({ agent: AgentId })),
  /** Hands off a device, or the end of that: the signed document. */
  putHold: putSigned("/api/v1/holds", z.strictObject({ device: DeviceId, held: z.boolean() })),
  getHold: createRoute({
    method: "get",
    path: "/api/v1/devices/{id}/hold",
    security: bearer,
    request: { params: z.strictObject({ id: DeviceId }) },
    responses: {
      200: json(z.strictObject({ envelope: Envelope.nullable() }), "The newest that a person signed, whatever it says"),
      ...errors,
    },
  }),
  /** Out-of-band configuration is as it should be: the signed document. */
  putAdoption: putSigned("/api/v1/adoptions", z.strictObject({ device: DeviceId, config: Digest })),
  deviceHistory: createRoute({
    method: "get",
    path: "/api/v1/devices/{id}/history",
    security: bearer,
    request: { params: z.strictObject({ id: DeviceId }), query: z.strictObject(page) },
    responses: {
      200: json(
        z.strictObject({
          snapshots: z.array(SnapshotView),
          next: z.string().nullable(),
          baseline: BaselineView.nullable(),
          adoptions: z.array(BaselineView),
        }),
        "Newest first",
      ),
      ...errors,
    },
  }),
  /** The body is the bytes; the answer names them. */
  putBlob: createRoute({
    method: "post",
    path: "/api/v1/blobs",
    security: bearer,
    request: { body: { required: true, content: { "application/octet-stream": { schema: z.any() } } } },
    responses: { 200: json(z.strictObject({ sha256: Digest, bytes: z.int() }), "Stored"), ...errors },
  }),
  getBlob: createRoute({
    method: "get",
    path: "/api/v1/blobs/{sha256}",
    security: bearer,
    request: { params: z.strictObject({ sha256: Digest }) },
    responses: {
      200: { description: "The bytes, as an attachment", content: { "application/octet-stream": { schema: z.any() } } },
      ...errors,
    },
  }),
  /** The body is the file. */
  exportBundle: createRoute({
    method: "post",
    path: "/api/v1/agents/{id}/bundles",
    security: bearer,
    request: {
      params: z.strictObject({ id: AgentId }),
      ...body(z.strictObject({ days: z.int().min(1).max(180).default(30) })),
    },
    responses: {
      200: { description: "A bundle for this agent", content: { "application/octet-stream": { schema: z.any() } } },
      ...errors,
    },
  }),
  importBundle: createRoute({
    method: "post",
    path: "/api/v1/bundles",
    security: bearer,
    request: { body: { required: true, content: { "application/octet-stream": { schema: z.any() } } } },
    responses: {
      200: json(
        z.strictObject({
          agent: AgentId,
          number: z.int(),
          sha256: Digest,
          records: z.int(),
          missing: z.strictObject({ first: z.int(), last: z.int() }).nullable(),
          unacknowledged: z.strictObject({ first: z.int(), last: z.int() }).nullable(),
          lanes: z.array(z.strictObject({ lane: z.string(), first: z.int(), last: z.int() })),
        }),
        "Evidence of an agent, taken in",
      ),
      ...errors,
    },
  }),
  putSecret: createRoute({
    method: "put",
    path: "/api/v1/secrets",
    security: bearer,
    request: body(Envelope),
    responses: { 200: json(SentSecretView, "Kept as it is sealed, until its agent has taken it"), ...errors },
  }),
  listSecrets: createRoute({
    method: "get",
    path: "/api/v1/secrets",
    security: bearer,
    responses: {
      200: json(z.strictObject({ secrets: z.array(SecretView) }), "Names and versions, never values"),
      ...errors,
    },
  }),
  putGrant: createRoute({
    method: "put",
    path: "/api/v1/grants",
    security: bearer,
    request: body(Envelope),
    responses: { 200: json(z.strictObject({ id: GrantId, sha256: Digest }), "Stored after verification"), ...errors },
  }),
  listGrants: createRoute({
    method: "get",
    path: "/api/v1/grants",
    security: bearer,
    responses: {
      200: json(
        z.strictObject({ grants: z.array(z.strictObject({ sha256: Digest, grant: Grant, envelope: Envelope })) }),
        "Grants",
      ),
      ...errors,
    },
  }),
  putBreakglass: createRoute({
    method: "put",
    path: "/api/v1/breakglass",
    security: bearer,
    request: body(Envelope),
    responses: {
      200: json(z.strictObject({ id: BreakglassId, sha256: Digest }), "Stored after verification"),
      ...errors,
    },
  }),
  listBreakglass: createRoute({
    method: "get",
    path: "/api/v1/breakglass",
    security: bearer,
    responses: {
      200: json(z.strictObject({ breakglass: z.array(BreakglassView) }), "Newest first, with what they were used for"),
      ...errors,
    },
  }),
  submitJob: createRoute({
    method: "post",
    path: "/api/v1/jobs",
    security: bearer,
    request: { ...body(JobRequest), headers: z.object({ "idempotency-key": z.string().max(128).optional() }) },
    responses: { 201: json(JobView, "Accepted: it is on disk"), ...errors },
  }),
  listJobs: createRoute({
    method: "get",
    path: "/api/v1/jobs",
    security: bearer,
    request: { query: z.strictObject({ ...page, state: JobState.optional() }) },
    responses: {
      200: json(z.strictObject({ jobs: z.array(JobSummary), next: z.string().nullable() }), "Newest first"),
      ...errors,
    },
  }),
  getJob: createRoute({
    method: "get",
    path: "/api/v1/jobs/{id}",
    security: bearer,
    request: { params: z.strictObject({ id: JobId }) },
    responses: { 200: json(JobView, "One job"), ...errors },
  }),
  getWarrant: createRoute({
    method: "get",
    path: "/api/v1/jobs/{id}/warrant",
    security: bearer,
    request: { params: z.strictObject({ id: JobId }) },
    responses: { 200: json(WarrantBundle, "What is to be signed, and what it follows from"), ...errors },
  }),
  addSignatures: createRoute({
    method: "post",
    path: "/api/v1/jobs/{id}/signatures",
    security: bearer,
    request: { params: z.strictObject({ id: JobId }), ...body(Envelope) },
    responses: { 200: json(JobView, "Signatures that hold were added"), ...errors },
  }),
  cancelJob: createRoute({
    method: "post",
    path: "/api/v1/jobs/{id}/cancel",
    security: bearer,
    request: { params: z.strictObject({ id: JobId }), ...body(z.strictObject({ reason: z.string().max(500) })) },
    responses: { 200: json(JobView, "Canceled, or being canceled"), ...errors },
  }),
  takeOver: createRoute({
    method: "post",
    path: "/api/v1/jobs/{id}/takeover",
    security: bearer,
    request: {
      params: z.strictObject({ id: JobId }),
      ...body(z.strictObject({ agent: AgentId, reason: z.string().min(1).max(400) })),
    },
    responses: { 200: json(JobView, "What the agent named as a standby has now"), ...errors },
  }),
  listReceipts: createRoute({
    method: "get",
    path: "/api/v1/jobs/{id}/receipts",
    security: bearer,
    request: { params: z.strictObject({ id: JobId }) },
    responses: { 200: json(z.strictObject({ receipts: z.array(Envelope) }), "Agent-signed outcomes"), ...errors },
  }),
  /** text/event-stream of StreamEvent. */
  events: createRoute({
    method: "get",
    path: "/api/v1/events",
    security: bearer,
    request: { query: z.strictObject({ job: JobId.optional(), after: z.coerce.number().int().min(0).optional() }) },
    responses: {
      200: { description: "Server-sent events", content: { "text/event-stream": { schema: z.any() } } },
      ...errors,
    },
  }),
  /** The audit log, newest first. */
  listAudit: createRoute({
    method: "get",
    path: "/api/v1/audit",
    security: bearer,
    request: {
      query: z.strictObject({
        ...page,
        actor: z.string().max(200).optional(),
        action: z.string().max(100).optional(),
        decision: z.enum(["allowed", "refused"]).optional(),
        sinceMs: z.coerce.number().int().min(0).optional(),
      }),
    },
    responses: {
      200: json(
        z.strictObject({
          entries: z.array(AuditEntry),
          next: z.string().nullable(),
          /** Entries in the log, and what the hub signed last about it. */
          size: z.int(),
          checkpoint: Envelope.nullable(),
        }),
        "Newest first",
      ),
      ...errors,
    },
  }),
  /** For an export: entries in the order of the log. */
  auditEntries: createRoute({
    method: "get",
    path: "/api/v1/audit/entries",
    security: bearer,
    request: { query: z.strictObject(span) },
    responses: { 200: json(z.strictObject({ entries: z.array(AuditEntry) }), "Entries in order"), ...errors },
  }),
  /** Checkpoints over more than `from` entries. */
  auditCheckpoints: createRoute({
    method: "get",
    path: "/api/v1/audit/checkpoints",
    security: bearer,
    request: { query: z.strictObject(span) },
    responses: { 200: json(z.strictObject({ checkpoints: z.array(Envelope) }), "Signed by the hub"), ...errors },
  }),
  /** Every receipt of every agent, in the order in which they came; `from` is how many to leave out. */
  auditReceipts: createRoute({
    method: "get",
    path: "/api/v1/audit/receipts",
    security: bearer,
    request: { query: z.strictObject({ ...span, limit: z.coerce.number().int().min(1).max(50).default(20) }) },
    responses: {
      200: json(z.strictObject({ receipts: z.array(ReceiptRecord), next: z.int().nullable() }), "Signed by agents"),
      ...errors,
    },
  }),
  /** Every version of the documents that say whose keys are whose. */
  auditTrust: createRoute({
    method: "get",
    path: "/api/v1/audit/trust",
    security: bearer,
    responses: {
      200: json(
        z.strictObject({
          roots: z.array(z.string()),
          targets: z.array(z.string()),
          keys: z.array(Envelope),
          agents: z.array(Envelope),
        }),
        "Every version, oldest first",
      ),
      ...errors,
    },
  }),
} as const;
export type Routes = typeof routes;
