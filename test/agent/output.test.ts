import { afterEach, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { BODY_BYTES_MAX } from "../../shared/wire/frame.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

let site: Site;
afterEach(() => site.stop());

const MIB = 1024 * 1024;

/** The whole gigabyte is measured by `npm run bench -- output`; here a part of it, and that it does not stay. */
it("a large output goes through the spool: bounded memory, and nothing left when the hub has it", async () => {
  site = await makeSite();
  const device = site.device("ams-r1");
  device.outputBytes = 96 * MIB;
  let chunks = 0;
  // The script forgets bodies, or it would be its memory that is measured.
  const diff = site.hub.lanes.get("diff") ?? [];
  const push = diff.push.bind(diff);
  diff.push = (...items) => {
    for (const item of items) chunks += item.body.length;
    return push(...items.map((item) => ({ ...item, body: new Uint8Array(0) })));
  };
  await site.start();
  const work = await site.work([{ kind: "run", device: "ams-r1" as DeviceId, commands: ["show log"] }], {
    manifest: { outputBytesMax: 200 * MIB },
  });
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
  try {
    site.hub.offer(work);
    await until("all of it", () => chunks > 96 * MIB, 60_000);
  } finally {
    clearInterval(watch);
  }
  expect(site.hub.records("receipt")).toHaveLength(1);
  expect(sha256(work.manifest)).toHaveLength(64);
  // Hub and agent share this process; the agent alone is held to 96 MiB by the bench.
  expect((peak - before) / MIB).toBeLessThan(160);
  expect(BODY_BYTES_MAX).toBe(256 * 1024);
});
