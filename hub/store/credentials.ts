import type { CredentialContext } from "../../shared/documents/credential.ts";
import type { Envelope } from "../../shared/envelope.ts";
import type { AgentId, Digest, PersonId } from "../../shared/ids.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import type { CredentialWord } from "../../shared/wire/messages.ts";
import { int, intOrNull, json, named, textOrNull } from "./columns.ts";

type Read = Pick<Tx, "all" | "get">;
export type CredentialKind = CredentialContext["kind"];

const sql = statements("credential", {
  add: `INSERT INTO sealed_credential (document, agent, kind, name, version, sender, sent_ms, exp_ms, state, envelope)
        VALUES (:document, :agent, :kind, :name, :version, :sender, :sentMs, :expMs, 'waiting', :envelope)`,
  supersede: `UPDATE sealed_credential SET state = 'superseded', envelope = NULL, settled_ms = :nowMs
              WHERE agent = :agent AND kind = :kind AND name = :name AND state = 'waiting'`,
  highest: `SELECT max(version) AS version FROM (
              SELECT version FROM sealed_credential WHERE agent = :agent AND kind = :kind AND name = :name AND state <> 'refused'
              UNION ALL SELECT version FROM held_credential WHERE agent = :agent AND kind = :kind AND name = :name)`,
  get: "SELECT agent, kind, name, version, state FROM sealed_credential WHERE document = :document",
  waiting: `SELECT document, envelope FROM sealed_credential
            WHERE agent = :agent AND state = 'waiting' AND exp_ms > :nowMs ORDER BY sent_ms, version LIMIT 256`,
  settle: `UPDATE sealed_credential SET state = :state, code = :code, settled_ms = :nowMs, envelope = NULL
           WHERE document = :document AND agent = :agent AND state = 'waiting'`,
  forget: "DELETE FROM held_credential WHERE agent = :agent",
  hold: `INSERT INTO held_credential (agent, kind, name, version, stopped, at_ms)
         VALUES (:agent, :kind, :name, :version, :stopped, :atMs)
         ON CONFLICT (agent, kind, name) DO UPDATE SET version = excluded.version, stopped = excluded.stopped, at_ms = excluded.at_ms`,
  held: "SELECT agent, kind, name, version, stopped, at_ms FROM held_credential WHERE agent = :agent",
  allHeld:
    "SELECT agent, kind, name, version, stopped, at_ms FROM held_credential ORDER BY kind, name, agent LIMIT 20000",
  // The newest of each name: what a person wants to know is whether it has arrived.
  allSent: `SELECT document, agent, kind, name, version, sender, sent_ms, exp_ms, state, code, settled_ms FROM sealed_credential AS one
            WHERE version = (SELECT max(version) FROM sealed_credential WHERE agent = one.agent AND kind = one.kind AND name = one.name)
            ORDER BY kind, name, agent LIMIT 20000`,
});

export interface SentCredential {
  readonly document: Digest;
  readonly agent: AgentId;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly version: number;
  readonly sender: PersonId;
  readonly sentMs: number;
  readonly expMs: number;
}

export type SentState = "waiting" | "taken" | "refused" | "superseded";

export async function addSealed(tx: Tx, sent: SentCredential, envelope: Envelope): Promise<void> {
  const { agent, kind, name, sentMs: nowMs } = sent;
  await tx.run(sql.supersede, { agent, kind, name, nowMs });
  await tx.run(sql.add, { ...sent, envelope: JSON.stringify(envelope) });
}

export async function sealedState(tx: Read, document: Digest): Promise<SentState | undefined> {
  const row = await tx.get(sql.get, { document });
  return row && named<SentState>(row, "state");
}

/** The highest version that was sent or that the agent said it holds. */
export async function highestVersion(
  tx: Read,
  of: { readonly agent: AgentId; readonly kind: CredentialKind; readonly name: string },
): Promise<number> {
  const { agent, kind, name } = of;
  const row = await tx.get(sql.highest, { agent, kind, name });
  return row ? (intOrNull(row, "version") ?? 0) : 0;
}

export async function waitingFor(
  store: Store,
  agent: AgentId,
  nowMs: number,
): Promise<{ readonly document: Digest; readonly envelope: Envelope }[]> {
  return (await store.read((tx) => tx.all(sql.waiting, { agent, nowMs }))).map((row) => ({
    document: named<Digest>(row, "document"),
    envelope: json<Envelope>(row, "envelope"),
  }));
}

/** What it was, when this settled it; undefined when it was settled before, or was never this agent's. */
export async function settleSealed(
  tx: Tx,
  agent: AgentId,
  answer: { readonly document: Digest; readonly code: string | null; readonly nowMs: number },
): Promise<{ readonly kind: CredentialKind; readonly name: string; readonly version: number } | undefined> {
  const state = answer.code === null ? "taken" : "refused";
  if ((await tx.run(sql.settle, { agent, state, ...answer })) === 0) return undefined;
  const row = await tx.get(sql.get, { document: answer.document });
  return row && { kind: named<CredentialKind>(row, "kind"), name: named(row, "name"), version: int(row, "version") };
}

export interface HeldCredential extends Omit<CredentialWord, "name"> {
  readonly agent: AgentId;
  readonly name: string;
}

export async function setHeld(
  tx: Tx,
  agent: AgentId,
  items: readonly CredentialWord[],
  isFirst: boolean,
): Promise<void> {
  if (isFirst) await tx.run(sql.forget, { agent });
  await tx.runEach(
    sql.hold,
    items.map(({ kind, name, version, stopped, atMs }) => ({
      agent,
      kind,
      name,
      version,
      stopped: stopped ? 1 : 0,
      atMs,
    })),
  );
}

const heldOf = (row: Parameters<typeof int>[0]): HeldCredential => ({
  agent: named<AgentId>(row, "agent"),
  kind: named<CredentialKind>(row, "kind"),
  name: named(row, "name"),
  version: int(row, "version"),
  stopped: int(row, "stopped") === 1,
  atMs: int(row, "at_ms"),
});

export async function heldBy(tx: Read, agent: AgentId): Promise<HeldCredential[]> {
  return (await tx.all(sql.held, { agent })).map(heldOf);
}

export async function listHeld(store: Store): Promise<HeldCredential[]> {
  return (await store.read((tx) => tx.all(sql.allHeld))).map(heldOf);
}

export interface SentRow extends SentCredential {
  readonly state: SentState;
  readonly code: string | null;
  readonly settledMs: number | null;
}

export async function listSent(store: Store): Promise<SentRow[]> {
  return (await store.read((tx) => tx.all(sql.allSent))).map((row) => ({
    document: named<Digest>(row, "document"),
    agent: named<AgentId>(row, "agent"),
    kind: named<CredentialKind>(row, "kind"),
    name: named(row, "name"),
    version: int(row, "version"),
    sender: named<PersonId>(row, "sender"),
    sentMs: int(row, "sent_ms"),
    expMs: int(row, "exp_ms"),
    state: named<SentState>(row, "state"),
    code: textOrNull(row, "code"),
    settledMs: intOrNull(row, "settled_ms"),
  }));
}
