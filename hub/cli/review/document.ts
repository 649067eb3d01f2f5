import type { Review } from "./derive.ts";
import { groupsOf } from "./groups.ts";
import { parseDiff } from "../../../drivers/model/diff.ts";
import { commandsOf } from "./render.ts";

/** The review as a document: farhand.review/1. */
export function reviewDocument(review: Review): Record<string, unknown> {
  return {
    job: review.warrant.job,
    warrantSha256: review.digest,
    warrant: review.warrant,
    signing: review.signing,
    refusals: review.refusals,
    comparedWithRecord: review.comparedWithRecord,
    breakglass: review.breakglass && { ...review.breakglass },
    groups: groupsOf(review.targets).map(({ targets, odd }) => {
      const [{ task, change }] = targets;
      return {
        odd,
        devices: targets.map((target) => ({
          device: target.device,
          site: target.site,
          agents: target.agents,
          platform: target.platform,
          wave: target.wave,
          preImage: target.change?.task.preImage ?? null,
          text: target.change?.task.text ?? null,
          plan: target.change?.task.plan ?? null,
          plannedAt: target.change?.receipt.at ?? null,
        })),
        kind: task.kind,
        ...(task.kind === "run" && { commands: task.commands }),
        ...(change && {
          mode: change.task.mode,
          drift: change.task.drift,
          source: change.task.source,
          level: change.task.level,
          undoCost: change.task.undoCost,
          evidence: change.task.evidence,
          touchesManagement: change.task.touchesManagement,
          verify: change.task.verify,
          ...(change.task.checks && { checks: change.task.checks, plannedChecks: change.planned.checks ?? [] }),
          warnings: change.planned.warnings,
          hints: change.planned.hints,
          preflight: change.planned.preflight ?? [],
          accepted: change.task.accepted ?? [],
          diff: parseDiff(change.diff),
          commands: commandsOf(change.commands),
        }),
      };
    }),
  };
}
