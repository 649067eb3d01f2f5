import { checkPlace, openOncall } from "../../shared/bundle/index.ts";
import type { BundleFile } from "../../shared/bundle/read.ts";
import type { BreakglassIndex, BundleEntry } from "../../shared/documents/bundle.ts";
import { parseEnvelope, type Envelope } from "../../shared/envelope.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { Digest } from "../../shared/ids.ts";
import { checkValidity } from "../../shared/verify/time.ts";
import { timeFloorMs } from "../journal/meta.ts";
import type { ImportOptions } from "./import.ts";
import type { ImportReport } from "./report.ts";

const CLOCK_ERROR_MS = 2_000;
/** As long as a use may take at most. */
const LIFETIME_SECONDS_MAX = 86_400;

/**
 * Takes in what an on-call person brings where the hub is dead. The person's key on the index is the admission, the break-glass is the
 * leave; the work then goes the one way in that all work goes. Nothing else is taken: no trust, no marks, no numbers of the hub's.
 */
export async function importBrought(options: ImportOptions, file: BundleFile): Promise<ImportReport> {
  const { own, store, trust, verifier, carried, intake } = options;
  const { index, digest } = await openOncall(file.envelope, trust.keys);
  checkPlace(index, own);
  const time = { nowMs: options.nowMs(), errorMs: CLOCK_ERROR_MS, floorMs: await store.read(timeFloorMs) };
  checkValidity({ iat: index.iat, nbf: index.iat, exp: index.exp }, time, LIFETIME_SECONDS_MAX);
  checkKinds(index);
  await file.checkBodies();

  const body = (of: Digest) => file.body(index.entries.findIndex((entry) => entry.sha256 === of));
  const breakglass = readEnvelope(await body(index.breakglass));
  const leave = await verifier.breakglass(breakglass);
  const { site, agents, oncall } = leave.breakglass;
  if (site !== own.site) throw new FarhandError("BREAKGLASS", `it is for site ${site}`);
  if (!agents.includes(own.agent)) throw new FarhandError("BREAKGLASS", `agent ${own.agent} is not in it`);
  if (!oncall.includes(index.oncall)) throw new FarhandError("BREAKGLASS", `${index.oncall} is not on call in it`);

  const { authority, envelope, manifest } = index.work;
  const work = { authority, envelope: readEnvelope(await body(envelope)), breakglass, manifest: await body(manifest) };
  const taken = await carried.with(file, () => intake.takeBrought(work));
  if (taken.outcome === "transient") throw new FarhandError(taken.code, taken.detail ?? undefined);
  if (taken.outcome === "refused") throw new FarhandError(taken.code, taken.detail ?? undefined);
  options.log.warn("breakglass", { detail: `${leave.breakglass.id}: ${authority.kind} brought by ${index.oncall}` });
  return {
    number: 0,
    sha256: digest,
    missing: null,
    trust: [],
    work: [{ manifest, attempt: 1, outcome: taken.outcome, code: null, detail: null }],
    cancels: 0,
    credentials: [],
    unacknowledged: null,
    attested: null,
  };
}

const UNDERSTOOD: ReadonlySet<BundleEntry["kind"]> = new Set(["authority", "manifest", "text", "breakglass"]);

function checkKinds(index: BreakglassIndex): void {
  const held = new Map<Digest, BundleEntry["kind"]>(index.entries.map((entry) => [entry.sha256, entry.kind]));
  for (const kind of held.values())
    if (!UNDERSTOOD.has(kind)) throw new FarhandError("BUNDLE_SHAPE", `${kind}: no on-call person brings it`);
  const { envelope, manifest } = index.work;
  const isWhole =
    held.get(envelope) === "authority" &&
    held.get(manifest) === "manifest" &&
    held.get(index.breakglass) === "breakglass";
  if (!isWhole)
    throw new FarhandError("BUNDLE_INCOMPLETE", "work without its authority, its manifest or its break-glass");
}

function readEnvelope(bytes: Uint8Array): Envelope {
  try {
    return parseEnvelope(bytes);
  } catch (error) {
    throw new FarhandError("BUNDLE_SHAPE", `a signed document in it: ${errorCode(error)}`, { cause: error });
  }
}
