import { jcs } from "../../../shared/bytes.ts";
import type { HostKey, Inventory } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { parseDocument } from "yaml";
import { readInventoryFile } from "./file.ts";

/**
 * The inventory file with other host keys for these devices, its comments kept. Read again before it is handed over: it must say exactly
 * what it said, but for these keys.
 */
export function withHostKeys(name: string, text: string, pins: ReadonlyMap<string, readonly HostKey[]>): string {
  const before = readInventoryFile(name, text);
  const document = parseDocument(text, { version: "1.2", schema: "core", merge: false, customTags: [] });
  before.devices.forEach(({ id }, index) => {
    const keys = pins.get(id);
    if (!keys) return;
    const lines = keys.map(({ algorithm, publicKey }) => `${algorithm} ${publicKey}`);
    document.setIn(["devices", index, "hostKeys"], document.createNode(lines));
  });
  const wanted: Omit<Inventory, "version"> = {
    ...before,
    devices: before.devices.map((device) => ({ ...device, hostKeys: [...(pins.get(device.id) ?? device.hostKeys)] })),
  };
  const edited = textOf(document);
  if (edited !== undefined && says(name, edited, wanted)) return edited;
  throw new FarhandError(
    "INVENTORY_FILE",
    `${name}: its host keys cannot be replaced without changing more; do it by hand`,
  );
}

/** An anchor that was replaced leaves its aliases hanging. */
function textOf(document: ReturnType<typeof parseDocument>): string | undefined {
  try {
    return document.toString({ lineWidth: 0 });
  } catch {
    return undefined;
  }
}

function says(name: string, text: string, wanted: Omit<Inventory, "version">): boolean {
  return Buffer.from(jcs(readInventoryFile(name, text))).equals(jcs(wanted));
}
