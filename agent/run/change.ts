import { z } from "zod";
import type { ChangeTask } from "../../shared/documents/manifest.ts";
import { FarhandError } from "../../shared/errors.ts";
import { Digest, PlatformId } from "../../shared/ids.ts";
import type { TaskState } from "../../shared/states.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import type { ChangeContext } from "../../drivers/transaction/context.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import type {
  ChangeOutcome,
  ChangeProgress,
  ChangeSpec,
  StepName,
  TransactionHooks,
  TransactionToken,
} from "../../drivers/types.ts";
import { blamed } from "../../drivers/model/state/expect.ts";
import { isMore } from "../certify/held.ts";
import type { TaskEnd, TaskEvidence } from "../core/model.ts";
import { changedIn } from "../journal/assignments.ts";
import { stepsOf, writeDone, writeIntent, type Step } from "../journal/steps.ts";
import { textOf } from "./source.ts";
import { NO_EVIDENCE, type TaskContext } from "./task.ts";

type Context = TaskContext<ChangeTask>;

/** A change that a crash cut off before it was applied is tidied up first: its timer may still run on the device. */
export async function change(context: Context): Promise<TaskEnd> {
  const other = await context.store.read((tx) => changedIn(tx, context.key, context.device.id));
  if (other !== undefined)
    return { state: "SKIPPED", code: "REPLAY", detail: `attempt ${other} changed this device`, evidence: null };
  const spec = await specOf(context);
  const progress = progressOf(await context.store.read((tx) => stepsOf(tx, context.key, context.device.id)));
  if (progress.token !== null) {
    const left = await recoverChange(drivers(context), spec, progress, hooks(context, false));
    if (!left.notApplied) return endOf(context, left);
  }
  await context.requireBegin();
  return endOf(context, await runChange(drivers(context), spec, hooks(context, true)));
}

/** Asks the device what became of a change. Never applies. */
export async function probe(context: Context): Promise<TaskEnd> {
  const progress = progressOf(await context.store.read((tx) => stepsOf(tx, context.key, context.device.id)));
  return endOf(context, await recoverChange(drivers(context), await specOf(context), progress, hooks(context, false)));
}

async function specOf(context: Context): Promise<ChangeSpec> {
  const { task, key, device, manifest } = context;
  return {
    device: device.id,
    // One for each device: a driver keeps sessions of a change by it, and a manifest has many devices.
    id: `${key.manifest.slice(0, 12)}-${key.attempt}-${device.id}`,
    mode: task.mode,
    // Another agent may have been at it: nothing but the reviewed configuration proves that nothing was applied.
    drift: key.attempt > 1 || manifest.agents[0] !== context.agent ? "exact" : task.drift,
    source: task.source.kind,
    text: await textOf(context, task),
    preImage: task.preImage,
    keyGeneration: task.keyGeneration,
    diff: await context.text(task.diff),
    commands: await context.text(task.commands),
    level: task.level,
    touchesManagement: task.touchesManagement,
    onWayHome: context.onWayHome,
    serial: device.serial,
    accepts: (task.accepted ?? []).map(({ code }) => code),
    confirmMs: manifest.deadlines.confirmMs,
    verify: task.verify,
    ...(task.checks && { checks: task.checks }),
    ...(isMore(task.evidence, context.driver.evidence) ? { versions: context.proofs.versions(context.driver) } : {}),
    comment: `farhand ${manifest.job} signed by ${context.signers.join(", ")}`,
  };
}

function drivers(context: Context): ChangeContext {
  return {
    driver: context.driver,
    open: (signal) => context.open(signal),
    clock: context.clock,
    tagger: context.tagger,
    secret: (name) => context.secrets.get(name)?.reveal(),
    managementAddress: context.device.address,
    outputBytesMax: context.manifest.outputBytesMax,
    signal: context.signal,
  };
}

function hooks(context: Context, tellsStates: boolean): TransactionHooks {
  const { store, key, device } = context;
  let step: StepName | null = null;
  return {
    async intent(name, data) {
      step = name;
      await store.tx(`intent:${name}`, (tx) => writeIntent(tx, key, device.id, name, data));
    },
    async done(name, data) {
      const kept =
        name === "snapshot"
          ? await keepSnapshot(context, data)
          : // Rows by the thousand: in the spool, and named in the journal.
            name === "state"
            ? { state: await context.spool.put("output", JSON.stringify(data)) }
            : data;
      await store.tx(`done:${name}`, (tx) => writeDone(tx, key, device.id, name, kept));
    },
    // While a change is recovered its state is what the core says: the outcome alone moves it.
    state: (state: TaskState) => (tellsStates ? context.moved(state, step) : Promise.resolve()),
    wayHome: (signal) => context.wayHome(signal),
    stopRequested: () => context.stopRequested(),
  };
}

const Snapshot = z.object({ raw: z.string(), publicText: z.string(), publicDigest: Digest, keyGeneration: z.int() });

/** The raw text never stands in the journal: its sealed form does, and the public form in the step. */
async function keepSnapshot(context: Context, data: unknown): Promise<{ publicDigest: Digest; publicText: string }> {
  const configuration = Snapshot.parse(data);
  await context.snapshot(configuration);
  return { publicDigest: configuration.publicDigest, publicText: configuration.publicText };
}

const Token = z.strictObject({
  platform: PlatformId,
  id: z.string(),
  mode: z.enum(["merge", "replace"]),
  confirmMs: z.int(),
  preImage: Digest,
  unsavedBefore: z.boolean().optional(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
const Before = z.object({ publicDigest: Digest, publicText: z.string() });
const StepNames = z.enum([
  "precheck",
  "snapshot",
  "state",
  "arm",
  "stage",
  "apply",
  "reconnect",
  "way-home",
  "verify",
  "confirm",
  "revert",
  "save",
  "re-read",
]) satisfies z.ZodType<StepName>;

/** Of the last try only: an earlier one that was tidied up before it applied anything says nothing about this one. */
function progressOf(all: readonly Step[]): ChangeProgress {
  const start = all.findLastIndex((step) => step.step === "precheck");
  const steps = all
    .slice(Math.max(0, start))
    .map((step) => ({ step: StepNames.parse(step.step), intent: step.intent, done: step.done }));
  const arm = steps.find((entry) => entry.step === "arm");
  const snapshot = steps.find((entry) => entry.step === "snapshot");
  const token: TransactionToken | null = arm ? Token.parse(arm.intent) : null;
  const before = snapshot?.done ? Before.parse(snapshot.done.data) : null;
  return {
    token,
    steps: steps.map((entry) => ({ step: entry.step, done: entry.done !== null })),
    before: before?.publicDigest ?? null,
    beforeText: before?.publicText ?? null,
  };
}

async function endOf(context: Context, outcome: ChangeOutcome): Promise<TaskEnd> {
  if (outcome.state === "UNKNOWN" && outcome.notApplied)
    throw new FarhandError("INTERNAL", "unknown, and yet not applied");
  const { spool, driver, task } = context;
  const same = outcome.before !== null && outcome.before.publicDigest === outcome.after?.publicDigest;
  const before = outcome.before ? await context.snapshot(outcome.before) : null;
  const after = same ? before : outcome.after ? await context.snapshot(outcome.after) : null;
  const diff = outcome.diff === null ? null : await spool.put("diff", outcome.diff);
  const { level } = outcome;
  const verified = outcome.verified.map((entry) => ({ command: entry.command, ok: entry.ok }));
  const checked = outcome.checks && (await checksOf(context, outcome.checks));
  // More than the platform file's own was claimed and found on the device, or nothing was done.
  const isProved = isMore(task.evidence, driver.evidence) && outcome.level !== null;
  const evidence = {
    ...NO_EVIDENCE,
    before,
    after,
    diff,
    level,
    verified,
    ...checked,
    evidence: isProved ? task.evidence : driver.evidence,
  };
  return { state: outcome.state, code: outcome.code, detail: outcome.detail, evidence };
}

const OTHERS_MAX = 16;

/** All of it as output, its sum for the receipt: what the change has to answer for first. */
async function checksOf(
  { spool }: Context,
  state: NonNullable<ChangeOutcome["checks"]>,
): Promise<Pick<TaskEvidence, "checks" | "output">> {
  const others = state.results.filter(({ verdict }) => verdict !== "ok");
  const ordered = [...others.filter(blamed), ...others.filter((result) => !blamed(result))];
  return {
    output: await spool.put("output", JSON.stringify(state)),
    checks: {
      ok: state.results.length - others.length,
      others: ordered.slice(0, OTHERS_MAX).map(({ rows: _rows, ...rest }) => rest),
    },
  };
}
