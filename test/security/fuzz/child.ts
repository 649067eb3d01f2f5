/** The process that reads hostile inputs. It says what came of each target in one line of JSON; what it could not say, its heartbeat does. */
import { writeSync } from "node:fs";
import { z } from "zod";
import { fixChance } from "./fixed-chance.ts";
import { HeartbeatWriter } from "./heartbeat.ts";
import { runTarget, type Fault, type Tally } from "./run.ts";
import type { Target } from "./target.ts";

export const Order = z.strictObject({
  targets: z.array(z.string()).min(1),
  first: z.int().min(0),
  /** For a target of share 1. */
  count: z.int().min(1),
  heartbeat: z.string(),
});
export type Order = z.infer<typeof Order>;

export type Report = { readonly tally: Tally; readonly faults: readonly Fault[] };

export const countOf = (target: Target, count: number): number => Math.max(1, Math.round(count * (target.share ?? 1)));

export async function runOrder(order: Order, known: readonly Target[]): Promise<void> {
  fixChance();
  const heartbeat = new HeartbeatWriter(order.heartbeat);
  for (const name of order.targets) {
    const place = known.findIndex((target) => target.name === name);
    const target = known[place];
    if (!target) throw new Error(`no target ${name}`);
    heartbeat.beat(place, order.first);
    const count = countOf(target, order.count);
    const report = await runTarget(target, { first: order.first, count }, (seed) => heartbeat.beat(place, seed));
    writeSync(1, `${JSON.stringify(report satisfies Report)}\n`);
  }
  heartbeat.close();
  writeSync(1, "done\n");
}
