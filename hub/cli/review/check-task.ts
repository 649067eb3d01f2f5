import { bytesEqual, jcs } from "../../../shared/bytes.ts";
import type { ChangeTask } from "../../../shared/documents/manifest.ts";
import type { PlannedDevice } from "../../../shared/documents/receipt.ts";
import { FarhandError } from "../../../shared/errors.ts";

/**
 * Members of a change that an agent's receipt vouches for, each with where the receipt says it. A member that is added to the schema
 * and not sorted into one of these two does not compile.
 */
type FromReceipt = Exclude<keyof ChangeTask, AuthorsChoice | "kind" | "plan">;
type AuthorsChoice = "drift" | "verify" | "checks" | "accepted";

const vouched: { readonly [K in FromReceipt]: (planned: PlannedDevice) => ChangeTask[K] } = {
  device: (planned) => planned.device,
  mode: (planned) => planned.mode,
  source: (planned) => planned.source,
  text: (planned) => planned.text,
  preImage: (planned) => planned.preImage.public.sha256,
  keyGeneration: (planned) => planned.preImage.keyGeneration,
  diff: (planned) => planned.diff,
  commands: (planned) => planned.commands,
  level: (planned) => planned.level,
  undoCost: (planned) => planned.undoCost,
  evidence: (planned) => planned.evidence,
  touchesManagement: (planned) => planned.touchesManagement,
};

/** The change that follows from a plan: only the author's choices are not the agent's word. */
export function taskFrom(planned: PlannedDevice, choice: Pick<ChangeTask, AuthorsChoice | "plan">): ChangeTask {
  return {
    kind: "change",
    device: vouched.device(planned),
    mode: vouched.mode(planned),
    source: vouched.source(planned),
    text: vouched.text(planned),
    preImage: vouched.preImage(planned),
    keyGeneration: vouched.keyGeneration(planned),
    diff: vouched.diff(planned),
    commands: vouched.commands(planned),
    level: vouched.level(planned),
    undoCost: vouched.undoCost(planned),
    evidence: vouched.evidence(planned),
    touchesManagement: vouched.touchesManagement(planned),
    ...choice,
  };
}

export const same = (a: unknown, b: unknown): boolean => bytesEqual(jcs(a), jcs(b));

/** Throws RECEIPT_MISMATCH with the first member that does not follow from the receipt. */
export function checkAgainstReceipt(task: ChangeTask, planned: PlannedDevice): void {
  for (const member of Object.keys(vouched) as FromReceipt[]) {
    if (!same(task[member], vouched[member](planned))) {
      throw new FarhandError("RECEIPT_MISMATCH", `${task.device}: ${member} is not what the agent planned`);
    }
  }
}
