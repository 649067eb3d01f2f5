/**
 * A fleet in a process of its own, so that a bench or an end-to-end test measures only what it tests.
 *
 *   bun simulators/main.ts fleet.json        configuration from a file, commands on stdin
 *   bun simulators/main.ts < lines           the first line of stdin is the configuration, the rest are commands
 *
 * Prints one line of JSON for each device, then {"type":"ready"}, then one answer for each command.
 * It ends with `stop`, with SIGTERM or SIGINT, and when its stdin ends: a killed parent leaves no fleet behind.
 */
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { ManualClock, systemClock } from "../shared/clock.ts";
import { startFleet, type Fleet } from "./fleet/fleet.ts";
import { Command, deviceLine, MainConfig, obey } from "./fleet/protocol.ts";

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function answer(line: string, fleet: Fleet, clock: Parameters<typeof obey>[2]): Promise<boolean> {
  let id: string | number | undefined;
  try {
    const command = Command.parse(JSON.parse(line));
    id = command.id;
    const result = await obey(command, fleet, clock);
    print({ type: "answer", ok: true, ...(id === undefined ? {} : { id }), command: command.command, ...result });
    return command.command !== "stop";
  } catch (error) {
    print({ type: "answer", ok: false, ...(id === undefined ? {} : { id }), error: messageOf(error) });
    return true;
  }
}

async function main(): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopping.abort(new Error(signal)));
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const file = process.argv[2];
  const text = file === undefined ? (await lines.next()).value : await readFile(file, "utf8");
  if (text === undefined) throw new Error("no configuration: give a file, or one line of JSON on stdin");
  const { clock: kind, faults, ...config } = MainConfig.parse(JSON.parse(text));
  const clock = kind === "manual" ? new ManualClock() : systemClock;
  const fleet = await startFleet(config, { clock });
  try {
    for (const { device, fault } of faults) fleet.device(device).setFault(fault);
    for (const device of fleet.devices) print(deviceLine(device));
    print({ type: "ready", count: fleet.devices.length });
    const aborted = new Promise<undefined>((resolve) =>
      stopping.signal.addEventListener("abort", () => resolve(undefined), { once: true }),
    );
    for (;;) {
      const next = await Promise.race([lines.next(), aborted]);
      if (next === undefined || next.done) break;
      if (next.value.trim() !== "" && !(await answer(next.value, fleet, clock))) break;
    }
  } finally {
    await fleet.stop();
  }
}

await main().then(
  () => process.exit(0),
  (error: unknown) => {
    print({ type: "error", error: messageOf(error) });
    process.exit(1);
  },
);
