import { marksOf } from "../shared/audit/entry.ts";
import type { Clock } from "../shared/clock.ts";
import { envelopeBytes, type Envelope } from "../shared/envelope.ts";
import { FarhandError, type ErrorCode } from "../shared/errors.ts";
import type { AgentId } from "../shared/ids.ts";
import type { Store } from "../shared/store.ts";
import { verifyCredential } from "../shared/verify/credential.ts";
import { BODY_BYTES_MAX } from "../shared/wire/frame.ts";
import { encodeDown, type UpHeader } from "../shared/wire/messages.ts";
import { audit } from "./store/audit.ts";
import {
  addSealed,
  heldBy,
  highestVersion,
  sealedState,
  setHeld,
  settleSealed,
  waitingFor,
  type SentCredential,
  type SentState,
} from "./store/credentials.ts";
import type { TrustHolder } from "./trust.ts";

type Deps = { readonly store: Store; readonly clock: Clock; readonly trust: TrustHolder };

/**
 * Takes a sealed credential for an agent. This hub cannot open it, and the agent checks all of this again; it is checked here so that a
 * person hears of it at once and the log says who sent what to whom.
 */
export async function acceptCredential(
  deps: Deps,
  envelope: Envelope,
  actor: string,
): Promise<SentCredential & { readonly state: SentState }> {
  if (envelopeBytes(envelope).length > BODY_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", "credential");
  const { trust } = deps.trust.require();
  const nowMs = deps.clock.nowMs();
  const time = { nowMs, errorMs: 0, floorMs: 0 };
  const { document, digest, kids } = await verifyCredential(envelope, { trust, time });
  const { agent, site, kind, name, version, exp } = document.context;
  const entry = deps.trust.agent(agent);
  if (!entry || entry.status !== "active") throw new FarhandError("NOT_FOUND", `no active agent ${agent}`);
  if (entry.site !== site) throw new FarhandError("WRONG_SITE", `${agent} is at ${entry.site}`);
  const { sender } = document;
  const sent = { document: digest, agent, kind, name, version, sender, sentMs: nowMs, expMs: exp * 1000 };
  const state = await deps.store.tx("credential.send", async (tx): Promise<SentState> => {
    const again = await sealedState(tx, digest);
    if (again) return again;
    const highest = await highestVersion(tx, { agent, kind, name });
    if (version <= highest)
      throw new FarhandError("CREDENTIAL_STALE", `version ${version}; ${highest} was there before`);
    await addSealed(tx, sent, envelope);
    for (const signature of marksOf(envelope, digest, kids))
      await audit(tx, nowMs, {
        actor,
        onBehalfOf: sender,
        action: "secret.send",
        object: `${agent} ${kind} ${name} version ${version}`,
        digest,
        signature,
        decision: "allowed",
      });
    return "waiting";
  });
  return { ...sent, state };
}

/** Frames of what waits for the agent and was not sent in this session yet. */
export async function credentialFrames(
  deps: Pick<Deps, "store" | "clock">,
  agent: AgentId,
  told: Set<string>,
): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for (const { document, envelope } of await waitingFor(deps.store, agent, deps.clock.nowMs())) {
    if (told.has(document)) continue;
    told.add(document);
    frames.push(encodeDown("credential", { document }, envelopeBytes(envelope)));
  }
  return frames;
}

/** Why it may be taken another time: nothing is settled, it is sent again after the next hello. */
const LATER: ReadonlySet<string> = new Set<ErrorCode>(["CONFLICT", "DISK_FULL", "INTERNAL", "IO", "NOT_YET_VALID"]);

/** What an agent says of its vault. `isFirst`: the list begins, and what it does not name is no longer held. */
export async function tellCredentials(
  deps: Pick<Deps, "store" | "clock">,
  agent: AgentId,
  said: UpHeader<"credentials">,
  isFirst: boolean,
): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const actor = `agent:${agent}`;
  await deps.store.tx("credential.told", async (tx) => {
    const before = new Map((await heldBy(tx, agent)).map((held) => [`${held.kind} ${held.name}`, held]));
    for (const item of said.items) {
      if (!item.stopped || before.get(`${item.kind} ${item.name}`)?.stopped === true) continue;
      const object = `${agent} ${item.kind} ${item.name} version ${item.version}`;
      await audit(tx, nowMs, {
        actor,
        action: "secret.stopped",
        object,
        decision: "refused",
        code: "CREDENTIAL_STOPPED",
      });
    }
    await setHeld(tx, agent, said.items, isFirst);
    for (const { document, code } of said.answers) {
      if (code !== null && LATER.has(code)) continue;
      const of = await settleSealed(tx, agent, { document, code, nowMs });
      if (!of) continue;
      const object = `${agent} ${of.kind} ${of.name} version ${of.version}`;
      const outcome = code === null ? { decision: "allowed" as const } : { decision: "refused" as const, code };
      await audit(tx, nowMs, { actor, action: "secret.take", object, digest: document, ...outcome });
    }
  });
}
