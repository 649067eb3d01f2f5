import type { Manifest } from "../../../shared/documents/manifest.ts";
import type { Warrant } from "../../../shared/documents/warrant.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { DeviceId } from "../../../shared/ids.ts";
import type { PlanRecord } from "../plan/record.ts";
import { same } from "./check-task.ts";

/** The warrant against what its author remembers having asked for. Agents plan whatever text they are given; only the author knows which. */
export function checkAgainstRecord(warrant: Warrant, manifests: readonly Manifest[], record: PlanRecord): void {
  const differ = (what: string): never => {
    throw new FarhandError("RECEIPT_MISMATCH", `${what} is not what was asked for when it was planned`);
  };
  if (record.job !== warrant.job)
    throw new FarhandError("USAGE", `the plan record is of job ${record.job}, not ${warrant.job}`);
  if (record.author !== warrant.author) differ("author");
  if (record.title !== warrant.title) differ("title");
  if (record.reason !== warrant.reason) differ("reason");
  if (record.inventory !== warrant.inventory) differ("inventory");
  if (record.attemptsMax !== null && record.attemptsMax !== warrant.attemptsMax) differ("attemptsMax");
  const standbys = new Set(record.standbys);
  for (const { agents } of manifests)
    for (const agent of agents.slice(1)) if (!standbys.has(agent)) differ(`standby ${agent}`);
  const sorted = (accepts: PlanRecord["accepts"]) => ({
    levelE: accepts.levelE.toSorted(),
    simulatedEvidence: accepts.simulatedEvidence.toSorted(),
  });
  if (!same(sorted(record.accepts), sorted(warrant.accepts))) differ("accepts");
  const texts = new Map(record.texts.map((entry) => [entry.device, entry]));
  for (const task of manifests.flatMap((manifest) => manifest.tasks)) {
    if (task.kind !== "change") return differ("kind");
    const asked = texts.get(task.device);
    if (!asked) return differ(`${task.device} in the job`);
    if (!same(asked.source, task.source)) differ(`${task.device}: source`);
    if (!same(asked.text, task.text)) differ(`${task.device}: text`);
    if (task.mode !== record.mode) differ(`${task.device}: mode`);
    if (task.drift !== record.drift) differ(`${task.device}: drift`);
    if (!same(task.verify, record.verify)) differ(`${task.device}: verify`);
    if (!same(task.accepted ?? [], record.accepted ?? [])) differ(`${task.device}: accepted findings`);
    if (!same(task.checks ?? null, record.checks ?? null)) differ(`${task.device}: checks`);
  }
  if (record.waves) checkWaves(warrant, manifests, record.waves, differ);
}

/** No device may go earlier than the author said: not in an earlier wave, not before its wave's time. */
function checkWaves(
  warrant: Warrant,
  manifests: readonly Manifest[],
  waves: NonNullable<PlanRecord["waves"]>,
  differ: (what: string) => never,
): void {
  const asked = new Map<DeviceId, number>();
  waves.forEach((wave, index) => wave.devices.forEach((device) => asked.set(device, index)));
  let highest = -1;
  for (const wave of warrant.waves) {
    const devices = wave.manifests.flatMap((index) => manifests[index]?.tasks.map((task) => task.device) ?? []);
    const indices = new Set(devices.map((device) => asked.get(device) ?? waves.length));
    for (const index of indices) {
      const notBefore = waves[index]?.notBefore ?? null;
      if (index < highest || indices.size > 1 || (notBefore !== null && wave.notBefore < notBefore)) differ("waves");
      highest = Math.max(highest, index);
    }
  }
}
