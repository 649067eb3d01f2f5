import { sha256 } from "../../../shared/bytes.ts";
import type { DeviceId } from "../../../shared/ids.ts";
import { diffLines } from "../../../drivers/model/render-diff.ts";
import type { HubClient, JobView, TaskView } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import { EXIT, type Exit } from "../exit.ts";
import { ended } from "../job/follow.ts";
import { diffText } from "../terminal/diff.ts";
import { escapeLine } from "../terminal/escape.ts";

/** The diff of a device that would not change. */
export const NO_DIFF = sha256("[]");

interface Planned {
  readonly device: DeviceId;
  readonly task: TaskView | undefined;
  readonly outcome: "changes" | "same" | "failed";
}

/** A device's plan stands in the composed assignment; where there is none, in the planning that failed. */
function outcomes(view: JobView, devices: readonly DeviceId[]): Planned[] {
  const composed = new Map(
    view.assignments.flatMap((assignment) => assignment.tasks).map((task) => [task.device, task]),
  );
  const planning = new Map(view.planning.flatMap((assignment) => assignment.tasks).map((task) => [task.device, task]));
  return devices.map((device) => {
    const task = composed.get(device) ?? planning.get(device);
    if (!task || task.plannedDiff === null) return { device, task, outcome: "failed" as const };
    return { device, task, outcome: task.plannedDiff === NO_DIFF ? ("same" as const) : ("changes" as const) };
  });
}

/** Says what the plan found; 2 where there is something to sign. A device without a plan is a failure, whatever the others are. */
export async function reportPlan(
  cli: Cli,
  client: HubClient,
  view: JobView,
  plan: { devices: readonly DeviceId[]; record: string },
): Promise<Exit> {
  const planned = outcomes(view, plan.devices);
  const of = (outcome: Planned["outcome"]) => planned.filter((entry) => entry.outcome === outcome);
  const [changes, same, failed] = [of("changes"), of("same"), of("failed")];
  const shown = new Map<string, DeviceId[]>();
  for (const { device, task } of changes) {
    const digest = task?.plannedDiff ?? "";
    shown.set(digest, [...(shown.get(digest) ?? []), device]);
  }
  const texts = new Map<string, string>();
  for (const { task } of changes) {
    const digest = task?.plannedDiff;
    if (digest && !texts.has(digest)) texts.set(digest, new TextDecoder().decode(await client.getBlob(digest)));
  }
  cli.out.data(
    "plan",
    {
      job: view.id,
      state: view.state,
      record: plan.record,
      code: view.code,
      devices: planned.map(({ device, task, outcome }) => ({
        device,
        outcome,
        code: task?.code ?? null,
        detail: task?.detail ?? null,
        level: task?.level ?? null,
        diff: task?.plannedDiff ?? null,
        commands: task?.plannedCommands ?? null,
        warnings: task?.warnings ?? [],
        hints: task?.hints ?? [],
      })),
    },
    () =>
      [
        ...[...shown].map(
          ([digest, devices]) =>
            `${cli.out.style.bold(devices.join(", "))}\n${diffText(diffLines(texts.get(digest) ?? "[]"), cli.out.style)}\n`,
        ),
        ...failed.map(
          ({ device, task }) =>
            `${device}: ${cli.out.style.red(task?.code ?? "no plan")} ${escapeLine(task?.detail ?? "")}`,
        ),
        `${changes.length} would change, ${same.length} would not, ${failed.length} have no plan`,
      ].join("\n"),
  );
  if (view.state === "CANCELED") return EXIT.canceled;
  if (failed.length > 0 || (ended(view.state) && view.state !== "SUCCEEDED")) {
    cli.out.next(`farhand job show ${view.id}`);
    return EXIT.failure;
  }
  if (changes.length === 0) return EXIT.ok;
  cli.out.next(`farhand sign ${view.id} --key KEYFILE`);
  return EXIT.differences;
}
