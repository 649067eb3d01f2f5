import type { TokenRole } from "../../store/tokens.ts";
import type { Routes } from "../contract/routes.ts";

/** Who may do what. A route that is not here does not compile; `open` ones prove who asks in another way. */
export const access: { readonly [K in keyof Routes]: TokenRole | "open" } = {
  enrolChallenge: "open",
  enrol: "open",
  status: "viewer",
  getTrust: "viewer",
  putTrust: "admin",
  invite: "admin",
  kickAgent: "admin",
  listAgents: "viewer",
  listSites: "viewer",
  listDevices: "viewer",
  getDevice: "viewer",
  deviceHistory: "viewer",
  putBlob: "operator",
  getBlob: "viewer",
  putGrant: "operator",
  listGrants: "viewer",
  submitJob: "operator",
  listJobs: "viewer",
  getJob: "viewer",
  getWarrant: "viewer",
  addSignatures: "operator",
  cancelJob: "operator",
  listReceipts: "viewer",
  events: "viewer",
};
