import { useQuery } from "@tanstack/react-query";
import type { JobView } from "../../api/client/index.ts";
import type { JobId } from "../../../shared/ids.ts";
import { isTerminal, jobMoves } from "../../../shared/states.ts";
import { CancelJob } from "../job/cancel.tsx";
import { ChangeGroups } from "../job/change-groups.tsx";
import { Signatures } from "../job/signatures.tsx";
import { Tasks } from "../job/tasks.tsx";
import { CountsBar, present } from "../parts/counts.tsx";
import { Explained, Loading, Problem } from "../parts/notice.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { JobBadge, Mark } from "../parts/state.tsx";
import { Equivalent, Foreign } from "../parts/text.tsx";
import { Time } from "../parts/time.tsx";
import { jobQuery } from "../queries.ts";
import { href, route, setQuery } from "../route.ts";
import { taskTone } from "../tone.ts";
import { LiveEverything, LiveJob } from "../use-live.ts";
import { useWatched } from "../watched.ts";

export function JobPage({ id }: { id: JobId }) {
  const job = useQuery(jobQuery(id));
  return (
    <>
      <p className="crumbs">
        <a href={href("jobs")}>Jobs</a> <span className="quiet mono">{id}</span>
      </p>
      {job.isError && (
        <>
          {!job.data && <PageTitle title={id} />}
          <Problem error={job.error} retry={() => void job.refetch()} />
        </>
      )}
      {job.isPending && (
        <>
          <PageTitle title={id} />
          <Loading what="the job" />
        </>
      )}
      {job.data && <LiveJob job={job.data} />}
      {job.data && <Loaded job={job.data} />}
      {job.isError && !job.data && <LiveEverything />}
    </>
  );
}

function Loaded({ job }: { job: JobView }) {
  const ended = isTerminal(jobMoves, job.state);
  return (
    <>
      <div className="title-row">
        <PageTitle title={job.title}>
          <Foreign>{job.title}</Foreign>
        </PageTitle>
        <JobBadge state={job.state} />
        {!ended && <CancelJob job={job} />}
      </div>
      {job.reason !== "" && (
        <p className="reason">
          <Foreign>{job.reason}</Foreign>
        </p>
      )}
      <dl className="facts">
        <Fact name="Kind">{job.kind}</Fact>
        <Fact name="Risk">{job.risk}</Fact>
        <Fact name="Devices">{String(job.devices)}</Fact>
        <Fact name="Author">{job.author ?? "the hub, under a grant"}</Fact>
        <div>
          <dt>Created</dt>
          <dd>
            <Time ms={job.createdMs} />
          </dd>
        </div>
        <div>
          <dt>Ended</dt>
          <dd>{job.endedMs === null ? "not yet" : <Time ms={job.endedMs} />}</dd>
        </div>
        {job.warrant && (
          <div>
            <dt>Warrant</dt>
            <dd>
              <code title={job.warrant}>{job.warrant.slice(0, 16)}</code>
            </dd>
          </div>
        )}
      </dl>
      {job.code && (
        <div className="callout tone-bad">
          <Explained code={job.code} />
        </div>
      )}
      {job.waiting !== null && (
        <p className="callout tone-wait">
          <span className="label">Waiting</span> <Foreign>{job.waiting}</Foreign>
        </p>
      )}
      <Progress job={job} />
      <Signatures job={job} />
      {job.kind === "change" && <ChangeGroups job={job} />}
      <Tasks job={job} />
      <Equivalent command={ended ? `farhand job show ${job.id}` : `farhand job watch ${job.id}`} />
    </>
  );
}

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Foreign>{children}</Foreign>
      </dd>
    </div>
  );
}

/** The numbers are also the filter of the list of devices. */
function Progress({ job }: { job: JobView }) {
  const { query } = useWatched(route);
  const chosen = query["state"];
  const counts = present(job.counts);
  if (counts.length === 0) return null;
  return (
    <section aria-labelledby="progress" className="progress">
      <h2 id="progress" className="visually-hidden">
        Progress
      </h2>
      <CountsBar counts={job.counts} />
      <ul className="legend" aria-label="Devices by state; choose one to see only those">
        {counts.map(([state, count]) => (
          <li key={state}>
            <button
              type="button"
              className={`count-button tone-${taskTone[state]}`}
              aria-pressed={chosen === state}
              onClick={() => setQuery({ state: chosen === state ? undefined : state })}
            >
              <Mark tone={taskTone[state]} /> <b>{count}</b> {state}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
