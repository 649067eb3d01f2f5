import { useQuery } from "@tanstack/react-query";
import type { AgentView } from "../../api/client/index.ts";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { usePaged } from "../parts/paged.tsx";
import { matcher, Search } from "../parts/search.tsx";
import { Badge, ContactBadge } from "../parts/state.tsx";
import { Command, Equivalent, Foreign } from "../parts/text.tsx";
import { Time } from "../parts/time.tsx";
import { agentsQuery, sitesQuery } from "../queries.ts";
import { href, route } from "../route.ts";
import { useWatched } from "../watched.ts";

export function SitesPage() {
  const { query } = useWatched(route);
  const sites = useQuery(sitesQuery);
  const agents = useQuery(agentsQuery);
  const matches = matcher(query["q"] ?? "");
  return (
    <>
      <div className="title-row">
        <PageTitle title="Sites and agents" />
        <Search label="Filter sites and agents" value={query["q"] ?? ""} />
      </div>
      {agents.data && <Pending agents={agents.data.filter((agent) => agent.status === "pending")} />}
      {sites.isError && <Problem error={sites.error} retry={() => void sites.refetch()} />}
      {sites.isPending && <Loading what="sites" />}
      {sites.data && (
        <Sites
          sites={sites.data.filter((site) => matches(`${site.id} ${site.contact} ${site.agents.join(" ")}`))}
          all={sites.data.length}
        />
      )}
      <h2 id="agents" tabIndex={-1}>
        Agents
      </h2>
      {agents.isError && <Problem error={agents.error} retry={() => void agents.refetch()} />}
      {agents.isPending && <Loading what="agents" />}
      {agents.data && (
        <Agents
          agents={agents.data.filter((agent) =>
            matches(`${agent.id} ${agent.site} ${agent.status} ${agent.contact} ${agent.kid}`),
          )}
          all={agents.data.length}
        />
      )}
      <Equivalent command="farhand agent list" />
    </>
  );
}

function Pending({ agents }: { agents: readonly AgentView[] }) {
  if (agents.length === 0) return null;
  return (
    <section className="callout tone-wait" aria-labelledby="pending">
      <h2 id="pending">
        {agents.length === 1 ? "One agent waits for approval" : `${agents.length} agents wait for approval`}
      </h2>
      <p>
        Compare the fingerprint with the one that <Command>farhand-agent status</Command> prints at the site. Only when
        they are equal, approve it with your key. This page cannot: it has no keys.
      </p>
      <dl className="pending">
        {agents.slice(0, 20).map((agent) => (
          <div key={agent.id}>
            <dt>
              <Foreign>{agent.id}</Foreign> <span className="quiet">at {agent.site}</span>
            </dt>
            <dd>
              <span className="label">Fingerprint</span> <code className="fingerprint">{agent.kid}</code>
            </dd>
            <dd>
              <span className="label">To approve</span>{" "}
              <Command>{`farhand agent approve ${agent.id} --fingerprint FINGERPRINT --key YOU.key.json`}</Command>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Sites({ sites, all }: { sites: readonly SiteRow[]; all: number }) {
  const { shown, controls } = usePaged(sites);
  if (all === 0) {
    return (
      <Empty
        next={
          <>
            Write an inventory of sites and devices, then:{" "}
            <Command>farhand inventory import inventory.yaml --key YOU.key.json --publish</Command>
          </>
        }
      >
        There are no sites yet. Sites come with the signed inventory.
      </Empty>
    );
  }
  if (sites.length === 0) return <Empty next="Clear the filter to see all sites.">No site matches the filter.</Empty>;
  return (
    <>
      <table aria-label="Sites">
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col">Contact</th>
            <th scope="col">Agents</th>
            <th scope="col" className="number">
              Devices
            </th>
            <th scope="col" className="number">
              Devices at once
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((site) => (
            <tr key={site.id}>
              <th scope="row" className="name">
                <Foreign>{site.id}</Foreign>
              </th>
              <td>
                <ContactBadge contact={site.contact} />
              </td>
              <td>
                {site.agents.length === 0 ? (
                  <span className="quiet">
                    none; <Command>{`farhand agent invite AGENT --site ${site.id}`}</Command>
                  </span>
                ) : (
                  <Foreign>{site.agents.join(", ")}</Foreign>
                )}
              </td>
              <td className="number">
                <a href={href("devices", { q: `site:${site.id}` })}>{site.devices}</a>
              </td>
              <td className="number">{site.parallel}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {controls}
    </>
  );
}

interface SiteRow {
  readonly id: string;
  readonly contact: AgentView["contact"];
  readonly agents: readonly string[];
  readonly devices: number;
  readonly parallel: number;
}

const statusTone = { active: "good", pending: "wait", banned: "bad" } as const;

function Agents({ agents, all }: { agents: readonly AgentView[]; all: number }) {
  const { shown, controls } = usePaged(agents);
  if (all === 0) {
    return (
      <Empty
        next={
          <>
            Make a join token: <Command>farhand agent invite AGENT --site SITE</Command>, then at the site:{" "}
            <Command>farhand-agent enroll</Command>
          </>
        }
      >
        No agent has enrolled yet.
      </Empty>
    );
  }
  if (agents.length === 0)
    return <Empty next="Clear the filter to see all agents.">No agent matches the filter.</Empty>;
  return (
    <>
      <div className="wide">
        <table aria-label="Agents">
          <thead>
            <tr>
              <th scope="col">Agent</th>
              <th scope="col">Site</th>
              <th scope="col">Contact</th>
              <th scope="col">Last seen</th>
              <th scope="col">Approval</th>
              <th scope="col" className="number">
                Running
              </th>
              <th scope="col">Version</th>
              <th scope="col">Fingerprint</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((agent) => (
              <tr key={agent.id}>
                <th scope="row" className="name">
                  <Foreign>{agent.id}</Foreign>
                </th>
                <td>
                  <Foreign>{agent.site}</Foreign>
                </td>
                <td>
                  <ContactBadge contact={agent.contact} />
                </td>
                <td>
                  <Time ms={agent.lastSeenMs} />
                </td>
                <td>
                  <Badge tone={statusTone[agent.status]}>{agent.status}</Badge>
                </td>
                <td className="number">{agent.running}</td>
                <td className="free">
                  {agent.software === null ? (
                    <span className="quiet">unknown</span>
                  ) : (
                    <Foreign>{agent.software}</Foreign>
                  )}
                </td>
                <td>
                  <code className="fingerprint" title={agent.kid}>
                    {agent.kid.slice(0, 12)}…
                  </code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {controls}
    </>
  );
}
