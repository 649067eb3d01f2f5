import { z } from "zod";
import { openAdmission } from "../../shared/bundle/admission.ts";
import { BUNDLE_LIFETIME_SECONDS_MAX } from "../../shared/bundle/format.ts";
import { checkOrder, checkPlace, checkSeen, openInbound } from "../../shared/bundle/index.ts";
import type { BundleFile } from "../../shared/bundle/read.ts";
import { fromBase64url, sha256 } from "../../shared/bytes.ts";
import type { BundleEntry, InboundIndex } from "../../shared/documents/bundle.ts";
import { parseEnvelope, peekPayload, type Envelope } from "../../shared/envelope.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import { Digest, type AgentId, type OrgId, type SiteId } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import { checkValidity } from "../../shared/verify/time.ts";
import { decodeDown } from "../../shared/wire/messages.ts";
import type { Credentials } from "../credentials.ts";
import type { Holds } from "../holds.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { Intake, Signed } from "../intake.ts";
import {
  acknowledgeBundle,
  acknowledgedEnds,
  addBundle,
  addCredentialAnswers,
  bundleDigest,
  lastBundle,
  type CredentialAnswers,
} from "../journal/bundles.ts";
import { raiseTimeFloor, timeFloorMs } from "../journal/meta.ts";
import { takeMarks } from "../journal/outbox.ts";
import type { AgentLog } from "../log.ts";
import type { Trust } from "../trust.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Witness } from "../witness.ts";
import { importBrought } from "./brought.ts";
import type { Carried } from "./carried.ts";
import type { ImportReport } from "./report.ts";
import { openBundleTrust } from "./trust-set.ts";

export interface ImportOptions {
  readonly own: { readonly org: OrgId; readonly site: SiteId; readonly agent: AgentId };
  readonly epoch: string;
  readonly trust: Trust;
  readonly store: Store;
  readonly intake: Intake;
  readonly verifier: Pick<Verifier, "breakglass">;
  readonly carried: Carried;
  readonly credentials: Pick<Credentials, "receive" | "words">;
  readonly holds: Pick<Holds, "take">;
  readonly schedule: Pick<Schedule, "take">;
  readonly witness: Pick<Witness, "take">;
  readonly log: AgentLog;
  readonly nowMs: () => number;
  /** A site operator attested the time. */
  readonly attested: (ms: number) => void;
  readonly release: (spools: readonly string[]) => Promise<void>;
}

const CLOCK_ERROR_MS = 2_000;
const FLOOR_AHEAD_MS = 120_000;
/** What an entry of each kind needs of the one who takes it in; a kind that is not understood spoils the bundle, not just itself. */
const UNDERSTOOD: ReadonlySet<BundleEntry["kind"]> = new Set([
  "trust",
  "authority",
  "manifest",
  "text",
  "cancel",
  "credential",
  "checkpoint",
  "hold",
  "grant",
  "breakglass",
]);

/**
 * Takes an inbound bundle in. Everything is checked before anything is stored: who signed the index, for whom, in which order,
 * when, every body, and a site operator's admission. Then each part goes the way that it would have gone over a link, and last the
 * bundle's number is used up: a crash before that is cured by bringing the same file again.
 */
export async function importBundle(
  options: ImportOptions,
  file: BundleFile,
  admissionEnvelope: Envelope | null,
): Promise<ImportReport> {
  const { own, store, trust, carried } = options;
  if (file.claimed.direction === "breakglass") return importBrought(options, file);
  const carriedSet = await openBundleTrust(file, trust);
  const bundle = await openInbound(file.envelope, carriedSet.keys.hubKey);
  const { index, digest } = bundle;
  checkPlace(index, own);
  const { missing, unacknowledged } = await checkNumbers(options, index, digest);
  if (!admissionEnvelope) throw new FarhandError("BUNDLE_ADMISSION");
  const admission = await openAdmission(admissionEnvelope, bundle, carriedSet.keys);
  const attestedMs = admission.attestsTime ? admission.iat * 1000 : null;
  const floorMs = Math.max(await store.read(timeFloorMs), attestedMs ?? 0);
  checkValidity(
    { iat: index.iat, nbf: index.iat, exp: index.exp },
    { nowMs: options.nowMs(), errorMs: CLOCK_ERROR_MS, floorMs },
    BUNDLE_LIFETIME_SECONDS_MAX,
  );
  checkKinds(index);
  await file.checkBodies();

  await store.tx("bundle:time", async (tx) => {
    if (attestedMs !== null) await raiseTimeFloor(tx, attestedMs);
    // The hub's word alone, as with an offer: far ahead of this clock it would make everything expired for good.
    if (index.iat * 1000 <= options.nowMs() + FLOOR_AHEAD_MS) await raiseTimeFloor(tx, index.iat * 1000);
  });
  if (attestedMs !== null) options.attested(attestedMs);
  const taken = await carriedSet.take();
  await takeAcks(options, index);
  await takeCheckpoint(options, file);
  await takeStanding(options, file, "hold");
  await takeStanding(options, file, "grant");
  const cancels = await takeCancels(options, file);
  const credentials = await takeCredentials(options, file);
  const work = await carried.with(file, () => takeWork(options, file, index));
  await store.tx("bundle:in", async (tx) => {
    await addBundle(tx, "in", { number: index.number, sha256: digest }, options.nowMs());
  });
  return {
    number: index.number,
    sha256: digest,
    missing,
    trust: [...taken],
    work,
    cancels,
    credentials,
    unacknowledged,
    attested: admission.attestsTime ? admission.iat : null,
  };
}

async function checkNumbers(
  { store, epoch }: ImportOptions,
  index: InboundIndex,
  digest: Digest,
): Promise<Pick<ImportReport, "missing" | "unacknowledged">> {
  return store.read(async (tx) => {
    const missing = checkOrder(index, digest, await lastBundle(tx, "in"));
    const lastOut = (await lastBundle(tx, "out"))?.number ?? 0;
    // What it says of another journal's bundles means nothing here.
    const seen = index.acks === null || index.acks.epoch === epoch ? index.seen : null;
    const sent = seen ? await bundleDigest(tx, "out", seen.number) : undefined;
    return { missing, unacknowledged: checkSeen(seen, sent, lastOut) };
  });
}

/** Completeness is the signer's to give: what the index names as work must be among its entries. */
function checkKinds(index: InboundIndex): void {
  const held = new Map<Digest, BundleEntry["kind"]>(index.entries.map((entry) => [entry.sha256, entry.kind]));
  for (const kind of held.values())
    if (!UNDERSTOOD.has(kind)) throw new FarhandError("BUNDLE_SHAPE", `${kind}: not understood by this version`);
  for (const { envelope, manifest } of index.work) {
    if (held.get(envelope) !== "authority" || held.get(manifest) !== "manifest")
      throw new FarhandError("BUNDLE_INCOMPLETE", "work without its authority or its manifest");
  }
}

/** The hub's marks: nothing up to `acked` travels again, everything up to `released` is deleted, and what ended is settled. */
async function takeAcks(options: ImportOptions, index: InboundIndex): Promise<void> {
  const { store, epoch, intake } = options;
  if (!index.acks || index.acks.epoch !== epoch) return;
  const { lanes } = index.acks;
  const { seen } = index;
  const { free, ended } = await store.tx("bundle:acks", async (tx) => {
    const names: string[] = [];
    for (const { lane, acked, released } of lanes) names.push(...(await takeMarks(tx, lane, { acked, released })));
    if (seen) await acknowledgeBundle(tx, seen.number);
    return { free: names, ended: await acknowledgedEnds(tx) };
  });
  if (free.length > 0) await options.release(free);
  for (const key of ended) await intake.settled({ manifest: key.manifest, attempt: key.attempt });
}

async function takeCancels({ intake }: ImportOptions, file: BundleFile): Promise<number> {
  let count = 0;
  for (const [position, entry] of file.claimed.entries.entries()) {
    if (entry.kind !== "cancel") continue;
    await intake.cancel({ cancel: parseEnvelope(await file.body(position)) });
    count++;
  }
  return count;
}

/** Before any work: an agent takes none from a hub whose audit log does not continue what was witnessed. */
async function takeCheckpoint({ witness, log }: ImportOptions, file: BundleFile): Promise<void> {
  for (const [position, entry] of file.claimed.entries.entries()) {
    if (entry.kind !== "checkpoint") continue;
    try {
      const message = decodeDown(await file.body(position));
      if (message.kind !== "checkpoint") throw new FarhandError("PROTOCOL", `${message.kind} as a checkpoint`);
      await witness.take(message.header, message.body);
    } catch (error) {
      if (!(error instanceof FarhandError) || error.code === "DISK_FULL") throw error;
      log.warn("checkpoint-refused", { code: error.code, detail: error.detail ?? "" });
    }
  }
}

/** Faults of this host and not of what was sent: the file is brought again. */
const LATER: ReadonlySet<ErrorCode> = new Set(["DISK_FULL", "INTERNAL", "IO"]);

/** Holds before the work that they may stand against, and grants that this agent carries out by its own clock. One that is refused spoils nothing else. */
async function takeStanding(
  { holds, schedule, log }: ImportOptions,
  file: BundleFile,
  kind: "hold" | "grant",
): Promise<void> {
  const taker = kind === "hold" ? holds : schedule;
  for (const [position, entry] of file.claimed.entries.entries()) {
    if (entry.kind !== kind) continue;
    try {
      await taker.take(parseEnvelope(await file.body(position)));
    } catch (error) {
      if (!(error instanceof FarhandError) || LATER.has(error.code)) throw error;
      log.warn(`${kind}-refused`, { code: error.code, detail: error.detail ?? "" });
    }
  }
}

/** Before the work that may need them. One that is refused spoils nothing else; the next bundle out says what came of each. */
async function takeCredentials(
  { credentials, store }: ImportOptions,
  file: BundleFile,
): Promise<ImportReport["credentials"]> {
  const answers: CredentialAnswers = [];
  for (const [position, entry] of file.claimed.entries.entries()) {
    if (entry.kind !== "credential") continue;
    const bytes = await file.body(position);
    const document = sha256(fromBase64url(parseEnvelope(bytes).payload));
    try {
      await credentials.receive(bytes);
      answers.push({ document, code: null });
    } catch (error) {
      if (LATER.has(errorCode(error))) throw error;
      answers.push({ document, code: errorCode(error) });
    }
  }
  await store.tx("bundle:credentials", (tx) => addCredentialAnswers(tx, answers));
  return answers;
}

async function takeWork(
  { intake }: ImportOptions,
  file: BundleFile,
  index: InboundIndex,
): Promise<ImportReport["work"]> {
  const positions = new Map(index.entries.map((entry, position) => [entry.sha256, position]));
  const body = (digest: Digest) => file.body(positions.get(digest) ?? -1);
  const report: ImportReport["work"] = [];
  const breakglasses = await breakglassesOf(file);
  for (const line of index.work.toSorted((a, b) => a.sequence - b.sequence)) {
    const { authority, manifest, attempt, sequence, fence } = line;
    const permit = { authority, manifest, attempt, sequence, fence, iat: null };
    const taken = await intake.take(
      permit,
      signedWith(await authorityOf(body, line.envelope), breakglasses),
      await body(manifest),
    );
    if (taken.outcome === "transient") throw new FarhandError(taken.code, taken.detail ?? undefined);
    const { code, detail } = taken.outcome === "refused" ? taken : { code: null, detail: null };
    report.push({ manifest, attempt, outcome: taken.outcome, code, detail });
  }
  return report;
}

/** Each by the digest of its payload, which is what a warrant names. */
async function breakglassesOf(file: BundleFile): Promise<ReadonlyMap<string, Envelope>> {
  const found = new Map<string, Envelope>();
  for (const [position, entry] of file.claimed.entries.entries()) {
    if (entry.kind !== "breakglass") continue;
    const envelope = parseEnvelope(await file.body(position));
    found.set(sha256(fromBase64url(envelope.payload)), envelope);
  }
  return found;
}

const Named = z.looseObject({ breakglass: Digest });

/** The warrant names it; whether both hold is the verifier's to say. */
function signedWith(authority: Envelope, breakglasses: ReadonlyMap<string, Envelope>): Signed {
  const named = Named.safeParse(peekPayload(authority));
  const breakglass = named.success ? breakglasses.get(named.data.breakglass) : undefined;
  return { authority, ...(breakglass && { breakglass }) };
}

async function authorityOf(body: (digest: Digest) => Promise<Uint8Array>, digest: Digest): Promise<Envelope> {
  try {
    return parseEnvelope(await body(digest));
  } catch (error) {
    if (errorCode(error) === "BUNDLE_ENTRY") throw error;
    throw new FarhandError("BUNDLE_SHAPE", `the authority of a line of work: ${errorCode(error)}`, { cause: error });
  }
}
