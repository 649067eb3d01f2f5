import { useState } from "react";
import type { JobView } from "../../api/client/index.ts";
import { BlobCommands, BlobDiff } from "../parts/diff.tsx";
import { Empty } from "../parts/notice.tsx";
import { usePaged } from "../parts/paged.tsx";
import { Badge } from "../parts/state.tsx";
import { Foreign } from "../parts/text.tsx";
import { isTerminal, jobMoves, type JobState } from "../../../shared/states.ts";
import { Findings } from "./findings.tsx";
import { groupChanges, tasksOf, type ChangeGroup } from "./groups.ts";
import { levelMeans, summarise, usePlans, type Plans } from "./plans.ts";

const NAMED = 40;

export function ChangeGroups({ job }: { job: JobView }) {
  const plans = usePlans(job);
  const groups = groupChanges(tasksOf(job));
  const { shown, controls } = usePaged(groups, 50);
  if (groups.length === 0) {
    if (isTerminal(jobMoves, job.state)) return null;
    return (
      <section aria-labelledby="changes">
        <h2 id="changes">What will change</h2>
        <Empty next="Nothing to do: the agents read their devices and send their signed plans.">
          There is no plan yet. It appears here, with the diff and the commands of each device, when the agents have
          made it.
        </Empty>
      </section>
    );
  }
  return (
    <section aria-labelledby="changes">
      <h2 id="changes">
        {begun(job.state) ? "The change" : "What will change"}{" "}
        <span className="quiet">
          {groups.length === 1 ? "one diff for all devices" : `${groups.length} different diffs`}
        </span>
      </h2>
      {shown.map((group, index) => (
        <Group
          key={group.key}
          group={group}
          plans={plans}
          first={index === 0}
          odd={groups.length > 1 && group !== groups[0]}
        />
      ))}
      {controls}
    </section>
  );
}

function begun(state: JobState): boolean {
  return state === "ROLLING" || state === "PAUSED" || isTerminal(jobMoves, state);
}

const devices = (count: number): string => (count === 1 ? "1 device" : `${count} devices`);

function Group({ group, plans, first, odd }: { group: ChangeGroup; plans: Plans; first: boolean; odd: boolean }) {
  const [open, setOpen] = useState(first);
  const lead = group.tasks[0];
  if (!lead) return null;
  const plan = summarise(
    group.tasks.map((task) => task.device),
    plans,
  );
  return (
    <details className="group" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span className="group-title">
          {group.tasks.length === 1 ? <Foreign>{lead.device}</Foreign> : `${devices(group.tasks.length)}, same diff`}
        </span>
        {lead.level && <span title={levelMeans[lead.level]}>level {lead.level}</span>}
        {plan && <span>undo: {plan.undo}</span>}
        {plan && plan.management > 0 && (
          <Badge tone="warn">{`touches the management path on ${devices(plan.management)}`}</Badge>
        )}
        {odd && <span className="quiet">differs from the largest group</span>}
        <Measured group={group} />
      </summary>
      {open && lead.plannedDiff && (
        <div className="group-body">
          {group.tasks.length > 1 && (
            <p className="names">
              <Foreign>
                {group.tasks
                  .slice(0, NAMED)
                  .map((task) => task.device)
                  .join(" ")}
              </Foreign>
              {group.tasks.length > NAMED && <span className="quiet"> and {group.tasks.length - NAMED} more</span>}
            </p>
          )}
          {plan && (
            <p className="quiet">
              {plan.how}
              {lead.level && ` · level ${lead.level}: ${levelMeans[lead.level]}`}
            </p>
          )}
          <div className="side-by-side">
            <BlobDiff digest={lead.plannedDiff} label="Planned diff" />
            {lead.plannedCommands && <BlobCommands digest={lead.plannedCommands} />}
          </div>
          {group.other
            .slice(0, 10)
            .map(
              (task) =>
                task.diff && <BlobDiff key={task.device} digest={task.diff} label={`Measured on ${task.device}`} />,
            )}
          <Findings tasks={group.tasks} />
        </div>
      )}
    </details>
  );
}

function Measured({ group }: { group: ChangeGroup }) {
  if (group.same === 0 && group.other.length === 0) return null;
  return (
    <span className="measured">
      {group.same > 0 && <Badge tone="good">{`measured equal on ${devices(group.same)}`}</Badge>}
      {group.other.length > 0 && (
        <Badge tone="warn" title="Other bytes than the plan: a rewrite that the platform file names also looks so">
          {`measured otherwise on ${devices(group.other.length)}`}
        </Badge>
      )}
    </span>
  );
}
