import { z } from "zod";
import type { Risk } from "../../shared/documents/common.ts";
import type { Manifest, TaskSpec } from "../../shared/documents/manifest.ts";
import type { Digest } from "../../shared/ids.ts";
import type { InventoryView } from "../../shared/trust.ts";
import type { DriverFor } from "../../drivers/types.ts";

/** The texts that a manifest names, each with its largest size. */
export function textsOf(manifest: Pick<Manifest, "tasks">): ReadonlyMap<Digest, number> {
  const texts = new Map<Digest, number>();
  for (const task of manifest.tasks) {
    if (task.kind === "plan") texts.set(task.text.sha256, task.text.bytes);
    if (task.kind === "change")
      for (const ref of [task.text, task.diff, task.commands]) texts.set(ref.sha256, ref.bytes);
    if (task.kind === "reveal") texts.set(task.sealed.sha256, task.sealed.bytes);
  }
  return texts;
}

const Commands = z.array(z.string());

export interface RiskSources {
  readonly inventory: InventoryView;
  readonly driverFor: DriverFor;
  /** A text that was fetched; undefined while it has not been. */
  readonly text: (digest: Digest) => string | undefined;
}

/**
 * The risk that the steps carry, whatever the document claims. Without its texts a change counts as a change: enough to check
 * signatures with before anything is fetched for it.
 */
export function riskFrom(sources: RiskSources): (task: TaskSpec) => Risk {
  return (task) => {
    const device = sources.inventory.device(task.device);
    const driver = device && sources.driverFor(device.platform, device.transport);
    switch (task.kind) {
      case "collect":
      case "check":
      case "plan":
        return "read";
      case "reveal":
        // Touches no device; who may ask is a role of its own.
        return "read";
      case "run":
        return driver && task.commands.every((command) => driver.isRead(command)) ? "read" : "change";
      case "change": {
        // A sealed text says nothing here: its lines stand in the commands, which are checked against it once it is open.
        const text = task.source.kind === "sealed" ? "" : sources.text(task.text.sha256);
        const commands = sources.text(task.commands.sha256);
        if (text === undefined || commands === undefined) return "change";
        const lines = [...text.split("\n"), ...readCommands(commands).flatMap((command) => command.split("\n"))];
        const gone = removed(sources.text(task.diff.sha256) ?? "");
        return !driver ||
          lines.some((line) => driver.isDestructive(line.trim())) ||
          gone.some((line) => driver.isDestructive(line.trim(), "removed"))
          ? "destructive"
          : "change";
      }
      case "rotate":
        // A login that does not come back is a device that nobody reaches.
        return "destructive";
      default:
        return task satisfies never;
    }
  };
}

const Diff = z.array(z.looseObject({ op: z.string(), line: z.string() }));

/** What goes away, however it was asked for: a text that replaces all takes away what it does not name. Another diff than the device's is refused there. */
function removed(diff: string): readonly string[] {
  try {
    return Diff.parse(JSON.parse(diff)).flatMap(({ op, line }) => (op === "remove" ? [line] : []));
  } catch {
    return [];
  }
}

/** Commands that are not what they should be are refused at the device; here their text counts as lines. */
function readCommands(text: string): readonly string[] {
  try {
    return Commands.parse(JSON.parse(text));
  } catch {
    return text.split("\n");
  }
}
