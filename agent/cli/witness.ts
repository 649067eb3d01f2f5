import { buildCommand, buildRouteMap } from "@stricli/core";
import { quoteCheckpoint } from "../../shared/documents/checkpoint.ts";
import { systemClock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import { readConfig } from "../config.ts";
import { conflictsOf, heldCheckpoint, startOver } from "../journal/checkpoints.ts";
import { openJournal } from "../journal/open.ts";
import { readJournal } from "../journal/read-only.ts";
import { lockStateDir } from "../state-lock.ts";
import { command, stateDirOf, stateFlag, type AgentContext } from "./context.ts";

interface ShowFlags {
  readonly stateDir?: string;
  readonly json: boolean;
}
interface RestartFlags {
  readonly stateDir?: string;
  readonly reason: string;
}

const iso = (ms: number): string => new Date(ms).toISOString();

const show = buildCommand<ShowFlags, [], AgentContext>({
  docs: {
    brief: "The hub's audit log as this agent witnessed it, and evidence that it was rewritten",
    fullDescription:
      "The hub's audit log as this agent witnessed it, and evidence that it was rewritten.\n\n" +
      "The quote on the first line goes to an auditor: farhand audit verify FILE --witness QUOTE. With --json the checkpoints stand there as\n" +
      "the hub signed them. Exit status: 0 nothing contradicts it, 1 evidence stands.\n\n" +
      "EXAMPLES\n  farhand-agent witness show\n  farhand-agent witness show --json > evidence.json",
  },
  parameters: {
    flags: { ...stateFlag, json: { kind: "boolean", brief: "One JSON document", default: false, withNegated: false } },
  },
  func: command(async (context: AgentContext, given: ShowFlags) => {
    const stateDir = stateDirOf(context, given);
    const { agent } = readConfig(stateDir);
    const { held, conflicts } = await readJournal(stateDir, async (tx) => ({
      held: (await heldCheckpoint(tx)) ?? null,
      conflicts: await conflictsOf(tx),
    }));
    const standing = conflicts.filter(({ resolved }) => resolved === null);
    const quote = held && quoteCheckpoint(held);
    const out = context.process.stdout;
    if (given.json) out.write(`${JSON.stringify({ type: "agent-witness", v: 1, agent, quote, held, conflicts })}\n`);
    else {
      out.write(held ? `${quoteCheckpoint(held)}\nseen       ${iso(held.seenMs)}\n` : "no checkpoint yet\n");
      for (const { kind, seenMs, resolved } of conflicts)
        out.write(`${kind.padEnd(10)} ${iso(seenMs)}${resolved === null ? "" : `  set aside: ${resolved}`}\n`);
    }
    if (standing.length > 0)
      throw new FarhandError("CHECKPOINT", `${standing.length} contradictions since ${iso(standing[0]?.seenMs ?? 0)}`);
  }),
});

const restart = buildCommand<RestartFlags, [], AgentContext>({
  docs: {
    brief: "Begin anew with the hub's next checkpoint, once it is known why the log was rewritten",
    fullDescription:
      "Begin anew with the hub's next checkpoint, once it is known why the log was rewritten.\n\n" +
      "For a hub that was restored from a backup. Stop the agent first. The evidence stays, with the reason; take a copy of it before:\n" +
      "farhand-agent witness show --json. What the hub did between the backup and its end stands in no log but in the agents' receipts.\n\n" +
      "EXAMPLES\n  farhand-agent witness restart --reason 'hub restored from the backup of 2026-11-22, ticket 4711'",
  },
  parameters: {
    flags: {
      ...stateFlag,
      reason: {
        kind: "parsed",
        parse: (value: string) => value,
        brief: "Why; kept with the evidence",
        placeholder: "TEXT",
      },
    },
  },
  func: command(async (context: AgentContext, given: RestartFlags) => {
    const reason = given.reason.trim();
    if (reason === "" || reason.length > 500) throw new FarhandError("USAGE", "--reason needs 1 to 500 characters");
    const stateDir = stateDirOf(context, given);
    readConfig(stateDir);
    const unlock = lockStateDir(stateDir);
    try {
      const { store } = await openJournal({ stateDir, clock: systemClock });
      try {
        await store.tx("witness-restart", (tx) => startOver(tx, reason));
      } finally {
        await store.close();
      }
    } finally {
      unlock();
    }
    context.process.stdout.write("the next checkpoint that the hub signs is taken as the first\n");
  }),
});

export const witness = buildRouteMap<string, AgentContext>({
  routes: { show, restart },
  docs: { brief: "The hub's audit log as this agent has seen it" },
});
