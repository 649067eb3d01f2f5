import { FarhandError } from "../../../shared/errors.ts";
import { acceptAdoption } from "../../adoptions.ts";
import { acceptHold } from "../../holds.ts";
import { acceptReadmission } from "../../readmissions.ts";
import { audit } from "../../store/audit.ts";
import { newestHold } from "../../store/holds.ts";
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
  app.openapi(routes.putReadmission, async (c) => {
    const { agent } = await acceptReadmission(deps, c.req.valid("json"), `token:${c.get("caller").id}`);
    deps.links.readmitted(agent);
    return c.json({ agent }, 200);
  });
  app.openapi(routes.putHold, async (c) => {
    const { device, held } = await acceptHold(deps, c.req.valid("json"), `token:${c.get("caller").id}`);
    deps.links.holdsMoved();
    return c.json({ device, held }, 200);
  });
  app.openapi(routes.getHold, async (c) => {
    const row = await deps.store.read((tx) => newestHold(tx, c.req.valid("param").id));
    return c.json({ envelope: row?.envelope ?? null }, 200);
  });
  app.openapi(routes.putAdoption, async (c) => {
    const { device, config } = await acceptAdoption(deps, c.req.valid("json"), `token:${c.get("caller").id}`);
    return c.json({ device, config }, 200);
  });
  app.openapi(routes.deviceHistory, async (c) =>
    c.json(await historyPage(deps, c.req.valid("param").id, c.req.valid("query")), 200),
  );
}
