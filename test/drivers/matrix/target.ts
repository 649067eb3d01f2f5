import { Device, type TransportName } from "../../../shared/documents/inventory.ts";
import { Secret, type Credential } from "../../../shared/secret.ts";
import type { SimulatedDevice } from "../../../simulators/device.ts";

const inventory = (sim: SimulatedDevice) => ({
  id: "edge-1",
  site: "plant",
  platform: sim.platform,
  address: sim.address,
  algorithms: "modern",
  credential: "netops",
  serial: sim.serial,
  tags: {},
});

function credentialOf(sim: SimulatedDevice): Credential {
  const enable = sim.enablePassword === undefined ? {} : { enable: new Secret(sim.enablePassword) };
  return { username: sim.username, password: new Secret(sim.password), ...enable };
}

/** How signed inventory names a simulated device that is spoken to over SSH. */
export function sshTarget(sim: SimulatedDevice, transport?: TransportName): { target: Device; credential: Credential } {
  const hostKeys = [{ algorithm: "ssh-ed25519", publicKey: sim.hostKeyPublic.base64 }];
  const port = transport === "netconf" ? (sim.ports?.netconf ?? sim.port) : sim.port;
  const named = transport === undefined ? {} : { transport };
  return { target: Device.parse({ ...inventory(sim), ...named, port, hostKeys }), credential: credentialOf(sim) };
}

/** The same over its HTTPS API, whose certificate is pinned. */
export function httpsTarget(sim: SimulatedDevice): { target: Device; credential: Credential } {
  const tls = { trust: "pinned", certificates: sim.certificate };
  return {
    target: Device.parse({ ...inventory(sim), transport: "https", port: sim.ports?.https, hostKeys: [], tls }),
    credential: credentialOf(sim),
  };
}
