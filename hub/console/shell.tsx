import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { DeviceId, JobId } from "../../shared/ids.ts";
import { shortcuts, useKeyboard } from "./keyboard.ts";
import { liveState, type LiveState } from "./live.ts";
import { DevicePage } from "./pages/device.tsx";
import { DevicesPage } from "./pages/devices.tsx";
import { JobPage } from "./pages/job.tsx";
import { JobsPage } from "./pages/jobs.tsx";
import { SitesPage } from "./pages/sites.tsx";
import { Dialog } from "./parts/dialog.tsx";
import { Empty } from "./parts/notice.tsx";
import { Mark } from "./parts/state.tsx";
import { Foreign } from "./parts/text.tsx";
import { statusQuery } from "./queries.ts";
import { href, route, type Page, type Route } from "./route.ts";
import { logout } from "./session.ts";
import { nextTheme, theme } from "./theme.ts";
import type { Tone } from "./tone.ts";
import { LiveEverything } from "./use-live.ts";
import { useWatched } from "./watched.ts";

const liveTone: { readonly [S in LiveState]: Tone } = { connecting: "wait", live: "good", reconnecting: "bad" };
const liveText: { readonly [S in LiveState]: string } = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting; what you see may be old",
};

const sections: readonly { path: string; name: string; pages: readonly Page[] }[] = [
  { path: "sites", name: "Sites & agents", pages: ["sites", "agents"] },
  { path: "devices", name: "Devices", pages: ["devices", "device"] },
  { path: "jobs", name: "Jobs", pages: ["jobs", "job"] },
];

export function Shell() {
  const current = useWatched(route);
  const [help, setHelp] = useState(false);
  const showHelp = useCallback(() => setHelp(true), []);
  useKeyboard(showHelp);
  const main = useFocusOnArrival(current);
  return (
    <>
      <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to content
      </a>
      <Header current={current} showHelp={showHelp} />
      {current.page !== "job" && <LiveEverything />}
      <main ref={main} tabIndex={-1}>
        <CurrentPage route={current} />
      </main>
      <Dialog open={help} title="Keyboard shortcuts" close={() => setHelp(false)}>
        <table className="plain">
          <tbody>
            {shortcuts.map(({ keys, does }) => (
              <tr key={keys}>
                <th scope="row">
                  {keys.split(" ").map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </th>
                <td>{does}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Dialog>
    </>
  );
}

function CurrentPage({ route: { page, id } }: { route: Route }) {
  switch (page) {
    case "sites":
    case "agents":
      return <SitesPage />;
    case "devices":
      return <DevicesPage />;
    case "device":
      return <DevicePage key={id} id={id as DeviceId} />;
    case "jobs":
      return <JobsPage />;
    case "job":
      return <JobPage key={id} id={id as JobId} />;
    case "unknown":
      return (
        <>
          <h1>There is no such page</h1>
          <Empty next={<a href={href("sites")}>Go to sites and agents</a>}>
            The address names nothing that this console shows.
          </Empty>
        </>
      );
  }
}

/** A screen reader hears the new page, and the keyboard starts at its top. The first page is left alone. */
function useFocusOnArrival({ page, id }: Route) {
  const main = useRef<HTMLElement>(null);
  const arrived = useRef(`${page} ${id}`);
  useEffect(() => {
    const here = `${page} ${id}`;
    if (arrived.current === here) return;
    arrived.current = here;
    window.scrollTo(0, 0);
    const target = page === "agents" ? document.getElementById("agents") : main.current;
    target?.focus({ preventScroll: page !== "agents" });
    if (page === "agents") target?.scrollIntoView();
  }, [page, id]);
  return main;
}

function Header({ current, showHelp }: { current: Route; showHelp: () => void }) {
  const status = useQuery(statusQuery);
  const live = useWatched(liveState);
  const chosen = useWatched(theme);
  return (
    <header className="top">
      <a className="brand" href={href("sites")} aria-label="Farhand, start">
        <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
          <rect width="32" height="32" rx="6" className="brand-box" />
          <path d="M9 7h15v4.5H14V15h8.5v4.4H14V26H9z" className="brand-letter" />
        </svg>
        Farhand
      </a>
      {status.data && (
        <span className="where" title={`version ${status.data.version}`}>
          <Foreign>{status.data.org}</Foreign>
          <span className="quiet"> / </span>
          <Foreign>{status.data.hub}</Foreign>
        </span>
      )}
      <nav aria-label="Main">
        {sections.map(({ path, name, pages }) => (
          <a key={path} href={href(path)} aria-current={pages.includes(current.page) ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <output className={`live tone-${liveTone[live]}`} aria-label="Event stream">
        <Mark tone={liveTone[live]} /> {liveText[live]}
      </output>
      <div className="tools">
        <button type="button" className="quiet-button" onClick={nextTheme} aria-label={`Theme: ${chosen}. Change`}>
          Theme: {chosen}
        </button>
        <button
          type="button"
          className="quiet-button"
          onClick={showHelp}
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts"
        >
          ?
        </button>
        <button type="button" className="quiet-button" onClick={() => logout()}>
          Log out
        </button>
      </div>
    </header>
  );
}
