import { sha256 } from "../../shared/bytes.ts";
import type { ScheduleEntry } from "../../shared/documents/grant.ts";
import type { AgentId } from "../../shared/ids.ts";

const SPREAD_SHARE = 10;
const SPREAD_SECONDS_MAX = 600;

/** Agents of many sites do not begin in the same second: each has its own delay, at most a tenth of the period and ten minutes. */
export function spreadSeconds(entry: ScheduleEntry, agent: AgentId): number {
  const most = Math.min(SPREAD_SECONDS_MAX, Math.floor(entry.everySeconds / SPREAD_SHARE));
  return Number.parseInt(sha256(agent).slice(0, 8), 16) % (most + 1);
}

/** Number of the run whose time has come last. Only the newest is ever made up for: a schedule never piles up. */
export function slotAt(entry: ScheduleEntry, agent: AgentId, nowMs: number): number {
  const seconds = Math.floor(nowMs / 1000) - entry.offsetSeconds - spreadSeconds(entry, agent);
  return Math.floor(seconds / entry.everySeconds);
}
