import type { AssignmentView, JobView, TaskView } from "../../api/client/index.ts";
import { Empty } from "../parts/notice.tsx";
import { usePaged } from "../parts/paged.tsx";
import { Search } from "../parts/search.tsx";
import { AssignmentBadge, TaskBadge } from "../parts/state.tsx";
import { Foreign } from "../parts/text.tsx";
import { Time } from "../parts/time.tsx";
import { ERRORS } from "../../../shared/errors.ts";
import { route, setQuery } from "../route.ts";
import { plain } from "../text.ts";
import { useWatched } from "../watched.ts";
import { rowsOf, type ListRow } from "./rows.ts";
import { TaskDetail } from "./task-detail.tsx";
import { levelMeans } from "./plans.ts";

const COLUMNS = 6;
/** In the URL: a person closed the one that was open. No device is called so. */
const NO_DEVICE = "-";

export function Tasks({ job }: { job: JobView }) {
  const { query } = useWatched(route);
  const state = query["state"];
  const rows = rowsOf(job, { state, text: query["q"] ?? "" });
  const { shown, controls } = usePaged(rows);
  // The answers are what a run is for: the first one is open until a person chooses.
  const open =
    query["device"] ?? (job.kind === "run" ? rows.find((row) => row.kind === "task")?.task.device : undefined);
  const none = job.assignments.length === 0 && job.planning.length === 0;
  return (
    <section aria-labelledby="devices">
      <div className="title-row">
        <h2 id="devices">Devices</h2>
        {state !== undefined && (
          <button type="button" className="quiet-button" onClick={() => setQuery({ state: undefined })}>
            only {state}: show all
          </button>
        )}
        <Search label="Filter devices of this job" value={query["q"] ?? ""} />
      </div>
      {none && (
        <Empty next="They appear when the hub has divided the job among the sites' agents.">
          No device has been assigned yet.
        </Empty>
      )}
      {!none && rows.length === 0 && (
        <Empty next="Clear the filter to see all devices.">No device of this job matches.</Empty>
      )}
      {rows.length > 0 && (
        <div className="wide">
          <table aria-label="Devices of this job" className="tasks-table">
            <thead>
              <tr>
                <th scope="col">Device</th>
                <th scope="col">State</th>
                <th scope="col">Step</th>
                <th scope="col">Code</th>
                <th scope="col">Level</th>
                <th scope="col">Changed</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <Row key={keyOf(row)} row={row} kind={job.kind} open={open} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {controls}
    </section>
  );
}

const keyOf = (row: ListRow): string =>
  `${row.assignment.manifest} ${row.assignment.attempt}${row.kind === "task" ? ` ${row.task.device}` : ""}`;

function Row({ row, kind, open }: { row: ListRow; kind: JobView["kind"]; open: string | undefined }) {
  switch (row.kind) {
    case "assignment":
      return <AssignmentRow assignment={row.assignment} planning={row.planning} shown={row.shown} />;
    case "task":
      return <TaskRows task={row.task} kind={kind} open={open === row.task.device} />;
  }
}

function AssignmentRow({
  assignment,
  planning,
  shown,
}: {
  assignment: AssignmentView;
  planning: boolean;
  shown: number;
}) {
  const all = assignment.tasks.length;
  return (
    <tr className="group-row">
      <th scope="rowgroup" colSpan={COLUMNS}>
        <span>{planning ? "Planning" : `Wave ${assignment.wave}`}</span>
        <span>
          site <Foreign>{assignment.site}</Foreign>
        </span>
        <span>
          agent <Foreign>{assignment.agent}</Foreign>
        </span>
        <AssignmentBadge state={assignment.state} />
        {assignment.attempt > 1 && <span>attempt {assignment.attempt}</span>}
        <span className="quiet">
          {shown === all ? "" : `${shown} of `}
          {all === 1 ? "1 device" : `${all} devices`}
        </span>
        {assignment.code && (
          <span title={ERRORS[assignment.code].next}>
            <code className="code">{assignment.code}</code>{" "}
            <span className="quiet">{ERRORS[assignment.code].what}</span>
          </span>
        )}
        {assignment.reason && (
          <span className="quiet">
            <Foreign>{assignment.reason}</Foreign>
          </span>
        )}
      </th>
    </tr>
  );
}

function TaskRows({ task, kind, open }: { task: TaskView; kind: JobView["kind"]; open: boolean }) {
  const id = `task-${task.device}`;
  return (
    <>
      <tr className={open ? "open" : undefined}>
        <th scope="row" className="name" aria-label={plain(task.device)}>
          <button
            type="button"
            className="row-button"
            aria-expanded={open}
            aria-controls={id}
            onClick={() => setQuery({ device: open ? NO_DEVICE : task.device, show: undefined })}
          >
            <span className="twist" aria-hidden="true" />
            <Foreign>{task.device}</Foreign>
          </button>
        </th>
        <td>
          <TaskBadge state={task.state} />
        </td>
        <td className="mono">{task.step && <Foreign>{task.step}</Foreign>}</td>
        <td>
          {task.code && (
            <span title={ERRORS[task.code].next}>
              <code className="code">{task.code}</code> <span className="quiet">{ERRORS[task.code].what}</span>
            </span>
          )}
        </td>
        <td>{task.level && <span title={levelMeans[task.level]}>{task.level}</span>}</td>
        <td>{task.atMs !== null && <Time ms={task.atMs} />}</td>
      </tr>
      {open && (
        <tr className="detail-row" id={id}>
          <td colSpan={COLUMNS}>
            <TaskDetail task={task} kind={kind} />
          </td>
        </tr>
      )}
    </>
  );
}
