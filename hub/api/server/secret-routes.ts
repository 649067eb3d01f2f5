import type { z } from "@hono/zod-openapi";
import { Code } from "../../../shared/documents/receipt.ts";
import { acceptCredential } from "../../credentials.ts";
import { listHeld, listSent, type SentRow } from "../../store/credentials.ts";
import { routes } from "../contract/routes.ts";
import type { SecretView, SentSecretView } from "../contract/views.ts";
import type { ApiDeps } from "./deps.ts";
import type { Api } from "./http.ts";

/** Secrets on their way to agents: sealed before they come here, and never shown. */
export function secretRoutes(app: Api, deps: ApiDeps): void {
  app.openapi(routes.putSecret, async (c) => {
    const sent = await acceptCredential(deps, c.req.valid("json"), `token:${c.get("caller").id}`);
    deps.effects.perform([{ type: "sendCredentials", agent: sent.agent }]);
    return c.json({ ...sent, code: null, settledMs: null }, 200);
  });
  app.openapi(routes.listSecrets, async (c) => c.json({ secrets: await secretViews(deps) }, 200));
}

async function secretViews(deps: ApiDeps): Promise<z.infer<typeof SecretView>[]> {
  const views = new Map<string, z.infer<typeof SecretView>>();
  const of = (at: Pick<SentRow, "agent" | "kind" | "name">): string => `${at.kind} ${at.name} ${at.agent}`;
  for (const { agent, kind, name, version, stopped, atMs } of await listHeld(deps.store))
    views.set(of({ agent, kind, name }), { agent, kind, name, held: { version, stopped, atMs }, sent: null });
  for (const row of await listSent(deps.store)) {
    const { agent, kind, name } = row;
    const view = views.get(of(row)) ?? { agent, kind, name, held: null, sent: null };
    views.set(of(row), { ...view, sent: viewOf(row) });
  }
  return [...views].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, view]) => view);
}

const viewOf = (row: SentRow): z.infer<typeof SentSecretView> => ({
  ...row,
  code: row.code === null ? null : Code.parse(row.code),
});
