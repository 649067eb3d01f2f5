// Work that was done once and comes again by the other carrier: over the link, and as a file on a stick that a site operator lets in.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import { admit, makeInbound, putSticksAway, withOperators, type Inbound } from "../agent/bundles.ts";
import type { Work } from "../agent/script-hub.ts";
import { until } from "../agent/until.ts";
import { Defended, refusedAs } from "./defended.ts";

let at: Defended;
let last: Inbound | undefined;
beforeEach(async () => {
  last = undefined;
  at = await Defended.start({ keys: withOperators });
});
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(at.site.log.slice(-30).join("\n"), at.site.hub.faults);
  await at.works();
  await at.stop();
  putSticksAway();
});

/** The next stick of the site: its work under this number of the hub's. */
async function brought(work: Work, sequence: number) {
  const { site } = at;
  last = await makeInbound(site, { work: [work], sequence, ...(last && { after: last }) });
  const { work: report } = await at.agent.importBundle(last.path, await admit(site, last));
  return report.map(({ outcome, code }) => ({ outcome, code }));
}

const done = { state: "DONE", applies: 1 };

describe("T12: a change that was made, brought again by the other carrier", () => {
  it("T12: by USB after it was made over the link", async () => {
    const work = await at.site.work([at.change()]);
    const manifest = sha256(work.manifest);
    at.site.hub.offer(work);
    expect((await at.receiptOf(manifest)).tasks[0]).toMatchObject(done);
    const [before, mark] = [at.connections, at.site.log.length];
    expect(await brought(work, 50)).toEqual([{ outcome: "refused", code: "REPLAY" }]);
    await until("the agent's word", () => at.rejectsOf(manifest).length > 0);
    const heard = { code: at.rejectsOf(manifest)[0], logged: at.logged("REPLAY", mark).length > 0 };
    expect({ ...heard, audited: await at.audits(manifest), connections: at.connections - before }).toEqual(
      refusedAs("REPLAY"),
    );
    expect(at.site.device("ams-r1").applies).toBe(1);
  });

  it("T12: by USB under the hub's own number, as an honest hub that has heard no answer sends it: told as held, and not done again", async () => {
    const work = await at.site.work([at.change()]);
    at.site.hub.offer({ ...work, over: { sequence: 7, fence: 7 } });
    expect((await at.receiptOf(sha256(work.manifest))).tasks[0]).toMatchObject(done);
    const before = at.connections;
    for (let stick = 0; stick < 2; stick++) expect(await brought(work, 7)).toEqual([{ outcome: "held", code: null }]);
    expect(at.connections).toBe(before);
    expect(at.site.device("ams-r1").applies).toBe(1);
  });

  it("T12: over the link after it was made from a stick", async () => {
    const work = await at.site.work([at.change()]);
    expect(await brought(work, 900)).toEqual([{ outcome: "accepted", code: null }]);
    expect((await at.receiptOf(sha256(work.manifest))).tasks[0]).toMatchObject(done);
    expect(await at.refuses({ work, code: "REPLAY" })).toEqual(refusedAs("REPLAY"));
    expect(at.site.device("ams-r1").applies).toBe(1);
  });

  it("T12: by USB while the link's copy is still running", async () => {
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    at.site.device("ams-r1").during = async (operation) => {
      if (operation !== "apply") return;
      reached.resolve();
      await held.promise;
    };
    const work = await at.site.work([at.change()]);
    at.site.hub.offer(work);
    await reached.promise;
    const before = at.connections;
    expect(await brought(work, 50)).toEqual([{ outcome: "refused", code: "REPLAY" }]);
    expect(at.connections).toBe(before);
    held.resolve();
    expect((await at.receiptOf(sha256(work.manifest))).tasks[0]).toMatchObject(done);
  });
});
