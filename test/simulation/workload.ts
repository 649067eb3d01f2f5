import { sha256 } from "../../shared/bytes.ts";
import type { Deadlines } from "../../shared/documents/manifest.ts";
import type { AgentId, DeviceId, Digest, JobId, SiteId } from "../../shared/ids.ts";
import { BIRTH_MS, type Environment } from "./environment.ts";
import type { SimDevice } from "./device.ts";

export interface Site {
  readonly agent: AgentId;
  readonly site: SiteId;
  readonly devices: readonly SimDevice[];
}

/** What a manifest's digest pins, whoever carries it. */
export interface SimManifest {
  readonly digest: Digest;
  readonly job: JobId;
  readonly agent: AgentId;
  readonly site: SiteId;
  readonly wave: number;
  readonly position: number;
  readonly kind: "change" | "collect";
  readonly devices: readonly DeviceId[];
  /** What each device ran when the plan was made, and what it shall run. */
  readonly preImage: ReadonlyMap<DeviceId, string>;
  readonly notBeforeMs: number;
  readonly expMs: number;
  readonly deadlines: Deadlines;
}

export interface SimJob {
  readonly id: JobId;
  readonly kind: "change" | "collect";
  readonly notBeforeMs: number;
  readonly expMs: number;
  readonly waves: readonly { readonly notBeforeMs: number }[];
  readonly manifests: readonly SimManifest[];
}

/** One (manifest, attempt), as one word. */
export const keyText = (key: { readonly manifest: Digest; readonly attempt: number }): string =>
  `${key.manifest}:${key.attempt}`;

export const targetOf = (manifest: Digest): string => `config of ${manifest.slice(0, 12)}`;

/** A plan over some devices as they are now: what people would have signed. */
export function planJob(env: Environment, number: number, sites: readonly Site[]): SimJob {
  const { random } = env;
  const id = `job-${number}` as JobId;
  const kind = random.chance(0.75) ? "change" : "collect";
  const nowMs = BIRTH_MS + env.queue.nowMs;
  const notBeforeMs = nowMs + (random.chance(0.2) ? random.integer(1_000, 60_000) : 0);
  const expMs = notBeforeMs + (random.chance(0.25) ? random.integer(20_000, 200_000) : 7_200_000);
  const waveCount = random.integer(1, 3);
  const waves = Array.from({ length: waveCount }, (_, wave) => ({
    notBeforeMs: notBeforeMs + (wave > 0 && random.chance(0.3) ? random.integer(1_000, 40_000) : 0),
  }));
  const manifests: SimManifest[] = [];
  for (const site of sites) {
    if (random.chance(0.15)) continue;
    const devices = site.devices.filter(() => random.chance(0.7));
    if (devices.length === 0) continue;
    const cut = random.chance(0.4) ? random.integer(0, devices.length) : devices.length;
    for (const part of [devices.slice(0, cut), devices.slice(cut)]) {
      if (part.length === 0) continue;
      manifests.push(manifestOf(env, { id, kind, notBeforeMs, expMs, waveCount }, site, part, manifests.length));
    }
  }
  return { id, kind, notBeforeMs, expMs, waves, manifests };
}

function manifestOf(
  env: Environment,
  job: { id: JobId; kind: SimManifest["kind"]; notBeforeMs: number; expMs: number; waveCount: number },
  site: Site,
  devices: readonly SimDevice[],
  position: number,
): SimManifest {
  const { random } = env;
  return {
    digest: sha256(`${env.seed} ${job.id} ${position}`),
    job: job.id,
    agent: site.agent,
    site: site.site,
    wave: random.integer(0, job.waveCount - 1),
    position,
    kind: job.kind,
    devices: devices.map((device) => device.id),
    preImage: new Map(devices.map((device) => [device.id, device.running])),
    notBeforeMs: job.notBeforeMs,
    expMs: job.expMs,
    deadlines: {
      connectMs: 5_000,
      commandMs: 5_000,
      taskMs: 30_000,
      jobMs: random.integer(30, 300) * 1_000,
      confirmMs: random.integer(5, 40) * 1_000,
    },
  };
}
