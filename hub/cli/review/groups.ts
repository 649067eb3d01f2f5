import { hasDeviceTimer, type Level } from "../../../shared/documents/common.ts";
import { sha256, jcs } from "../../../shared/bytes.ts";
import type { Digest } from "../../../shared/ids.ts";
import type { Target } from "./derive.ts";

/** Devices for which everything that a person looks at is the same. */
export interface Group {
  readonly targets: readonly [Target, ...Target[]];
  /** Why a person should look at this one first; empty where nothing stands out. */
  readonly odd: readonly string[];
}

/** What must be equal for two devices to be shown as one. The texts by digest, so that a long diff costs nothing. */
export function keyOf({ task, change }: Target): Digest {
  if (!change) return sha256(jcs({ ...task, device: "" }));
  const {
    diff,
    commands,
    level,
    undoCost,
    evidence,
    touchesManagement,
    mode,
    drift,
    source,
    verify,
    checks,
    accepted,
  } = change.task;
  const { warnings, hints, preflight } = change.planned;
  return sha256(
    jcs({
      diff,
      commands,
      level,
      undoCost,
      evidence,
      touchesManagement,
      mode,
      drift,
      source,
      verify,
      checks: checks ?? null,
      planned: change.planned.checks ?? null,
      warnings,
      hints,
      preflight: preflight ?? null,
      accepted: accepted ?? null,
    }),
  );
}

const LEVELS: readonly Level[] = ["A", "B", "C", "D", "E"];

/** Odd ones first: what stands out by itself, then the small groups, then the many that are alike. */
export function groupsOf(targets: readonly Target[]): Group[] {
  const groups = new Map<string, [Target, ...Target[]]>();
  for (const target of targets) {
    const key = keyOf(target);
    const group = groups.get(key);
    if (group) group.push(target);
    else groups.set(key, [target]);
  }
  const largest = Math.max(0, ...[...groups.values()].map((group) => group.length));
  return [...groups.values()]
    .map((group) => ({ targets: group, odd: oddities(group[0], group.length, groups.size, largest) }))
    .toSorted(
      (a, b) => b.odd.length - a.odd.length || a.targets.length - b.targets.length || levelRank(b) - levelRank(a),
    );
}

const levelRank = (group: Group): number => LEVELS.indexOf(group.targets[0].change?.task.level ?? "A");

function oddities({ change }: Target, size: number, groups: number, largest: number): string[] {
  const odd: string[] = [];
  if (change) {
    if (change.task.touchesManagement) odd.push("touches the management path");
    if (!hasDeviceTimer(change.task.level)) odd.push(`level ${change.task.level}: no timer on the device`);
    if (change.task.undoCost.kind !== "in-place") odd.push("an undo is not in place");
    if (change.task.evidence === "simulated") odd.push("driver proved on simulators only");
    if (change.planned.warnings.length > 0) odd.push(`${change.planned.warnings.length} warnings`);
  }
  // Unlike most of the others, though nothing else says so.
  if (groups > 1 && size < largest && size <= Math.max(1, largest / 10)) odd.push("unlike the others");
  return odd;
}
