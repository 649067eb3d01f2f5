import { jcs, sha256, toBase64url, utf8, type Bytes } from "../../../shared/bytes.ts";
import type { ChangeTask, Manifest, TextRef } from "../../../shared/documents/manifest.ts";
import type { PlannedDevice, PlanReceipt } from "../../../shared/documents/receipt.ts";
import type { Warrant } from "../../../shared/documents/warrant.ts";
import { signEnvelope, type Envelope } from "../../../shared/envelope.ts";
import type { AgentId, DeviceId, Digest, JobId } from "../../../shared/ids.ts";
import { changeTask, id, makeManifest, makeWarrant, type TestOrg } from "../../../shared/testing/org.ts";
import { firstUpdate } from "../../../shared/testing/trust-set.ts";
import { fileOfUpdate } from "../../../shared/tuf/file.ts";
import type { Bundle } from "../review/bundle.ts";

export const JOB = "job-1" as JobId;
export const PLATFORM_DIGEST = sha256("platform file");

export const refOf = (text: string): TextRef => ({ sha256: sha256(text), bytes: utf8(text).length });
export const DIFF = JSON.stringify([{ line: "ntp server 192.0.2.9", op: "add", path: [] }]);
export const COMMANDS = JSON.stringify(["configure terminal", "ntp server 192.0.2.9", "end"]);

export function planned(device: string, over: Partial<PlannedDevice> = {}): PlannedDevice {
  return {
    device: device as DeviceId,
    ok: true,
    platform: id.iosxe,
    platformDigest: PLATFORM_DIGEST,
    mode: "merge",
    source: { kind: "text" },
    text: refOf("ntp server 192.0.2.9\n"),
    preImage: { public: refOf("before"), keyGeneration: 1, sealed: null, notRestorable: null },
    diff: refOf(DIFF),
    commands: refOf(COMMANDS),
    level: "B",
    undoCost: { kind: "in-place" },
    evidence: "recorded",
    touchesManagement: false,
    warnings: [],
    hints: [],
    ...over,
  };
}

/** What an honest hub makes of a plan. */
export function taskFrom(device: PlannedDevice, plan: Digest): ChangeTask {
  return changeTask(device.device, {
    mode: device.mode,
    source: device.source,
    text: device.text,
    preImage: device.preImage.public.sha256,
    keyGeneration: device.preImage.keyGeneration,
    diff: device.diff,
    commands: device.commands,
    level: device.level,
    undoCost: device.undoCost,
    evidence: device.evidence,
    touchesManagement: device.touchesManagement,
    plan,
  });
}

const SITE_OF: Record<string, { site: typeof id.ams; agent: AgentId }> = {
  ams: { site: id.ams, agent: id.agentAms },
  lon: { site: id.lon, agent: id.agentLon },
};

export interface BundleOptions {
  readonly receipt?: (receipt: PlanReceipt) => PlanReceipt;
  readonly task?: (task: ChangeTask) => ChangeTask;
  readonly manifest?: (manifest: Manifest) => Manifest;
  readonly warrant?: (warrant: Warrant) => Warrant;
  /** Who signs the plans; the site's own agent unless told otherwise. */
  readonly planSigner?: string;
  readonly texts?: readonly string[];
}

/** A bundle as a hub would serve it; each option is a place where it can lie. */
export async function makeBundle(
  org: TestOrg,
  devices: readonly PlannedDevice[],
  options: BundleOptions = {},
): Promise<Bundle> {
  const plans: Envelope[] = [];
  const manifests: Bytes[] = [];
  const sites = [...new Set(devices.map((device) => device.device.slice(0, 3)))];
  for (const name of sites) {
    const place = SITE_OF[name];
    if (!place) throw new Error(`no site ${name}`);
    const own = devices.filter((device) => device.device.startsWith(name));
    const honest: PlanReceipt = {
      type: "plan",
      v: 1,
      org: id.org,
      site: place.site,
      agent: place.agent,
      prev: null,
      epoch: "0".repeat(32),
      index: 1,
      checkpoint: null,
      job: JOB,
      manifest: sha256("plan manifest"),
      inventory: org.inventory.digest,
      at: org.nowSeconds - 60,
      devices: [...own],
    };
    const receipt = options.receipt?.(honest) ?? honest;
    const signer = org.agents[options.planSigner ?? place.agent]?.signer;
    if (!signer) throw new Error("no such agent");
    plans.push(await signEnvelope("farhand-plan+jws", receipt, [signer]));
    const tasks = own
      .map((device) => taskFrom(device, sha256(jcs(receipt))))
      .map((task) => options.task?.(task) ?? task);
    const { manifest } = makeManifest(org, {
      site: place.site,
      agents: [place.agent],
      platforms: { [id.iosxe]: PLATFORM_DIGEST },
      tasks,
    });
    manifests.push(jcs(options.manifest?.(manifest) ?? manifest));
  }
  const honest = makeWarrant(
    org,
    manifests.map((bytes) => sha256(bytes)),
    { sites: sites.flatMap((name) => SITE_OF[name]?.site ?? []) },
  );
  const warrant = options.warrant?.(honest) ?? honest;
  return {
    job: JOB,
    warrant: { payload: toBase64url(jcs(warrant)), signatures: [], manifests: manifests.map(toBase64url), plans },
    trust: fileOfUpdate(firstUpdate(org.view.set)),
    blobs: new Map([DIFF, COMMANDS, ...(options.texts ?? [])].map((text) => [sha256(text), utf8(text)])),
  };
}
