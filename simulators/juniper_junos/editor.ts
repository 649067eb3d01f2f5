/** A user in configuration mode, and how the device tells others of him. */
import type { Config, Path } from "./config/tree.ts";
import { pathWords } from "./config/tree.ts";
import { duration, stamp } from "./dates.ts";

export type EditMode = "shared" | "exclusive" | "private";

/** A user in configuration mode. */
export interface Editor {
  readonly sessionId: number;
  readonly user: string;
  readonly terminal: string;
  readonly pid: number;
  readonly sinceMs: number;
  readonly mode: EditMode;
  /** What a private session began with. */
  base: Config;
  lastMs: number;
  path: Path;
  /** Lines typed since the last commit. */
  typed: string[];
  /** Lines typed in this session, for faults that count. */
  count: number;
}

const MINUTE_MS = 60_000;

export function describeEditor(editor: Editor, nowMs: number): string {
  const idleMs = nowMs - editor.lastMs;
  const idle = idleMs >= MINUTE_MS ? `, idle ${duration(idleMs)}` : "";
  const mode = editor.mode === "shared" ? "" : `${editor.mode} `;
  const words = pathWords(editor.path).join(" ");
  return `  ${editor.user} terminal ${editor.terminal} (pid ${editor.pid}) on since ${stamp(editor.sinceMs)}${idle}\n      ${mode}[edit${words === "" ? "" : ` ${words}`}]\n`;
}

/** Whoever a fault says is editing: no session of ours. */
export function ghost(user: string, locked: boolean, running: Config, nowMs: number): Editor {
  return {
    sessionId: 0,
    user,
    terminal: "pts/7",
    pid: 31_745,
    sinceMs: nowMs - 8 * MINUTE_MS,
    lastMs: nowMs - 72_000,
    mode: locked ? "exclusive" : "shared",
    path: [],
    base: running,
    typed: [],
    count: 0,
  };
}
