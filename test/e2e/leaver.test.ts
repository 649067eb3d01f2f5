import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobView } from "../../hub/api/contract/views.ts";
import { Child } from "../support/child.ts";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { revoke } from "../support/people.ts";
import { World } from "../support/world.ts";

/** An approver leaves in the middle of a wave: what the far site's agent had seen before is what decides. */
const FAR = "agent-lon";
let fleet: FleetProcess;
let world: World;
let near: string;
let far: string;

beforeAll(async () => {
  fleet = await FleetProcess.start({ count: 2, seed: 29 });
  [near = "", far = ""] = fleet.devices.map((device) => device.name);
  world = await World.start({
    sites: [
      { id: "ams", agent: "agent-ams" },
      { id: "lon", agent: FAR },
    ],
    devices: fleet.devices.map((device, index) => inventoryEntry(device, index === 0 ? "ams" : "lon")),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
    moreApprovers: ["cyd", "dan"],
  });
}, 120_000);
afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
});

/** How many entries of the hub's audit log the far agent has seen. */
async function seenByFar(): Promise<number> {
  const argv: [string, ...string[]] = [process.execPath, "agent/main.ts", "witness", "show", "--json"];
  const child = new Child({ argv: [...argv, "--state-dir", world.agentDir(FAR)] });
  await child.exited;
  const { held } = JSON.parse(child.stdout.at(-1) ?? "{}") as { held?: { size: number } | null };
  return held?.size ?? 0;
}

async function placeOfSignature(job: string, person: string): Promise<number | undefined> {
  const { entries } = await world.client().call("listAudit", { query: { limit: 100, action: "job.sign" } });
  return entries.find((entry) => entry.object === job && entry.onBehalfOf === person)?.index;
}

/** A change in two waves, the far site's second and not at once. */
async function planned(line: string): Promise<string> {
  const template = world.path(`${line.replaceAll(/[^a-z0-9]+/gi, "-")}.j2`);
  writeFileSync(template, `${line}\n`);
  const later = new Date(Date.now() + 12_000).toISOString().replace(/\.\d+Z$/, "Z");
  const words = "plan change --author ann --grant reads --title leaver --accept-simulated cisco_iosxe";
  const waves = ["--wave", `device=${near}`, "--wave", `device=${far}@${later}`];
  const rest = ["--template", template, "--select", `device=${near},device=${far}`, ...waves];
  const [plan] = await world.cli([...words.split(" "), ...rest], [2]);
  return String(plan?.["job"]);
}

/** Both sign; the far agent goes away before its wave, after or before it has seen that the approver signed. */
async function signedAndAway(line: string, approver: string, hasSeen: boolean): Promise<string> {
  const job = await planned(line);
  const stop = async () => {
    await world.agents.get(FAR)?.stop();
    world.agents.delete(FAR);
  };
  if (!hasSeen) await stop();
  await world.sign(job, "ann");
  await world.sign(job, approver);
  if (hasSeen) {
    await world.until("the far agent to have seen the signature", 60_000, async () => {
      const place = await placeOfSignature(job, approver);
      return place !== undefined && (await seenByFar()) > place;
    });
    await stop();
  }
  return job;
}

const farOf = (view: JobView) => view.assignments.find((assignment) => assignment.agent === FAR);

async function backAgain(job: string): Promise<JobView> {
  await world.startAgent(FAR);
  return world.waitForJob(job);
}

describe("a leaver in the middle of a wave", () => {
  it("T6: what was seen signed before goes on: the second wave runs", { timeout: 180_000 }, async () => {
    const job = await signedAndAway("ntp server 10.255.3.1", "bob", true);
    await revoke(world, "bob", "left");
    const view = await backAgain(job);
    expect([view.state, farOf(view)?.state, farOf(view)?.code]).toEqual(["SUCCEEDED", "SUCCEEDED", null]);
    expect(await fleet.runningConfig(far)).toContain("ntp server 10.255.3.1");
  });

  it("T6: a compromised key voids it all, seen or not", { timeout: 180_000 }, async () => {
    const job = await signedAndAway("ntp server 10.255.3.2", "cyd", true);
    await revoke(world, "cyd", "compromised");
    const view = await backAgain(job);
    expect(farOf(view)).toMatchObject({ state: "REJECTED", code: "THRESHOLD" });
    expect(await fleet.runningConfig(far)).not.toContain("10.255.3.2");
  });

  it("T6: what was not seen signed before counts for nothing", { timeout: 180_000 }, async () => {
    const job = await signedAndAway("ntp server 10.255.3.3", "dan", false);
    await revoke(world, "dan", "left");
    const view = await backAgain(job);
    expect(farOf(view)).toMatchObject({ state: "REJECTED", code: "THRESHOLD" });
    expect(await fleet.runningConfig(far)).not.toContain("10.255.3.3");
  });
});
