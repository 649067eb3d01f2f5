import { sha256 } from "../../shared/bytes.ts";
import type { DeviceId, GrantId } from "../../shared/ids.ts";
import type { JobView, TaskView } from "../../hub/api/contract/views.ts";
import type { FleetProcess } from "../support/fleet.ts";
import type { World } from "../support/world.ts";
import { section, type Checks, type Section } from "./checks.ts";

/** The simulated installation: two sites, twelve routers. */
export interface Stage {
  readonly world: World;
  readonly fleet: FleetProcess;
  readonly devices: readonly string[];
}

export const tasksOf = (job: JobView): TaskView[] => job.assignments.flatMap((assignment) => assignment.tasks);
const statesOf = (job: JobView): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const task of tasksOf(job)) counts[task.state] = (counts[task.state] ?? 0) + 1;
  return counts;
};

async function collectAll({ world, devices }: Stage, checks: Checks): Promise<void> {
  const job = await world.client().submit({
    kind: "collect",
    title: "Nightly backup",
    reason: "",
    devices: devices.map((id) => id as DeviceId),
    grant: "reads" as GrantId,
  });
  const ended = await world.waitForJob(job.id);
  checks.equal("the job", ended.state, "SUCCEEDED");
  checks.equal("every device", statesOf(ended), { DONE: devices.length });
  const snapshots = await Promise.all(
    devices.map((id) => world.client().call("deviceHistory", { params: { id: id as DeviceId }, query: { limit: 10 } })),
  );
  checks.that(
    "each has a snapshot with a sealed form",
    snapshots.every((entry) => entry.snapshots[0]?.sealed),
    snapshots.map((entry) => entry.snapshots.length),
  );
  const first = snapshots[0]?.snapshots[0];
  const text = first ? new TextDecoder().decode(await world.client().getBlob(first.public.sha256)) : "";
  checks.that(
    "no secret leaves the site in the clear",
    /‹secret:[a-z2-7]{16}›/i.test(text) && !/secret 9 \$9\$/.test(text),
    text.split("\n").find((line) => line.startsWith("enable")) ?? "",
  );
}

const NTP = `ntp server 10.255.0.30
logging host 10.255.0.{{ 40 + device.tags.n | int }}
ip prefix-list DEMO seq 5 permit 10.99.0.0/16 le 24
interface Loopback0
 description managed by farhand
`;
const NTP_VERIFY = [
  { command: "show running-config | include ntp server", contains: ["ntp server 10.255.0.30"], withinSeconds: 5 },
];

async function changeAll({ world, fleet, devices }: Stage, checks: Checks): Promise<JobView> {
  const id = await world.plan({
    select: "platform=cisco_iosxe",
    template: NTP,
    title: "NTP and logging everywhere",
    verify: NTP_VERIFY,
    extra: ["--accept-simulated", "cisco_iosxe"],
  });
  await world.sign(id, "ann");
  await world.sign(id, "bob");
  const ended = await world.waitForJob(id);
  const tasks = tasksOf(ended);
  checks.equal("the job", ended.state, "SUCCEEDED");
  checks.equal("every device", statesOf(ended), { DONE: devices.length });
  checks.equal("who signed", ended.signers.toSorted(), ["ann", "bob"]);
  checks.that(
    "the diff applied equals the diff signed",
    tasks.every((task) => task.diff !== null && task.diff === task.plannedDiff),
    tasks.map((task) => [task.device, task.plannedDiff?.slice(0, 8), task.diff?.slice(0, 8)]),
  );
  const running = await fleet.runningConfig(devices[0] ?? "");
  checks.that("the device itself has it", running.includes("ntp server 10.255.0.30"), devices[0]);
  const stats = await fleet.stats();
  checks.equal(
    "each was changed once",
    stats.devices.map((device) => device.applies),
    devices.map(() => 1),
  );
  return ended;
}

async function failsVerification({ world, fleet, devices }: Stage, checks: Checks): Promise<void> {
  const [good, bad] = [devices[0] ?? "", devices[1] ?? ""];
  // The same change for both; on one of them what it is verified by is not there.
  const template = `{% if device.id == "${bad}" %}logging host 10.255.0.99{% else %}logging host 10.255.0.98{% endif %}\n`;
  const before = sha256(await fleet.configuration(bad));
  const id = await world.plan({
    select: `device=${good},device=${bad}`,
    template,
    title: "Another log host",
    verify: [{ command: "show running-config | include logging host", contains: ["10.255.0.98"], withinSeconds: 0 }],
    extra: ["--accept-simulated", "cisco_iosxe"],
  });
  await world.sign(id, "ann");
  await world.sign(id, "bob");
  const ended = await world.waitForJob(id);
  const tasks = tasksOf(ended);
  const undone = tasks.find((task) => task.device === bad);
  checks.equal("the good one", tasks.find((task) => task.device === good)?.state, "DONE");
  checks.equal("the bad one", [undone?.state, undone?.code], ["ROLLED_BACK", "VERIFICATION_FAILED"]);
  checks.that(
    "its configuration hash equals the one before",
    undone?.after !== null && undone?.before?.public.sha256 === undone?.after?.public.sha256,
    [undone?.before?.public.sha256, undone?.after?.public.sha256],
  );
  checks.equal("the device itself says so", sha256(await fleet.configuration(bad)), before);
}

async function drifts({ world, fleet, devices }: Stage, checks: Checks): Promise<void> {
  const device = devices[2] ?? "";
  const id = await world.plan({
    select: `device=${device}`,
    template: "ip prefix-list DRIFT seq 5 permit 10.98.0.0/16\n",
    title: "A prefix list",
    extra: ["--accept-simulated", "cisco_iosxe"],
  });
  await world.sign(id, "ann");
  await fleet.mutate(device, ["snmp-server location somebody else was here"]);
  const before = sha256(await fleet.runningConfig(device));
  const { devices: counted } = await fleet.stats(device);
  await world.sign(id, "bob");
  const ended = await world.waitForJob(id);
  const [task] = tasksOf(ended);
  checks.equal("the task", [task?.state, task?.code], ["DRIFTED", "DRIFTED"]);
  checks.equal("untouched", sha256(await fleet.runningConfig(device)), before);
  checks.equal("nothing was applied", (await fleet.stats(device)).devices[0]?.applies, counted[0]?.applies);
}

async function cancels({ world, fleet, devices }: Stage, checks: Checks): Promise<void> {
  const device = devices[3] ?? "";
  await fleet.setFault(device, { kind: "hang", at: "^show running-config" });
  const job = await world.client().submit({
    kind: "collect",
    title: "A device that hangs",
    reason: "",
    devices: [device as DeviceId],
    grant: "reads" as GrantId,
  });
  await world.waitForJob(job.id, (state) => state === "ROLLING");
  await world.until("the read to be under way", 20_000, async () =>
    tasksOf(await world.job(job.id)).some((task) => task.state === "PRECHECK"),
  );
  await world.cli(["job", "cancel", job.id, "--reason", "changed my mind"]);
  const ended = await world.waitForJob(job.id);
  await fleet.clearFault(device);
  checks.equal("the job", ended.state, "CANCELED");
  checks.equal(
    "its task",
    tasksOf(ended).map((task) => task.state),
    ["CANCELED"],
  );
}

export async function simulatedScenarios(stage: Stage): Promise<Section[]> {
  return [
    await section("collect all devices", (checks) => collectAll(stage, checks)),
    await section(
      "change, signed by an author and an approver",
      async (checks) => void (await changeAll(stage, checks)),
    ),
    await section("change that fails verification on one device", (checks) => failsVerification(stage, checks)),
    await section("device changed between plan and run", (checks) => drifts(stage, checks)),
    await section("canceled job", (checks) => cancels(stage, checks)),
  ];
}
