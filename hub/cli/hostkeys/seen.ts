import { z } from "zod";
import { fromBase64url, parseCanonical, sha256, toBase64url } from "../../../shared/bytes.ts";
import { openReceipt, type AgentKeys } from "../../../shared/audit/receipts.ts";
import { HostKeysSeen } from "../../../shared/documents/host-keys.ts";
import type { HostKey } from "../../../shared/documents/inventory.ts";
import { Envelope, readAs } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { AgentId, DeviceId, Digest } from "../../../shared/ids.ts";
import type { Trusted } from "../trust/load.ts";

/** Agents' receipts of a check of host keys, and the outputs that they name. It carries its own proof: the hub's word is not in it. */
const SeenFile = z.strictObject({
  type: z.literal("host-keys-seen"),
  v: z.literal(1),
  receipts: z.array(Envelope).max(5000),
  /** Base64url of each output. */
  outputs: z.array(z.string().max(64 * 1024)).max(100_000),
});

export const writeSeen = (receipts: readonly Envelope[], outputs: readonly Uint8Array[]): string =>
  `${JSON.stringify({ type: "host-keys-seen", v: 1, receipts, outputs: outputs.map((bytes) => toBase64url(bytes)) })}\n`;

/** What one device showed to one agent, as that agent signed it. */
export interface Sighting {
  readonly device: DeviceId;
  readonly agent: AgentId;
  readonly atSeconds: number;
  readonly keys: readonly HostKey[];
}
/** A device that the agent could not read; `code` says why. */
export interface Unseen {
  readonly device: DeviceId;
  readonly code: string;
}

export interface Seen {
  readonly sightings: ReadonlyMap<DeviceId, Sighting>;
  readonly unseen: readonly Unseen[];
}

/** Verified with the agents' own countersigned keys, against the inventory that stands now. */
export async function openSeen(name: string, text: string, trusted: Trusted): Promise<Seen> {
  const file = readSeenFile(name, text);
  const inventory = trusted.inventory;
  if (!inventory) throw new FarhandError("INVENTORY_MISMATCH", "there is no signed inventory yet");
  const active = (trusted.agents?.document.agents ?? []).filter(({ status }) => status === "active");
  const keys: AgentKeys = new Map(active.map(({ id, site, kid, signKey }) => [kid, { id, site, signKey }]));
  const outputs = new Map<Digest, Uint8Array>(
    file.outputs.map((output) => {
      const bytes = fromBase64url(output);
      return [sha256(bytes), bytes];
    }),
  );
  const sightings = new Map<DeviceId, Sighting>();
  const unseen: Unseen[] = [];
  for (const envelope of file.receipts) {
    const { document } = await openReceipt("receipt", envelope, keys);
    if (document.type !== "receipt") continue;
    if (document.org !== trusted.store.org) throw new FarhandError("WRONG_ORG", name);
    for (const task of document.tasks) {
      const device = inventory.device(task.device);
      if (device?.site !== document.site) {
        unseen.push({ device: task.device, code: "INVENTORY_MISMATCH" });
        continue;
      }
      const bytes = task.output ? outputs.get(task.output.sha256) : undefined;
      if (task.state !== "DONE" || !bytes) {
        unseen.push({
          device: task.device,
          code: task.code ?? (task.state === "DONE" ? "BUNDLE_INCOMPLETE" : task.state),
        });
        continue;
      }
      const seen = readAs(HostKeysSeen, parseCanonical(bytes));
      // Of another address it says nothing of this one.
      if (seen.device !== device.id || seen.address !== device.address || seen.port !== device.port) {
        unseen.push({ device: task.device, code: "INVENTORY_MISMATCH" });
        continue;
      }
      const held = sightings.get(device.id);
      if (held && held.agent !== document.agent)
        throw new FarhandError("USAGE", `${name} holds what two agents saw of ${device.id}: one file for each`);
      if (held && held.atSeconds >= document.endedAt) continue;
      sightings.set(device.id, {
        device: device.id,
        agent: document.agent,
        atSeconds: document.endedAt,
        keys: seen.keys,
      });
    }
  }
  return { sightings, unseen };
}

function readSeenFile(name: string, text: string): z.infer<typeof SeenFile> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FarhandError("SCHEMA", `${name} is no file of host keys: make one with farhand hostkeys collect`);
  }
  return readAs(SeenFile, value);
}
