// A hub that rewrites what it once signed, before a real agent whose devices count.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { entryHash } from "../../shared/audit/entry.ts";
import { consistencyRanges, Frontier } from "../../shared/audit/merkle.ts";
import { sha256 } from "../../shared/bytes.ts";
import { quoteCheckpoint } from "../../shared/documents/checkpoint.ts";
import { envelopeBytes } from "../../shared/envelope.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import { makeCheckpoint, makeEntries, stateOf } from "../../shared/testing/audit.ts";
import { until } from "../agent/until.ts";
import { Defended, refusedAs } from "./defended.ts";

const entries = makeEntries(20);
const rewritten = makeEntries(20, (index) => (index === 3 ? { actor: "token:nobody" } : {}));
type Log = typeof entries;

let at: Defended;
beforeEach(async () => {
  at = await Defended.start();
  await told();
});
afterEach(() => at.stop());

/** What the agent says that it holds; once for each session. */
const told = () =>
  until("what it holds", () => at.site.hub.said.findLast((message) => message.kind === "witnessed")?.header);

async function show(log: Log, from: number, size: number): Promise<void> {
  const envelope = await makeCheckpoint(at.site.org, stateOf(log, size));
  at.site.hub.send("checkpoint", { from, proof: proofOf(log, from, size) }, envelopeBytes(envelope));
}

/** Each hash by its definition: these logs are small. */
function proofOf(log: Log, first: number, second: number): Digest[] {
  return consistencyRanges(first, second).map(({ start, end }) => {
    const frontier = new Frontier();
    for (const entry of log.slice(start, end)) frontier.push(entryHash(entry));
    return frontier.root;
  });
}

const read = () => at.site.work([{ kind: "collect", device: "ams-r1" as DeviceId }]);

describe("an agent as witness", () => {
  it("quotes in its receipts the last checkpoint that continued the one before", async () => {
    expect(await told()).toEqual({ checkpoint: null });
    await show(entries, 0, 5);
    await show(entries, 5, 12);
    const work = await read();
    at.site.hub.offer(work);
    expect((await at.receiptOf(sha256(work.manifest))).checkpoint).toBe(quoteCheckpoint(stateOf(entries, 12)));
    await at.restart();
    await until("its memory", async () => (await told()).checkpoint?.size === 12);
    expect(await told()).toEqual({ checkpoint: { epoch: 1, ...stateOf(entries, 12) } });
  });

  it.each([
    ["an entry was changed", () => show(rewritten, 12, 20)],
    ["it is another one of the same size", () => show(rewritten, 12, 12)],
    ["entries were cut off", () => show(entries, 12, 5)],
  ])("T48: takes no work from a hub in whose log %s, and remembers it", async (_, attack) => {
    await show(entries, 0, 12);
    await attack();
    await until("its alarm", () => at.site.log.some((line) => line.startsWith("audit-log-rewritten")));
    expect(await at.refuses({ work: read, code: "CHECKPOINT" })).toEqual(refusedAs("CHECKPOINT"));
    await at.restart();
    expect(await at.refuses({ work: read, code: "CHECKPOINT" })).toEqual(refusedAs("CHECKPOINT"));
  });
});
