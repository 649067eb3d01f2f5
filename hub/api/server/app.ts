import { OpenAPIHono } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { FarhandError } from "../../../shared/errors.ts";
import { routes, type Routes } from "../contract/routes.ts";
import { Refusals } from "../../audit/refusals.ts";
import { access } from "./access.ts";
import { refusalOf } from "./audited.ts";
import { auditRoutes } from "./audit-routes.ts";
import type { ApiDeps } from "./deps.ts";
import { bundleRoutes } from "./bundle-routes.ts";
import { bodyOf } from "./errors.ts";
import { fleetRoutes } from "./fleet-routes.ts";
import { guard, limitOf, Rates, securityHeaders, type Api, type ApiEnv } from "./http.ts";
import { jobRoutes } from "./job-routes.ts";
import { secretRoutes } from "./secret-routes.ts";
import { trustRoutes } from "./trust-routes.ts";

export interface HubApi {
  /** `peer` is whom the request came from, where the server knows it: rates are counted by it. */
  fetch(request: Request, peer?: string): Promise<Response> | Response;
}

/** The HTTP surface. Whatever is not a route of the contract is 404; each route is guarded before its handler is known. */
export function makeApi(deps: ApiDeps): HubApi {
  const app: Api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const issue = result.error.issues[0];
      throw new FarhandError("SCHEMA", issue && `${issue.path.join(".")}: ${issue.message}`.slice(0, 400));
    },
  });
  app.use("*", securityHeaders(deps));
  const rates = new Rates();
  for (const name of Object.keys(routes) as (keyof Routes)[]) {
    const route = routes[name];
    app.on(
      route.method.toUpperCase(),
      route.getRoutingPath(),
      guard(deps, rates, { route: name, needed: access[name] }),
      limitOf(name),
    );
  }
  trustRoutes(app, deps);
  fleetRoutes(app, deps);
  jobRoutes(app, deps);
  bundleRoutes(app, deps);
  auditRoutes(app, deps);
  secretRoutes(app, deps);
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Farhand hub", version: deps.version },
  });
  app.get("/openapi.json", (c) => c.json(document));
  app.notFound((c) => answer(deps, c.get("requestId"), new FarhandError("NOT_FOUND", c.req.path.slice(0, 200))));
  const refusals = deps.refusals ?? new Refusals(deps.store, deps.clock, deps.log);
  app.onError(async (thrown, c) => {
    const error = ofTheCaller(thrown);
    const refusal = refusalOf(c, error);
    if (refusal) await refusals.refused(refusal);
    return answer(deps, c.get("requestId"), error);
  });
  return { fetch: (request, peer) => app.fetch(request, peer === undefined ? {} : { peer }) };
}

/** What the framework refuses before any of ours has seen it: a body that is not JSON. */
const ofTheCaller = (error: unknown): unknown =>
  error instanceof HTTPException && error.status < 500
    ? new FarhandError("SCHEMA", error.message, { cause: error })
    : error;

function answer(deps: Pick<ApiDeps, "log">, requestId: string, error: unknown): Response {
  const { status, body } = bodyOf(error, requestId);
  if (status === 500) deps.log.error("api", { requestId, code: body.code, detail: String(error).slice(0, 500) });
  return Response.json(body, { status });
}
