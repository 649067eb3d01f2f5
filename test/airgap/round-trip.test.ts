import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeviceId, JobId } from "../../shared/ids.ts";
import { Child } from "../support/child.ts";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { alsoAppoint } from "../support/people.ts";
import { World } from "../support/world.ts";
import { makeNamespace, noNamespaces, type Namespace } from "./namespace.ts";

const AGENT = "agent-plant";
const SITE = "plant";
const SECRET = "S3cret-by-stick";
const NTP = "ntp server 10.255.0.30";
const skipped = noNamespaces();
if (skipped !== undefined) console.warn(`air gap: skipped, ${skipped}`);

let network: Namespace;
let fleet: FleetProcess;
let world: World;
let agent: Child;
let stick: string;
let job: JobId;
const device = (): string => fleet.devices[0]?.name ?? "";
const on = (name: string): string => join(stick, name);

/** A command of the agent, inside: its document, or what it said when it was refused. */
async function plant(
  ...args: string[]
): Promise<{ status: number | null; document: Record<string, unknown>; said: string }> {
  const [command = ""] = args;
  const argv: [string, ...string[]] =
    command === "jobs" || command === "status"
      ? [process.execPath, "agent/main.ts", command, "--json", "--state-dir", world.agentDir(AGENT)]
      : world.agentArgv([...args, "--json"], AGENT);
  const child = new Child({ argv, launch: network.launch });
  const { code } = await child.exited;
  const line = child.stdout.at(-1);
  const document = line === undefined ? {} : (JSON.parse(line) as Record<string, unknown>);
  return { status: code, document, said: child.stderr.join("\n") };
}

async function carryIn(name: string): Promise<Record<string, unknown>> {
  await world.cli(["bundle", "export", "--agent", AGENT, "--out", on(name)]);
  await world.cli(["admit", on(name), "--key", world.keyFile("bob"), "--yes"]);
  const taken = await plant("import", on(name));
  if (taken.status !== 0) throw new Error(`${taken.said}\n${agent.tail()}`);
  return taken.document;
}

async function carryOut(name: string): Promise<Record<string, unknown>> {
  const made = await plant("export", on(name));
  if (made.status !== 0) throw new Error(made.said);
  const [taken] = await world.cli(["bundle", "import", on(name)]);
  return taken ?? {};
}

const lanes = async (): Promise<{ lane: string; waiting: number; released: number }[]> =>
  (await plant("status")).document["outbox"] as { lane: string; waiting: number; released: number }[];

/** The agent's work has ended and its receipt is written. */
async function plantIsDone(jobs: number): Promise<void> {
  await world.until("the plant's work", 60_000, async () => {
    const { document } = await plant("jobs");
    const list = document["jobs"] as { state: string; ended: string | null }[];
    const ended = list.filter((entry) => entry.ended !== null).length;
    return ended === jobs && (await lanes()).some(({ lane, waiting }) => lane === "receipt" && waiting > 0);
  });
}

/** There is work, and nobody can be reached who would take it. */
const offered = (): Promise<void> =>
  world.until("work to be offered", 30_000, async () =>
    Boolean((await world.job(job)).waiting?.includes(`no contact with ${AGENT}`)),
  );

beforeAll(async () => {
  if (skipped !== undefined) return;
  network = makeNamespace();
  fleet = await FleetProcess.start({ count: 1, seed: 11 }, network.launch);
  world = await World.start({
    sites: [{ id: SITE, agent: AGENT }],
    devices: fleet.devices.map((entry) => inventoryEntry(entry, SITE)),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
  });
  // Enrolled where there is a line; from here on it never sees one.
  await world.agents.get(AGENT)?.stop();
  world.agents.delete(AGENT);
  // Bob is also the one who stands at the plant's door.
  await alsoAppoint(world, "bob", "siteoperator", SITE);
  stick = world.path("stick");
  mkdirSync(stick);
  agent = new Child({ argv: world.agentArgv(["run", "--air-gapped"], AGENT), launch: network.launch });
  await agent.waitFor("the agent", (line) => (line.includes('"ready"') ? true : undefined));
}, 120_000);

afterAll(async () => {
  await agent?.stop();
  await world?.stop();
  await fleet?.stop();
  network?.remove();
});

describe.skipIf(skipped !== undefined)(`a plant without a line${skipped === undefined ? "" : `: ${skipped}`}`, () => {
  it("has no way out", () => {
    expect(network.run(["ip", "-o", "link"]).out.trim().split("\n")).toHaveLength(1);
    expect(network.run(["ip", "route"]).out.trim()).toBe("");
    const { port } = new URL(world.url);
    const reach = `await Bun.connect({ hostname: "127.0.0.1", port: ${port}, socket: { data() {} } })`;
    expect(network.run([process.execPath, "-e", reach]).status).not.toBe(0);
  });

  it("plans by stick: a plan bundle in, the agent's signed plan out", { timeout: 120_000 }, async () => {
    writeFileSync(world.path("plant.j2"), `${NTP}\n`);
    await world.cliResult(
      [
        "plan",
        "change",
        "--template",
        world.path("plant.j2"),
        "--select",
        `device=${device()}`,
        "--author",
        "ann",
      ].concat(
        ["--grant", "reads", "--title", "NTP at the plant", "--accept-simulated", "cisco_iosxe"],
        ["--wait", "1", "--no-input"],
      ),
    );
    const { jobs } = await world.client().call("listJobs", { query: { limit: 10 } });
    job = jobs.find((found) => found.title === "NTP at the plant")?.id as JobId;
    expect(job).toBeDefined();
    await offered();
    const taken = await carryIn("plan.bundle");
    expect(taken).toMatchObject({ number: 1, trust: expect.arrayContaining(["keys"]) as unknown, missing: null });
    expect(taken["work"]).toMatchObject([{ outcome: "accepted", code: null }]);
    await plantIsDone(1);
    expect(await carryOut("plan-evidence.bundle")).toMatchObject({ number: 1, missing: null, unacknowledged: null });
    await world.waitForJob(job, (state) => state === "PENDING_APPROVAL");
  });

  it(
    "changes by stick: author and approver sign, the change goes in, its evidence comes out",
    { timeout: 120_000 },
    async () => {
      await world.sign(job, "ann");
      await world.sign(job, "bob");
      await offered();
      expect(await fleet.runningConfig(device())).not.toContain(NTP);
      const taken = await carryIn("change.bundle");
      expect(taken).toMatchObject({ number: 2, unacknowledged: null, work: [{ outcome: "accepted" }] });
      expect((await world.job(job)).assignments.map((assignment) => assignment.state)).toEqual(["DELIVERED"]);
      await plantIsDone(2);
      expect(await fleet.runningConfig(device())).toContain(NTP);
      expect(await carryOut("evidence.bundle")).toMatchObject({ number: 2, missing: null, unacknowledged: null });
      const ended = await world.waitForJob(job);
      expect(ended.state).toBe("SUCCEEDED");
      const [task] = ended.assignments.flatMap((assignment) => assignment.tasks);
      expect(task).toMatchObject({ device: device(), state: "DONE" });
      const query = { limit: 10 };
      const { snapshots } = await world.client().call("deviceHistory", { params: { id: device() as DeviceId }, query });
      const digest = snapshots[0]?.public.sha256;
      if (!digest) throw new Error("no snapshot");
      expect(new TextDecoder().decode(await world.client().getBlob(digest))).toContain(NTP);
      expect(readFileSync(on("evidence.bundle"), "latin1")).not.toContain(NTP);
    },
  );

  it("the next bundle in acknowledges it, and only then the plant lets go of it", { timeout: 60_000 }, async () => {
    const before = (await lanes()).find(({ lane }) => lane === "receipt");
    expect(before?.waiting).toBeGreaterThan(0);
    writeFileSync(world.path("value"), `${SECRET}\n`, { mode: 0o600 });
    const from = ["--agent", AGENT, "--key", world.keyFile("kim"), "--value-file", world.path("value")];
    await world.cli(["secret", "send", "bgp-md5", ...from]);
    const taken = await carryIn("ack.bundle");
    expect(taken).toMatchObject({ number: 3, work: [], unacknowledged: null, credentials: [{ code: null }] });
    expect(readFileSync(on("ack.bundle"), "latin1")).not.toContain(SECRET);
    // What the hub did is witnessed behind the wall too.
    const witnessed = new Child({
      argv: [process.execPath, "agent/main.ts", "witness", "show", "--json", "--state-dir", world.agentDir(AGENT)],
    });
    expect((await witnessed.exited).code).toBe(0);
    expect(witnessed.stdout.at(-1)).toMatch(/"held":\{.*"size":[1-9]/);
    const after = (await lanes()).find(({ lane }) => lane === "receipt");
    expect(after).toMatchObject({ waiting: 0 });
    expect(after?.released).toBeGreaterThan(before?.released ?? 0);
  });

  it(
    "T24: what was tampered with on the way in is refused with its code, beside a running agent",
    { timeout: 120_000 },
    async () => {
      await world.cli(["bundle", "export", "--agent", AGENT, "--out", on("good.bundle")]);
      await world.cli(["admit", on("good.bundle"), "--key", world.keyFile("bob"), "--yes"]);
      const good = readFileSync(on("good.bundle"));
      const flip = (at: number): Buffer => Buffer.from(good.map((byte, index) => (index === at ? byte ^ 1 : byte)));
      const files = (): string[] =>
        (readdirSync(world.agentDir(AGENT), { recursive: true }) as string[])
          .filter((name) => !name.endsWith("-shm"))
          .toSorted((a, b) => (a < b ? -1 : 1));
      const status = async () => JSON.stringify([(await plant("jobs")).document, await lanes()]);
      const before = [await status(), files()];
      const outside = readdirSync(world.dir);
      const tampered: [string, string, (path: string) => void][] = [
        ["flip", "BUNDLE_ENTRY", (path) => writeFileSync(path, flip(good.length - 1))],
        [
          "flip in the index",
          "SIGNATURE_BAD|BUNDLE_SHAPE|BUNDLE_ENTRY|SIGNATURE_MISSING|ENVELOPE_SHAPE|PAYLOAD_NOT_CANONICAL|SCHEMA",
          (path) => writeFileSync(path, flip(200)),
        ],
        ["truncate", "BUNDLE_ENTRY", (path) => writeFileSync(path, good.subarray(0, -7))],
        ["trailing", "BUNDLE_SHAPE", (path) => writeFileSync(path, Buffer.concat([good, Buffer.from("x")]))],
        ["10 GiB", "BUNDLE_SHAPE", (path) => (copyFileSync(on("good.bundle"), path), truncateSync(path, 10 * 2 ** 30))],
        ["replay", "BUNDLE_ORDER", (path) => copyFileSync(on("ack.bundle"), path)],
        ["older", "BUNDLE_ORDER", (path) => copyFileSync(on("plan.bundle"), path)],
        ["symlink", "BUNDLE_SHAPE", (path) => symlinkSync(on("good.bundle"), path)],
        ["evidence", "BUNDLE_SHAPE|SIGNATURE_MISSING", (path) => copyFileSync(on("evidence.bundle"), path)],
      ];
      for (const [name, code, make] of tampered) {
        const path = on(`${name.replaceAll(" ", "-")}.tampered`);
        make(path);
        const admission = name === "replay" ? "ack" : name === "older" ? "plan" : "good";
        const refused = await plant("import", path, "--admission", on(`${admission}.bundle.admission`));
        expect([name, refused.status, refused.said]).toEqual([
          name,
          1,
          expect.stringMatching(new RegExp(`: (${code}):`)),
        ]);
      }
      const unadmitted = await plant("import", on("good.bundle"), "--admission", on("ack.bundle.admission"));
      expect(unadmitted.said).toContain("BUNDLE_ADMISSION");
      expect([await status(), files()]).toEqual(before);
      expect(readdirSync(world.dir)).toEqual(outside);
      expect((await plant("import", on("good.bundle"))).document).toMatchObject({ number: 4 });
    },
  );

  it(
    "T24: evidence that is replayed or was tampered with is refused at the hub, and a withheld stick is named and audited",
    { timeout: 60_000 },
    async () => {
      const refused = async (path: string): Promise<string> => {
        const result = await world.cliResult(["bundle", "import", path, "--json", "--no-input"]);
        expect(result.status).not.toBe(0);
        return result.stderr;
      };
      expect(await refused(on("evidence.bundle"))).toContain("BUNDLE_ORDER");
      expect(await refused(on("plan-evidence.bundle"))).toContain("BUNDLE_ORDER");
      expect(await refused(on("plan.bundle"))).toContain("SIGNATURE_MISSING");
      expect((await plant("export", on("withheld.bundle"))).status).toBe(0);
      expect(await carryOut("next.bundle")).toMatchObject({ number: 4, missing: { first: 3, last: 3 } });
      expect(await refused(on("withheld.bundle"))).toContain("BUNDLE_ORDER");
      // What became of the secret came along with the evidence, and the hub lets go of the ciphertext.
      expect(JSON.stringify(await world.cli(["secret", "list"]))).toMatch(/"state":"taken"/);
      const audited = async (action: string, decision: "allowed" | "refused") =>
        (await world.client().call("listAudit", { query: { limit: 100, action, decision } })).entries.length;
      // Chained within a second of what they record.
      await world.until(
        "the refusals to be in the log",
        10_000,
        async () => (await audited("bundle.import", "refused")) > 0,
      );
      await world.until("the log", 10_000, async () => (await audited("bundle.missing", "allowed")) === 1);
      expect(await audited("bundle.export", "allowed")).toBe(4);
    },
  );

  it("is shown in people's words, and checked without the hub", { timeout: 60_000 }, async () => {
    const shown = await world.cliResult(["bundle", "inspect", on("change.bundle")]);
    expect(shown.stdout).toContain("NTP at the plant");
    expect(shown.stdout).toContain(`change ${device()}`);
    const [verified] = await world.cli(["bundle", "verify", on("change.bundle")]);
    expect(verified).toMatchObject({ verified: true, number: 2, direction: "in" });
    const [evidence] = await world.cli(["bundle", "verify", on("evidence.bundle")]);
    expect(evidence).toMatchObject({ verified: true, number: 2, direction: "out" });
  });
});
