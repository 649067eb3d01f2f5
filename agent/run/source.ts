import type { ChangeTask, PlanTask } from "../../shared/documents/manifest.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { TaskContext } from "./task.ts";

/**
 * The configuration text of a plan or a change: an author's own, or a snapshot's sealed form, opened here and nowhere else. What comes
 * out is held against the public hash that people signed.
 */
export async function textOf(
  context: Pick<TaskContext, "text" | "unseal" | "driver" | "tagger" | "device">,
  task: Pick<PlanTask | ChangeTask, "source" | "text">,
): Promise<string> {
  const { source } = task;
  switch (source.kind) {
    case "text":
      return context.text(task.text);
    case "sealed": {
      const { driver, tagger, device } = context;
      if (source.keyGeneration !== tagger.keyGeneration)
        throw new FarhandError(
          "SEALED",
          `its public hash is of site key ${source.keyGeneration}, this is ${tagger.keyGeneration}`,
        );
      const raw = await context.unseal(task.text);
      const { publicDigest } = driver.publicForm(device.id, raw, tagger);
      if (publicDigest !== source.public)
        throw new FarhandError("SEALED", `what is in it has the hash ${publicDigest}`);
      const reason = driver.notRestorable(device.id, raw, tagger);
      if (reason !== null) throw new FarhandError("NOT_RESTORABLE", reason);
      return raw;
    }
    default:
      return source satisfies never;
  }
}
