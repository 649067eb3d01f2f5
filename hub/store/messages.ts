import type { AssignmentKey, AssignmentMessage, Message } from "../core/model.ts";
import type { Digest, JobId } from "../../shared/ids.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import { int, json, namedOrNull, text } from "./columns.ts";

const sql = statements("message", {
  toJob: "INSERT INTO message (job, body) VALUES (:job, :body)",
  /** A progress message says only "look again": one that waits is enough. */
  jobHasOne: "SELECT id FROM message WHERE job = :job LIMIT 1",
  toAssignment: "INSERT INTO message (manifest, attempt, body) VALUES (:manifest, :attempt, :body)",
  toWave: `INSERT INTO message (manifest, attempt, body)
           SELECT manifest, attempt, :body FROM assignment
           WHERE job = :job AND purpose = :purpose AND (wave = :wave OR :wave IS NULL) ORDER BY position`,
  next: "SELECT id, job, manifest, attempt, body FROM message WHERE id > :after ORDER BY id LIMIT :limit",
  remove: "DELETE FROM message WHERE id = :id",
});

export async function addMessage(tx: Tx, message: Message): Promise<void> {
  const body = JSON.stringify(message.body);
  if (message.to === "job") {
    if (await tx.get(sql.jobHasOne, { job: message.job })) return;
    await tx.run(sql.toJob, { job: message.job, body });
    return;
  }
  await tx.run(sql.toWave, { job: message.job, purpose: message.purpose, wave: message.wave, body });
}

export async function tellAssignment(tx: Tx, key: AssignmentKey, message: AssignmentMessage): Promise<void> {
  await tx.run(sql.toAssignment, { manifest: key.manifest, attempt: key.attempt, body: JSON.stringify(message) });
}

export type StoredMessage =
  | { readonly id: number; readonly to: "job"; readonly job: JobId }
  | {
      readonly id: number;
      readonly to: "assignment";
      readonly key: AssignmentKey;
      readonly body: AssignmentMessage;
    };

export async function messagesAfter(store: Store, after: number, limit: number): Promise<StoredMessage[]> {
  const rows = await store.read((tx) => tx.all(sql.next, { after, limit }));
  return rows.map((row) => {
    const id = int(row, "id");
    const job = namedOrNull<JobId>(row, "job");
    if (job !== null) return { id, to: "job", job };
    const key = { manifest: text(row, "manifest") as Digest, attempt: int(row, "attempt") };
    return { id, to: "assignment", key, body: json<AssignmentMessage>(row, "body") };
  });
}

/** False when another run of the pump has taken it already. */
export async function takeMessage(tx: Tx, id: number): Promise<boolean> {
  return (await tx.run(sql.remove, { id })) === 1;
}
