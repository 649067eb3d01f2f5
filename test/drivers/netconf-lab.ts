// What the tests of NETCONF share: a simulated server, the driver on it, and somebody else's session.
import { readFileSync } from "node:fs";
import { NetconfClient } from "../../drivers/engines/netconf/client.ts";
import { Operations } from "../../drivers/engines/netconf/operations.ts";
import { connectSsh } from "../../drivers/engines/ssh/via.ts";
import { makeNetconfDriver } from "../../drivers/netconf-platform.ts";
import { readNetconfPlatform } from "../../drivers/model/platform-files.ts";
import type { NetconfPlatformFile } from "../../drivers/platform.ts";
import { driverFor } from "../../drivers/registry.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import { Device } from "../../shared/documents/inventory.ts";
import { PlatformId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { startNetconf, type NetconfConfigInput } from "../../simulators/netconf/index.ts";
import { fastClock, rig, type Rig } from "./support.ts";

export const IF = "urn:ietf:params:xml:ns:yang:ietf-interfaces";

export const platformFile = (): NetconfPlatformFile =>
  readNetconfPlatform(readFileSync(new URL("../../drivers/platforms/netconf.yaml", import.meta.url), "utf8"));

export interface NetconfLab {
  readonly sim: SimulatedDevice;
  readonly box: Rig;
  readonly clock: Clock;
}

export type Stops = (() => Promise<void>)[];

export async function lab(
  stops: Stops,
  { platform, ...config }: Partial<NetconfConfigInput> & { platform?: Partial<NetconfPlatformFile["netconf"]> } = {},
): Promise<NetconfLab> {
  // Sixty times: the device's one minute is a second here; deadlines are given in its time.
  const clock = fastClock(60);
  const sim = await startNetconf({ name: "nc-1", ...config }, { clock });
  stops.push(() => sim.stop());
  const file = platformFile();
  const driver =
    sim.platform === "netconf"
      ? makeNetconfDriver({ ...file, netconf: { ...file.netconf, ...platform } })
      : driverFor(PlatformId.parse(sim.platform), "netconf");
  if (!driver) throw new Error(`no driver for ${sim.platform} over NETCONF`);
  const target = Device.parse({
    id: "nc-1",
    site: "plant",
    platform: sim.platform,
    address: sim.address,
    port: sim.port,
    hostKeys: [{ algorithm: "ssh-ed25519", publicKey: sim.hostKeyPublic.base64 }],
    algorithms: "modern",
    credential: "netops",
    serial: sim.serial,
    tags: {},
  });
  const credential = { username: sim.username, password: new Secret(sim.password) };
  const secrets = { ops: "$6$s3cr3t$of-the-vault" };
  return {
    sim,
    clock,
    box: rig({ driver, target, credential, clock, connectMs: 300_000, commandMs: 120_000, secrets }),
  };
}

/** Somebody else, on a session of their own. */
export async function admin(
  stops: Stops,
  sim: SimulatedDevice,
): Promise<{ operations: Operations; sessionId: number; leave: () => void }> {
  const { signal } = new AbortController();
  const connection = await connectSsh({
    target: {
      address: sim.address,
      port: sim.port,
      hostKeys: [{ algorithm: "ssh-ed25519", publicKey: sim.hostKeyPublic.base64 }],
      algorithms: "modern",
    },
    credential: { username: sim.username, password: new Secret(sim.password) },
    clock: systemClock,
    signal,
    connectMs: 10_000,
  });
  stops.unshift(() => Promise.resolve(connection.close()));
  const client = await NetconfClient.open({
    stream: await connection.subsystem("netconf"),
    clock: systemClock,
    signal,
    helloMs: 10_000,
    redact: (text) => text,
  });
  return {
    operations: new Operations(client, { deadlineMs: 10_000 }),
    sessionId: client.hello.sessionId,
    leave: () => connection.close(),
  };
}
