import { randomInt } from "node:crypto";
import { z } from "zod";
import type { RotateTask } from "../../shared/documents/manifest.ts";
import { FarhandError } from "../../shared/errors.ts";
import { CredentialName, Digest, PlatformId } from "../../shared/ids.ts";
import { Secret, type Credential } from "../../shared/secret.ts";
import {
  recoverRotation,
  runRotation,
  type RotateContext,
  type RotateHooks,
  type RotateOutcome,
  type RotateSpec,
} from "../../drivers/transaction/rotate.ts";
import type { TransactionToken } from "../../drivers/types.ts";
import type { TaskEnd } from "../core/model.ts";
import { changedIn } from "../journal/assignments.ts";
import { stepsOf, writeDone, writeIntent } from "../journal/steps.ts";
import { NO_EVIDENCE, type TaskContext } from "./task.ts";

type Context = TaskContext<RotateTask>;

/** No `0O1lI`, and nothing that a CLI or a shell reads as its own. */
const ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_.+";

/** Old and new by version: what a restarted agent logs in with. The values are in the vault, sealed. */
const Pair = z.strictObject({
  old: z.strictObject({ name: CredentialName, version: z.int() }),
  fresh: z.strictObject({ name: CredentialName, version: z.int() }),
});
type Pair = z.infer<typeof Pair>;

export async function rotate(context: Context): Promise<TaskEnd> {
  const { task, device, deviceLogins: logins, store, key } = context;
  const other = await store.read((tx) => changedIn(tx, key, device.id));
  if (other !== undefined)
    return { state: "SKIPPED", code: "REPLAY", detail: `attempt ${other} changed this device`, evidence: null };
  if (task.credential !== device.credential) throw new FarhandError("CREDENTIAL_BINDING", task.credential);
  // What a crash left before anything was written: its timer is ended, its password forgotten.
  const left = await progressOf(context);
  if (left.pair)
    await recoverRotation(
      await loginsOf(context, left.pair),
      await specOf(context, left.pair),
      left.token,
      hooks(context, left.pair, false),
    );
  await context.requireBegin();
  const old = await logins.current(task.credential, device.id);
  const password = passwordOf(context);
  const fresh = await logins.stage(task.credential, device.id, old, password);
  const pair: Pair = { old: { name: old.name, version: old.version }, fresh };
  await store.tx("intent:precheck", (tx) => writeIntent(tx, key, device.id, "precheck", pair));
  // Before the device learns it: sealed to the site's other agents and to the recovery key, on its way home.
  const output = await context.seal(
    JSON.stringify({ credential: task.credential, username: old.credential.username, password: password.reveal() }),
  );
  const outcome = await runRotation(
    await loginsOf(context, pair),
    await specOf(context, pair),
    hooks(context, pair, true),
  );
  return endOf(context, outcome, outcome.state === "DONE" ? output : null);
}

/** Asks the device which of the two works. Writes none. */
export async function probeRotation(context: Context): Promise<TaskEnd> {
  const { pair, token } = await progressOf(context);
  if (!pair) throw new FarhandError("INTERNAL", "a rotation without its two logins");
  const outcome = await recoverRotation(
    await loginsOf(context, pair),
    await specOf(context, pair),
    token,
    hooks(context, pair, false),
  );
  return endOf(context, outcome, null);
}

function passwordOf({ task, secrets }: Context): Secret {
  const { password } = task;
  switch (password.kind) {
    case "made":
      return new Secret(Array.from({ length: password.length }, () => ALPHABET[randomInt(ALPHABET.length)]).join(""));
    case "sent": {
      const sent = secrets.get(password.secret);
      if (!sent) throw new FarhandError("SECRET_UNKNOWN", password.secret);
      return sent;
    }
    default:
      return password satisfies never;
  }
}

async function loginsOf(context: Context, pair: Pair): Promise<RotateContext> {
  const { deviceLogins: logins, clock, signal } = context;
  const values = { old: await optional(logins.at(pair.old)), new: await optional(logins.at(pair.fresh)) };
  return {
    clock,
    signal,
    open: (which, until) => {
      const value = values[which];
      // What was forgotten was forgotten because it does not work any more.
      if (!value) throw new FarhandError("LOGIN_REFUSED", `the ${which} login is not held any more`);
      return context.openWith(value, until);
    },
  };
}

const optional = (value: Promise<Credential>): Promise<Credential | undefined> => value.catch(() => undefined);

async function specOf({ deviceLogins: logins, key, device, manifest }: Context, pair: Pair): Promise<RotateSpec> {
  const fresh = await optional(logins.at(pair.fresh));
  return {
    id: `${key.manifest.slice(0, 12)}-${key.attempt}-${pair.fresh.version}`,
    password: fresh?.password ?? new Secret(""),
    confirmMs: manifest.deadlines.confirmMs,
    serial: device.serial,
  };
}

function hooks(context: Context, { old, fresh }: Pair, tellsStates: boolean): RotateHooks {
  const { store, key, device, deviceLogins: logins } = context;
  let step: string | null = null;
  return {
    async intent(name, data) {
      step = name;
      await store.tx(`intent:${name}`, (tx) => writeIntent(tx, key, device.id, name, data));
    },
    async done(name, data) {
      await store.tx(`done:${name}`, (tx) => writeDone(tx, key, device.id, name, data));
    },
    state: (state) => (tellsStates ? context.moved(state, step) : Promise.resolve()),
    stopRequested: () => context.stopRequested(),
    keep: () => logins.keep(fresh),
    back: () => logins.back(fresh, old),
    forgetOld: () => logins.forgetOld(fresh),
  };
}

const Token = z.strictObject({
  platform: PlatformId,
  id: z.string(),
  mode: z.literal("merge"),
  confirmMs: z.int(),
  preImage: Digest,
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

/** Of the last try only. */
async function progressOf({
  store,
  key,
  device,
}: Context): Promise<{ pair: Pair | null; token: TransactionToken | null }> {
  const all = await store.read((tx) => stepsOf(tx, key, device.id));
  const steps = all.slice(
    Math.max(
      0,
      all.findLastIndex(({ step }) => step === "precheck"),
    ),
  );
  const [first] = steps;
  const arm = steps.find(({ step }) => step === "arm");
  return {
    pair: first?.step === "precheck" ? Pair.parse(first.intent) : null,
    token: arm ? Token.parse(arm.intent) : null,
  };
}

async function endOf(
  context: Context,
  outcome: RotateOutcome,
  output: Awaited<ReturnType<Context["seal"]>> | null,
): Promise<TaskEnd> {
  const { driver, spool } = context;
  const before = outcome.before ? await context.snapshot(outcome.before) : null;
  const after = outcome.after ? await context.snapshot(outcome.after) : null;
  const diff =
    outcome.before && outcome.after
      ? await spool.put("diff", driver.diff(outcome.before.publicText, outcome.after.publicText))
      : null;
  const evidence = { ...NO_EVIDENCE, before, after, diff, output, level: outcome.level, evidence: driver.evidence };
  return { state: outcome.state, code: outcome.code, detail: outcome.detail, evidence };
}
