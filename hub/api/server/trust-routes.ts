import { Grant } from "../../../shared/documents/grant.ts";
import { peekPayload, readAs } from "../../../shared/envelope.ts";
import { fileOfUpdate, updateOfFile } from "../../../shared/tuf/file.ts";
import { acceptGrant } from "../../plan/grants.ts";
import { putBlob } from "../../store/blobs.ts";
import { listGrants } from "../../store/documents.ts";
import { routes } from "../contract/routes.ts";
import { blobResponse } from "./blob-routes.ts";
import type { ApiDeps } from "./deps.ts";
import { Challenges, enrol, invite } from "./enrol.ts";
import { Guesses } from "./guesses.ts";
import { peerOf, type Api } from "./http.ts";

/** Who the organisation is, who belongs to it, and the texts that its documents name. */
export function trustRoutes(app: Api, deps: ApiDeps): void {
  const enrolments = { challenges: new Challenges(deps), guesses: new Guesses() };
  app.openapi(routes.enrolChallenge, async (c) =>
    c.json(await enrolments.challenges.give(c.req.valid("json").boxKey), 200),
  );
  app.openapi(routes.enrol, async (c) => c.json(await enrol(deps, enrolments, c.req.valid("json"), peerOf(c)), 200));
  app.openapi(routes.invite, async (c) =>
    c.json(await invite(deps, c.req.valid("json"), `token:${c.get("caller").id}`), 200),
  );
  app.openapi(routes.status, (c) => {
    const { state } = deps.trust;
    return c.json(
      {
        org: state?.trust.org ?? "",
        hub: deps.hubId,
        version: deps.version,
        trust: state?.view.facts.versions ?? null,
        inventory: state?.inventory?.digest ?? null,
        trustExpiresMs: state ? Math.min(...Object.values(state.view.facts.expiresMs)) : null,
        startedMs: deps.startedMs,
      },
      200,
    );
  });
  app.openapi(routes.getTrust, (c) => {
    const { view, roots } = deps.trust.require();
    return c.json(fileOfUpdate({ ...view.set, roots }), 200);
  });
  app.openapi(routes.putTrust, async (c) => {
    const versions = await deps.trust.accept(updateOfFile(c.req.valid("json")), `token:${c.get("caller").id}`);
    deps.effects.moved();
    return c.json(versions, 200);
  });
  app.openapi(routes.putGrant, async (c) => {
    const { grant, sha256: digest } = await acceptGrant(deps, c.req.valid("json"), `token:${c.get("caller").id}`);
    deps.links.grantsMoved();
    return c.json({ id: grant.id, sha256: digest }, 200);
  });
  app.openapi(routes.listGrants, async (c) => {
    const grants = (await listGrants(deps.store)).map((row) => ({
      sha256: row.sha256,
      grant: readAs(Grant, peekPayload(row.envelope)),
      envelope: row.envelope,
    }));
    return c.json({ grants }, 200);
  });
  app.openapi(routes.putBlob, async (c) => {
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const from = { sender: `token:${c.get("caller").id}`, media: "text" };
    const digest = await putBlob(deps.store, deps.cipher, bytes, from, deps.clock.nowMs());
    return c.json({ sha256: digest, bytes: bytes.length }, 200);
  });
  app.openapi(routes.getBlob, (c) => blobResponse(deps, c.req.valid("param").sha256, `token:${c.get("caller").id}`));
}
