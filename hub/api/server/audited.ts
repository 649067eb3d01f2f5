import type { Context } from "hono";
import { errorCode, type ErrorCode } from "../../../shared/errors.ts";
import type { Refusal } from "../../audit/refusals.ts";
import { routes, type Routes } from "../contract/routes.ts";
import { statusOf } from "./errors.ts";
import { peerOf, type ApiEnv } from "./http.ts";

/** What an attempt at each route is called in the audit log. A route that is not here does not compile. */
const actionOf: { readonly [K in keyof Routes]: string } = {
  enrolChallenge: "agent.enrol",
  enrol: "agent.enrol",
  status: "api.read",
  getTrust: "api.read",
  putTrust: "trust.put",
  invite: "agent.invite",
  listAgents: "api.read",
  kickAgent: "agent.kick",
  listSites: "api.read",
  listDevices: "api.read",
  getDevice: "api.read",
  putHold: "device.hold",
  getHold: "api.read",
  putReadmission: "agent.readmit",
  putAdoption: "device.adopt",
  deviceHistory: "api.read",
  putBlob: "text.put",
  getBlob: "text.read",
  exportBundle: "bundle.export",
  importBundle: "bundle.import",
  putSecret: "secret.send",
  listSecrets: "api.read",
  putGrant: "grant.put",
  listGrants: "api.read",
  putBreakglass: "breakglass.put",
  listBreakglass: "api.read",
  submitJob: "job.submit",
  listJobs: "api.read",
  getJob: "api.read",
  getWarrant: "api.read",
  addSignatures: "job.sign",
  cancelJob: "job.cancel",
  takeOver: "job.takeover",
  listReceipts: "api.read",
  events: "api.read",
  listAudit: "audit.read",
  auditEntries: "audit.read",
  auditCheckpoints: "audit.read",
  auditReceipts: "audit.read",
  auditTrust: "audit.read",
};

/** Refused whoever asks, and for whatever. */
const ACCESS: ReadonlySet<ErrorCode> = new Set(["UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"]);

/** Its refusal is written where it is made, with what only that place knows. */
const written = new WeakSet<object>();
export function alreadyAudited<T>(error: T): T {
  if (typeof error === "object" && error !== null) written.add(error);
  return error;
}

/** What the audit log says of a request that failed: who may not, and which act was refused. A read of what is not there is neither. */
export function refusalOf(c: Context<ApiEnv>, error: unknown): Refusal | undefined {
  const route = c.get("route") as keyof Routes | undefined;
  if (route === undefined || (typeof error === "object" && error !== null && written.has(error))) return undefined;
  const code = errorCode(error);
  const isAct = routes[route].method !== "get";
  if (!ACCESS.has(code) && (!isAct || statusOf(code) === 500)) return undefined;
  const caller = c.get("caller") as ApiEnv["Variables"]["caller"] | undefined;
  if (!caller) {
    // One who proved nothing chooses every byte of the path.
    return { actor: "anyone", action: actionOf[route], object: routes[route].path, code, detail: `from ${peerOf(c)}` };
  }
  const detail = error instanceof Error ? error.message.slice(0, 300) : undefined;
  const about = { actor: `token:${caller.id}`, action: actionOf[route], object: c.req.path.slice(0, 200), code };
  return detail === undefined ? about : { ...about, detail };
}
