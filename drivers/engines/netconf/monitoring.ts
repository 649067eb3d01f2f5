import { eachLeaf } from "./leaves.ts";
import type { Operations } from "./operations.ts";
import { RpcRefused } from "./rpc-error.ts";

/** What RFC 6022 has a device tell of others: which session holds which datastore's lock (§2.1.3), and whose each session is (§2.1.4). */
export interface Monitored {
  readonly locks: readonly { readonly datastore: string; readonly sessionId: string }[];
  readonly users: ReadonlyMap<string, string>;
}

const NAMESPACE = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring";
const BYTES_MAX = 256 * 1024;

/** A name that a device tells, as it may be shown. */
export const plain = (value: string): string => value.replaceAll(/[^\w.@\-]/gv, "?").slice(0, 64);

/** Undefined where the device does not have it. */
export async function monitored(
  operations: Operations,
  asked: "<sessions/>" | "<datastores/><sessions/>",
): Promise<Monitored | undefined> {
  try {
    const elements = `<netconf-state xmlns="${NAMESPACE}">${asked}</netconf-state>`;
    const { data } = await operations.get({ filter: { kind: "subtree", elements }, dataBytesMax: BYTES_MAX });
    return data === null ? undefined : read(data);
  } catch (error) {
    if (error instanceof RpcRefused) return undefined;
    throw error;
  }
}

function read(data: string): Monitored {
  const locks: { datastore: string; sessionId: string }[] = [];
  const users = new Map<string, string>();
  let [datastore, session] = ["", ""];
  eachLeaf(data, (path, value) => {
    if (path.endsWith("datastores/datastore/name")) datastore = plain(value);
    if (path.endsWith("global-lock/locked-by-session")) locks.push({ datastore, sessionId: plain(value) });
    if (path.endsWith("session/session-id")) session = value;
    if (path.endsWith("session/username")) users.set(session, plain(value));
  });
  return { locks, users };
}
