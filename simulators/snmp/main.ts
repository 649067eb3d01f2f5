/**
 * SNMP agents for people to try things on: `bun simulators/snmp/main.ts --count 3 --interfaces 48`.
 * Prints a line of JSON for each (it holds what one needs to read it), then {"type":"ready"}. Ends with SIGTERM, SIGINT, or its input.
 */
import { parseArgs } from "node:util";
import { systemClock } from "../../shared/clock.ts";
import { Fault } from "./faults.ts";
import { startSnmpAgent } from "./index.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1" },
    interfaces: { type: "string", default: "24" },
    /** JSON, as faults.ts has it; may be given several times. */
    fault: { type: "string", multiple: true, default: [] },
  },
});

const whole = (text: string, max: number): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) throw new Error(`${text} is not 1 to ${max}`);
  return value;
};

const user = {
  name: "monitor",
  auth: "sha256",
  authPassphrase: "lab authentication",
  privacy: "aes128",
  privacyPassphrase: "lab privacy",
} as const;
const community = "lab-community";
const interfaces = whole(values.interfaces, 10_000);
const faults = values.fault.map((text) => Fault.parse(JSON.parse(text)));
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

for (let index = 1; index <= whole(values.count, 1000); index += 1) {
  const name = `sw${index}.lab.example.net`;
  const device = { name, serial: `LAB${String(index).padStart(8, "0")}`, interfaces };
  const agent = await startSnmpAgent({ users: [user], communities: [community], device }, { clock: systemClock });
  for (const fault of faults) agent.setFault(fault);
  print({ type: "device", name, address: "127.0.0.1", port: agent.port, user, community });
}
print({ type: "ready" });
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));
process.stdin.resume().once("end", () => process.exit(0));
