import { entryBytes, entryHash, type AuditEntry } from "../audit/entry.ts";
import type { ExportLine } from "../audit/export.ts";
import { Frontier } from "../audit/merkle.ts";
import { signCheckpoint } from "../audit/proofs.ts";
import type { Line } from "../audit/verify-export.ts";
import { jcs, sha256, utf8 } from "../bytes.ts";
import { quoteCheckpoint, type Checkpoint } from "../documents/checkpoint.ts";
import type { Receipt } from "../documents/receipt.ts";
import { signEnvelope, type Envelope } from "../envelope.ts";
import type { Digest, JobId } from "../ids.ts";
import { id, NO_DIGEST, TEST_NOW_SECONDS, type TestOrg } from "./org.ts";

/** An audit log, its checkpoints and an agent's receipts that quote them, as an honest hub or a lying one would hold them. */

export const JOURNAL = "0".repeat(32);

export function makeEntries(count: number, over: (index: number) => Partial<AuditEntry> = () => ({})): AuditEntry[] {
  const entries: AuditEntry[] = [];
  let prev: Digest | null = null;
  for (let index = 0; index < count; index++) {
    const entry: AuditEntry = {
      type: "audit",
      v: 1,
      index,
      prev,
      actor: "token:t1",
      onBehalfOf: null,
      action: "job.submit",
      object: `job-${index}`,
      digest: null,
      signature: null,
      decision: "allowed",
      code: null,
      detail: null,
      count: 1,
      atMs: TEST_NOW_SECONDS * 1000 + index,
      ...over(index),
    };
    entries.push(entry);
    prev = entryHash(entry);
  }
  return entries;
}

export function stateOf(entries: readonly AuditEntry[], size: number): { size: number; root: Digest } {
  const frontier = new Frontier();
  for (const entry of entries.slice(0, size)) frontier.push(entryHash(entry));
  return { size, root: frontier.root };
}

export function makeCheckpoint(org: TestOrg, state: { size: number; root: Digest }, by = org.hub): Promise<Envelope> {
  const { org: name, hubId: hub } = org.trust;
  const checkpoint: Checkpoint = { type: "checkpoint", v: 1, org: name, hub, epoch: 1, at: TEST_NOW_SECONDS, ...state };
  return signCheckpoint(checkpoint, by);
}

export function receiptDocument(over: Partial<Receipt> = {}): Receipt {
  return {
    type: "receipt",
    v: 1,
    org: id.org,
    site: id.ams,
    agent: id.agentAms,
    prev: null,
    epoch: JOURNAL,
    index: 1,
    checkpoint: null,
    job: "job-1" as JobId,
    manifest: NO_DIGEST,
    attempt: 1,
    fence: 1,
    authority: { kind: "warrant", sha256: NO_DIGEST },
    signers: [id.ann],
    persons: 1,
    outcome: "SUCCEEDED",
    code: null,
    startedAt: TEST_NOW_SECONDS,
    endedAt: TEST_NOW_SECONDS + 1,
    tasks: [],
    ...over,
  };
}

/** A chain of the agent's receipts, one for each quote. */
export async function makeReceipts(
  org: TestOrg,
  quotes: readonly ({ size: number; root: Digest } | null)[],
  over: (index: number) => Partial<Receipt> = () => ({}),
): Promise<Envelope[]> {
  const agent = org.agents[id.agentAms];
  if (!agent) throw new Error("no agent");
  const envelopes: Envelope[] = [];
  let prev: Digest | null = null;
  for (const [place, quote] of quotes.entries()) {
    const checkpoint = quote && quoteCheckpoint(quote);
    const document: Receipt = receiptDocument({ prev, index: place + 1, checkpoint, ...over(place + 1) });
    envelopes.push(await signEnvelope("farhand-receipt+jws", document, [agent.signer]));
    prev = sha256(jcs(document));
  }
  return envelopes;
}

export interface TestExport {
  readonly entries: readonly AuditEntry[];
  readonly checkpoints: readonly Envelope[];
  readonly receipts: readonly Envelope[];
}

/** Lines in the order of an export; `entries` may be what a liar puts there. */
export function exportLines(
  org: TestOrg,
  { entries, checkpoints, receipts }: TestExport,
  size = entries.length,
): string[] {
  const line = (value: ExportLine): string => JSON.stringify(value);
  const { org: name, hubId: hub } = org.trust;
  return [
    line({ type: "audit-export", v: 1, org: name, hub, size, atMs: TEST_NOW_SECONDS * 1000 }),
    line({ type: "audit-trust", document: "keys", envelope: org.keysEnvelope }),
    line({ type: "audit-trust", document: "agents", envelope: org.agentsEnvelope }),
    ...entries.map((entry) => new TextDecoder().decode(entryBytes(entry))),
    ...checkpoints.map((envelope) => line({ type: "audit-checkpoint", envelope })),
    ...receipts.map((envelope) => line({ type: "audit-receipt", kind: "receipt", envelope })),
  ];
}

export async function* asLines(lines: readonly string[]): AsyncGenerator<Line> {
  for (const [place, text] of lines.entries()) {
    await Promise.resolve();
    yield { bytes: utf8(text), number: place + 1 };
  }
}

/** Thirty entries, signed after ten, twenty and thirty, witnessed by an agent after ten and twenty. */
export async function makeExport(org: TestOrg, entries = makeEntries(30)): Promise<TestExport> {
  const at = (size: number) => stateOf(entries, size);
  return {
    entries,
    checkpoints: await Promise.all([10, 20, 30].map((size) => makeCheckpoint(org, at(size)))),
    receipts: await makeReceipts(org, [null, at(10), at(20)]),
  };
}
