import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeviceId, GrantId } from "../../shared/ids.ts";
import { buildAgent } from "../support/binaries.ts";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";

let binary: Awaited<ReturnType<typeof buildAgent>>;
let folder: string;
let fleet: FleetProcess;
let world: World;
const at = (name: string): string => join(folder, name);

/** What somebody could leave on a stick: each would show if it were read. */
function layTraps(): void {
  writeFileSync(at(".env"), "NODE_TLS_REJECT_UNAUTHORIZED=0\nFARHAND_VAULT_KEY_FILE=/dev/null\n");
  writeFileSync(at("bunfig.toml"), 'preload = ["./evil.ts"]\n');
  writeFileSync(at("evil.ts"), `require("node:fs").writeFileSync(${JSON.stringify(at("evil-ran"))}, "yes");\n`);
  writeFileSync(at("package.json"), '{"name":"evil","type":"commonjs"}\n');
  writeFileSync(at("tsconfig.json"), '{"compilerOptions":{"paths":{"*":["./evil.ts"]}}}\n');
}

beforeAll(async () => {
  binary = await buildAgent();
  folder = mkdtempSync(join(tmpdir(), "farhand-stick-"));
  copyFileSync(binary.path, at("farhand-agent"));
  layTraps();
  fleet = await FleetProcess.start({ count: 1, seed: 5 });
  world = await World.start({
    sites: [{ id: "site", agent: "agent-alone" }],
    devices: fleet.devices.map((device) => inventoryEntry(device, "site")),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
    agentArgv: [at("farhand-agent")],
    launchers: {
      agent: ([command, ...args]) => spawn(command, args, { cwd: folder, env: {}, stdio: ["pipe", "pipe", "pipe"] }),
    },
  });
}, 120_000);

afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
  binary?.remove();
  if (folder) rmSync(folder, { recursive: true });
});

describe("T25, T26: the compiled agent, in a hostile folder with an empty environment", () => {
  it("enrols and runs a job, and reads none of what lies there", { timeout: 120_000 }, async () => {
    const device = fleet.devices[0]?.name ?? "";
    const job = await world.client().submit({
      kind: "collect",
      title: "alone",
      reason: "",
      devices: [device as DeviceId],
      grant: "reads" as GrantId,
    });
    const ended = await world.waitForJob(job.id);
    expect(ended.state).toBe("SUCCEEDED");
    expect(existsSync(at("evil-ran"))).toBe(false);
  });

  it("would have shown it: the trap springs where a runtime does read the folder", async () => {
    const run = spawn(process.execPath, ["-e", "0"], { cwd: folder, env: {}, stdio: "ignore" });
    await new Promise((resolve) => run.once("close", resolve));
    expect(existsSync(at("evil-ran"))).toBe(true);
  });
});
