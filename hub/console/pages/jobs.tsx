import { useQuery } from "@tanstack/react-query";
import type { JobSummary } from "../../api/client/index.ts";
import { CountsBar, CountsList } from "../parts/counts.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { usePaged } from "../parts/paged.tsx";
import { matcher, Search } from "../parts/search.tsx";
import { JobBadge } from "../parts/state.tsx";
import { Command, Equivalent, Foreign } from "../parts/text.tsx";
import { Time } from "../parts/time.tsx";
import { jobsQuery } from "../queries.ts";
import { jobHref, route } from "../route.ts";
import { useWatched } from "../watched.ts";

export function JobsPage() {
  const { query } = useWatched(route);
  const list = useQuery(jobsQuery);
  const filter = query["q"] ?? "";
  const matches = matcher(filter);
  const jobs =
    list.data?.jobs.filter((job) => matches(`${job.id} ${job.title} ${job.kind} ${job.state} ${job.author ?? ""}`)) ??
    [];
  return (
    <>
      <div className="title-row">
        <PageTitle title="Jobs" />
        {list.data && (
          <span className="quiet">
            {list.data.next === null ? "newest first" : `the newest ${list.data.jobs.length}; older: farhand job list`}
          </span>
        )}
        <Search label="Filter jobs" value={filter} hint="change PENDING_APPROVAL" />
      </div>
      {list.isError && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.isPending && <Loading what="jobs" />}
      {list.data && <JobTable jobs={jobs} all={list.data.jobs.length} />}
      <Equivalent command="farhand job list" />
    </>
  );
}

function JobTable({ jobs, all }: { jobs: readonly JobSummary[]; all: number }) {
  const { shown, controls } = usePaged(jobs);
  if (all === 0) {
    return (
      <Empty
        next={
          <>
            Start with a backup of everything:{" "}
            <Command>farhand job submit collect --select site=SITE --grant GRANT</Command>
          </>
        }
      >
        No job has been submitted yet.
      </Empty>
    );
  }
  if (jobs.length === 0) return <Empty next="Clear the filter to see all jobs.">No job matches the filter.</Empty>;
  return (
    <>
      <div className="wide">
        <table aria-label="Jobs">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Job</th>
              <th scope="col">Kind</th>
              <th scope="col">Tasks</th>
              <th scope="col">Authority</th>
              <th scope="col">Created</th>
              <th scope="col">Ended</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((job) => (
              <tr key={job.id}>
                <td>
                  <JobBadge state={job.state} />
                </td>
                <th scope="row" className="name">
                  <a href={jobHref(job.id)}>
                    <Foreign>{job.title}</Foreign>
                  </a>
                  <span className="sub mono">{job.id}</span>
                </th>
                <td>
                  {job.kind}
                  {job.risk === "destructive" && <span className="sub risk">destructive</span>}
                </td>
                <td className="tasks">
                  <CountsBar counts={job.counts} />
                  <CountsList counts={job.counts} />
                </td>
                <td>{authorityOf(job)}</td>
                <td>
                  <Time ms={job.createdMs} />
                </td>
                <td>{job.endedMs === null ? <span className="quiet">open</span> : <Time ms={job.endedMs} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {controls}
    </>
  );
}

function authorityOf(job: JobSummary): string {
  if (job.authority === "grant") return "grant";
  const signed = `${job.signers.length} of ${job.signersNeeded} signed`;
  return job.breakglass === null ? signed : `${signed}, break-glass`;
}
