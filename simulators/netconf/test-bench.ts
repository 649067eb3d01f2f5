/** Devices and sessions of one test, ended with it. */
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { startNetconf, type NetconfConfigInput } from "./index.ts";
import { connectNetconf, tagsOf, textsAt, type TestNetconf, type TestNetconfOptions } from "./test-client.ts";
import { getContact } from "./test-requests.ts";

export class Bench {
  readonly clock = new ManualClock();
  readonly #devices: SimulatedDevice[] = [];
  readonly #sessions: TestNetconf[] = [];

  async start(config: Partial<NetconfConfigInput> = {}): Promise<SimulatedDevice> {
    const device = await startNetconf({ name: "nc1", hostKeySeed: "nc1", ...config }, { clock: this.clock });
    this.#devices.push(device);
    return device;
  }

  async connect(device: SimulatedDevice, options: TestNetconfOptions = {}): Promise<TestNetconf> {
    const session = await connectNetconf(device, options);
    this.#sessions.push(session);
    return session;
  }

  async end(): Promise<void> {
    for (const session of this.#sessions.splice(0)) await session.end();
    for (const device of this.#devices.splice(0)) await device.stop();
  }
}

export async function contactOf(session: TestNetconf, source = "running"): Promise<string | undefined> {
  return textsAt(await session.ask(getContact(source)), "data", "system", "contact")[0];
}

/** The tags of a reply, with what stands in `error-info`. */
export async function errorOf(session: TestNetconf, operation: string): Promise<Record<string, string>> {
  const reply = await session.ask(operation);
  const [error] = reply.children;
  if (error?.name !== "rpc-error") throw new Error(`no error but ${tagsOf(reply)}`);
  const texts = error.children.flatMap((one) => (one.name === "error-info" ? one.children : [one]));
  return Object.fromEntries(texts.map(({ name, text }) => [name.replace(/^error-/, ""), text]));
}
