import { basename } from "node:path";
import type { Device } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { Trusted } from "../trust/load.ts";
import type { Evidence } from "./compare.ts";
import { readConsoleFile } from "./console.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { readKnownHosts } from "./known-hosts.ts";
import { openSeen, type Seen } from "./seen.ts";

export interface EvidenceFiles {
  readonly knownHosts?: readonly string[];
  readonly secondVantage?: readonly string[];
  readonly console?: readonly string[];
}

export interface AllEvidence {
  readonly evidenceOf: (device: Device) => Evidence[];
  readonly revoked: ReadonlySet<string>;
  readonly notes: readonly string[];
}

type Source = (device: Device) => Evidence;

/** Whatever may vouch for a key. What the same agent saw twice is no second word. */
export async function evidenceFrom(
  files: EvidenceFiles,
  read: (path: string) => string,
  trusted: Trusted,
  first: Seen,
): Promise<AllEvidence> {
  const sources: Source[] = [];
  const revoked = new Set<string>();
  const notes: string[] = [];
  for (const path of files.knownHosts ?? []) {
    const known = readKnownHosts(read(path));
    for (const fingerprint of known.revoked) revoked.add(fingerprint);
    notes.push(...known.notes.map((note) => `${path} ${note}`));
    sources.push((device) => ({
      source: `known_hosts ${basename(path)}`,
      keys: known
        .keysOf(device)
        .map(({ algorithm, publicKey }) => ({ algorithm, fingerprint: fingerprintOf(publicKey) })),
    }));
  }
  for (const path of files.secondVantage ?? []) {
    const { sightings } = await openSeen(path, read(path), trusted);
    for (const [device, { agent }] of sightings)
      if (first.sightings.get(device)?.agent === agent)
        throw new FarhandError(
          "USAGE",
          `${path}: ${device} was seen by ${agent} both times; a second vantage is another agent's`,
        );
    sources.push((device) => {
      const sighting = sightings.get(device.id);
      return {
        source: sighting ? `agent ${sighting.agent}` : "",
        keys: (sighting?.keys ?? []).map(({ algorithm, publicKey }) => ({
          algorithm,
          fingerprint: fingerprintOf(publicKey),
        })),
      };
    });
  }
  for (const path of files.console ?? []) {
    const lines = readConsoleFile(path, read(path));
    for (const id of lines.keys())
      if (!trusted.inventory?.inventory.document.devices.some((device) => device.id === id))
        throw new FarhandError("NOT_FOUND", `${path}: no device ${id}`);
    sources.push((device) => ({
      source: `console ${basename(path)}`,
      keys: (lines.get(device.id) ?? []).map((key) =>
        "fingerprint" in key ? key : { algorithm: key.algorithm, fingerprint: fingerprintOf(key.publicKey) },
      ),
    }));
  }
  return { evidenceOf: (device) => sources.map((source) => source(device)), revoked, notes };
}
