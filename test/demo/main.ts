/**
 * npm run demo                     a hub, two sites, twelve simulated routers; stays until Ctrl-C
 * npm run demo -- --once --json    the main job end to end; exits 0 only if all of it came out right
 * npm run demo -- --real           three FRRouting routers in network namespaces (root, Debian or Ubuntu)
 */
import { parseArgs } from "node:util";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";
import { compromisedHub } from "./compromised.ts";
import type { Section } from "./checks.ts";
import { simulatedScenarios, type Stage } from "./simulated.ts";

const { values } = parseArgs({
  options: {
    once: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    real: { type: "boolean", default: false },
  },
});

const say = (text: string): void => void (values.json || process.stdout.write(`${text}\n`));
const started = performance.now();
const seconds = (): number => Number(((performance.now() - started) / 1000).toFixed(1));

async function startSimulated(): Promise<Stage> {
  const fleet = await FleetProcess.start({ count: 12, seed: 2026 });
  const siteOf = (index: number): string => (index < 8 ? "ams" : "lon");
  const world = await World.start({
    sites: [
      { id: "ams", agent: "agent-ams" },
      { id: "lon", agent: "agent-lon" },
    ],
    devices: fleet.devices.map((device, index) => ({
      ...inventoryEntry(device, siteOf(index)),
      serial: device.serial,
      tags: { role: index % 2 === 0 ? "edge" : "core", n: String(index) },
    })),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
    grantCommands: ["show version", "show ip interface brief", "show clock"],
    proxied: values.once,
    onStep: (what) => say(`  ${what}`),
  });
  return { world, fleet, devices: fleet.devices.map((device) => device.name) };
}

function report(sections: readonly Section[]): boolean {
  const ok = sections.length > 0 && sections.every((entry) => entry.ok);
  if (values.json)
    process.stdout.write(`${JSON.stringify({ schema: "farhand.demo/1", ok, seconds: seconds(), sections })}\n`);
  else {
    for (const entry of sections) {
      say(`${entry.ok ? "ok  " : "FAIL"} ${entry.scenario} (${entry.seconds} s)`);
      for (const check of entry.checks) if (!check.ok) say(`       ${check.name}: ${JSON.stringify(check.seen)}`);
    }
    say(ok ? `All of it came out right, in ${seconds()} s.` : "Something did not come out right.");
  }
  return ok;
}

/** Heard from the first moment on: a Ctrl-C while the demo still starts must leave as little behind as a later one. */
const interrupted = Promise.withResolvers<void>();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.resolve());

function invite({ world, devices }: Stage): void {
  const env = `FARHAND_HUB=${world.url} FARHAND_CA=${world.path("hub/ca.pem")} FARHAND_TOKEN_FILE=${world.path("hub/admin.token")} FARHAND_TRUST=${world.path("trust/trust.json")} FARHAND_PASSPHRASE_FILE=${world.path("passphrase")}`;
  say(`
Ready in ${seconds()} s. ${devices.length} routers at two sites; everything lives in ${world.dir} and goes with Ctrl-C.

  console   ${world.url}/console/#token=${world.token()}
            (self-made CA: ${world.path("hub/ca.pem")})

  next, in another terminal in this folder:
    export ${env}
    npx bun hub/main.ts job submit collect --grant reads --select site=ams --watch
    npx bun hub/main.ts run 'show version' --grant reads --select tag.role=edge
    npx bun hub/main.ts device list
`);
}

async function demo(): Promise<boolean> {
  if (values.real)
    return (await import("./real.ts")).realDemo({ once: values.once, say, report, interrupted: interrupted.promise });
  const stage = await startSimulated();
  try {
    if (values.once) return report([...(await simulatedScenarios(stage)), ...(await compromisedHub(stage))]);
    invite(stage);
    await interrupted.promise;
    return true;
  } finally {
    await stage.world.stop();
    await stage.fleet.stop();
  }
}

process.exit((await demo()) ? 0 : 1);
