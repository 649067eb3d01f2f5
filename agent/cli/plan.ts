import { buildCommand } from "@stricli/core";
import { existsSync, openSync, closeSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256, toBase64url, type Bytes } from "../../shared/bytes.ts";
import { PlanReceipt } from "../../shared/documents/receipt.ts";
import { peekPayload, readAs, type Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import { JobId, type Digest } from "../../shared/ids.ts";
import { partsOf, waitingPlans, type OutboxRow } from "../journal/outbox.ts";
import { readJournal } from "../journal/read-only.ts";
import { command, stateDirOf, stateFlag, type AgentContext } from "./context.ts";

interface Flags {
  readonly stateDir?: string;
  readonly out: string;
}

const TEXT_BYTES_MAX = 16 * 1024 * 1024;

interface Planned {
  readonly plan: Envelope;
  readonly texts: readonly (readonly OutboxRow[])[];
}

export const planCommand = buildCommand<Flags, [string], AgentContext>({
  docs: {
    brief: "Write a plan that the hub has not taken into a file, for the on-call person who asked for it",
    fullDescription:
      "The plan as this agent signed it, with its diffs and commands in public form: no secret is in it. For farhand breakglass use --plan.\n\n" +
      "EXAMPLES\n  farhand-agent plan bg-3f0c91ab-plan --out plan.json",
  },
  parameters: {
    flags: {
      ...stateFlag,
      out: { kind: "parsed", parse: (value: string) => value, brief: "Where to write it", placeholder: "FILE" },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { parse: (value: string) => value, brief: "Job, as farhand-agent jobs shows it", placeholder: "JOB" },
      ],
    },
  },
  func: command(async (context: AgentContext, given: Flags, name: string) => {
    const job = JobId.safeParse(name);
    if (!job.success) throw new FarhandError("USAGE", `${name}: not a job`);
    const stateDir = stateDirOf(context, given);
    if (existsSync(given.out)) throw new FarhandError("IO", `${given.out}: is there already, and is not overwritten`);
    const found = await readJournal(stateDir, async (tx): Promise<Planned | undefined> => {
      const plan = (await waitingPlans(tx)).find((envelope) => planOf(envelope).job === job.data);
      if (!plan) return undefined;
      const digests = new Set(
        planOf(plan).devices.flatMap((device) => (device.ok ? [device.diff.sha256, device.commands.sha256] : [])),
      );
      return { plan, texts: await Promise.all([...digests].map((digest) => partsOf(tx, digest))) };
    });
    if (!found) throw new FarhandError("NOT_FOUND", `no plan of ${job.data} waits here`);
    const texts = found.texts.map((parts) => toBase64url(wholeOf(stateDir, parts)));
    const document = { schema: "farhand.brought-plan/1", plan: found.plan, texts };
    writeFileSync(given.out, `${JSON.stringify(document)}\n`, { mode: 0o644, flag: "wx" });
    context.process.stdout.write(`${given.out}\n`);
  }),
});

const planOf = (envelope: Envelope): PlanReceipt => readAs(PlanReceipt, peekPayload(envelope));

/** Its parts put together, each from the journal or from its spool file. Public forms only ever stand in this lane under a plan's digest. */
function wholeOf(stateDir: string, parts: readonly OutboxRow[]): Bytes {
  const [first] = parts;
  if (!first) throw new FarhandError("NOT_FOUND", "a text of the plan has gone home already");
  const { sha256: digest, total } = first.header as { sha256: Digest; total: number };
  if (total > TEXT_BYTES_MAX) throw new FarhandError("OUTPUT_TOO_LARGE", `a text of ${total} bytes`);
  const whole = new Uint8Array(total);
  for (const { header, body, bytes } of parts) {
    const { offset } = header as { offset: number };
    if (body.kind === "inline") whole.set(body.bytes, offset);
    else readSpool(join(stateDir, "spool", body.name), body.offset, whole.subarray(offset, offset + bytes));
  }
  if (sha256(whole) !== digest) throw new FarhandError("NOT_FOUND", "a text of the plan is not whole here any more");
  return whole;
}

function readSpool(path: string, at: number, into: Uint8Array): void {
  const file = openSync(path, "r");
  try {
    readSync(file, into, 0, into.length, at);
  } finally {
    closeSync(file);
  }
}
