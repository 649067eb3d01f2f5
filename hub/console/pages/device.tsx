import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { SnapshotView } from "../../api/client/index.ts";
import type { DeviceId, Digest } from "../../../shared/ids.ts";
import { textRows } from "../diff.ts";
import { BlobText } from "../parts/device-text.tsx";
import { DiffRows } from "../parts/diff.tsx";
import { HoldBadge } from "../parts/hold.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { TaskBadge } from "../parts/state.tsx";
import { Command, Equivalent, Foreign } from "../parts/text.tsx";
import { Time, utc } from "../parts/time.tsx";
import { blobQuery, deviceQuery, historyQuery } from "../queries.ts";
import { href, jobHref, route, setQuery } from "../route.ts";
import { useWatched } from "../watched.ts";

export function DevicePage({ id }: { id: DeviceId }) {
  const device = useQuery(deviceQuery(id));
  const history = useQuery(historyQuery(id));
  return (
    <>
      <p className="crumbs">
        <a href={href("devices")}>Devices</a>
      </p>
      <PageTitle title={id}>
        <Foreign>{id}</Foreign>
      </PageTitle>
      {device.isError && <Problem error={device.error} retry={() => void device.refetch()} />}
      {device.isPending && <Loading what="the device" />}
      {device.data && (
        <dl className="facts">
          <Fact name="Site">{device.data.site}</Fact>
          <Fact name="Platform">{device.data.platform}</Fact>
          <Fact name="Address">{`${device.data.address}:${device.data.port}`}</Fact>
          {device.data.via.length > 0 && <Fact name="Via">{device.data.via.join(" > ")}</Fact>}
          {device.data.hold && (
            <div>
              <dt>Held</dt>
              <dd>
                <HoldBadge hold={device.data.hold} />
              </dd>
            </div>
          )}
          <div>
            <dt>Last state</dt>
            <dd>{device.data.lastState ? <TaskBadge state={device.data.lastState} /> : "none"}</dd>
          </div>
          <div>
            <dt>Last job</dt>
            <dd>
              {device.data.lastJob ? (
                <a href={jobHref(device.data.lastJob, { device: id })}>{device.data.lastJob}</a>
              ) : (
                "none"
              )}
            </dd>
          </div>
          <div>
            <dt>Last collected</dt>
            <dd>
              <Time ms={device.data.collectedMs} />
              {device.data.baseline !== null && device.data.baseline !== device.data.config && (
                <span className="quiet"> not its baseline {device.data.baseline.slice(0, 12)}</span>
              )}
            </dd>
          </div>
          {Object.entries(device.data.tags).map(([key, value]) => (
            <Fact key={key} name={key}>
              {value}
            </Fact>
          ))}
        </dl>
      )}
      {history.isError && <Problem error={history.error} retry={() => void history.refetch()} />}
      {history.isPending && <Loading what="the history" />}
      {history.data && <History id={id} snapshots={history.data.snapshots} more={history.data.next !== null} />}
    </>
  );
}

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <dt>
        <Foreign>{name}</Foreign>
      </dt>
      <dd>
        <Foreign>{children}</Foreign>
      </dd>
    </div>
  );
}

const keyOf = (snapshot: SnapshotView): string => `${snapshot.takenMs}-${snapshot.public.sha256.slice(0, 8)}`;

function History({ id, snapshots, more }: { id: DeviceId; snapshots: readonly SnapshotView[]; more: boolean }) {
  const { query } = useWatched(route);
  const newest = snapshots[0];
  if (!newest) {
    return (
      <Empty
        next={
          <>
            Collect it: <Command>{`farhand job submit collect --select device=${id} --grant GRANT`}</Command>
          </>
        }
      >
        No configuration of this device has been collected yet.
      </Empty>
    );
  }
  const find = (key: string | undefined) =>
    snapshots.find((one) => keyOf(one) === key || (key !== undefined && one.public.sha256 === key));
  const after = find(query["b"]) ?? newest;
  const before = find(query["a"]) ?? snapshots[snapshots.indexOf(after) + 1];
  const sideBySide = (
    <>
      <h2>History</h2>
      <div className="wide history">
        <table aria-label="Snapshots">
          <thead>
            <tr>
              <th scope="col">Before</th>
              <th scope="col">After</th>
              <th scope="col">Taken</th>
              <th scope="col">Job</th>
              <th scope="col">Configuration</th>
              <th scope="col" className="number">
                Bytes
              </th>
              <th scope="col">Restorable</th>
            </tr>
          </thead>
          <tbody>
            {snapshots.map((one, index) => (
              <tr key={keyOf(one)}>
                <Choice side="a" name="Before" chosen={one === before} snapshot={one} />
                <Choice side="b" name="After" chosen={one === after} snapshot={one} />
                <td>
                  <Time ms={one.takenMs} /> <span className="quiet mono">{utc(one.takenMs)}</span>
                </td>
                <td>
                  <a href={jobHref(one.job, { device: id })}>{one.job}</a>
                </td>
                <td>
                  <code title={one.public.sha256}>{one.public.sha256.slice(0, 12)}</code>{" "}
                  {snapshots[index + 1]?.public.sha256 === one.public.sha256 && (
                    <span className="quiet">as before</span>
                  )}
                </td>
                <td className="number">{one.public.bytes}</td>
                <td>{one.notRestorable === null ? "yes" : <Foreign>{`no: ${one.notRestorable}`}</Foreign>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more && <p className="quiet">Older snapshots: farhand device history {id}</p>}
    </>
  );
  return (
    <>
      {sideBySide}
      <h2>{before ? "Difference" : "Configuration"}</h2>
      {before ? (
        <Difference
          before={before.public.sha256}
          after={after.public.sha256}
          beforeMs={before.takenMs}
          afterMs={after.takenMs}
        />
      ) : (
        <p className="quiet">There is nothing before the chosen snapshot to compare it with.</p>
      )}
      <details className="more" open={!before}>
        <summary>The whole configuration after, public form</summary>
        <p className="quiet">Each secret is replaced by a keyed tag: a changed secret still shows as a change.</p>
        <BlobText digest={after.public.sha256} label="Configuration" />
      </details>
      <Equivalent
        command={
          before
            ? `farhand device diff ${id} --from ${before.public.sha256.slice(0, 12)} --to ${after.public.sha256.slice(0, 12)}`
            : `farhand device history ${id}`
        }
      />
    </>
  );
}

function Choice(props: { side: "a" | "b"; name: string; chosen: boolean; snapshot: SnapshotView }) {
  const { side, name, chosen, snapshot } = props;
  return (
    <td className="choice">
      <input
        type="radio"
        name={side}
        aria-label={`${name}: ${utc(snapshot.takenMs)}`}
        checked={chosen}
        onChange={() => setQuery({ [side]: keyOf(snapshot) })}
      />
    </td>
  );
}

function Difference({
  before,
  after,
  beforeMs,
  afterMs,
}: {
  before: Digest;
  after: Digest;
  beforeMs: number;
  afterMs: number;
}) {
  const old = useQuery(blobQuery(before));
  const young = useQuery(blobQuery(after));
  const rows = useMemo(
    () => (old.data === undefined || young.data === undefined ? undefined : textRows(old.data, young.data)),
    [old.data, young.data],
  );
  if (before === after) return <p className="quiet">The two snapshots are equal, byte for byte.</p>;
  if (old.isError) return <Problem error={old.error} retry={() => void old.refetch()} />;
  if (young.isError) return <Problem error={young.error} retry={() => void young.refetch()} />;
  if (old.isPending || young.isPending) return <Loading what="both configurations" />;
  if (!rows)
    return (
      <p className="quiet">The two configurations differ too much to be compared here. Use: farhand device diff</p>
    );
  return <DiffRows rows={rows} label={`${utc(beforeMs)} to ${utc(afterMs)}`} />;
}
