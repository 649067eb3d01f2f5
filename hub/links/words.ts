import type { AssignmentEvent } from "../core/assignment-model.ts";
import type { AssignmentKey } from "../core/model.ts";
import type { HubEffect } from "../effects.ts";
import { decideLoadedIn } from "../ingest/decide.ts";
import { harmless } from "../ingest/sanitize.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { AgentId } from "../../shared/ids.ts";
import { assignmentMoves, isTerminal, type AssignmentState } from "../../shared/states.ts";
import { auditRefused } from "../store/audit.ts";
import { loadAssignment } from "../store/assignments.ts";
import type { LinkDeps } from "./deps.ts";

/** What an agent says of an assignment outside its records. */
export type Word =
  | { readonly kind: "accept" }
  | { readonly kind: "reject"; readonly code: ErrorCode; readonly detail: string }
  | { readonly kind: "canceled"; readonly state: AssignmentState };

function eventOf(word: Word): AssignmentEvent {
  switch (word.kind) {
    case "accept":
      return { type: "accepted" };
    case "reject":
      return { type: "rejected", code: word.code, detail: harmless(word.detail) };
    case "canceled": {
      // An end other than CANCELED is told by the records, after its tasks' ends: the job must not end before its tasks.
      const early = word.state !== "CANCELED" && isTerminal(assignmentMoves, word.state);
      return early ? { type: "accepted" } : { type: "assignment", state: word.state, code: null, reason: null };
    }
    default:
      return word satisfies never;
  }
}

const refusal = ({ manifest }: AssignmentKey, word: Extract<Word, { kind: "reject" }>) => ({
  action: "work.refuse",
  object: manifest,
  digest: manifest,
  code: word.code,
  detail: word.detail,
});

/** About work that is not the agent's by what this hub knows. What it refuses may have come from whoever holds this hub's key. */
const strayWord = (key: AssignmentKey, word: Word) =>
  word.kind === "reject"
    ? { ...refusal(key, word), detail: `this hub has not offered it; ${word.detail}` }
    : { action: "assignment.word", object: key.manifest, code: "WRONG_AGENT", detail: word.kind };

/** Decides it, if the assignment is this agent's own; a word about any other means nothing. */
export function tellAssignment(
  deps: Pick<LinkDeps, "store" | "clock" | "random">,
  agent: AgentId,
  key: AssignmentKey,
  word: Word,
): Promise<readonly HubEffect[]> {
  const event = eventOf(word);
  return deps.store.tx(`word.${word.kind}`, async (tx) => {
    const nowMs = deps.clock.nowMs();
    const held = await loadAssignment(tx, key);
    if (!held || held.identity.agent !== agent) {
      await auditRefused(tx, nowMs, { actor: `agent:${agent}`, ...strayWord(key, word) });
      return [];
    }
    const decided = await decideLoadedIn(tx, held, [event], { nowMs, random: deps.random });
    // It was ended by something else, or refused before: somebody may be offering it in this hub's name.
    if (word.kind === "reject" && decided.aggregate.standing.state === held.standing.state)
      await auditRefused(tx, nowMs, {
        actor: `agent:${agent}`,
        ...refusal(key, word),
        object: `job ${held.identity.job}`,
      });
    return decided.effects;
  });
}
