import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { driverFor } from "../../../drivers/registry.ts";
import { PlatformId } from "../../../shared/ids.ts";
import type { TransportName } from "../../../shared/documents/inventory.ts";

/**
 * What tests have shown of a platform, for `npm run platforms`: one small file for each fact, named after the digest of the platform
 * file that it was shown with, so that nothing is told of a driver that has changed since.
 */
const FOLDER = join(import.meta.dirname, "../../../.results/platforms");

const Shown = z.strictObject({
  digest: z.string(),
  platform: z.string(),
  transport: z.string(),
  /** Changes kept, by mode. */
  merge: z.int().optional(),
  replace: z.int().optional(),
  faults: z.int().optional(),
  crashes: z.int().optional(),
  timerFired: z.string().optional(),
  facts: z.int().optional(),
  collect: z.int().optional(),
  recorded: z.int().optional(),
  realPeer: z.string().optional(),
});
export type Shown = z.infer<typeof Shown>;
export type Facts = Omit<Shown, "digest" | "platform" | "transport">;

export function record(of: { readonly platform: string; readonly transport: TransportName }, facts: Facts): void {
  const digest = driverFor(PlatformId.parse(of.platform), of.transport)?.digest;
  if (digest === undefined) throw new Error(`no driver for ${of.platform} over ${of.transport}`);
  const shown: Shown = { digest, platform: of.platform, transport: of.transport, ...facts };
  const file = join(FOLDER, digest.slice(0, 16), `${randomUUID()}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(shown));
}

/** Everything that was shown with this digest, over this transport; counts are added up. */
export function shownOf(digest: string, transport: string): Facts {
  const folder = join(FOLDER, digest.slice(0, 16));
  const sum: Record<string, number | string> = {};
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return {};
  }
  for (const name of names) {
    const {
      digest: with_,
      platform: _platform,
      transport: over,
      ...facts
    } = Shown.parse(JSON.parse(readFileSync(join(folder, name), "utf8")));
    if (with_ !== digest || over !== transport) continue;
    for (const [key, value] of Object.entries(facts)) {
      if (value === undefined) continue;
      const held = sum[key];
      sum[key] = typeof value === "number" && typeof held === "number" ? held + value : value;
    }
  }
  return sum;
}

/** Forgets what earlier runs have shown. */
export const forget = (): void => rmSync(FOLDER, { recursive: true, force: true });
