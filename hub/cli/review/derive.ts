import { fromBase64url, parseCanonical, sha256, type Bytes } from "../../../shared/bytes.ts";
import { riskRank } from "../../../shared/documents/common.ts";
import type { ChangeTask, Manifest, TaskSpec, TextRef } from "../../../shared/documents/manifest.ts";
import type { PlanReceipt, PlannedDevice } from "../../../shared/documents/receipt.ts";
import { Warrant } from "../../../shared/documents/warrant.ts";
import { checkEnvelope, readAs } from "../../../shared/envelope.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import type { AgentId, DeviceId, Digest, HopId, JobId, PlatformId, SiteId } from "../../../shared/ids.ts";
import { authorRole, holdsRole, withoutRole, type InventoryView } from "../../../shared/trust.ts";
import { checkUse, verifyBreakglass, type VerifiedBreakglass } from "../../../shared/verify/breakglass.ts";
import { checkTasks } from "../../../shared/verify/work.ts";
import type { PlanRecord } from "../plan/record.ts";
import { requireInventory, type Trusted } from "../trust/load.ts";
import { manifestsOf, type Bundle, type ReadManifest } from "./bundle.ts";
import { checkAgainstReceipt, same } from "./check-task.ts";
import { checkAgainstRecord } from "./check-record.ts";
import { Receipts } from "./receipts.ts";
import { signingOf, type Signing } from "./signing.ts";

/** One device as the signed bytes and the agents' receipts say it; nothing here is the hub's word. */
export interface Target {
  readonly device: DeviceId;
  readonly site: SiteId;
  readonly agents: readonly AgentId[];
  readonly platform: PlatformId;
  /** The hops on the way, in the order in which they are dialled. */
  readonly via: readonly HopId[];
  readonly wave: number;
  readonly task: TaskSpec;
  readonly change: {
    readonly task: ChangeTask;
    readonly planned: PlannedDevice;
    readonly receipt: PlanReceipt;
    readonly diff: string;
    readonly commands: string;
  } | null;
}

export interface Review {
  readonly warrant: Warrant;
  readonly payload: Bytes;
  readonly digest: Digest;
  readonly targets: readonly Target[];
  readonly manifests: readonly Manifest[];
  readonly signing: Signing;
  /** Devices that their agents would refuse under this warrant, and why. */
  readonly refusals: readonly string[];
  readonly comparedWithRecord: boolean;
  /** What lets its author, who is on call, sign alone. */
  readonly breakglass: VerifiedBreakglass | null;
}

export interface DeriveOptions {
  readonly job: JobId;
  readonly nowMs: number;
  readonly record: PlanRecord | null;
  /** The job of the plans, where it is another: what was planned by hand is no job of the hub's. */
  readonly plannedAs?: JobId;
}

const mismatch = (detail: string) => new FarhandError("RECEIPT_MISMATCH", detail);

/**
 * Derives the whole review from bytes: the warrant from its payload, the manifests from their digests in it, every fact about a
 * device from the receipt that an approved agent signed, and the texts from their digests. What cannot be derived is refused.
 */
export async function derive(bundle: Bundle, trusted: Trusted, options: DeriveOptions): Promise<Review> {
  const inventory = requireInventory(trusted);
  const payload = fromBase64url(bundle.warrant.payload);
  const warrant = readAs(Warrant, parseCanonical(payload));
  const manifests = manifestsOf(bundle.warrant);
  checkWarrant(warrant, manifests, trusted, inventory, options);
  const breakglass = await breakglassOf(bundle, warrant, manifests, trusted, options.nowMs);
  const receipts = await Receipts.open(bundle.warrant.plans, trusted, {
    job: options.plannedAs ?? warrant.job,
    inventory: inventory.digest,
  });
  const targets = manifests.flatMap(({ document }, index) =>
    targetsOf(document, waveOf(warrant, index), {
      receipts,
      inventory,
      trusted,
      blobs: bundle.blobs,
      kind: warrant.kind,
    }),
  );
  const devices = new Set(targets.map((target) => target.device));
  if (devices.size !== targets.length) throw mismatch("a device stands in two manifests");
  const documents = manifests.map(({ document }) => document);
  if (options.record) checkAgainstRecord(warrant, documents, options.record);
  return {
    warrant,
    payload,
    digest: sha256(payload),
    targets,
    manifests: documents,
    signing: await signingOf(bundle.warrant, warrant, trusted.store),
    refusals: [
      ...documents.flatMap((manifest) => refusalsOf(manifest, warrant, inventory)),
      ...targets.flatMap(({ change }) => (change ? unaccepted(change) : [])),
    ],
    comparedWithRecord: options.record !== null,
    breakglass,
  };
}

function checkWarrant(
  warrant: Warrant,
  manifests: readonly ReadManifest[],
  trusted: Trusted,
  inventory: InventoryView,
  options: DeriveOptions,
): void {
  const { store } = trusted;
  if (warrant.org !== store.org) throw new FarhandError("WRONG_ORG");
  if (warrant.job !== options.job) throw mismatch(`the warrant is of job ${warrant.job}, not ${options.job}`);
  if (warrant.inventory !== inventory.digest) throw new FarhandError("INVENTORY_MISMATCH");
  if (warrant.keysVersion > store.keys.document.version) throw new FarhandError("KEYS_VERSION");
  const digests = manifests.map(({ digest }) => digest);
  if (!same(digests, warrant.manifests)) throw mismatch("the manifests are not the ones that the warrant names");
  const sites = new Set(manifests.map(({ document }) => document.site));
  if (!same([...sites].toSorted(), warrant.sites.toSorted()))
    throw mismatch("the warrant names other sites than its manifests");
  if (warrant.kind === "change" && riskRank[warrant.risk] < riskRank.change)
    throw new FarhandError("RISK_UNDERSTATED", `a change is not a ${warrant.risk}`);
  const policy = store.policy(warrant.policy.id, warrant.policy.version);
  for (const site of warrant.sites) {
    const governing = store.policyOf(site);
    if (!policy || governing?.id !== policy.id || governing.version !== policy.version)
      throw new FarhandError("POLICY_UNKNOWN", `${warrant.policy.id} v${warrant.policy.version} at ${site}`);
  }
  const author = store.person(warrant.author);
  const role = authorRole(warrant.kind);
  // Who may sign under a break-glass stands in it, and is checked with it.
  if (warrant.breakglass === undefined && (!author || !holdsRole(author, role, warrant.sites)))
    throw withoutRole(role, warrant.author, warrant.sites);
  if (warrant.kind === "rotate" && warrant.risk !== "destructive")
    throw new FarhandError("RISK_UNDERSTATED", `a rotation is not a ${warrant.risk}`);
  if (warrant.exp * 1000 <= options.nowMs) throw new FarhandError("EXPIRED");
  if (warrant.exp <= warrant.nbf || warrant.exp - warrant.iat > (policy?.warrantLifetimeSecondsMax ?? 0))
    throw new FarhandError("LIFETIME");
}

/** As its agent will ask once its author has signed: what it would refuse is not signed. */
async function breakglassOf(
  bundle: Bundle,
  warrant: Warrant,
  manifests: readonly ReadManifest[],
  { store }: Trusted,
  nowMs: number,
): Promise<VerifiedBreakglass | null> {
  if (warrant.breakglass === undefined) return null;
  const { breakglass: envelope } = bundle.warrant;
  if (!envelope) throw new FarhandError("BREAKGLASS", "the one that the warrant names is not shown");
  const held = await verifyBreakglass(checkEnvelope(envelope), {
    trust: store,
    time: { nowMs, errorMs: 0, floorMs: 0 },
  });
  const kids = store.person(warrant.author)?.keys.map(({ kid }) => kid) ?? [];
  for (const { document: manifest } of manifests)
    for (const agent of manifest.agents) checkUse(held, { warrant, manifest, kids, agent, site: manifest.site }, store);
  return held;
}

const waveOf = (warrant: Warrant, manifest: number): number =>
  warrant.waves.findIndex((wave) => wave.manifests.includes(manifest)) + 1;

interface Sources {
  readonly receipts: Receipts;
  readonly inventory: InventoryView;
  readonly trusted: Trusted;
  readonly blobs: Bundle["blobs"];
  readonly kind: Warrant["kind"];
}

function targetsOf(manifest: Manifest, wave: number, sources: Sources): Target[] {
  const { trusted, inventory } = sources;
  if (manifest.org !== trusted.store.org) throw new FarhandError("WRONG_ORG");
  if (manifest.inventory !== inventory.digest) throw new FarhandError("INVENTORY_MISMATCH");
  for (const id of manifest.agents) {
    const agent = trusted.agents?.document.agents.find((entry) => entry.id === id);
    if (agent?.status !== "active" || agent.site !== manifest.site)
      throw new FarhandError("WRONG_AGENT", `${id} is no approved agent of ${manifest.site}`);
  }
  const targets = manifest.tasks.map((task): Target => {
    if (task.kind !== sources.kind) throw mismatch(`a ${task.kind} in a ${sources.kind}`);
    const change = task.kind === "change" ? changeOf(task, manifest, sources) : null;
    const device = inventory.device(task.device);
    if (!device || device.site !== manifest.site)
      throw new FarhandError("INVENTORY_MISMATCH", `${task.device} is not at ${manifest.site}`);
    if (change && change.planned.platform !== device.platform)
      throw mismatch(`${task.device}: the agent planned it as ${change.planned.platform}`);
    return {
      device: task.device,
      site: manifest.site,
      agents: manifest.agents,
      platform: device.platform,
      via: inventory.pathTo(device).map((hop) => hop.id),
      wave,
      task,
      change,
    };
  });
  // A digest that no planned device needs would still be signed.
  const named = new Set(targets.map((target) => target.platform));
  for (const platform of Object.keys(manifest.platforms)) {
    if (![...named].some((known) => known === platform))
      throw mismatch(`${manifest.site}: a driver for ${platform}, which no device has`);
  }
  return targets;
}

function changeOf(task: ChangeTask, manifest: Manifest, { receipts, blobs }: Sources): NonNullable<Target["change"]> {
  const { receipt, planned } = receipts.planned(task.plan, task.device);
  if (receipt.site !== manifest.site) throw mismatch(`${task.device} was planned at ${receipt.site}`);
  checkAgainstReceipt(task, planned);
  if (manifest.platforms[planned.platform] !== planned.platformDigest)
    throw mismatch(`${task.device}: another driver than the one that planned it`);
  if (task.mode === "replace" && task.drift !== "exact") throw mismatch(`${task.device}: replace is always exact`);
  const text = (ref: TextRef, what: string): string => {
    const bytes = blobs.get(ref.sha256);
    if (!bytes) throw new FarhandError("BUNDLE_INCOMPLETE", `${task.device}: its ${what}`);
    if (bytes.length !== ref.bytes) throw mismatch(`${task.device}: its ${what} has another length`);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  };
  return { task, planned, receipt, diff: text(task.diff, "diff"), commands: text(task.commands, "commands") };
}

/** What its preflight found that blocks and that nobody took upon themselves: the agent looks again, and would refuse it. */
function unaccepted({ task, planned }: NonNullable<Target["change"]>): string[] {
  const codes = new Set(task.accepted?.map(({ code }) => code));
  return (planned.preflight ?? [])
    .filter(({ code, severity }) => severity === "blocks" && !codes.has(code))
    .map(({ code, detail }) => `${task.device}: its preflight found ${code} (${detail}); nobody accepts it`);
}

/** One device at a time: the agent would refuse the whole manifest, and a person wants every reason. */
function refusalsOf(manifest: Manifest, warrant: Warrant, inventory: InventoryView): string[] {
  return manifest.tasks.flatMap((task) => {
    try {
      checkTasks({ ...manifest, tasks: [task] }, warrant, { inventory });
      return [];
    } catch (error) {
      return [
        `${task.device}: its agent would refuse it: ${errorCode(error)}${error instanceof FarhandError && error.detail !== undefined ? ` (${error.detail})` : ""}`,
      ];
    }
  });
}
