import type { RevealTask } from "../../shared/documents/manifest.ts";
import { FarhandError } from "../../shared/errors.ts";
import { sealConfiguration } from "../../shared/sealed.ts";
import type { TaskEnd } from "../core/model.ts";
import { done, type TaskContext } from "./task.ts";

/**
 * Opens a sealed configuration for one person: sealed again, to the key that this person's tool made for it and forgets. Nothing is sent
 * to the device. That it was done, for whom and why, stands in the receipt.
 */
export async function reveal(context: TaskContext<RevealTask>): Promise<TaskEnd> {
  const { task, device, manifest, driver, tagger, spool } = context;
  const raw = await context.unseal(task.sealed);
  const { publicDigest } = driver.publicForm(device.id, raw, tagger);
  if (publicDigest !== task.public) throw new FarhandError("SEALED", `what is in it has the hash ${publicDigest}`);
  const place = { org: manifest.org, site: manifest.site, device: device.id };
  const output = await spool.put("output", await sealConfiguration(raw, place, [task.to]));
  const detail = `opened ${task.public} for ${task.person}: ${task.reason}`.slice(0, 500);
  return { ...done({ output }), detail };
}
