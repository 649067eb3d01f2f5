/** What the tests of this simulator share: a device on a manual clock, and a person at its terminal. */
import { afterEach, expect } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { Profile } from "../fleet/generate.ts";
import { connectTestClient, type TestClientOptions, type TestSession } from "../ssh/test-client.ts";
import { startJuniperJunos, type JuniperJunosConfigInput } from "./index.ts";
import { sampleJuniperJunos } from "./sample.ts";

export const MINUTE_MS = 60_000;
export const PROMPT = /netops@[\w.-]+[#>] $/;
export const QUESTION = /\[yes,no\] \((?:yes|no)\) $/;
export const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

export const VERSION = "21.4R3.15";
export const made = sampleJuniperJunos({
  index: 0,
  seed: 1,
  profile: Profile.parse({}),
  version: VERSION,
  model: "vsrx",
  username: "netops",
});

export async function boot(options: Partial<JuniperJunosConfigInput> = {}) {
  const clock = new ManualClock();
  const device = await startJuniperJunos(
    { name: "dut", config: made.config, serial: made.serial, hostKeySeed: "dut", ...options },
    { clock },
  );
  open.push(() => device.stop());
  return { device, clock };
}

export async function login(device: SimulatedDevice, options: TestClientOptions = {}): Promise<TestSession> {
  const session = await connectTestClient(device, options);
  open.push(() => session.end());
  await session.waitFor(PROMPT);
  await session.type("set cli screen-length 0\n", PROMPT);
  return session;
}

/** What the last of the lines brought, without its echo and without the prompt. */
export async function type(session: TestSession, ...lines: string[]): Promise<string> {
  let text = "";
  for (const line of lines) text = await session.type(`${line}\n`, PROMPT);
  const plain = text.replaceAll("\r", "");
  return plain.slice(plain.indexOf("\n") + 1, plain.lastIndexOf("\n\n") + 1);
}

export async function configured(device: SimulatedDevice, how = "configure"): Promise<TestSession> {
  const session = await login(device);
  expect(await type(session, how)).toContain("Entering configuration mode");
  return session;
}

export const SET_NAME = "set system host-name renamed";
export const CONFIRMED = ["set routing-options static route 198.51.100.0/24 discard", "commit confirmed 5"];
export const LINE = "route 198.51.100.0/24 discard;";
