import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packFor } from "../../drivers/model/state/packs.ts";
import { Receipt } from "../../shared/documents/receipt.ts";
import { parseEnvelope } from "../../shared/envelope.ts";
import { PlatformId } from "../../shared/ids.ts";
import { documentsOf, type CliResult } from "../support/cli.ts";
import { FleetProcess } from "../support/fleet.ts";
import { World } from "../support/world.ts";

/** "What did my change break?" over a real hub, a real agent and a simulated router: asked alone, and signed with a change. */
let fleet: FleetProcess;
let world: World;
let name: string;
const commands = Object.values(packFor(PlatformId.parse("cisco_iosxe"))?.tables ?? {}).map(({ command }) => command);

beforeAll(async () => {
  fleet = await FleetProcess.start({ count: 1, seed: 7 });
  world = await World.start({
    sites: [{ id: "ams", agent: "agent-ams" }],
    devices: fleet.devices.map((device) => ({
      id: device.name,
      site: "ams",
      platform: "cisco_iosxe",
      address: device.address,
      port: device.port,
      hostKey: `${device.hostKey.algorithm} ${device.hostKey.base64}`,
      serial: device.serial,
      tags: {},
    })),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
    grantCommands: commands,
  });
  name = fleet.devices[0]?.name ?? "";
}, 120_000);
afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
});

const run = (...args: string[]): Promise<CliResult> => world.cliResult([...args, "--no-input"]);
const parse = (...more: string[]) => run("run", "--parse", "--select", `device=${name}`, "--grant", "reads", ...more);

/** The link to the first BGP neighbour: its own address is one lower. */
async function uplink(): Promise<{ port: string; peer: string }> {
  const documents = documentsOf(await parse("--json"));
  const rowsOf = (table: string) =>
    (documents.find((document) => document["table"] === table)?.["rows"] ?? []) as { cells: Record<string, string> }[];
  const peer = rowsOf("bgp").find(({ cells }) => cells["state"] === "established")?.cells["peer"] ?? "";
  const own = peer.replace(/\d+$/, (last) => String(Number(last) - 1));
  const port = rowsOf("interfaces").find(({ cells }) => cells["address"] === own)?.cells["interface"] ?? "";
  expect({ peer, port }).toEqual({
    peer: expect.stringMatching(/^\d/) as string,
    port: expect.stringMatching(/^Gig/) as string,
  });
  return { port, peer };
}

/** Planned, signed by two, and watched to its end. */
async function change(text: string, checks: string) {
  writeFileSync(world.path("change.j2"), text);
  const planned = await run(
    "plan",
    "change",
    ..."--author ann --grant reads --title Port --accept-simulated cisco_iosxe --json".split(" "),
    "--template",
    world.path("change.j2"),
    "--select",
    `device=${name}`,
    "--checks",
    checks,
  );
  expect(planned.status, planned.stderr).toBe(2);
  const job = String(documentsOf(planned)[0]?.["job"]);
  const review = await run("review", job);
  expect(review.status, review.stderr).toBe(0);
  expect((await run("sign", job, "--key", world.keyFile("ann"), "--yes")).status).toBe(0);
  expect((await run("sign", job, "--key", world.keyFile("bob"), "--yes")).status).toBe(0);
  const watched = await run("job", "watch", job);
  await run("job", "receipts", job, "--out", world.path(job));
  const files = readdirSync(world.path(job)).map((file) => readFileSync(world.path(`${job}/${file}`)));
  // The plan has a receipt too.
  const tasks = files.flatMap((bytes) => Receipt.parse(payloadOf(bytes)).tasks);
  return { review: review.stdout, watched: watched.stdout, task: tasks.find(({ applies }) => applies > 0) };
}
const payloadOf = (bytes: Buffer): unknown =>
  JSON.parse(Buffer.from(parseEnvelope(bytes).payload, "base64url").toString("utf8"));

describe("state checks over a real installation", () => {
  it(
    "tables, a change that breaks what it should not and is undone, and one that may",
    { timeout: 180_000 },
    async () => {
      const { port, peer } = await uplink();
      const tables = await parse();
      expect(tables.status, tables.stderr).toBe(0);
      expect(tables.stdout).toMatch(new RegExp(`^${name} routes\\nPREFIX`, "m"));

      const file = world.path("checks.yaml");
      writeFileSync(file, "settleSeconds: 0\nwithinSeconds: 1\n");
      const broken = await change(`interface ${port}\n shutdown\n`, file);
      expect(broken.review).toContain("state checks, 0 s after the change and for up to 1 s more");
      expect(broken.review).toMatch(/bgp established: show ip bgp summary; \d rows now/);
      expect(broken.watched).toMatch(/ROLLED_BACK.*VERIFICATION_FAILED.*interfaces up broken/);
      expect(broken.task).toMatchObject({
        state: "ROLLED_BACK",
        code: "VERIFICATION_FAILED",
        output: expect.anything() as unknown,
      });
      expect(broken.task?.checks?.others.map((one) => one.name)).toEqual(
        expect.arrayContaining(["interfaces up", "cdp neighbours", "bgp established", "routes"]),
      );
      // Undone: nothing differs from before.
      const same = await parse("--compare", "--checks", "default");
      expect(same.status, same.stdout).toBe(0);
      expect(same.stdout).not.toContain("differ");

      const excepted = ["interfaces up", "cdp neighbours", "bgp established", "bgp prefixes", "routes"];
      writeFileSync(
        file,
        `settleSeconds: 0\nwithinSeconds: 1\nexcept: ${JSON.stringify(excepted.map((one) => ({ name: one })))}\n`,
      );
      const meant = await change(`interface ${port}\n shutdown\n`, file);
      expect(meant.task).toMatchObject({ state: "DONE", code: null });
      const differs = await parse("--compare", "--checks", "default");
      expect(differs.status).toBe(1);
      expect(differs.stdout).toContain(`~ ${port}: admin up → down, state up → down`);
      expect(differs.stdout).toMatch(new RegExp(`bgp established: broken: 1 row: ${peer.replaceAll(".", "\\.")}`));
    },
  );
});
