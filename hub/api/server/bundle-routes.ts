import { BundleExporter } from "../../bundles/export.ts";
import { importBundle } from "../../bundles/import.ts";
import { Refusals } from "../../audit/refusals.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { routes } from "../contract/routes.ts";
import type { ApiDeps } from "./deps.ts";
import type { Api } from "./http.ts";

/** The carrier that is a person with a stick: what an agent would have pulled, and what it would have sent. */
export function bundleRoutes(app: Api, deps: ApiDeps): void {
  const exporter = new BundleExporter(deps);
  app.openapi(routes.exportBundle, async (c) => {
    const { id } = c.req.valid("param");
    const { days } = c.req.valid("json");
    const made = await exporter.export(id, { days, actor: `token:${c.get("caller").id}` });
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const next = await made.chunks.next();
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        },
      },
      { highWaterMark: 1 },
    );
    return new Response(body, {
      headers: {
        "content-type": "application/octet-stream",
        "content-disposition": `attachment; filename="${id}-${made.number}.bundle"`,
        "x-farhand-more": made.more ? "1" : "0",
      },
    });
  });
  app.openapi(routes.importBundle, async (c) => {
    const { body } = c.req.raw;
    if (!body) throw new FarhandError("BUNDLE_SHAPE", "nothing was sent");
    if (!deps.bundles) throw new FarhandError("CONFLICT", "this hub takes no bundles");
    const refusals = deps.refusals ?? new Refusals(deps.store, deps.clock, deps.log);
    const taken = await importBundle({ ...deps, refusals }, deps.bundles, body, `token:${c.get("caller").id}`);
    return c.json({ ...taken, lanes: [...taken.lanes] }, 200);
  });
}
