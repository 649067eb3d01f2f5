import { QueryClient, queryOptions } from "@tanstack/react-query";
import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId, Digest, JobId } from "../../shared/ids.ts";
import { isTransient } from "../api/client/errors.ts";
import { blobText, call } from "./api.ts";

const RETRIES = 2;
/** Inventory is read whole, page by page, up to this many: the filter works on what stands in the page. */
const DEVICES_MAX = 20_000;
const PAGE = 1000;
const JOBS_SHOWN = 200;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (count, error) => count < RETRIES && error instanceof FarhandError && isTransient(error),
        staleTime: 5_000,
        refetchOnWindowFocus: true,
      },
    },
  });
}

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => call("status", {}, signal),
  staleTime: 60_000,
});

export const agentsQuery = queryOptions({
  queryKey: ["agents"],
  queryFn: async ({ signal }) => (await call("listAgents", {}, signal)).agents,
  refetchInterval: 30_000,
});

export const sitesQuery = queryOptions({
  queryKey: ["sites"],
  queryFn: async ({ signal }) => (await call("listSites", {}, signal)).sites,
  refetchInterval: 30_000,
});

export const devicesQuery = queryOptions({
  queryKey: ["devices"],
  queryFn: async ({ signal }) => {
    const devices = [];
    let after: string | undefined;
    do {
      const page = await call("listDevices", { query: { limit: PAGE, ...(after !== undefined && { after }) } }, signal);
      devices.push(...page.devices);
      after = page.next ?? undefined;
    } while (after !== undefined && devices.length < DEVICES_MAX);
    return { devices, more: after !== undefined };
  },
  refetchInterval: 60_000,
});

export const deviceQuery = (id: DeviceId) =>
  queryOptions({
    queryKey: ["device", id],
    queryFn: ({ signal }) => call("getDevice", { params: { id } }, signal),
  });

export const historyQuery = (id: DeviceId) =>
  queryOptions({
    queryKey: ["history", id],
    queryFn: ({ signal }) => call("deviceHistory", { params: { id }, query: { limit: 200 } }, signal),
  });

export const jobsQuery = queryOptions({
  queryKey: ["jobs"],
  queryFn: ({ signal }) => call("listJobs", { query: { limit: JOBS_SHOWN } }, signal),
  refetchInterval: 30_000,
});

export const jobQuery = (id: JobId) =>
  queryOptions({
    queryKey: ["job", id],
    queryFn: ({ signal }) => call("getJob", { params: { id } }, signal),
  });

/** `warrant` is part of the name: a job that was planned anew has another. */
export const warrantQuery = (id: JobId, warrant: Digest | null) =>
  queryOptions({
    queryKey: ["warrant", id, warrant],
    queryFn: ({ signal }) => call("getWarrant", { params: { id } }, signal),
    staleTime: 60_000,
  });

/** What a digest names never changes. */
export const blobQuery = (digest: Digest) =>
  queryOptions({
    queryKey: ["blob", digest],
    queryFn: ({ signal }) => blobText(digest, signal),
    staleTime: Infinity,
    gcTime: 5 * 60_000,
  });
