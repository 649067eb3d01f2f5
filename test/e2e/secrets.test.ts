// A password and a template's secret from a person to an agent, through the two compiled programs and everything that they write.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { utf8 } from "../../shared/bytes.ts";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { buildBinary } from "../support/binaries.ts";
import { World } from "../support/world.ts";

const canary = (what: string): string => `C4nary-${what}-${randomBytes(6).toString("hex")}+x`;
const PASSWORD = canary("password");
const WRONG = canary("wrong");
const TEMPLATE = canary("template");
const AGENT = "agent-plant";
let fleet: FleetProcess;
let world: World;
const binaries: { path: string; remove(): void }[] = [];

beforeAll(async () => {
  const hub = await buildBinary("farhand");
  const agent = await buildBinary("farhand-agent");
  binaries.push(hub, agent);
  fleet = await FleetProcess.start({ count: 5, seed: 41, password: PASSWORD });
  world = await World.start({
    sites: [{ id: "plant", agent: AGENT }],
    devices: fleet.devices.map((device) => inventoryEntry(device, "plant")),
    username: fleet.devices[0]?.username ?? "",
    password: WRONG,
    hubArgv: [hub.path],
    agentArgv: [agent.path],
  });
}, 240_000);

afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
  for (const binary of binaries) binary.remove();
});

interface Shown {
  readonly name: string;
  readonly held: { readonly version: number; readonly stopped: boolean } | null;
  readonly sent: { readonly state: string; readonly code: string | null } | null;
}
async function listed(name: string): Promise<Shown | undefined> {
  const [document] = await world.cli(["secret", "list"]);
  return ((document?.["secrets"] ?? []) as Shown[]).find((one) => one.name === name);
}

/** Kim is keyadmin, and may send secrets as such. The file with the value is gone when the test looks for it. */
async function send(name: string, value: string, ...args: string[]): Promise<void> {
  const file = world.path("value");
  writeFileSync(file, `${value}\n`, { mode: 0o600 });
  await world.cli([
    "secret",
    "send",
    name,
    "--agent",
    AGENT,
    "--key",
    world.keyFile("kim"),
    "--value-file",
    file,
    ...args,
  ]);
  rmSync(file);
}

async function collect(): Promise<(string | null)[]> {
  const documents = await world.cli(["job", "submit", "collect", "--grant", "reads", "--select", "site=plant"]);
  const job = documents.map((document) => document["job"]).find((value) => typeof value === "string");
  const ended = await world.waitForJob(String(job));
  return ended.assignments.flatMap((assignment) => assignment.tasks.map((task) => task.code ?? task.state)).toSorted();
}

/** As it is, in base64 at any offset, as in a URL, in hex. */
function shapes(value: string): string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "")
      .slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6)),
  );
  const url = base64.map((one) => one.replaceAll("+", "-").replaceAll("/", "_"));
  return [value, encodeURIComponent(value), bytes.toString("hex"), ...base64, ...url];
}
const FORBIDDEN = [PASSWORD, WRONG, TEMPLATE].flatMap(shapes);
const foundIn = (place: string, bytes: Uint8Array): string[] =>
  FORBIDDEN.filter((shape) => Buffer.from(bytes).includes(shape)).map((shape) => `${place}: ${shape}`);

/** Everything that hub, agent and people left on this disk. */
const inFiles = (): string[] =>
  readdirSync(world.dir, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(world.dir, name)).isFile())
    .flatMap((name) => foundIn(name, readFileSync(join(world.dir, name))));

function inProcesses(): string[] {
  const agent = world.agents.get(AGENT);
  if (!world.hub || !agent) throw new Error("no processes");
  return [world.hub, agent].flatMap((child) => [
    ...["cmdline", "environ"].flatMap((what) => foundIn(what, readFileSync(`/proc/${child.pid}/${what}`))),
    ...foundIn("output", utf8([...child.stdout, ...child.stderr].join("\n"))),
  ]);
}

async function inAnswers(): Promise<string[]> {
  const asked = [
    ["secret", "list"],
    ["job", "list"],
    ["agent", "list"],
    ["audit", "list"],
    ["device", "list"],
  ];
  const all: string[] = [];
  for (const args of asked) all.push(...foundIn(args.join(" "), utf8(JSON.stringify(await world.cli(args)))));
  return all;
}

describe("secrets from a person to an agent", () => {
  it(
    "a wrong password is refused three times on five devices, and stops everywhere; the hub hears of it",
    { timeout: 120_000 },
    async () => {
      expect(await collect()).toEqual([
        "CREDENTIAL_STOPPED",
        "CREDENTIAL_STOPPED",
        "LOGIN_REFUSED",
        "LOGIN_REFUSED",
        "LOGIN_REFUSED",
      ]);
      await world.until("the hub hears of it", 30_000, async () => (await listed("lab"))?.held?.stopped === true);
    },
  );

  it("the right one, sealed to the agent, is taken and logs in", { timeout: 120_000 }, async () => {
    await send("lab", PASSWORD, "--username", fleet.devices[0]?.username ?? "");
    await world.until("it is taken", 30_000, async () => {
      const shown = await listed("lab");
      return shown?.sent?.state === "taken" && shown.held?.stopped === false;
    });
    expect(await collect()).toEqual(Array.from({ length: 5 }, () => "DONE"));
  });

  it("an agent without a line gets its secret when it next connects", { timeout: 120_000 }, async () => {
    await world.agents.get(AGENT)?.stop();
    await send("bgp-md5", TEMPLATE);
    expect(await listed("bgp-md5")).toMatchObject({ held: null, sent: { state: "waiting" } });
    await world.startAgent(AGENT);
    await world.until("it is taken", 30_000, async () => (await listed("bgp-md5"))?.sent?.state === "taken");
    expect((await listed("bgp-md5"))?.held?.version).toBeGreaterThan(0);
  });

  it("T39: stands in clear in no file, process, answer or log of hub and agent", { timeout: 60_000 }, async () => {
    // A stick on its way to the site holds the sealed secrets too.
    await send("ospf-key", TEMPLATE);
    await world.cli(["bundle", "export", "--agent", AGENT, "--out", world.path("plant.bundle")]);
    const control = world.path("control");
    writeFileSync(control, `x ${Buffer.from(`:${TEMPLATE}`).toString("base64")}`);
    expect(inFiles()).not.toEqual([]);
    rmSync(control);
    expect(inFiles()).toEqual([]);
    expect(inProcesses()).toEqual([]);
    expect(await inAnswers()).toEqual([]);
  });
});
