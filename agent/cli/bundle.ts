import { buildCommand } from "@stricli/core";
import { readFileSync, statSync } from "node:fs";
import { systemClock } from "../../shared/clock.ts";
import { parseEnvelope, type Envelope } from "../../shared/envelope.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import { Counter } from "../bundle/desk.ts";
import type { ExportReport, ImportReport } from "../bundle/report.ts";
import { startAgent } from "../compose.ts";
import { makeLog } from "../log.ts";
import { lockStateDir } from "../state-lock.ts";
import { command, commonFlags, stateDirOf, vaultKeyOf, type AgentContext, type CommonFlags } from "./context.ts";

interface Flags extends CommonFlags {
  readonly json: boolean;
}

interface ImportFlags extends Flags {
  readonly admission?: string;
}

const ADMISSION_BYTES_MAX = 64 * 1024;
/** A gigabyte is checked, sealed and written within it. */
const ANSWER_MS = 600_000;

const flags = {
  ...commonFlags,
  json: { kind: "boolean", brief: "One JSON document", default: false, withNegated: false },
} as const;

const file = (brief: string) =>
  ({ kind: "tuple", parameters: [{ parse: (value: string) => value, brief, placeholder: "FILE" }] }) as const;

interface Carrier {
  import(path: string, admission: Envelope | null): Promise<ImportReport>;
  export(path: string): Promise<ExportReport>;
}

/** The running agent does it itself; where none runs, one is composed that starts no work, and leaves when it is done. */
async function withCarrier<T>(
  context: AgentContext,
  given: CommonFlags,
  act: (carrier: Carrier) => Promise<T>,
): Promise<T> {
  const stateDir = stateDirOf(context, given);
  if (isRunning(stateDir)) return act(new Counter(stateDir, systemClock, ANSWER_MS));
  const vaultKey = await vaultKeyOf(context, given);
  const log = { ...makeLog(), info: () => undefined };
  const agent = await startAgent({ stateDir, clock: systemClock, vaultKey, log, idle: true });
  try {
    return await act({ import: (...from) => agent.importBundle(...from), export: (path) => agent.exportBundle(path) });
  } finally {
    await agent.stop();
  }
}

function isRunning(stateDir: string): boolean {
  try {
    lockStateDir(stateDir)();
    return false;
  } catch (error) {
    if (errorCode(error) === "ALREADY_RUNNING") return true;
    throw error;
  }
}

const ranged = ({ first, last }: { first: number; last: number }): string =>
  first === last ? `number ${first}` : `numbers ${first} to ${last}`;

export const importCommand = buildCommand<ImportFlags, [string], AgentContext>({
  docs: {
    brief: "Take in a bundle from the hub, admitted by a site operator, or from an on-call person",
    fullDescription:
      "Checks who signed the bundle, that it is for this agent and the next in order, every byte of it, and a site operator's\n" +
      "admission; only then is anything of it stored. Works beside a running agent, and without one.\n" +
      "A bundle that is refused changes nothing. One under a break-glass is its own admission.\n\n" +
      "EXAMPLES\n  farhand-agent import plant.bundle --admission plant.bundle.admission",
  },
  parameters: {
    flags: {
      ...flags,
      admission: {
        kind: "parsed",
        parse: (value: string) => value,
        brief: "What `farhand admit` wrote; FILE.admission unless told otherwise",
        placeholder: "FILE",
        optional: true,
      },
    },
    positional: file("The bundle"),
  },
  func: command(async (context: AgentContext, given: ImportFlags, path: string) => {
    const admission = readAdmission(given.admission ?? `${path}.admission`, given.admission !== undefined);
    const report = await withCarrier(context, given, (carrier) => carrier.import(path, admission));
    if (given.json) {
      context.process.stdout.write(`${JSON.stringify({ type: "bundle-imported", v: 1, ...report })}\n`);
      return;
    }
    const lines = [
      report.number === 0 ? "what the on-call person brought is taken in" : `number ${report.number} is taken in`,
    ];
    if (report.trust.length > 0) lines.push(`trust        ${report.trust.join(", ")}`);
    for (const work of report.work)
      lines.push(
        `work         ${work.manifest.slice(0, 12)} ${work.outcome}${work.code === null ? "" : ` ${work.code}`}`,
      );
    for (const { document, code } of report.credentials)
      lines.push(`credential   ${document.slice(0, 12)} ${code === null ? "taken" : `refused ${code}`}`);
    if (report.cancels > 0) lines.push(`canceled     ${report.cancels}`);
    if (report.missing) lines.push(`never came   ${ranged(report.missing)}: ask who carried it`);
    if (report.unacknowledged)
      lines.push(`not at hub   ${ranged(report.unacknowledged)} of what left here; it is kept, and goes along again`);
    context.process.stdout.write(`${lines.join("\n")}\n`);
  }),
});

function readAdmission(path: string, isNamed: boolean): Envelope | null {
  try {
    if (statSync(path).size > ADMISSION_BYTES_MAX) throw new FarhandError("BUNDLE_ADMISSION", `${path}: too large`);
    return parseEnvelope(readFileSync(path));
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    if (!isNamed) return null;
    throw new FarhandError("IO", path, { cause: error });
  }
}

export const exportCommand = buildCommand<Flags, [string], AgentContext>({
  docs: {
    brief: "Write the evidence that the hub does not have yet into a file",
    fullDescription:
      "Receipts, states, diffs and transcripts since the last that the hub acknowledged, sealed to the organisation and signed by\n" +
      "this agent. Nothing is deleted here before a bundle from the hub acknowledges it: a lost stick loses nothing.\n\n" +
      "EXAMPLES\n  farhand-agent export plant-evidence.bundle",
  },
  parameters: { flags, positional: file("Where to write it; never over another file") },
  func: command(async (context: AgentContext, given: Flags, path: string) => {
    const report = await withCarrier(context, given, (carrier) => carrier.export(path));
    if (given.json) {
      context.process.stdout.write(`${JSON.stringify({ type: "bundle-exported", v: 1, ...report })}\n`);
      return;
    }
    const lines = [`number ${report.number}, ${report.bytes} bytes, in ${path}`];
    for (const { lane, first, last } of report.lanes) lines.push(`${lane.padEnd(12)} ${first} to ${last}`);
    if (report.unacknowledged)
      lines.push(`not at hub   ${ranged(report.unacknowledged)}: what they hold goes along again in this one`);
    if (report.more) lines.push("more         does not fit: have this one acknowledged, then export again");
    context.process.stdout.write(`${lines.join("\n")}\n`);
  }),
});
