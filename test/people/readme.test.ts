// What the README tells a team of two to type, typed: every line as it stands, with the names and ids that the lines before it printed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { HubClient } from "../../hub/api/client/index.ts";
import { BUN, Child, ROOT } from "../support/child.ts";
import { FleetProcess } from "../support/fleet.ts";
import { scriptOf, type Typed } from "./script.ts";
import { freePort } from "../support/port.ts";

const PASSPHRASE = "correct horse battery staple";
const SERVER = "192.0.2.30";
const PROGRAMS = { farhand: "hub/main.ts", "farhand-agent": "agent/main.ts" } as const;
/** Asked on a terminal: a person types yes. */
const ASKS = /^(?:sign|trust sign|breakglass bundle) /;

let dir: string;
let url: string;
let fleet: FleetProcess;
const running: Child[] = [];
/** What a line printed that a later line needs, by the word that stands for it in the README. */
const known = new Map<string, string>();

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-people-"));
  fleet = await FleetProcess.start({ count: 1, seed: 23 });
  const port = freePort();
  url = `https://127.0.0.1:${port}`;
  known.set("https://hub.example:8443", url).set("0.0.0.0:8443", `127.0.0.1:${port}`);
  const [device] = fleet.devices;
  if (!device) throw new Error("no device");
  const { algorithm, base64 } = device.hostKey;
  writeFileSync(join(dir, "pass"), `${PASSPHRASE}\n`, { mode: 0o600 });
  writeFileSync(join(dir, "ntp.j2"), "ntp server {{ server }}\n");
  writeFileSync(join(dir, "vars.yaml"), `all: { server: ${SERVER} }\n`);
  writeFileSync(
    join(dir, "inventory.yaml"),
    JSON.stringify({
      org: "acme",
      sites: [{ id: "ams", wayHome: [] }],
      devices: [
        {
          id: "ams-r1",
          site: "ams",
          platform: "cisco_iosxe",
          address: device.address,
          port: device.port,
          credential: "lab",
          hostKeys: [`${algorithm} ${base64}`],
        },
      ],
    }),
  );
}, 120_000);
afterAll(async () => {
  for (const child of running.toReversed()) await child.stop();
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

function start({ program, args }: Typed): Child {
  const words = args.map((word) => known.get(word) ?? word.replace("https://hub.example:8443", url));
  const said = words.join(" ");
  const asks = program === "farhand" && ASKS.test(`${said} `) ? ["--yes"] : [];
  const login =
    program === "farhand-agent" && words[0] === "credential" ? ["--username", fleet.devices[0]?.username ?? ""] : [];
  const at = login.length > 0 ? words.indexOf("--username") : -1;
  const given = at < 0 ? words : [...words.slice(0, at), ...login, ...words.slice(at + 2)];
  return new Child({
    argv: [BUN, join(ROOT, PROGRAMS[program]), ...given, ...asks],
    cwd: dir,
    env: {
      HOME: dir,
      FARHAND_PASSPHRASE_FILE: join(dir, "pass"),
      STATE_DIRECTORY: join(dir, "agent-state"),
    },
  });
}

/** One line, to its end; what runs on is left running once it says that it is there. */
async function type(step: Typed, expected: readonly number[] = [0]): Promise<string> {
  const child = start(step);
  const { program, args } = step;
  const isServer =
    (program === "farhand" && args[0] === "hub" && args[1] === "serve") ||
    (program === "farhand-agent" && args[0] === "run");
  if (isServer) {
    running.push(child);
    await child.waitFor(
      step.line,
      (line) => (line.includes(url) || line.includes("link-up") ? true : undefined),
      60_000,
    );
    return "";
  }
  if (program === "farhand-agent" && args[0] === "credential") {
    child.write(fleet.devices[0]?.password ?? "");
    child.process.stdin?.end();
  }
  const { code } = await child.exited;
  const out = child.stdout.join("\n");
  expect(expected, `${step.line}\n${child.tail()}`).toContain(code);
  learn(step, `${out}\n${child.stderr.join("\n")}`);
  return `${out}\n${child.stderr.join("\n")}`;
}

/** What a person reads off the screen for the next line. */
function learn({ program, args }: Typed, said: string): void {
  if (program === "farhand-agent" && args[0] === "enroll")
    known.set("FINGERPRINT", /^[\w-]{43}$/m.exec(said)?.[0] ?? "");
  if (args[0] === "key" && args[1] === "new") {
    known.set("PUBLICKEY", /^public key\s+(\S+)$/m.exec(said)?.[1] ?? "");
    known.set("KID", /^fingerprint (\S+)$/m.exec(said)?.[1] ?? "");
  }
  if (args[0] === "breakglass" && args[1] === "plan")
    known.set("PLANJOB", /farhand-agent plan (\S+)/.exec(said)?.[1] ?? "");
  if (args[0] === "plan") known.set("JOB", /job-[0-9a-f]{12}/.exec(said)?.[0] ?? "");
}

async function typeAll(heading: string, step: string): Promise<string> {
  const steps = scriptOf(heading).get(step);
  if (!steps) throw new Error(`README.md, ${heading}: no step "${step}"`);
  const startedMs = performance.now();
  let said = "";
  // A plan that waits for signatures ends with 2.
  for (const line of steps) said += await type(line, line.args[0] === "plan" ? [2] : [0]);
  process.stdout.write(`${step}: ${steps.length} lines, ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);
  return said;
}
const INSTALL = "An installation of your own";
const PEOPLE = "People come and go, laptops get lost";
const held = () =>
  new HubClient({
    url,
    ca: readFileSync(join(dir, "hub/ca.pem"), "utf8"),
    token: readFileSync(join(dir, "hub/admin.token"), "utf8").trim(),
  });

it("a team of two: keys, a hub, a site, and its first approved change", { timeout: 180_000 }, async () => {
  const install = [...scriptOf(INSTALL).keys()];
  expect(install).toHaveLength(4);
  for (const step of install.slice(0, 3)) await typeAll(INSTALL, step);
  const said = await typeAll(INSTALL, install[3] ?? "");
  expect(said).toContain("SUCCEEDED: 1 DONE");
  const [device] = fleet.devices;
  expect(await fleet.runningConfig(device?.name ?? "")).toContain(`ntp server ${SERVER}`);
});

it("a colleague comes and leaves", { timeout: 120_000 }, async () => {
  const said = await typeAll(PEOPLE, [...scriptOf(PEOPLE).keys()][0] ?? "");
  expect(said).toContain("+ person cyd (cyd): author at *; approver at *");
  expect(said).toMatch(/! key of cyd revoked \(left\): /);
});

it(
  "a lost laptop: what waits with the old key's signature must be signed again, and work goes on with the new key",
  { timeout: 120_000 },
  async () => {
    writeFileSync(join(dir, "vars.yaml"), "all: { server: 192.0.2.31 }\n");
    const install = scriptOf(INSTALL);
    const day = [...install.values()].at(-1) ?? [];
    const plan = day.find(({ args }) => args[0] === "plan");
    const byBob = day.find(({ line }) => line.includes("bob.key.json"));
    const byAnn = day.find(({ line, args }) => args[0] === "sign" && line.includes("ann.key.json"));
    if (!plan || !byBob || !byAnn) throw new Error("README.md: no plan, or nobody signs");
    await type(plan, [2]);
    // Bob had approved it on the laptop that is gone.
    await type(byBob);
    const said = await typeAll(PEOPLE, [...scriptOf(PEOPLE).keys()][1] ?? "");
    expect(said).toContain("! root.json version 1 -> 2");
    expect(said).toMatch(/! key of bob revoked \(compromised\): /);
    await type(byAnn);
    const job = known.get("JOB") ?? "";
    expect((await held().call("getJob", { params: { id: job as never } })).state).toBe("PENDING_APPROVAL");
    expect(await fleet.runningConfig(fleet.devices[0]?.name ?? "")).not.toContain("192.0.2.31");
    const anew: Typed = {
      ...byBob,
      args: byBob.args.map((word) => word.replace("trust/bob.key.json", "bob-2.key.json")),
    };
    await type(anew);
    const watch = day.find(({ args }) => args[0] === "job" && args[1] === "watch");
    if (!watch) throw new Error("README.md: nobody watches");
    expect(await type(watch)).toContain("SUCCEEDED: 1 DONE");
  },
);

it("what ends is said, and renewed for another season, the grant too", { timeout: 120_000 }, async () => {
  const said = await typeAll(PEOPLE, [...scriptOf(PEOPLE).keys()][2] ?? "");
  expect(said).toContain("in force");
  const collect = [...scriptOf(INSTALL).values()].at(-1)?.find(({ args }) => args[0] === "job" && args[1] === "submit");
  if (!collect) throw new Error("README.md: nobody collects");
  expect(await type(collect)).toContain("SUCCEEDED: 1 DONE");
});

it(
  "break-glass with the hub dead: signed in calm, planned and changed by hand, by one person",
  { timeout: 180_000 },
  async () => {
    writeFileSync(join(dir, "fix.j2"), "ntp server 192.0.2.99\n");
    const night = scriptOf("At night, with the hub alive or dead");
    const [calm = "", , dead = ""] = [...night.keys()];
    await typeAll("At night, with the hub alive or dead", calm);
    const [hub] = running;
    await hub?.stop("SIGKILL");
    const startedMs = performance.now();
    for (const line of night.get(dead) ?? []) {
      // The agent plans when its turn comes: asked again until it has.
      if (line.program === "farhand-agent" && line.args[0] === "plan") await retry(line);
      else await type(line);
    }
    const name = fleet.devices[0]?.name ?? "";
    await until(async () => (await fleet.runningConfig(name)).includes("192.0.2.99"));
    process.stdout.write(`${dead}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);
  },
);

async function retry(step: Typed): Promise<void> {
  await until(async () => {
    const child = start(step);
    return (await child.exited).code === 0;
  });
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!(await done())) {
    if (performance.now() > giveUpAt) throw new Error("not within a minute");
    await Bun.sleep(100);
  }
}
