import { z } from "zod";
import { fromBase64url, sha256 } from "../../shared/bytes.ts";
import type { Mark } from "../../shared/bundle/index.ts";
import { FarhandError, isErrorCode, type ErrorCode } from "../../shared/errors.ts";
import { Digest } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";
import { UpRecord } from "../../shared/wire/messages.ts";
import type { AssignmentKey } from "../core/model.ts";
import { getMeta, putMeta } from "./meta.ts";
import { int, text } from "./row.ts";

type Read = Pick<Tx, "all" | "get">;
type Direction = "in" | "out";

const sql = statements("journal.bundle", {
  last: "SELECT number, sha256 FROM bundle WHERE direction = $direction ORDER BY number DESC LIMIT 1",
  byNumber: "SELECT sha256 FROM bundle WHERE direction = $direction AND number = $number",
  add: "INSERT INTO bundle (direction, number, sha256, at_ms) VALUES ($direction, $number, $sha256, $atMs)",
  unacked: `SELECT header FROM outbox JOIN lane USING (lane) WHERE lane = 'receipt' AND seq > lane.acked ORDER BY seq`,
  statesWait: "SELECT 1 AS waits FROM lane WHERE lane = 'state' AND acked < next - 1",
  ended: `SELECT manifest, attempt, receipt FROM assignment
    WHERE settled = 0 AND (receipt IS NOT NULL OR state = 'REJECTED') ORDER BY sequence`,
});

export async function lastBundle(tx: Read, direction: Direction): Promise<Mark | null> {
  const row = await tx.get(sql.last, { direction });
  return row ? { number: int(row, "number"), sha256: Digest.parse(text(row, "sha256")) } : null;
}

export async function bundleDigest(tx: Read, direction: Direction, number: number): Promise<Digest | undefined> {
  const row = await tx.get(sql.byNumber, { direction, number });
  return row && Digest.parse(text(row, "sha256"));
}

/** Uses the next number up, before the file has it: a number that a crash left without a file is named by whoever misses it. */
export async function addBundle(tx: Tx, direction: Direction, mark: Mark, atMs: number): Promise<void> {
  const last = await lastBundle(tx, direction);
  if (last && mark.number <= last.number) throw new FarhandError("BUNDLE_ORDER", `number ${mark.number} is used`);
  await tx.run(sql.add, { direction, number: mark.number, sha256: mark.sha256, atMs });
}

/** The last of this agent's own bundles that the hub says it holds. */
export async function acknowledgedBundle(tx: Read): Promise<number> {
  return Number((await getMeta(tx, "bundle-acknowledged")) ?? 0);
}

export async function acknowledgeBundle(tx: Tx, number: number): Promise<void> {
  if (number > (await acknowledgedBundle(tx))) await putMeta(tx, "bundle-acknowledged", String(number));
}

/**
 * Assignments whose last word the hub has acknowledged: what a link's `settled` says one by one. A receipt too large for a record of
 * its own cannot be told apart here; while one waits, none is settled.
 */
export async function acknowledgedEnds(tx: Read): Promise<AssignmentKey[]> {
  const waiting = new Set<string>();
  for (const row of await tx.all(sql.unacked)) {
    const record = UpRecord.parse(JSON.parse(text(row, "header")));
    if (record.type === "blob") return [];
    if (record.type === "receipt") waiting.add(sha256(fromBase64url(record.envelope.payload)));
  }
  const statesWait = (await tx.get(sql.statesWait)) !== undefined;
  const rows = await tx.all(sql.ended);
  return rows
    .filter((row) => (row["receipt"] === null ? !statesWait : !waiting.has(text(row, "receipt"))))
    .map((row) => ({ manifest: Digest.parse(text(row, "manifest")), attempt: int(row, "attempt") }));
}

const Answers = z.array(z.strictObject({ document: Digest, code: z.string().refine(isErrorCode).nullable() }));
export type CredentialAnswers = { readonly document: Digest; readonly code: ErrorCode | null }[];
const ANSWERS_MAX = 200;

/** What came of the last sealed credentials that a bundle brought: told in each bundle out, because a told one may be lost. */
export async function credentialAnswers(tx: Read): Promise<CredentialAnswers> {
  return Answers.parse(JSON.parse((await getMeta(tx, "bundle-credentials")) ?? "[]")) as CredentialAnswers;
}

export async function addCredentialAnswers(tx: Tx, answers: CredentialAnswers): Promise<void> {
  if (answers.length === 0) return;
  const fresh = new Set(answers.map(({ document }) => document));
  const before = (await credentialAnswers(tx)).filter(({ document }) => !fresh.has(document));
  await putMeta(tx, "bundle-credentials", JSON.stringify([...before, ...answers].slice(-ANSWERS_MAX)));
}
