import { z } from "zod";
import { FarhandError } from "../../../shared/errors.ts";
import { routes } from "../contract/routes.ts";
import type { RouteName } from "./route-types.ts";

/** One call as data, before it becomes HTTP. */
export interface RequestParts {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

const Parts = z.object({
  params: z.record(z.string(), z.string()).optional(),
  query: z.record(z.string(), z.union([z.string(), z.number(), z.undefined()])).optional(),
  body: z.unknown().optional(),
});

/** A caller's typed input as plain parts; the types were checked where the call was written. */
export function partsOf(input: unknown): RequestParts {
  const { params, query, body } = Parts.parse(input ?? {});
  return { ...(params && { params }), ...(query && { query }), body };
}

/** The path with its parameters filled in, and the query. Every value is encoded: an id can never add a segment. */
export function urlOf(base: URL, name: RouteName, parts: RequestParts): URL {
  const path = routes[name].path.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
    const value = parts.params?.[key];
    if (value === undefined || value === "" || value === "." || value === "..") {
      throw new FarhandError("INTERNAL", `no path parameter ${key} for ${name}`);
    }
    return encodeURIComponent(value);
  });
  const url = new URL(base.pathname.replace(/\/$/, "") + path, base);
  for (const [key, value] of Object.entries(parts.query ?? {})) {
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  return url;
}

/** The schema of a route's successful JSON answer. */
export function answerSchema(name: RouteName): z.ZodType {
  const { responses } = routes[name];
  const success = "201" in responses ? responses[201] : responses[200];
  const content = success.content;
  if (!("application/json" in content)) throw new FarhandError("INTERNAL", `${name} does not answer with JSON`);
  return content["application/json"].schema;
}
