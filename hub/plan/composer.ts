import { fromBase64url, sha256 } from "../../shared/bytes.ts";
import type { ChangeTask } from "../../shared/documents/manifest.ts";
import { PlanReceipt, type PlannedDevice } from "../../shared/documents/receipt.ts";
import { peekPayload, readAs } from "../../shared/envelope.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import type { DeviceId, Digest, JobId } from "../../shared/ids.ts";
import type { ApiDeps } from "../api/server/deps.ts";
import type { JobRequest } from "../api/contract/views.ts";
import { decideJobIn } from "../ingest/decide.ts";
import { audit } from "../store/audit.ts";
import { findBlob } from "../store/blobs.ts";
import { findJob, setJobDetail } from "../store/jobs.ts";
import { envelopesOfJob } from "../store/receipts.ts";
import { assignmentsOfJob } from "../store/views.ts";
import { checkPlans, checkRequest, lifetimeOf, usableBreakglass } from "./breakglass.ts";
import { ATTEMPTS_WITH_STANDBY, TASKS_PER_CHANGE_MANIFEST } from "./defaults.ts";
import { buildManifest, storeWork, type BuiltManifest } from "./manifests.ts";
import { commonOf } from "./prepared.ts";
import { sharesOf, type Place } from "./spread.ts";
import { standbysFrom } from "./standbys.ts";
import { storeWarrant } from "./submit.ts";
import { buildWarrant } from "./warrant.ts";

type ChangeRequest = Extract<JobRequest, { kind: "change" }>;
export type ComposerDeps = Pick<
  ApiDeps,
  "store" | "clock" | "random" | "randomBytes" | "trust" | "effects" | "log" | "pump"
>;

/** Diffs come after the plans that name them, in a lane of less weight. */
const TEXTS_WAIT_MS = 100;
const TEXTS_WAITS_MAX = 100;

/** Makes of all agents' signed plans what people sign. Asked twice at once, or again, it does it once. */
export function makeComposer(deps: ComposerDeps): { compose(job: JobId): Promise<void> } {
  const running = new Map<JobId, Promise<void>>();
  return {
    compose(job) {
      const held = running.get(job);
      if (held) return held;
      const run = composeOnce(deps, job).finally(() => running.delete(job));
      running.set(job, run);
      return run;
    },
  };
}

async function composeOnce(deps: ComposerDeps, id: JobId): Promise<void> {
  const record = await deps.store.read((tx) => findJob(tx, id));
  if (!record || record.standing.state !== "DRAFT" || record.kind !== "change") return;
  const request = JSON.parse(record.request) as ChangeRequest;
  try {
    const plans = await plansOf(deps, id, request);
    // The hub's next look at the job asks again.
    if (!(await textsArrived(deps, plans))) return;
    await store(deps, id, request, plans);
  } catch (error) {
    const code = errorCode(error);
    if (code === "INTERNAL" || code === "IO") throw error;
    await fail(deps, id, code, error instanceof FarhandError ? error.detail : undefined);
  }
  deps.effects.moved();
  deps.pump.kick();
}

interface Plan extends Place {
  readonly planned: PlannedDevice;
  /** Digest of the signed receipt that says so. */
  readonly receipt: Digest;
}

/** Every device's plan as its agent signed it. Throws PLAN_INCOMPLETE. */
async function plansOf(deps: ComposerDeps, job: JobId, request: ChangeRequest): Promise<Map<DeviceId, Plan>> {
  const { inventory } = deps.trust.requireInventory();
  const assignments = await deps.store.read((tx) => assignmentsOfJob(tx, job, "plan"));
  const current = new Set(assignments.map(({ plan }) => plan));
  const asked = new Set(request.texts.map(({ device }) => device));
  const plans = new Map<DeviceId, Plan>();
  const without: string[] = [];
  for (const envelope of await envelopesOfJob(deps.store, job, "plan")) {
    const digest = sha256(fromBase64url(envelope.payload));
    if (!current.has(digest)) continue;
    // Its signature was checked when it came.
    const receipt = readAs(PlanReceipt, peekPayload(envelope));
    if (receipt.inventory !== inventory.digest) {
      throw new FarhandError("INVENTORY_MISMATCH", `${receipt.agent} planned under another inventory`);
    }
    for (const planned of receipt.devices) {
      if (!asked.has(planned.device)) continue;
      if (planned.ok) plans.set(planned.device, { planned, receipt: digest, agent: receipt.agent, site: receipt.site });
      else without.push(`${planned.device}: ${planned.code}`);
    }
  }
  const missing = [...asked].filter((device) => !plans.has(device));
  if (missing.length > 0) {
    for (const { agent, state, code, plan } of assignments) {
      if (plan === null) without.push(`agent ${agent}: ${code ?? state}`);
    }
    throw new FarhandError(
      "PLAN_INCOMPLETE",
      `${missing.length} of ${asked.size} devices: ${without.join(", ")}`.slice(0, 500),
    );
  }
  return plans;
}

async function textsArrived(deps: ComposerDeps, plans: ReadonlyMap<DeviceId, Plan>): Promise<boolean> {
  const awaited = new Set([...plans.values()].flatMap(({ planned }) => [planned.diff.sha256, planned.commands.sha256]));
  for (let waits = 0; waits < TEXTS_WAITS_MAX; waits++) {
    for (const digest of awaited) if (await findBlob(deps.store, digest)) awaited.delete(digest);
    if (awaited.size === 0) return true;
    await deps.clock.sleep(TEXTS_WAIT_MS);
  }
  return false;
}

async function store(
  deps: ComposerDeps,
  id: JobId,
  request: ChangeRequest,
  plans: ReadonlyMap<DeviceId, Plan>,
): Promise<void> {
  const { state, inventory } = deps.trust.requireInventory();
  const manifests = manifestsFor(deps, id, request, plans);
  const isDestructive = [...plans.values()].some(({ planned }) =>
    planned.warnings.some((warning) => warning.code === "DESTRUCTIVE"),
  );
  const at = { nowMs: deps.clock.nowMs(), random: deps.random };
  const breakglass = request.breakglass === undefined ? null : await usableBreakglass(deps, request.breakglass);
  if (breakglass) {
    const planned = [...plans.values()].map((plan) => plan.planned);
    checkRequest(breakglass, request, manifests, state.trust);
    checkPlans(planned, isDestructive);
  }
  const built = buildWarrant(
    state.trust,
    inventory.digest,
    {
      job: id,
      kind: "change",
      title: request.title,
      reason: request.reason,
      author: request.author,
      risk: isDestructive ? "destructive" : "change",
      notBefore: request.notBefore,
      lifetimeSeconds: breakglass ? lifetimeOf(breakglass, request.lifetimeSeconds, at.nowMs) : request.lifetimeSeconds,
      ...(breakglass && { breakglass: breakglass.digest }),
      attemptsMax: request.attemptsMax ?? (request.standbys === undefined ? undefined : ATTEMPTS_WITH_STANDBY),
      accepts: request.accepts,
      waves: wavesOf(request).map((wave) => wave.notBefore),
    },
    manifests,
    at.nowMs,
  );
  const effects = await deps.store.tx("compose", async (tx) => {
    const record = await findJob(tx, id);
    if (record?.standing.state !== "DRAFT") return [];
    await storeWork(tx, manifests, {
      purpose: "work",
      authority: { kind: "warrant", sha256: built.sha256 },
      expMs: built.warrant.exp * 1000,
      planned: (device) => JSON.stringify(plans.get(device)?.planned ?? null),
    });
    await storeWarrant(tx, id, built, at.nowMs);
    const note = { actor: "hub", action: "job.compose", object: id, digest: built.sha256 };
    await audit(tx, at.nowMs, { ...note, decision: "allowed", detail: "warrant" });
    return decideJobIn(tx, id, { type: "composed" }, at);
  });
  deps.effects.perform(effects);
}

interface AskedWave {
  readonly devices: readonly DeviceId[];
  readonly notBefore: number | undefined;
}

/** The waves that the author named, and one more of what none of them names. */
export function wavesOf(request: Pick<ChangeRequest, "waves" | "texts">): AskedWave[] {
  const asked = (request.waves ?? []).map(({ devices, notBefore }) => ({ devices, notBefore }));
  const named = new Set(asked.flatMap(({ devices }) => devices));
  const rest = request.texts.map(({ device }) => device).filter((device) => !named.has(device));
  return rest.length > 0 ? [...asked, { devices: rest, notBefore: undefined }] : asked;
}

function manifestsFor(
  deps: ComposerDeps,
  id: JobId,
  request: ChangeRequest,
  plans: ReadonlyMap<DeviceId, Plan>,
): BuiltManifest[] {
  const { state, inventory } = deps.trust.requireInventory();
  const common = commonOf({ trust: deps.trust, inventory }, id, request);
  const standbysOf = standbysFrom(request, state.agents?.document);
  const planOf = (device: DeviceId): Plan => {
    const plan = plans.get(device);
    if (!plan) throw new FarhandError("PLAN_INCOMPLETE", device);
    return plan;
  };
  return wavesOf(request).flatMap((wave, index) => {
    const tasks = wave.devices.map((device) => changeTask(request, planOf(device)));
    return sharesOf(tasks, (task) => planOf(task.device), TASKS_PER_CHANGE_MANIFEST).map(
      ({ agent, site, tasks: own }) =>
        buildManifest(
          common,
          { agent, site, tasks: own },
          {
            wave: index,
            platforms: platformsOf(own.map((task) => planOf(task.device).planned)),
            randomBytes: deps.randomBytes,
            standbys: standbysOf({ agent, site }),
          },
        ),
    );
  });
}

/** Only the author's choices are the request's; all else is the agent's word. */
function changeTask(request: ChangeRequest, { planned, receipt }: Plan): ChangeTask {
  const { device, mode, source, text, preImage, diff, commands, level, undoCost, evidence, touchesManagement } =
    planned;
  return {
    kind: "change",
    device,
    mode,
    drift: request.drift,
    source,
    text,
    preImage: preImage.public.sha256,
    keyGeneration: preImage.keyGeneration,
    diff,
    commands,
    level,
    undoCost,
    evidence,
    touchesManagement,
    verify: request.verify,
    ...(request.checks && { checks: request.checks }),
    ...(request.accepted && { accepted: request.accepted }),
    plan: receipt,
  };
}

function platformsOf(planned: readonly PlannedDevice[]): Record<string, Digest> {
  const platforms: Record<string, Digest> = {};
  for (const { platform, platformDigest } of planned) {
    const held = platforms[platform];
    if (held !== undefined && held !== platformDigest) throw new FarhandError("DRIVER_CHANGED", platform);
    platforms[platform] = platformDigest;
  }
  return platforms;
}

async function fail(deps: ComposerDeps, id: JobId, code: ErrorCode, detail: string | undefined): Promise<void> {
  const at = { nowMs: deps.clock.nowMs(), random: deps.random };
  await deps.store.tx("compose.fail", async (tx) => {
    if (detail !== undefined) await setJobDetail(tx, id, detail);
    const why = detail === undefined ? code : `${code}: ${detail}`;
    await audit(tx, at.nowMs, {
      actor: "hub",
      action: "job.compose",
      object: id,
      decision: "refused",
      code,
      detail: why,
    });
    await decideJobIn(tx, id, { type: "planFailed", code }, at);
  });
  deps.log.warn("plan failed", { job: id, code });
}
