import type { Clock } from "../../../shared/clock.ts";
import type { CheckFinding } from "../../../shared/documents/check.ts";
import type { PreflightFile } from "../../model/preflight-file.ts";
import { preflight } from "../../preflight/judge.ts";
import type { NetconfDevice } from "./device.ts";
import { eachLeaf } from "./leaves.ts";
import { monitored } from "./monitoring.ts";
import { RpcRefused } from "./rpc-error.ts";

/** `date-and-time` of RFC 6991: 2026-11-28T08:00:00.123+01:00. */
const CLOCK: PreflightFile = [
  {
    send: "clock",
    rules: [
      {
        code: "CLOCK_OFF",
        severity: "warns",
        clock: String.raw`^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})T(?<time>\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?<zone>Z|[+\-]\d{2}:\d{2})`,
        seconds: 60,
        hint: "its logs and its timer tell another time: have it ask an NTP server",
      },
    ],
  },
];

const CLOCK_BYTES_MAX = 64 * 1024;

/**
 * What a device behind NETCONF tells of itself before a change: who else holds its configuration, and its clock. Reads only. A device that does
 * not have what is asked for has no finding: who holds a lock shows at the latest when a change asks for it.
 */
export async function netconfPreflight(
  device: NetconfDevice,
  clock: Clock,
  redacted: (text: string) => string,
): Promise<CheckFinding[]> {
  const found = await locks(device);
  const shown = await clockOf(device);
  if (shown === undefined) return found;
  const ask = (): Promise<string> => Promise.resolve(shown);
  return [...found, ...(await preflight(CLOCK, { ask, clock, limits: undefined, isListed: false, redacted }))];
}

async function locks({ operations, sessionId }: NetconfDevice): Promise<CheckFinding[]> {
  const { locks: held = [], users } = (await monitored(operations, "<datastores/><sessions/>")) ?? {};
  return held
    .filter((lock) => lock.sessionId !== String(sessionId))
    .slice(0, 8)
    .map((lock) => ({
      code: "LOCKED",
      severity: "warns",
      detail: `${lock.datastore} is locked by session ${lock.sessionId}, ${users?.get(lock.sessionId) ?? "whose, it does not say"}`,
      hint: "a change is refused while somebody else holds the configuration: ask them, or wait",
    }));
}

async function clockOf({ file, operations }: NetconfDevice): Promise<string | undefined> {
  const { clock } = file;
  if (!clock) return undefined;
  try {
    const filter = { kind: "subtree", elements: clock.filter } as const;
    const { data } = await operations.get({ filter, dataBytesMax: CLOCK_BYTES_MAX });
    let shown: string | undefined;
    if (data !== null) eachLeaf(data, (path, value) => (path === clock.time ? (shown ??= value) : undefined));
    return shown;
  } catch (error) {
    if (error instanceof RpcRefused) return undefined;
    throw error;
  }
}
