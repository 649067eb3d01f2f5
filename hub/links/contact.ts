import type { AgentId, SiteId } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import type { UpHeader } from "../../shared/wire/messages.ts";
import { contactOfAgent, lapseAll, listContacts, markSeen, setContact, type Contact } from "../store/agents.ts";
import { auditRefused } from "../store/audit.ts";
import { addWatchEvent } from "../store/watch.ts";

/** An agent unheard of for this long is DARK: at a site without a line that is its normal state. */
const DARK_AFTER_MS = 5 * 60_000;

/** LIVE, LAPSED, DARK: an overlay on the agent, never a state of its work. Silence is not called failure. */
export async function sawHello(
  store: Store,
  agent: { readonly id: AgentId; readonly site: SiteId },
  hello: Pick<UpHeader<"hello">, "software" | "epoch" | "quarantine">,
  nowMs: number,
): Promise<void> {
  await store.tx("contact.hello", async (tx) => {
    const { software, epoch } = hello;
    const quarantine = hello.quarantine ? { epoch, ...hello.quarantine } : null;
    await markSeen(tx, agent.id, { software, epoch, quarantine }, nowMs);
    await addWatchEvent(tx, nowMs, { type: "agent", agent: agent.id, site: agent.site, contact: "LIVE" });
    // It takes no work until a keyadmin has signed that it may: what an auditor asks about first.
    if (hello.quarantine)
      await auditRefused(tx, nowMs, {
        actor: `agent:${agent.id}`,
        action: "agent.quarantine",
        object: `epoch ${hello.epoch}`,
        code: "STATE_ROLLBACK",
        detail: hello.quarantine.detail,
      });
  });
}

export async function moveContact(
  store: Store,
  agent: { readonly id: AgentId; readonly site: SiteId },
  contact: Contact,
  seenMs: number | null,
  nowMs: number,
): Promise<void> {
  await store.tx("contact.move", async (tx) => {
    const held = await contactOfAgent(tx, agent.id);
    if (!held || held.contact === contact) return;
    await setContact(tx, agent.id, contact, seenMs);
    await addWatchEvent(tx, nowMs, { type: "agent", agent: agent.id, site: agent.site, contact });
  });
}

/** Those that lapsed long ago; asked for by the hub's own tick. */
export async function darkAgents(store: Store, nowMs: number): Promise<AgentId[]> {
  const contacts = await listContacts(store);
  return contacts
    .filter((entry) => entry.contact === "LAPSED" && (entry.lastSeenMs ?? 0) < nowMs - DARK_AFTER_MS)
    .map((entry) => entry.agent);
}

export function lapseAllAtStart(store: Store): Promise<void> {
  return store.tx("contact.start", lapseAll);
}
