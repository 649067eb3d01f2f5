import { FarhandError } from "../../../shared/errors.ts";
import { audit } from "../../store/audit.ts";
import { checkpointsIn, entriesFrom, lastCheckpoint, logEnd, newestEntries } from "../../store/audit-log.ts";
import { allDocuments } from "../../store/documents.ts";
import { allMetadata } from "../../store/trust.ts";
import { receiptsAfter } from "../../store/receipts.ts";
import { routes } from "../contract/routes.ts";
import type { ApiDeps } from "./deps.ts";
import type { Api } from "./http.ts";

/** The audit log to look at, and its parts in order for an export that verifies without this hub. */
export function auditRoutes(app: Api, deps: Pick<ApiDeps, "store" | "clock">): void {
  const { store } = deps;
  app.openapi(routes.listAudit, async (c) => {
    const { limit, after, actor, action, decision, sinceMs } = c.req.valid("query");
    const before = after === undefined ? Number.MAX_SAFE_INTEGER : placeOf(after);
    const answer = await store.read(async (tx) => {
      const entries = await newestEntries(tx, {
        before,
        actor: actor ?? null,
        action: action ?? null,
        decision: decision ?? null,
        sinceMs: sinceMs ?? 0,
        limit,
      });
      const last = entries.length === limit ? entries.at(-1) : undefined;
      const next = last ? String(last.index) : null;
      const { size } = await logEnd(tx);
      return { entries, next, size, checkpoint: (await lastCheckpoint(tx))?.envelope ?? null };
    });
    return c.json(answer, 200);
  });
  app.openapi(routes.auditEntries, async (c) => {
    const { from, limit } = c.req.valid("query");
    // An export is one act, told once: where it begins.
    if (from === 0) {
      const nowMs = deps.clock.nowMs();
      const actor = `token:${c.get("caller").id}`;
      await store.tx("audit.export", (tx) =>
        audit(tx, nowMs, { actor, action: "audit.export", object: "-", decision: "allowed" }),
      );
    }
    return c.json({ entries: await store.read((tx) => entriesFrom(tx, from, from + limit)) }, 200);
  });
  app.openapi(routes.auditCheckpoints, async (c) => {
    const { from, limit } = c.req.valid("query");
    const found = await store.read((tx) => checkpointsIn(tx, from, limit));
    return c.json({ checkpoints: found.map(({ envelope }) => envelope) }, 200);
  });
  app.openapi(routes.auditReceipts, async (c) => {
    const { from, limit } = c.req.valid("query");
    return c.json(await receiptsAfter(store, from, limit), 200);
  });
  app.openapi(routes.auditTrust, async (c) => {
    const [keys, agents] = [await allDocuments(store, "keys"), await allDocuments(store, "agents")];
    const [roots, targets] = [await allMetadata(store, "root"), await allMetadata(store, "targets")];
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    return c.json(
      {
        roots: roots.map(text),
        targets: targets.map(text),
        keys: keys.map(({ envelope }) => envelope),
        agents: agents.map(({ envelope }) => envelope),
      },
      200,
    );
  });
}

function placeOf(cursor: string): number {
  const place = Number(cursor);
  if (!Number.isSafeInteger(place) || place < 0) throw new FarhandError("SCHEMA", "after: not a cursor of this list");
  return place;
}
