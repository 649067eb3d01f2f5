import type { AgentId, KeyId, SiteId } from "../../shared/ids.ts";
import type { BoxPublicKey, SigningPublicKey } from "../../shared/keys.ts";
import { statements, type SqlRow, type Store, type Tx } from "../../shared/store.ts";
import { bytes, int, intOrNull, json, named, namedOrNull, textOrNull } from "./columns.ts";

export type Contact = "LIVE" | "LAPSED" | "DARK";

const sql = statements("agent", {
  addInvite: `INSERT INTO invite (id, secret, agent, site, expires_ms) VALUES (:id, :secret, :agent, :site, :expiresMs)`,
  invite: "SELECT secret, agent, site, expires_ms, used_ms FROM invite WHERE id = :id",
  useInvite:
    "UPDATE invite SET used_ms = :nowMs, secret = NULL WHERE id = :id AND used_ms IS NULL AND expires_ms > :nowMs",
  enrol: `INSERT INTO enrolment (agent, site, kid, sign_key, box_key, enrolled_ms)
          VALUES (:agent, :site, :kid, :signKey, :boxKey, :nowMs)
          ON CONFLICT (agent) DO UPDATE SET site = excluded.site, kid = excluded.kid, sign_key = excluded.sign_key,
            box_key = excluded.box_key, enrolled_ms = excluded.enrolled_ms`,
  enrolments: "SELECT agent, site, kid, sign_key, box_key FROM enrolment ORDER BY agent",
  contacts: "SELECT agent, contact, last_seen_ms, software, quarantine FROM agent_contact",
  contact: "SELECT agent, contact, last_seen_ms, software, quarantine FROM agent_contact WHERE agent = :agent",
  seen: `INSERT INTO agent_contact (agent, contact, last_seen_ms, software, epoch, quarantine)
         VALUES (:agent, :contact, :nowMs, :software, :epoch, :quarantine)
         ON CONFLICT (agent) DO UPDATE SET contact = excluded.contact, last_seen_ms = excluded.last_seen_ms,
           software = excluded.software, epoch = excluded.epoch, quarantine = excluded.quarantine`,
  setContact:
    "UPDATE agent_contact SET contact = :contact, last_seen_ms = coalesce(:seenMs, last_seen_ms) WHERE agent = :agent",
  restart: "UPDATE agent_contact SET contact = 'LAPSED' WHERE contact = 'LIVE'",
});

export interface Invite {
  readonly secret: Uint8Array | null;
  readonly agent: AgentId;
  readonly site: SiteId;
  readonly expiresMs: number;
  readonly usedMs: number | null;
}

export async function addInvite(
  tx: Tx,
  invite: { id: string; secret: Uint8Array; agent: AgentId; site: SiteId; expiresMs: number },
): Promise<void> {
  await tx.run(sql.addInvite, invite);
}

export async function findInvite(store: Store, id: string): Promise<Invite | undefined> {
  const row = await store.read((tx) => tx.get(sql.invite, { id }));
  return (
    row && {
      secret: row["secret"] === null ? null : bytes(row, "secret"),
      agent: named<AgentId>(row, "agent"),
      site: named<SiteId>(row, "site"),
      expiresMs: int(row, "expires_ms"),
      usedMs: intOrNull(row, "used_ms"),
    }
  );
}

/** True for the one who uses it first, in time. */
export async function useInvite(tx: Tx, id: string, nowMs: number): Promise<boolean> {
  return (await tx.run(sql.useInvite, { id, nowMs })) === 1;
}

export interface Enrolment {
  readonly agent: AgentId;
  readonly site: SiteId;
  readonly kid: KeyId;
  readonly signKey: SigningPublicKey;
  readonly boxKey: BoxPublicKey;
}

export async function addEnrolment(tx: Tx, enrolment: Enrolment, nowMs: number): Promise<void> {
  await tx.run(sql.enrol, { ...enrolment, nowMs });
}

export const listEnrolments = (store: Store): Promise<Enrolment[]> => store.read((tx) => enrolmentsIn(tx));

export async function enrolmentsIn(tx: Pick<Tx, "all">): Promise<Enrolment[]> {
  return (await tx.all(sql.enrolments)).map((row) => ({
    agent: named<AgentId>(row, "agent"),
    site: named<SiteId>(row, "site"),
    kid: named<KeyId>(row, "kid"),
    signKey: named<SigningPublicKey>(row, "sign_key"),
    boxKey: named<BoxPublicKey>(row, "box_key"),
  }));
}

export interface ContactRow {
  readonly agent: AgentId;
  readonly contact: Contact;
  readonly lastSeenMs: number | null;
  readonly software: string | null;
  readonly quarantine: Quarantine | null;
}

/** What an agent whose state went back said of it. */
export interface Quarantine {
  readonly epoch: string;
  readonly sinceMs: number;
  readonly detail: string;
}

const contactOf = (row: SqlRow): ContactRow => ({
  agent: named<AgentId>(row, "agent"),
  contact: namedOrNull<Contact>(row, "contact") ?? "DARK",
  lastSeenMs: intOrNull(row, "last_seen_ms"),
  software: textOrNull(row, "software"),
  quarantine: row["quarantine"] === null ? null : json<Quarantine>(row, "quarantine"),
});

export async function listContacts(store: Store): Promise<ContactRow[]> {
  return (await store.read((tx) => tx.all(sql.contacts))).map(contactOf);
}

export async function contactOfAgent(tx: Pick<Tx, "get">, agent: AgentId): Promise<ContactRow | undefined> {
  const row = await tx.get(sql.contact, { agent });
  return row && contactOf(row);
}

export async function markSeen(
  tx: Tx,
  agent: AgentId,
  seen: { software: string; epoch: string; quarantine: Quarantine | null },
  nowMs: number,
): Promise<void> {
  const quarantine = seen.quarantine && JSON.stringify(seen.quarantine);
  await tx.run(sql.seen, { agent, contact: "LIVE", ...seen, quarantine, nowMs });
}

export async function setContact(tx: Tx, agent: AgentId, contact: Contact, seenMs: number | null): Promise<void> {
  await tx.run(sql.setContact, { agent, contact, seenMs });
}

/** A hub that starts has no links yet. */
export async function lapseAll(tx: Tx): Promise<void> {
  await tx.run(sql.restart);
}
