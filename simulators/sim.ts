/**
 * Devices for people to try things on:
 *
 *   npm run sim -- --platform nokia_srlinux --count 3 [--interfaces 8] [--seed 1] [--address 127.20.0.1]
 *
 * They run on the real clock until Ctrl-C. The same seed gives the same devices, host keys included.
 */
import { parseArgs } from "node:util";
import { FleetConfig, startFleet } from "./fleet/fleet.ts";
import { SIMULATED_PLATFORMS } from "./registry.ts";

const { values } = parseArgs({
  options: {
    platform: { type: "string", default: "cisco_iosxe" },
    count: { type: "string", default: "1" },
    interfaces: { type: "string", default: "4" },
    seed: { type: "string", default: "1" },
    address: { type: "string", default: "127.20.0.1" },
  },
});

const config = FleetConfig.safeParse({
  platform: values.platform,
  count: Number(values.count),
  seed: Number(values.seed),
  baseAddress: values.address,
  profile: { interfaces: Number(values.interfaces) },
});
if (!config.success) {
  const wrong = config.error.issues.map(({ path, message }) => `--${String(path.at(-1) ?? "")}: ${message}`);
  process.stderr.write(`${wrong.join("\n")}\nplatforms: ${SIMULATED_PLATFORMS.join(", ")}\n`);
  process.exit(2);
}

const stopped = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
});
const fleet = await startFleet(config.data);
for (const device of fleet.devices) {
  const others = Object.entries(device.ports ?? {}).map(([name, port]) => `${name} ${port}`);
  process.stdout.write(
    `${[device.name, `ssh -p ${device.port} ${device.username}@${device.address}`, ...others, device.hostKeyPublic.sha256].join("  ")}\n`,
  );
}
process.stdout.write(`password ${fleet.devices[0]?.password ?? ""}; Ctrl-C stops them\n`);
await stopped;
await fleet.stop();
process.exit(0);
