import { marksOf } from "../shared/audit/entry.ts";
import { fromBase64url, sha256 } from "../shared/bytes.ts";
import type { Clock } from "../shared/clock.ts";
import { Readmission } from "../shared/documents/readmission.ts";
import { envelopeBytes, openEnvelope, readAs, type Envelope } from "../shared/envelope.ts";
import { FarhandError } from "../shared/errors.ts";
import type { AgentId } from "../shared/ids.ts";
import { statements, type Store } from "../shared/store.ts";
import { verifyReadmission } from "../shared/verify/hands.ts";
import { encodeDown } from "../shared/wire/messages.ts";
import { audit } from "./store/audit.ts";
import { json } from "./store/columns.ts";
import type { TrustHolder } from "./trust.ts";

const sql = statements("readmission", {
  put: `INSERT INTO readmission (agent, epoch, envelope, exp_ms, stored_ms) VALUES (:agent, :epoch, :envelope, :expMs, :nowMs)
        ON CONFLICT (agent) DO UPDATE SET epoch = excluded.epoch, envelope = excluded.envelope, exp_ms = excluded.exp_ms,
          stored_ms = excluded.stored_ms`,
  due: "SELECT envelope FROM readmission WHERE agent = :agent AND epoch = :epoch AND exp_ms > :nowMs",
});

/** Takes a keyadmin's word for one quarantine of one agent, to be handed to it. The agent checks all of this again. */
export async function acceptReadmission(
  deps: { readonly store: Store; readonly clock: Clock; readonly trust: TrustHolder },
  envelope: Envelope,
  actor: string,
): Promise<Readmission> {
  const { trust } = deps.trust.require();
  const nowMs = deps.clock.nowMs();
  // Nobody is believed here: whose agent it names is needed to check it.
  const { kids, value } = await openEnvelope("farhand-readmission+jws", envelope, trust.personKey);
  const { agent } = readAs(Readmission, value);
  const entry = deps.trust.agent(agent);
  if (entry?.status !== "active") throw new FarhandError("NOT_FOUND", `no active agent ${agent}`);
  const time = { nowMs, errorMs: 0, floorMs: 0 };
  const readmission = await verifyReadmission(envelope, { trust, agent, site: entry.site, time });
  const { epoch, exp, reason } = readmission;
  const digest = sha256(fromBase64url(envelope.payload));
  await deps.store.tx("readmission.put", async (tx) => {
    await tx.run(sql.put, { agent, epoch, envelope: JSON.stringify(envelope), expMs: exp * 1000, nowMs });
    for (const signature of marksOf(envelope, digest, kids))
      await audit(tx, nowMs, {
        actor,
        onBehalfOf: trust.personOf(signature.kid)?.id ?? signature.kid,
        action: "agent.readmit",
        object: agent,
        digest,
        signature,
        decision: "allowed",
        detail: `epoch ${epoch}: ${reason}`,
      });
  });
  return readmission;
}

/** For an agent that said that it is in the quarantine of this epoch. */
export async function readmissionFrame(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  agent: AgentId,
  epoch: string,
): Promise<Uint8Array | undefined> {
  const row = await store.read((tx) => tx.get(sql.due, { agent, epoch, nowMs: clock.nowMs() }));
  return row && encodeDown("readmission", {}, envelopeBytes(json<Envelope>(row, "envelope")));
}
