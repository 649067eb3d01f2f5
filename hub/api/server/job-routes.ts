import { toBase64url } from "../../../shared/bytes.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { JobId } from "../../../shared/ids.ts";
import type { HubEffect } from "../../effects.ts";
import { acceptBreakglass } from "../../plan/breakglass.ts";
import { cancel } from "../../plan/cancel.ts";
import { sign } from "../../plan/sign.ts";
import { submit } from "../../plan/submit.ts";
import { takeOver } from "../../plan/takeover.ts";
import { findBreakglass, listBreakglass } from "../../store/breakglass.ts";
import { findJob } from "../../store/jobs.ts";
import { envelopesOfJob } from "../../store/receipts.ts";
import { findWarrant, manifestsOf, signaturesOf } from "../../store/work.ts";
import { routes } from "../contract/routes.ts";
import type { WarrantBundle } from "../contract/views.ts";
import type { ApiDeps } from "./deps.ts";
import type { Api } from "./http.ts";
import { cursorOf, jobPage, jobView } from "./job-views.ts";
import { eventStream } from "./stream.ts";

const STREAMS_MAX = 1_000;

/** Jobs from request to receipts. */
export function jobRoutes(app: Api, deps: ApiDeps): void {
  app.openapi(routes.putBreakglass, async (c) => {
    const held = await acceptBreakglass(deps, c.req.valid("json"), `token:${c.get("caller").id}`);
    return c.json({ id: held.breakglass.id, sha256: held.digest }, 200);
  });
  app.openapi(routes.listBreakglass, async (c) => {
    const rows = await listBreakglass(deps.store);
    const breakglass = rows.map(({ id: _id, signers, ...row }) => ({ ...row, signers: [...signers] }));
    return c.json({ breakglass }, 200);
  });
  /** It is on disk: what follows may be lost, and is found again from the rows. */
  const after = (effects: readonly HubEffect[]): void => {
    deps.effects.perform(effects);
    deps.effects.moved();
    deps.pump.kick();
  };
  app.openapi(routes.submitJob, async (c) => {
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const { job, effects } = await submit(deps, c.req.valid("json"), { token: c.get("caller").id, idempotencyKey });
    after(effects);
    return c.json(await jobView(deps, job), 201);
  });
  app.openapi(routes.listJobs, async (c) => {
    const { limit, after: cursor, state } = c.req.valid("query");
    return c.json(await jobPage(deps.store, { limit, after: cursor, state }), 200);
  });
  app.openapi(routes.getJob, async (c) => c.json(await jobView(deps, c.req.valid("param").id), 200));
  app.openapi(routes.getWarrant, async (c) => c.json(await warrantBundle(deps, c.req.valid("param").id), 200));
  app.openapi(routes.addSignatures, async (c) => {
    const { id } = c.req.valid("param");
    after(await sign(deps, id, c.req.valid("json"), `token:${c.get("caller").id}`));
    return c.json(await jobView(deps, id), 200);
  });
  app.openapi(routes.cancelJob, async (c) => {
    const { id } = c.req.valid("param");
    after(await cancel(deps, id, c.req.valid("json").reason, `token:${c.get("caller").id}`));
    return c.json(await jobView(deps, id), 200);
  });
  app.openapi(routes.takeOver, async (c) => {
    const { id } = c.req.valid("param");
    after(await takeOver(deps, id, c.req.valid("json"), `token:${c.get("caller").id}`));
    return c.json(await jobView(deps, id), 200);
  });
  app.openapi(routes.listReceipts, async (c) => {
    const { id } = c.req.valid("param");
    await requireJob(deps, id);
    return c.json({ receipts: await envelopesOfJob(deps.store, id, "receipt") }, 200);
  });
  let streams = 0;
  app.openapi(routes.events, async (c) => {
    const { job, after: asked } = c.req.valid("query");
    if (job !== undefined) await requireJob(deps, job);
    if (streams >= STREAMS_MAX) throw new FarhandError("RATE_LIMITED", `${STREAMS_MAX} event streams are open`);
    const last = c.req.header("last-event-id");
    const body = eventStream(
      deps,
      { job: job ?? null, after: last === undefined ? asked : cursorOf(last) },
      () => void streams--,
    );
    streams++;
    return new Response(body, { headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" } });
  });
}

async function requireJob(deps: Pick<ApiDeps, "store">, id: JobId): Promise<void> {
  if (!(await deps.store.read((tx) => findJob(tx, id)))) throw new FarhandError("NOT_FOUND", `no job ${id}`);
}

async function warrantBundle(deps: Pick<ApiDeps, "store">, id: JobId): Promise<WarrantBundle> {
  await requireJob(deps, id);
  const plans = await envelopesOfJob(deps.store, id, "plan");
  return deps.store.read(async (tx) => {
    const warrant = await findWarrant(tx, id);
    if (!warrant) throw new FarhandError("NOT_FOUND", `job ${id} has no warrant`);
    const manifests = await manifestsOf(tx, id, "work");
    const signatures = await signaturesOf(tx, id);
    const named = (await findJob(tx, id))?.breakglass ?? null;
    const breakglass = named === null ? undefined : await findBreakglass(tx, named);
    return {
      payload: warrant.payload,
      signatures: signatures.map(({ entry }) => entry),
      ...(breakglass && { breakglass: breakglass.envelope }),
      manifests: manifests.map(({ bytes }) => toBase64url(bytes)),
      plans,
    };
  });
}
