import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Child } from "../support/child.ts";
import { documentsOf, type Document } from "../support/cli.ts";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { appoint } from "../support/people.ts";
import { World } from "../support/world.ts";

/** A break-glass with no hub anywhere: two files in, one out, a real agent process and simulated routers. */
const AGENT = "agent-ams";
const FIX = "ntp server 10.255.2.1";
let fleet: FleetProcess;
let world: World;
let r1: string;
let r2: string;

beforeAll(async () => {
  fleet = await FleetProcess.start({ count: 2, seed: 23 });
  [r1 = "", r2 = ""] = fleet.devices.map((device) => device.name);
  world = await World.start({
    sites: [{ id: "ams", agent: AGENT }],
    devices: fleet.devices.map((device) => inventoryEntry(device, "ams")),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
    moreApprovers: ["oli"],
  });
  await appoint(world, "oli", ["oncall"], "ams");
  const calm = ["--reason", "nights at ams", "--key", world.keyFile("ann"), "--key", world.keyFile("bob")];
  await world.cli([..."breakglass create ams --id night --oncall oli".split(" "), ...calm]);
  await world.cli(["trust", "fetch", "--out", world.path("newer-trust.json")]);
  await world.cli("breakglass carry night --grant reads --out night.kit".split(" "));
}, 120_000);
afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
});

/** A command of the agent on its own host: its last line, and what it said when it was refused. */
async function host(...args: string[]): Promise<{ status: number | null; said: string; line: string }> {
  const isLook = args[0] === "plan" || args[0] === "jobs";
  const argv: [string, ...string[]] = isLook
    ? [process.execPath, "agent/main.ts", ...args, "--state-dir", world.agentDir(AGENT)]
    : world.agentArgv([...args, "--json"], AGENT);
  const child = new Child({ argv });
  const { code } = await child.exited;
  return { status: code, said: child.stderr.join("\n"), line: child.stdout.at(-1) ?? "" };
}

async function planBundle(line: string, device: string, out: string): Promise<Document> {
  writeFileSync(world.path(`${out}.j2`), `${line}\n`);
  const words = `breakglass plan --kit night.kit --select device=${device} --accept-simulated cisco_iosxe --out ${out}`;
  const files = ["--template", world.path(`${out}.j2`), "--key", world.keyFile("oli")];
  const [made] = await world.cli([...words.split(" "), "--reason", "the hub is dead", ...files]);
  if (!made) throw new Error("nothing was made");
  return made;
}

async function planned(made: Document, out: string): Promise<void> {
  const job = String(made["planJob"]);
  await world.until(`the plan ${job}`, 60_000, async () => {
    const { status } = await host("plan", job, "--out", world.path(out));
    return status === 0;
  });
}

const sign = (plan: string, out: string, person = "oli") => {
  const words = `breakglass bundle --kit night.kit --plan ${plan} --out ${out} --yes --no-input --json`;
  return world.cliResult([...words.split(" "), "--key", world.keyFile(person)]);
};

const jobs = async (): Promise<{ job: string; state: string }[]> => {
  const { line } = await host("jobs", "--json");
  return (JSON.parse(line) as { jobs: { job: string; state: string }[] }).jobs;
};

describe("a break-glass with the hub dead", () => {
  let job = "";

  it("plans by hand, is signed by one person, and runs: no hub anywhere", { timeout: 120_000 }, async () => {
    world.hub?.process.kill("SIGKILL");
    await world.hub?.exited;
    const made = await planBundle(FIX, r1, "plan.bundle");
    const taken = await host("import", world.path("plan.bundle"));
    expect(JSON.parse(taken.line), taken.said).toMatchObject({ number: 0, work: [{ outcome: "accepted" }] });
    await planned(made, "plan.json");
    const signed = await sign("plan.json", "change.bundle");
    expect(signed.status, signed.stderr).toBe(0);
    expect(signed.stderr).toContain("BREAK-GLASS night: oli, on call at ams, signs alone");
    expect(signed.stderr).toContain(`+ ${FIX}`);
    job = String(documentsOf(signed)[0]?.["job"]);

    const shown = await world.cliResult("bundle verify change.bundle --trust newer-trust.json".split(" "));
    expect(shown.stdout).toContain("brought by oli");
    expect(shown.stdout).toContain("signed by oli, on call; every byte is what it says");
    const change = await host("import", world.path("change.bundle"));
    expect(JSON.parse(change.line), change.said).toMatchObject({ work: [{ outcome: "accepted" }] });
    await world.until("the change", 60_000, async () =>
      (await jobs()).some((entry) => entry.job === job && entry.state === "SUCCEEDED"),
    );
    expect(await fleet.runningConfig(r1)).toContain(FIX);
  });

  it(
    "is used up there and then: not brought again, not for another device, not after a kill",
    { timeout: 120_000 },
    async () => {
      const again = await host("import", world.path("change.bundle"));
      expect(JSON.parse(again.line), again.said).toMatchObject({ work: [{ outcome: "held" }] });
      const other = await planBundle("ntp server 10.255.2.2", r2, "plan-2.bundle");
      expect((await host("import", world.path("plan-2.bundle"))).status).toBe(0);
      await planned(other, "plan-2.json");
      expect((await sign("plan-2.json", "change-2.bundle")).status).toBe(0);
      const used = await host("import", world.path("change-2.bundle"));
      expect([used.status, used.said]).toEqual([1, expect.stringContaining("BREAKGLASS")]);
      world.agents.get(AGENT)?.process.kill("SIGKILL");
      await world.agents.get(AGENT)?.exited;
      // Without a running agent too: the journal is the memory.
      const killed = await host("import", world.path("change-2.bundle"));
      expect([killed.status, killed.said]).toEqual([
        1,
        expect.stringContaining("night was used at this agent already"),
      ]);
      expect(await fleet.runningConfig(r2)).not.toContain("10.255.2.2");
    },
  );

  it("cannot be signed by another than who is on call, nor altered on the way", { timeout: 60_000 }, async () => {
    const bob = await sign("plan-2.json", "bob.bundle", "bob");
    expect([bob.status, bob.stderr]).toEqual([1, expect.stringContaining("BREAKGLASS")]);
    const bytes = readFileSync(world.path("change-2.bundle"));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(world.path("flipped.bundle"), bytes);
    expect((await host("import", world.path("flipped.bundle"))).said).toContain("BUNDLE_ENTRY");
    const admitted = await world.cliResult([
      ..."admit change-2.bundle --yes --trust newer-trust.json --key".split(" "),
      world.keyFile("bob"),
    ]);
    expect(admitted.stderr).toContain("BUNDLE_SHAPE");
  });

  it("is told in full once the hub is there again", { timeout: 120_000 }, async () => {
    await world.startHub();
    await world.startAgent(AGENT);
    await world.until("the job at the hub", 60_000, async () => {
      const { jobs: all } = await world.client().call("listJobs", { query: { limit: 50 } });
      return all.some((entry) => entry.id === job && entry.state === "SUCCEEDED");
    });
    const view = await world.job(job);
    expect(view).toMatchObject({
      kind: "change",
      author: "oli",
      signers: ["oli"],
      signersNeeded: 1,
      reason: "the hub is dead",
      breakglass: { id: "night", reason: "the hub is dead" },
    });
    const [receipts] = await world.cli(["job", "receipts", job]);
    expect(receipts?.["receipts"]).toMatchObject([
      { receipt: { persons: 1, fence: 0, breakglass: { id: "night", reason: "the hub is dead" } } },
    ]);
    const audited = async (action: string) =>
      (await world.client().call("listAudit", { query: { limit: 100, action } })).entries;
    await world.until("the audit log", 20_000, async () => (await audited("breakglass.used")).length === 1);
    expect(await audited("breakglass.brought")).toMatchObject([{ onBehalfOf: "oli", object: "ams night" }]);
    expect(await audited("breakglass.plan")).toHaveLength(2);
    expect(await audited("record.apply")).toEqual([]);
    const [list] = await world.cli(["breakglass", "list"]);
    expect(list?.["breakglasses"]).toMatchObject([{ standing: "USED" }]);
  });
});
