import { Watched } from "./watched.ts";

/** The page's whole state stands in the fragment: `#/jobs/j-1?device=r1`. A link shows another person the same thing. */
export type Page = "sites" | "agents" | "devices" | "device" | "jobs" | "job" | "unknown";

export interface Route {
  readonly page: Page;
  readonly id: string;
  readonly query: Readonly<Record<string, string>>;
}

export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?");
  const query = Object.fromEntries(new URLSearchParams(search));
  const [first = "", second = "", ...more] = path.split("/").map(decode);
  if (more.length > 0) return { page: "unknown", id: "", query };
  if (first === "") return { page: "sites", id: "", query };
  if ((first === "sites" || first === "agents") && second === "") return { page: first, id: "", query };
  if (first === "devices") return { page: second === "" ? "devices" : "device", id: second, query };
  if (first === "jobs") return { page: second === "" ? "jobs" : "job", id: second, query };
  return { page: "unknown", id: "", query };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function href(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).flatMap(([key, value]) => (value ? [[key, value]] : []));
  const search = new URLSearchParams(given).toString();
  return `#/${path}${search === "" ? "" : `?${search}`}`;
}

export const jobHref = (id: string, query?: Record<string, string | undefined>): string =>
  href(`jobs/${encodeURIComponent(id)}`, query);
export const deviceHref = (id: string, query?: Record<string, string | undefined>): string =>
  href(`devices/${encodeURIComponent(id)}`, query);

export const route = new Watched<Route>(parseRoute(location.hash));

export function watchRoute(): () => void {
  const read = (): void => route.set(parseRoute(location.hash));
  read();
  window.addEventListener("hashchange", read);
  return () => window.removeEventListener("hashchange", read);
}

/** Changes parts of the query in place: a filter is not a step in the history. */
export function setQuery(change: Readonly<Record<string, string | undefined>>): void {
  const path = location.hash.replace(/^#\/?/, "").split("?")[0] ?? "";
  history.replaceState(null, "", href(path, { ...route.get().query, ...change }));
  route.set(parseRoute(location.hash));
}

export function go(target: string): void {
  location.hash = target;
}
