import { Watched } from "./watched.ts";

/** The API token lives in this tab's sessionStorage and in memory: never in the URL, never on disk. */
const KEY = "farhand.token";

export interface Session {
  readonly token: string | null;
  /** Why a person has to log in again. */
  readonly reason: string | null;
}

export const session = new Watched<Session>({ token: sessionStorage.getItem(KEY), reason: null });

/** `/console/#token=…`: the fragment never reaches a server, and leaves the URL and the history before anything is drawn. */
export function takeTokenFromUrl(): void {
  const given = new URLSearchParams(location.hash.replace(/^#\/?\??/, "")).get("token");
  if (given === null) return;
  history.replaceState(null, "", `${location.pathname}#/sites`);
  if (given !== "") login(given);
}

export function login(token: string): void {
  sessionStorage.setItem(KEY, token);
  session.set({ token, reason: null });
}

export function logout(reason: string | null = null): void {
  sessionStorage.removeItem(KEY);
  session.set({ token: null, reason });
}
