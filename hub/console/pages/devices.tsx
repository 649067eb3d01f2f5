import { useQuery } from "@tanstack/react-query";
import type { DeviceView } from "../../api/client/index.ts";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { usePaged } from "../parts/paged.tsx";
import { HoldBadge } from "../parts/hold.tsx";
import { matcher, Search } from "../parts/search.tsx";
import { TaskBadge } from "../parts/state.tsx";
import { Command, Equivalent, Foreign } from "../parts/text.tsx";
import { Time } from "../parts/time.tsx";
import { devicesQuery } from "../queries.ts";
import { deviceHref, jobHref, route } from "../route.ts";
import { plain } from "../text.ts";
import { useWatched } from "../watched.ts";

const textOf = (device: DeviceView): string =>
  [
    device.id,
    `site:${device.site}`,
    `platform:${device.platform}`,
    device.address,
    `state:${device.lastState ?? "none"}`,
    ...(device.hold ? [`held:${device.hold.owner}`] : []),
    ...Object.entries(device.tags).map(([key, value]) => `${key}=${value}`),
  ].join(" ");

export function DevicesPage() {
  const { query } = useWatched(route);
  const list = useQuery(devicesQuery);
  const filter = query["q"] ?? "";
  const matches = matcher(filter);
  const devices = list.data?.devices.filter((device) => matches(textOf(device))) ?? [];
  return (
    <>
      <div className="title-row">
        <PageTitle title="Devices" />
        {list.data && (
          <output className="quiet">
            {devices.length} of {list.data.devices.length}
            {list.data.more && "; the inventory is larger than what this page holds"}
          </output>
        )}
        <Search label="Filter devices" value={filter} hint="site:ams state:DRIFTED role=edge" />
      </div>
      {list.isError && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.isPending && <Loading what="devices" />}
      {list.data && <DeviceTable devices={devices} all={list.data.devices.length} />}
      <Equivalent command="farhand device list" />
    </>
  );
}

function DeviceTable({ devices, all }: { devices: readonly DeviceView[]; all: number }) {
  const { shown, controls } = usePaged(devices);
  if (all === 0) {
    return (
      <Empty
        next={
          <>
            Import and sign an inventory:{" "}
            <Command>farhand inventory import inventory.yaml --key YOU.key.json --publish</Command>
          </>
        }
      >
        The hub knows no devices yet.
      </Empty>
    );
  }
  if (devices.length === 0)
    return <Empty next="Every word must match; clear the filter to see all.">No device matches the filter.</Empty>;
  return (
    <>
      <div className="wide">
        <table aria-label="Devices">
          <thead>
            <tr>
              <th scope="col">Device</th>
              <th scope="col">Site</th>
              <th scope="col">Platform</th>
              <th scope="col">Address</th>
              <th scope="col">Tags</th>
              <th scope="col">Last state</th>
              <th scope="col">Last job</th>
              <th scope="col">Last collected</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((device) => (
              <tr key={device.id}>
                <th scope="row" className="name" aria-label={plain(device.id)}>
                  <a href={deviceHref(device.id)}>
                    <Foreign>{device.id}</Foreign>
                  </a>
                </th>
                <td>
                  <Foreign>{device.site}</Foreign>
                </td>
                <td>
                  <Foreign>{device.platform}</Foreign>
                </td>
                <td className="mono">
                  <Foreign>{device.port === 22 ? device.address : `${device.address}:${device.port}`}</Foreign>
                </td>
                <td className="tags">
                  <Foreign>
                    {Object.entries(device.tags)
                      .map(([key, value]) => `${key}=${value}`)
                      .join(" ")}
                  </Foreign>
                </td>
                <td>
                  {device.lastState ? <TaskBadge state={device.lastState} /> : <span className="quiet">none</span>}
                  {device.hold && <HoldBadge hold={device.hold} />}
                </td>
                <td>
                  {device.lastJob && <a href={jobHref(device.lastJob, { device: device.id })}>{device.lastJob}</a>}
                </td>
                <td>
                  <Time ms={device.collectedMs} />
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
