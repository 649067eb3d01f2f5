// A Linux host of the lab as the driver meets it.
import { driverFor } from "../../drivers/registry.ts";
import { systemClock } from "../../shared/clock.ts";
import { Device } from "../../shared/documents/inventory.ts";
import { PlatformId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import type { LinuxHost } from "./linux-lab.ts";
import { rig, type Rig } from "./support.ts";

type Reached = Pick<LinuxHost, "port" | "hostKeyPublic" | "user" | "password">;

export function linuxBox(host: Reached, password = host.password): Rig {
  const driver = driverFor(PlatformId.parse("linux"));
  if (!driver) throw new Error("no driver");
  const target = Device.parse({
    id: "edge-1",
    site: "lab",
    platform: "linux",
    address: "127.0.0.1",
    port: host.port,
    hostKeys: [{ algorithm: "ssh-ed25519", publicKey: host.hostKeyPublic }],
    algorithms: "modern",
    credential: "farhand",
    serial: null,
    tags: {},
  });
  const credential = { username: host.user, password: new Secret(password) };
  return rig({ driver, target, credential, clock: systemClock, connectMs: 20_000, commandMs: 20_000 });
}
