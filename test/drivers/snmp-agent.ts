/** An SNMP agent of ours and a client to it, for the tests of the engine. */
import { systemClock, type Clock, type ManualClock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import { snmpSecurity, type SnmpSecurity, type SnmpValue } from "../../shared/secret.ts";
import { SnmpClient } from "../../drivers/engines/snmp/client.ts";
import type { Varbind } from "../../drivers/engines/snmp/values.ts";
import { walkColumns, type WalkOptions } from "../../drivers/engines/snmp/walk.ts";
import type { FaultInput } from "../../simulators/snmp/faults.ts";
import { startSnmpAgent, type SnmpAgent, type SnmpUser } from "../../simulators/snmp/index.ts";

export const SYS_NAME = "1.3.6.1.2.1.1.5.0";
export const IF_TABLE = "1.3.6.1.2.1.2.2";
export const AUTH = "correct horse battery";
export const PRIVACY = "staple and then some";
export const COMMUNITY = "c0mmunity-of-the-lab";

export const user: SnmpUser = {
  name: "farhand",
  auth: "sha256",
  authPassphrase: AUTH,
  privacy: "aes128",
  privacyPassphrase: PRIVACY,
};
export const v3: Extract<SnmpValue, { version: "3" }> = {
  version: "3",
  authProtocol: "sha256",
  authPassphrase: AUTH,
  privacy: { protocol: "aes128", passphrase: PRIVACY },
};
export const v2c: SnmpValue = { version: "2c", community: COMMUNITY };

export const closing: (() => unknown)[] = [];
/** What a test opened, closed again: for afterEach. */
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).toReversed()) await close();
}

export async function agentWith(
  clock: Clock,
  faults: readonly FaultInput[] = [],
  interfaces = 4,
  more: readonly SnmpUser[] = [],
): Promise<SnmpAgent> {
  const agent = await startSnmpAgent(
    { users: [user, ...more], communities: [COMMUNITY], device: { interfaces } },
    { clock },
  );
  closing.push(() => agent.stop());
  for (const fault of faults) agent.setFault(fault);
  return agent;
}

export interface Asked {
  readonly clock?: Clock;
  readonly address?: string;
  readonly value?: SnmpValue;
  readonly username?: string;
  readonly retries?: number;
  readonly signal?: AbortSignal;
}

export function clientOf(agent: Pick<SnmpAgent, "port">, asked: Asked = {}): SnmpClient {
  const security: SnmpSecurity = snmpSecurity(asked.value ?? v3);
  const client = new SnmpClient({
    address: asked.address ?? "127.0.0.1",
    port: agent.port,
    username: asked.username ?? "farhand",
    security,
    clock: asked.clock ?? systemClock,
    signal: asked.signal ?? new AbortController().signal,
    requestMs: 5000,
    retries: asked.retries ?? 0,
  });
  closing.push(() => client.close());
  return client;
}

export const MORE_USERS: readonly SnmpUser[] = (["sha1", "sha224", "sha256", "sha384", "sha512"] as const).flatMap(
  (auth) =>
    (["aes128", "aes256-blumenthal", "aes256-reeder"] as const).map((privacy) => ({
      name: `${auth}-${privacy}`,
      auth,
      authPassphrase: AUTH,
      privacy,
      privacyPassphrase: PRIVACY,
    })),
);

export async function failure(run: Promise<unknown>): Promise<{ code: string; detail: string }> {
  try {
    await run;
  } catch (error) {
    if (error instanceof FarhandError) return { code: error.code, detail: error.detail ?? "" };
    throw error;
  }
  throw new Error("nothing was refused");
}

export const hex = (text: string): string => Buffer.from(text).toString("hex");

export async function walked(client: SnmpClient, root: string, options: Partial<WalkOptions> = {}): Promise<Varbind[]> {
  const found: Varbind[] = [];
  await walkColumns(client, [root], {
    objects: 10,
    rowsMax: 10_000,
    bytesMax: 1_000_000,
    sink: (rows) => {
      for (const { index, data } of rows)
        for (const datum of data) if (datum) found.push({ oid: `${root}.${index}`, datum });
    },
    ...options,
  });
  return found;
}

/** A request of which the client's own clock decides the end: moved on as soon as the agent has heard so many datagrams. */
export async function timedOut(
  clock: ManualClock,
  agent: SnmpAgent,
  run: Promise<unknown>,
  waits: readonly (readonly [heard: number, ms: number])[],
): Promise<{ code: string; detail: string }> {
  const failed = failure(run);
  for (const [heard, ms] of waits) {
    await agent.heard(heard);
    clock.advance(ms);
  }
  return failed;
}

/** Waits until the client has judged what came, which nothing outside shows: the clock moves in small steps until it is over. */
export async function timedOutAfter(
  clock: ManualClock,
  run: Promise<unknown>,
): Promise<{ code: string; detail: string }> {
  let isOver = false;
  const failed = failure(run).finally(() => (isOver = true));
  for (let turn = 0; turn < 10_000 && !isOver; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (turn > 200) clock.advance(1);
  }
  return failed;
}
