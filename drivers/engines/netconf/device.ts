import { FarhandError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Configuration, TranscriptSink } from "../../types.ts";
import type { DefaultsMode } from "./capabilities.ts";
import type { NetconfFile } from "../../model/netconf-file.ts";
import { monitored } from "./monitoring.ts";
import type { Datastore, Operations } from "./operations.ts";
import { RpcRefused } from "./rpc-error.ts";

/** One NETCONF session on a device, and what everything on top of it needs. */
export interface NetconfDevice {
  readonly file: NetconfFile;
  readonly operations: Operations;
  readonly sessionId: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly commandMs: number;
  readonly transcript: TranscriptSink;
  /** Raw text of a datastore → what is kept of it. */
  readonly configuration: (raw: string) => Configuration;
  readonly alive: () => boolean;
  readonly disconnect: () => void;
}

/** What is set, without what the device adds by itself, or every default of the model would be in the diff (RFC 6243). */
const DEFAULTS_WISHED: readonly DefaultsMode[] = ["explicit", "trim"];

/** A whole datastore. */
export async function readDatastore(device: NetconfDevice, source: Datastore): Promise<Configuration> {
  const { operations, file, transcript } = device;
  const supported = operations.capabilities.defaults?.supported ?? [];
  const defaults = DEFAULTS_WISHED.find((mode) => supported.includes(mode));
  const options = { dataBytesMax: file.bytesMax, ...(defaults === undefined ? {} : { defaults }) };
  const { data } = await operations.getConfig(source, options);
  if (data === null) throw new FarhandError("INCOMPLETE_OUTPUT", `${source}: a reply without data`);
  const configuration = device.configuration(data);
  await transcript.write("received", configuration.publicText);
  return configuration;
}

/** Takes the lock of a datastore for this session. CANDIDATE_BUSY or PENDING_CHANGE, the owner named as well as the device can. */
export async function takeLock({ operations }: NetconfDevice, target: Datastore): Promise<void> {
  try {
    await operations.lock(target);
  } catch (error) {
    if (!(error instanceof RpcRefused) || !isBusy(error)) throw error;
    const holder = error.errors.find(({ sessionId }) => sessionId !== null)?.sessionId ?? null;
    const user =
      holder === null || holder === 0
        ? undefined
        : (await monitored(operations, "<sessions/>"))?.users.get(String(holder));
    const detail = `${target}: ${error.detail ?? ""}${user === undefined ? "" : ` (${user})`}`;
    throw new FarhandError(isPending(error) ? "PENDING_CHANGE" : "CANDIDATE_BUSY", detail, { cause: error });
  }
}

/** `resource-denied` is how yuma123 refuses the lock of a candidate that holds changes. */
const isBusy = ({ code, errors }: RpcRefused): boolean =>
  code === "CANDIDATE_BUSY" || errors.some(({ tag }) => tag === "resource-denied");

/** RFC 6241 §7.5: running is not locked while another's confirmed commit is pending. Not `lock-denied`, which names a lock. */
export const isPending = (error: unknown): boolean =>
  error instanceof RpcRefused && error.errors.some(({ tag }) => tag === "in-use");

/** Gives back what this session may hold; a device that says no has nothing to give. */
export async function unlockQuietly({ operations }: NetconfDevice, ...targets: readonly Datastore[]): Promise<void> {
  for (const target of targets) {
    try {
      await operations.unlock(target);
    } catch (error) {
      if (!(error instanceof RpcRefused)) throw error;
    }
  }
}
