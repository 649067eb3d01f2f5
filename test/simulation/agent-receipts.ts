import { jcs, sha256 } from "../../shared/bytes.ts";
import { AssignmentOutcome, type Receipt } from "../../shared/documents/receipt.ts";
import { signEnvelope } from "../../shared/envelope.ts";
import type { OrgId } from "../../shared/ids.ts";
import { assignmentMoves, isTerminal } from "../../shared/states.ts";
import { decide } from "../../agent/core/decide.ts";
import type { Aggregate, AssignmentKey } from "../../agent/core/model.ts";
import { loadAggregate, saveRows } from "../../agent/journal/assignments.ts";
import { chainHead, moveChain, type ChainHead } from "../../agent/journal/chain.ts";
import type { AgentShell } from "./agent-shell.ts";

/** A receipt in the place that the chain's head gives it, really signed. */
export async function signReceipt(agent: AgentShell, key: AssignmentKey): Promise<void> {
  const { head, aggregate } = await agent.store.read(async (tx) => ({
    head: await chainHead(tx),
    aggregate: await loadAggregate(tx, key),
  }));
  if (!wantsReceipt(aggregate)) return;
  const receipt = receiptOf(agent, aggregate, head);
  const digest = sha256(jcs(receipt));
  const envelope = await signEnvelope("farhand-receipt+jws", receipt, [agent.signer]);
  agent.later(agent.env.random.integer(1, 10), "receipt signed", async () => {
    const moved = await agent.store.tx("agent.receiptSigned", async (tx) => {
      const before = await loadAggregate(tx, key);
      if (!wantsReceipt(before)) return true;
      if (!(await moveChain(tx, head, { digest, index: head.index + 1 }))) return false;
      const decision = decide(before, { type: "receiptSigned", digest, envelope }, agent.nowMs, agent.random);
      await saveRows(tx, decision.rows);
      return true;
    });
    if (moved) agent.kick();
    // Another receipt took the place while this one was being signed.
    else agent.later(5, "sign again", () => signReceipt(agent, key));
  });
}

function wantsReceipt({ assignment }: Aggregate): boolean {
  return (
    assignment !== null &&
    isTerminal(assignmentMoves, assignment.state) &&
    assignment.receipt === null &&
    assignment.state !== "REJECTED"
  );
}

const seconds = (ms: number | null): number => Math.floor((ms ?? 0) / 1_000);

function receiptOf(agent: AgentShell, { key, assignment, tasks }: Aggregate, head: ChainHead): Receipt {
  if (!assignment?.job) throw new Error("a receipt for nothing");
  return {
    type: "receipt",
    v: 1,
    org: "org" as OrgId,
    site: agent.site.site,
    agent: agent.id,
    prev: head.digest,
    epoch: agent.epoch,
    index: head.index + 1,
    checkpoint: null,
    job: assignment.job,
    manifest: key.manifest,
    attempt: key.attempt,
    fence: assignment.fence,
    authority: assignment.authority,
    signers: [],
    persons: 0,
    outcome: AssignmentOutcome.parse(assignment.state),
    code: assignment.code,
    startedAt: seconds(assignment.startedAtMs),
    endedAt: seconds(assignment.endedAtMs),
    tasks: tasks.map(({ device, state, code, detail, applies, startedAtMs, endedAtMs }) => ({
      device,
      state,
      code,
      detail,
      applies,
      startedAt: seconds(startedAtMs),
      endedAt: seconds(endedAtMs),
      before: null,
      after: null,
      diff: null,
      transcript: null,
      output: null,
      level: null,
      evidence: null,
      verified: [],
    })),
  };
}
