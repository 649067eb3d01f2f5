import { FarhandError } from "../../../shared/errors.ts";
import { audit } from "../../store/audit.ts";
import { routes } from "../contract/routes.ts";
import type { ApiDeps } from "./deps.ts";
import { agentViews, devicePage, deviceView, historyPage, siteViews } from "./fleet-views.ts";
import type { Api } from "./http.ts";

/** Agents, sites and devices as they are known. */
export function fleetRoutes(app: Api, deps: ApiDeps): void {
  app.openapi(routes.listAgents, async (c) => c.json({ agents: await agentViews(deps) }, 200));
  app.openapi(routes.kickAgent, async (c) => {
    const { id } = c.req.valid("param");
    const actor = `token:${c.get("caller").id}`;
    if (!(await agentViews(deps)).some((agent) => agent.id === id)) throw new FarhandError("NOT_FOUND", `agent ${id}`);
    await deps.store.tx("agent.kick", (tx) =>
      audit(tx, deps.clock.nowMs(), { actor, action: "agent.kick", object: id, decision: "allowed" }),
    );
    return c.json({ live: deps.links.kick(id) }, 200);
  });
  app.openapi(routes.listSites, async (c) => c.json({ sites: await siteViews(deps) }, 200));
  app.openapi(routes.listDevices, async (c) => c.json(await devicePage(deps, c.req.valid("query")), 200));
  app.openapi(routes.getDevice, async (c) => c.json(await deviceView(deps, c.req.valid("param").id), 200));
  app.openapi(routes.deviceHistory, async (c) =>
    c.json(await historyPage(deps, c.req.valid("param").id, c.req.valid("query")), 200),
  );
}
