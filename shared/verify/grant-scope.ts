import type { Grant, Selector } from "../documents/grant.ts";
import type { Device } from "../documents/inventory.ts";
import type { Manifest, TaskSpec } from "../documents/manifest.ts";
import { FarhandError } from "../errors.ts";
import type { InventoryView } from "../trust.ts";

export function selects(selector: Selector, device: Device): boolean {
  if (selector.devices && !selector.devices.includes(device.id)) return false;
  if (selector.platforms && !selector.platforms.includes(device.platform)) return false;
  return Object.entries(selector.tags ?? {}).every(([key, value]) => device.tags[key] === value);
}

function checkTask(grant: Grant, task: TaskSpec, device: Device): void {
  if (task.kind === "change" || task.kind === "rotate" || task.kind === "reveal")
    throw new FarhandError("GRANT_SCOPE", "a grant covers reads only");
  if (!grant.kinds.includes(task.kind)) throw new FarhandError("GRANT_SCOPE", `kind ${task.kind}`);
  if (!grant.selectors.some((selector) => selects(selector, device)))
    throw new FarhandError("GRANT_SCOPE", `device ${device.id}`);
  const commands =
    task.kind === "run" ? task.commands : task.kind === "plan" ? task.verify.map((check) => check.command) : [];
  if (task.kind === "plan") return;
  for (const command of commands) {
    if (!grant.commands.includes(command)) throw new FarhandError("GRANT_SCOPE", `command ${command}`);
  }
}

/** Every task of the manifest must lie within what the grant enumerates. */
export function checkGrantScope(grant: Grant, manifest: Manifest, inventory: InventoryView): void {
  if (!grant.sites.includes(manifest.site)) throw new FarhandError("GRANT_SCOPE", `site ${manifest.site}`);
  for (const task of manifest.tasks) {
    const device = inventory.device(task.device);
    if (!device) throw new FarhandError("INVENTORY_MISMATCH", `no device ${task.device}`);
    checkTask(grant, task, device);
  }
}
