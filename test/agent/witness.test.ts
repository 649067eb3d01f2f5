// What a site's technician does when the hub was restored from a backup, from the alarm to the next job.
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { quoteCheckpoint } from "../../shared/documents/checkpoint.ts";
import { envelopeBytes } from "../../shared/envelope.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { makeCheckpoint, makeEntries, stateOf } from "../../shared/testing/audit.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

const root = join(import.meta.dirname, "../..");
const WEAK = /^(NODE_|BUN_)/;
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !WEAK.test(name)));
const entries = makeEntries(12);
let site: Site;

beforeEach(async () => {
  site = await makeSite();
});
afterEach(() => site.stop());

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const command = [
    join(root, "node_modules/.bin/bun"),
    join(root, "agent/main.ts"),
    ...args,
    "--state-dir",
    site.stateDir,
  ];
  const child = Bun.spawn(command, { env: clean, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, out, err };
}

const told = (session: number) =>
  until("what the agent holds", () => site.hub.said.filter(({ kind }) => kind === "witnessed")[session]);
const show = async (from: number, size: number): Promise<void> =>
  site.hub.send(
    "checkpoint",
    { from, proof: [] },
    envelopeBytes(await makeCheckpoint(site.org, stateOf(entries, size))),
  );

it("T48: the evidence is shown, kept with a person's reason, and work goes on", async () => {
  const running = await site.start();
  await told(0);
  await show(0, 12);
  await until("its memory", async () =>
    (await cli("witness", "show")).out.startsWith(quoteCheckpoint(stateOf(entries, 12))),
  );
  expect(await cli("witness", "show")).toMatchObject({ code: 0 });
  await show(12, 7);
  await until("the alarm", () => site.log.some((line) => line.startsWith("audit-log-rewritten")));
  const alarmed = await cli("witness", "show", "--json");
  expect(alarmed.code).toBe(1);
  expect(alarmed.err).toContain("CHECKPOINT");
  expect(JSON.parse(alarmed.out)).toMatchObject({
    quote: quoteCheckpoint(stateOf(entries, 12)),
    conflicts: [{ kind: "shrunk" }],
  });

  expect((await cli("status")).out).toContain("REWRITTEN");

  const reason = "restored from the backup of Sunday";
  expect((await cli("witness", "restart", "--reason", reason)).err).toContain("ALREADY_RUNNING");
  await running.stop();
  expect(await cli("witness", "restart", "--reason", " ")).toMatchObject({ code: 64 });
  expect(await cli("witness", "restart", "--reason", reason)).toMatchObject({ code: 0 });
  const after = await cli("witness", "show");
  expect(after.code).toBe(0);
  expect(after.out).toContain(`set aside: ${reason}`);

  await site.start();
  expect((await told(1)).header).toEqual({ checkpoint: null });
  await show(0, 7);
  const work = await site.work([{ kind: "collect", device: "ams-r1" as DeviceId }]);
  site.hub.offer(work);
  await until("a receipt", () => site.hub.records("receipt")[0]);
});
