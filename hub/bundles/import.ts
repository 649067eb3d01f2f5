import { checkOrder, checkPlace, openOutbound } from "../../shared/bundle/index.ts";
import { openEvidence, unpackFrames } from "../../shared/bundle/evidence.ts";
import { BundleFile } from "../../shared/bundle/read.ts";
import type { OutboundIndex } from "../../shared/documents/bundle.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, Digest } from "../../shared/ids.ts";
import type { PrivateJwk } from "../../shared/keys.ts";
import { decodeUp, type UpMessage } from "../../shared/wire/messages.ts";
import { tellCredentials } from "../credentials.ts";
import { ingestEvents, ingestGap } from "../ingest/ingest.ts";
import { isOwnLog, type Witnessed } from "../links/checkpoints.ts";
import type { LinkDeps } from "../links/deps.ts";
import { audit } from "../store/audit.ts";
import { digestTo, giveNumber, lastFrom, lastNumberTo, noteTaken } from "../store/bundles.ts";

export interface BundleFolder {
  /** Where the private copy of an upload lives, nameless, while it is read. */
  readonly dir: string;
  /** Opens evidence; undefined in a hub that is older than bundles. */
  readonly evidence: PrivateJwk | undefined;
}

type Range = { readonly first: number; readonly last: number } | null;

export interface Imported {
  readonly agent: AgentId;
  readonly number: number;
  readonly sha256: Digest;
  readonly records: number;
  /** Bundles of this agent that were never brought. */
  readonly missing: Range;
  /** Own bundles that the agent does not say it has. */
  readonly unacknowledged: Range;
  readonly lanes: readonly { readonly lane: string; readonly first: number; readonly last: number }[];
}

/**
 * Evidence by file: signed by the agent's countersigned key, sealed to this organisation, in order. Its frames go the way of the link's
 * own, so each record is stored once, however it came. A number that is missing, or an acknowledgement, is an entry of the audit log.
 */
export async function importBundle(
  deps: LinkDeps,
  folder: BundleFolder,
  chunks: AsyncIterable<Uint8Array>,
  actor: string,
): Promise<Imported> {
  if (!folder.evidence) throw new FarhandError("CONFLICT", "this hub has no evidence key: it was made before bundles");
  const file = await BundleFile.from(chunks, folder.dir);
  try {
    return await take(deps, folder.evidence, file, actor);
  } finally {
    await file.close();
  }
}

async function take(deps: LinkDeps, evidence: PrivateJwk, file: BundleFile, actor: string): Promise<Imported> {
  const { store, clock, trust } = deps;
  const { org } = trust.require().trust;
  const entry = trust.agent(file.claimed.agent);
  if (!entry) throw new FarhandError("AGENT_PENDING", file.claimed.agent);
  if (entry.status === "banned") throw new FarhandError("AGENT_BANNED", entry.id);
  const { index, digest } = await openOutbound(file.envelope, (kid) => (kid === entry.kid ? entry.signKey : undefined));
  checkPlace(index, { org, site: entry.site, agent: entry.id });
  const { agent } = index;
  const { missing, unacknowledged } = await store.read(async (tx) => ({
    missing: checkOrder(index, digest, await lastFrom(tx, agent, index.epoch)),
    unacknowledged: await checkAcknowledged(tx, index),
  }));
  if (index.entries.some((part) => part.kind !== "records"))
    throw new FarhandError("BUNDLE_SHAPE", "evidence holds records and nothing else");
  await file.checkBodies();

  const nowMs = clock.nowMs();
  let records = 0;
  let isFirst = true;
  let witnessed: Witnessed = null;
  for (let part = 0; part < index.entries.length; part++) {
    const place = { org, site: index.site, agent, number: index.number, part };
    const packed = await openEvidence(await file.body(part), place, evidence);
    for (const frame of unpackFrames(packed)) {
      const message = decodeUp(frame);
      if (message.kind === "credentials") {
        await tellCredentials(deps, agent, message.header, isFirst);
        isFirst = false;
      } else if (message.kind === "witnessed") witnessed = message.header.checkpoint;
      else records += await ingestFrame(deps, index, message, nowMs);
    }
  }
  const isForked = witnessed !== null && !(await isOwnLog(deps, witnessed));
  if (isForked) deps.log.error("audit-forked", { agent, detail: "its evidence quotes a log that is not this hub's" });
  await store.tx("bundle.taken", async (tx) => {
    const about = { actor, object: `${agent} number ${index.number}`, digest };
    await noteTaken(tx, agent, { number: index.number, sha256: digest, epoch: index.epoch, witnessed }, nowMs);
    if (isForked) {
      const said = `it witnessed ${witnessed?.size} entries with root ${witnessed?.root}, which is not this hub's log`;
      await audit(tx, nowMs, {
        ...about,
        action: "audit.witness",
        decision: "refused",
        code: "CHECKPOINT",
        detail: said,
      });
    }
    // A hub that was restored from an older copy learns here which numbers it gave before.
    if (index.seen) await giveNumber(tx, agent, index.seen, nowMs);
    const detail = `${records} records`;
    await audit(tx, nowMs, { ...about, action: "bundle.import", decision: "allowed", detail });
    if (missing)
      await audit(tx, nowMs, {
        ...about,
        action: "bundle.missing",
        decision: "allowed",
        detail: `never brought: ${ranged(missing)}`,
      });
    if (unacknowledged)
      await audit(tx, nowMs, {
        ...about,
        action: "bundle.unacknowledged",
        decision: "allowed",
        detail: `the agent has not taken in: ${ranged(unacknowledged)}`,
      });
  });
  deps.pump.kick();
  deps.effects.moved();
  const { number, lanes } = index;
  return { agent, number, sha256: digest, records, missing, unacknowledged, lanes };
}

const ranged = ({ first, last }: { first: number; last: number }): string =>
  first === last ? `number ${first}` : `numbers ${first} to ${last}`;

type Reader = Parameters<typeof lastNumberTo>[0];

async function checkAcknowledged(tx: Reader, { agent, seen }: OutboundIndex): Promise<Range> {
  const last = await lastNumberTo(tx, agent);
  const sent = seen ? await digestTo(tx, agent, seen.number) : undefined;
  if (seen && sent !== undefined && sent !== seen.sha256)
    throw new FarhandError("BUNDLE_ORDER", `it acknowledges a number ${seen.number} that was not sent from here`);
  const acknowledged = seen?.number ?? 0;
  return acknowledged < last ? { first: acknowledged + 1, last } : null;
}

/** What a session would do with the same frame; only evidence has a place in a file. */
async function ingestFrame(deps: LinkDeps, index: OutboundIndex, message: UpMessage, nowMs: number): Promise<number> {
  if (message.kind !== "events" && message.kind !== "gap")
    throw new FarhandError("BUNDLE_SHAPE", `${message.kind} is no evidence`);
  const { epoch, lane, first, last } = message.header;
  const mark = index.lanes.find((named) => named.lane === lane);
  if (epoch !== index.epoch || !mark || first < mark.first || last > mark.last)
    throw new FarhandError("BUNDLE_SHAPE", "evidence that its index does not name");
  if (message.kind === "gap") {
    await ingestGap(deps.store, index.agent, message.header, nowMs);
    return 0;
  }
  await ingestEvents(deps, index.agent, message.header, message.body, nowMs);
  return last - first + 1;
}
