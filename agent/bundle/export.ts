import { EVIDENCE_PART_BYTES, packFrames, sealEvidence } from "../../shared/bundle/evidence.ts";
import { BUNDLE_BYTES_MAX, BUNDLE_LIFETIME_SECONDS_MAX, ENTRY_BYTES_MAX } from "../../shared/bundle/format.ts";
import { copyPrivately } from "../../shared/bundle/private-copy.ts";
import { bundleChunks, writeFresh } from "../../shared/bundle/write.ts";
import { jcs, sha256 } from "../../shared/bytes.ts";
import { OutboundIndex, type BundleEntry } from "../../shared/documents/bundle.ts";
import { readAs, signEnvelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, OrgId, SiteId } from "../../shared/ids.ts";
import type { BoxPublicKey, Signer } from "../../shared/keys.ts";
import type { Store } from "../../shared/store.ts";
import { FRAME_BYTES_MAX } from "../../shared/wire/frame.ts";
import { encodeUp, layEvents, type Lane } from "../../shared/wire/messages.ts";
import type { Credentials } from "../credentials.ts";
import { acknowledgedBundle, addBundle, credentialAnswers, lastBundle } from "../journal/bundles.ts";
import { heldCheckpoint } from "../journal/checkpoints.ts";
import { gapAt, laneMarks, recordsAfter } from "../journal/outbox.ts";
import { LANES_BY_FILE, type ExportReport } from "./report.ts";

export interface ExportOptions {
  readonly own: { readonly org: OrgId; readonly site: SiteId; readonly agent: AgentId };
  readonly epoch: string;
  readonly store: Store;
  readonly signer: Signer;
  /** The organisation's key of keys.json. */
  readonly evidence: BoxPublicKey | undefined;
  readonly nowMs: () => number;
  readonly credentials: Pick<Credentials, "words">;
  readonly readPart: (name: string, offset: number, into: Uint8Array) => Promise<void>;
  readonly privateDir: string;
}

const BATCH_BODY_BYTES_MAX = 240 * 1024;
const BATCH_RECORDS_MAX = 256;
/** Sealing costs a third; the index and a part of room stay. */
const SEALED_BYTES_MAX = BUNDLE_BYTES_MAX - 2 * ENTRY_BYTES_MAX;
const ENTRIES_MAX = 3_000;

interface Collected {
  readonly entries: BundleEntry[];
  readonly offsets: number[];
  readonly lanes: Map<Lane, { first: number; last: number }>;
  bytes: number;
  more: boolean;
}

/**
 * Everything that the hub has not acknowledged, sealed to the organisation and signed by this agent. The number is used up on disk
 * before the file has it: two files never carry one number.
 */
export async function exportBundle(options: ExportOptions, path: string): Promise<ExportReport> {
  const { own, epoch, store, signer, evidence } = options;
  if (evidence === undefined)
    throw new FarhandError(
      "CONFLICT",
      "keys.json names no evidence key yet: farhand trust init --hub-key-file writes it",
    );
  let report: ExportReport | undefined;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const { last, seen, acknowledged } = await store.read(async (tx) => ({
      last: await lastBundle(tx, "out"),
      seen: await lastBundle(tx, "in"),
      acknowledged: await acknowledgedBundle(tx),
    }));
    const number = (last?.number ?? 0) + 1;
    const collected: Collected = { entries: [], offsets: [], lanes: new Map(), bytes: 0, more: false };
    const sealed = sealedParts(options, number, evidence as BoxPublicKey, collected);
    const copy = await copyPrivately(sealed, options.privateDir, BUNDLE_BYTES_MAX);
    try {
      const iat = Math.floor(options.nowMs() / 1000);
      const lanes = [...collected.lanes].map(([lane, marks]) => ({ lane, ...marks }));
      const index = readAs(OutboundIndex, {
        type: "bundle",
        v: 1,
        ...own,
        number,
        prev: last?.sha256 ?? null,
        seen,
        iat,
        exp: iat + BUNDLE_LIFETIME_SECONDS_MAX,
        entries: collected.entries,
        direction: "out",
        epoch,
        lanes,
      });
      const digest = sha256(jcs(index));
      const envelope = await signEnvelope("farhand-bundle+jws", index, [signer]);
      await store.tx("bundle:out", (tx) => addBundle(tx, "out", { number, sha256: digest }, options.nowMs()));
      yield* bundleChunks(envelope, collected.entries, async (position) => {
        const bytes = new Uint8Array(collected.entries[position]?.bytes ?? 0);
        await copy.file.read(bytes, 0, bytes.length, collected.offsets[position] ?? 0);
        return bytes;
      });
      const unacknowledged = acknowledged < number - 1 ? { first: acknowledged + 1, last: number - 1 } : null;
      report = { number, sha256: digest, bytes: 0, lanes, more: collected.more, unacknowledged };
    } finally {
      await copy.close();
    }
  }
  const bytes = await writeFresh(path, chunks());
  if (!report) throw new FarhandError("INTERNAL", "a bundle without its report");
  return { ...report, bytes };
}

/** Yields what is sealed, and notes what it is: the index can only be made when all of it is known. */
async function* sealedParts(
  options: ExportOptions,
  number: number,
  evidence: BoxPublicKey,
  collected: Collected,
): AsyncGenerator<Uint8Array> {
  let frames: Uint8Array[] = [];
  let held = 0;
  const sealUp = async (): Promise<Uint8Array> => {
    const place = { ...options.own, number, part: collected.entries.length };
    const sealed = await sealEvidence(packFrames(frames), place, evidence);
    collected.entries.push({ kind: "records", sha256: sha256(sealed), bytes: sealed.length });
    collected.offsets.push(collected.bytes);
    collected.bytes += sealed.length;
    frames = [];
    held = 0;
    return sealed;
  };
  const last = await options.store.read(heldCheckpoint);
  const checkpoint = last ? { epoch: last.epoch, size: last.size, root: last.root } : null;
  frames.push(encodeUp("witnessed", { checkpoint }));
  for (const words of await options.credentials.words(await options.store.read(credentialAnswers)))
    frames.push(encodeUp("credentials", words));
  for await (const { frame, lane, first, last } of framesOf(options)) {
    if (held + frame.length > EVIDENCE_PART_BYTES) {
      yield await sealUp();
      if (collected.bytes > SEALED_BYTES_MAX || collected.entries.length >= ENTRIES_MAX) {
        collected.more = true;
        return;
      }
    }
    frames.push(frame);
    held += frame.length;
    collected.lanes.set(lane, { first: collected.lanes.get(lane)?.first ?? first, last });
  }
  if (frames.length > 0) yield await sealUp();
}

/** The frames that a link would have carried, from the first record that the hub has not acknowledged to the last that is held now. */
async function* framesOf({ store, epoch, readPart }: ExportOptions) {
  const marks = await store.read(laneMarks);
  const scratch = new Uint8Array(FRAME_BYTES_MAX);
  for (const lane of LANES_BY_FILE) {
    const mark = marks.find((held) => held.lane === lane);
    if (!mark) continue;
    for (let sent = mark.acked; sent < mark.next - 1;) {
      const first = sent + 1;
      const gap = await store.read((tx) => gapAt(tx, lane, first));
      if (gap) {
        const last = Math.min(gap.last, mark.next - 1);
        yield { frame: encodeUp("gap", { epoch, lane, first, last, reason: gap.reason }), lane, first, last };
        sent = last;
        continue;
      }
      const rows = await store.read((tx) => recordsAfter(tx, lane, sent, BATCH_RECORDS_MAX, BATCH_BODY_BYTES_MAX));
      const batch = rows.filter((row, index) => row.seq === first + index && row.seq < mark.next);
      const last = batch.at(-1)?.seq;
      if (last === undefined) {
        // Dropped under quota just now: then it has a name, and the next turn finds it.
        if (await store.read((tx) => gapAt(tx, lane, first))) continue;
        throw new FarhandError("JOURNAL_CORRUPT", `record ${first} of ${lane} is missing`);
      }
      const laid = batch.map((row) => ({
        header: row.header,
        bytes: row.body.kind === "inline" ? row.body.bytes.length : row.bytes,
      }));
      const { frame, bodies } = layEvents(scratch, { epoch, lane, first, last }, laid);
      for (const [index, row] of batch.entries()) {
        const into = bodies[index];
        if (!into) continue;
        if (row.body.kind === "inline") into.set(row.body.bytes);
        else await readPart(row.body.name, row.body.offset, into);
      }
      yield { frame: frame.slice(), lane, first, last };
      sent = last;
    }
  }
}
