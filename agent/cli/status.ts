import { buildCommand } from "@stricli/core";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../shared/errors.ts";
import { readConfig } from "../config.ts";
import { loadAggregate, openCount, recentAssignments, unknownTasks } from "../journal/assignments.ts";
import { sequenceHighWater } from "../journal/admission.ts";
import { isDoubted } from "../journal/checkpoints.ts";
import { quarantineOf } from "../journal/life.ts";
import { stoppedCredentials } from "../journal/logins.ts";
import { getMeta, LinkNote } from "../journal/meta.ts";
import { laneMarks } from "../journal/outbox.ts";
import { readJournal } from "../journal/read-only.ts";
import { LocalRules } from "../policy/local-policy.ts";
import { lockStateDir } from "../state-lock.ts";
import { command, stateDirOf, stateFlag, type AgentContext } from "./context.ts";

interface Flags {
  readonly stateDir?: string;
  readonly json: boolean;
}

const flags = {
  ...stateFlag,
  json: { kind: "boolean", brief: "One JSON document", default: false, withNegated: false },
} as const;

function isRunning(stateDir: string): boolean {
  try {
    lockStateDir(stateDir)();
    return false;
  } catch (error) {
    if (errorCode(error) === "ALREADY_RUNNING") return true;
    throw error;
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

export const status = buildCommand<Flags, [], AgentContext>({
  docs: {
    brief: "Who this agent is, whether it runs, and what waits to go home",
    fullDescription: "EXAMPLES\n  farhand-agent status --json",
  },
  parameters: { flags },
  func: command(async (context: AgentContext, given: Flags) => {
    const stateDir = stateDirOf(context, given);
    const { org, site, agent, kid, url, policy } = readConfig(stateDir);
    const policyFault = new LocalRules(policy).fault()?.code ?? null;
    const isOn = isRunning(stateDir);
    const journal = existsSync(join(stateDir, "journal.db"))
      ? await readJournal(stateDir, async (tx) => {
          const note = await getMeta(tx, "link");
          return {
            epoch: (await getMeta(tx, "epoch")) ?? null,
            sequence: await sequenceHighWater(tx),
            /** The state went back to an older copy of itself: a keyadmin's readmission must name this epoch. */
            quarantine: await quarantineOf(tx),
            /** The hub's audit log contradicts what was witnessed: no new work until a person has looked. */
            doubted: await isDoubted(tx),
            open: await openCount(tx),
            unknown: (await unknownTasks(tx)).map((task) => task.device),
            stopped: await stoppedCredentials(tx),
            link: note === undefined ? null : LinkNote.parse(JSON.parse(note)),
            outbox: (await laneMarks(tx)).map(({ lane, next, acked, released }) => ({
              lane,
              waiting: next - 1 - acked,
              acked,
              released,
            })),
          };
        })
      : null;
    const link = isOn ? (journal?.link ?? null) : null;
    const document = {
      type: "agent-status",
      v: 1,
      org,
      site,
      agent,
      fingerprint: kid,
      hub: url ?? null,
      policy: policy === undefined ? null : { file: policy, code: policyFault },
      running: isOn,
      ...journal,
      link,
    };
    if (given.json) {
      context.process.stdout.write(`${JSON.stringify(document)}\n`);
      return;
    }
    const lines = [
      `agent        ${agent} at ${site} (${org})`,
      `fingerprint  ${kid}`,
      `hub          ${url ?? "none: work comes and evidence leaves as files"}`,
      `running      ${isOn ? "yes" : "no"}`,
    ];
    if (policy !== undefined)
      lines.push(`policy       ${policy}${policyFault === null ? "" : ` ${policyFault}: takes no work`}`);
    if (link)
      lines.push(`link         ${link.state}${link.code === null ? "" : ` ${link.code}`} since ${iso(link.atMs)}`);
    if (journal) {
      if (journal.quarantine)
        lines.push(
          `QUARANTINE   since ${iso(journal.quarantine.sinceMs)}: ${journal.quarantine.detail}`,
          `             takes no work; farhand agent readmit ${agent} --epoch ${journal.quarantine.epoch}`,
        );
      if (journal.doubted) lines.push("audit log    REWRITTEN: takes no work; see farhand-agent witness show");
      lines.push(`open jobs    ${journal.open}`);
      if (journal.unknown.length > 0) lines.push(`unknown      ${journal.unknown.join(", ")}`);
      if (journal.stopped.length > 0)
        lines.push(`stopped      ${journal.stopped.map((stop) => `${stop.name} since ${iso(stop.atMs)}`).join(", ")}`);
      lines.push(`to send      ${journal.outbox.map((lane) => `${lane.lane} ${lane.waiting}`).join(", ")}`);
    }
    context.process.stdout.write(`${lines.join("\n")}\n`);
  }),
});

const JOBS_SHOWN = 50;

export const jobs = buildCommand<Flags, [], AgentContext>({
  docs: {
    brief: "What this agent was given to do, newest first",
    fullDescription: "EXAMPLES\n  farhand-agent jobs\n  farhand-agent jobs --json",
  },
  parameters: { flags },
  func: command(async (context: AgentContext, given: Flags) => {
    const list = await readJournal(stateDirOf(context, given), async (tx) => {
      const recent = await recentAssignments(tx, JOBS_SHOWN);
      return Promise.all(
        recent.map(async ({ key, assignment }) => ({ key, assignment, tasks: (await loadAggregate(tx, key)).tasks })),
      );
    });
    const documents = list.map(({ key, assignment, tasks }) => ({
      manifest: key.manifest,
      attempt: key.attempt,
      sequence: assignment.sequence,
      job: assignment.job,
      state: assignment.state,
      reason: assignment.waitReason,
      code: assignment.code,
      offered: iso(assignment.offeredAtMs),
      ended: assignment.endedAtMs === null ? null : iso(assignment.endedAtMs),
      tasks: tasks.map(({ device, state, code, applies }) => ({ device, state, code, applies })),
    }));
    if (given.json) {
      context.process.stdout.write(`${JSON.stringify({ type: "agent-jobs", v: 1, jobs: documents })}\n`);
      return;
    }
    for (const job of documents) {
      const counts = new Map<string, number>();
      for (const task of job.tasks) counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
      const tasks = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
      context.process.stdout.write(
        `${String(job.sequence).padStart(6)}  ${job.offered}  ${job.state}${job.code === null ? "" : `(${job.code})`}  ${job.job ?? job.manifest.slice(0, 12)}  ${tasks}\n`,
      );
    }
  }),
});
