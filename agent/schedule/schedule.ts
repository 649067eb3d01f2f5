import { fromBase64url, jcs, parseCanonical, sha256, toBase64url } from "../../shared/bytes.ts";
import type { Clock } from "../../shared/clock.ts";
import { Grant, type ScheduleEntry } from "../../shared/documents/grant.ts";
import { Manifest, type Deadlines, type TaskSpec } from "../../shared/documents/manifest.ts";
import { readAs, type Envelope } from "../../shared/envelope.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import type { AgentId, DeviceId, JobId, SiteId } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import type { VerifiedGrant } from "../../shared/verify/work.ts";
import { selects } from "../../shared/verify/grant-scope.ts";
import type { Intake } from "../intake.ts";
import type { AgentLog } from "../log.ts";
import { credentialsTo, type LocalRules } from "../policy/local-policy.ts";
import { isAllowed } from "../policy/refusal.ts";
import type { Trust } from "../trust.ts";
import type { Verifier } from "../verify/verifier.ts";
import { slotAt } from "./slots.ts";
import { dropGrant, keepGrant, moveProgress, progressOf, standingGrants, type Progress } from "./store.ts";

export interface ScheduleOptions {
  readonly store: Store;
  readonly trust: Trust;
  readonly verifier: Verifier;
  readonly intake: Intake;
  readonly local: LocalRules;
  readonly clock: Clock;
  readonly agent: AgentId;
  readonly site: SiteId;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: AgentLog;
}

/** Devices in one manifest. */
const TASKS_MAX = 500;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const DEADLINES: Deadlines = {
  connectMs: 15_000,
  commandMs: 60_000,
  taskMs: 900_000,
  jobMs: 4 * 3_600_000,
  confirmMs: 120_000,
};
const TICK_MS = 60_000;
/** A fault of the moment: the same slot is tried again at the next tick. */
const AGAIN: ReadonlySet<ErrorCode> = new Set([
  "GRANT_RATE",
  "CONFLICT",
  "DISK_FULL",
  "INVENTORY_MISMATCH",
  "IO",
  "LOCAL_STOP",
]);

/** Reads that an agent does by its own clock: the manifest is its own, the permission is people's, and every check is the one of any work. */
export class Schedule {
  readonly #options: ScheduleOptions;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** A grant that names a schedule, from the hub or a bundle. Kept once it holds; what is not for this site is refused. */
  async take(envelope: Envelope): Promise<void> {
    const { store, clock, site, log } = this.#options;
    const { grant, digest } = await this.#verified(envelope);
    if (!grant.schedule) throw new FarhandError("GRANT_SCOPE", "the grant has no schedule");
    if (!grant.sites.includes(site)) throw new FarhandError("WRONG_SITE", grant.sites.slice(0, 8).join(", "));
    const isNew = await store.tx("grant", async (tx) => {
      if (!(await keepGrant(tx, { id: grant.id, iat: grant.iat, digest, envelope }))) return false;
      // What was due before it came here is not made up for: the next time is the first.
      for (const [entry, rule] of (grant.schedule ?? []).entries()) {
        const slot = slotAt(rule, this.#options.agent, clock.nowMs());
        await moveProgress(tx, { grant: digest, entry }, undefined, { slot, after: null, done: true });
      }
      return true;
    });
    if (isNew) log.info("schedule", { detail: `grant ${grant.id}` });
  }

  /** Owns the timer of all schedules. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await clock.sleep(TICK_MS, signal);
        await this.tick();
      } catch (error) {
        if (!signal.aborted) log.error("schedule", { code: errorCode(error), detail: String(error) });
      }
    }
  }

  /** Makes the work that is due. */
  async tick(): Promise<void> {
    if (!this.#isFirstOfSite()) return;
    const { store, log, clock } = this.#options;
    for (const { digest, envelope } of await store.read(standingGrants)) {
      try {
        const { grant } = await this.#verified(envelope);
        for (const entry of (grant.schedule ?? []).keys()) await this.#advance(envelope, grant, entry);
      } catch (error) {
        if (!(error instanceof FarhandError)) throw error;
        log.warn("schedule-refused", { code: error.code, detail: error.detail ?? "" });
        const stale = readAs(Grant, parseCanonical(fromBase64url(envelope.payload)));
        if (error.code === "EXPIRED" && stale.exp * 1000 <= clock.nowMs())
          await store.tx("grant-end", (tx) => dropGrant(tx, digest));
      }
    }
  }

  /** Of several agents at a site one does it: the first that is active, by name. */
  #isFirstOfSite(): boolean {
    const { trust, site, agent } = this.#options;
    const active = (trust.agents?.document.agents ?? []).filter(
      (entry) => entry.site === site && entry.status === "active",
    );
    const first = active.map((entry) => entry.id).toSorted()[0];
    return first === undefined || first === agent;
  }

  #verified(envelope: Envelope): Promise<VerifiedGrant> {
    return this.#options.verifier.grant(envelope);
  }

  async #advance(envelope: Envelope, grant: Grant, entry: number): Promise<void> {
    const rule = grant.schedule?.[entry];
    if (!rule) return;
    const { store, clock, agent, log } = this.#options;
    const digest = sha256(jcs(grant));
    const slot = slotAt(rule, agent, clock.nowMs());
    for (;;) {
      const held = await store.read((tx) => progressOf(tx, digest, entry));
      if (held && (held.slot > slot || (held.slot === slot && held.done))) return;
      const after = held?.slot === slot ? held.after : null;
      const left = this.#devicesAfter(grant, after);
      const atOnceMax = this.#options.local.read()?.devicesPerManifestMax ?? TASKS_MAX;
      const some = left.slice(0, Math.min(TASKS_MAX, atOnceMax, grant.rate.devicesPerMinute));
      const last = some.at(-1);
      const to: Progress = { slot, after: last ?? after, done: some.length === left.length };
      const move = { at: { grant: digest, entry }, from: held, to };
      if (last === undefined) {
        await store.tx("schedule", (tx) => moveProgress(tx, move.at, move.from, move.to));
        return;
      }
      const bytes = jcs(this.#manifest(grant, rule, { slot, entry, devices: some }));
      const taken = await this.#options.intake.takeOwn({
        authority: { kind: "grant", sha256: digest },
        envelope,
        manifest: bytes,
        before: (tx) => moveProgress(tx, move.at, move.from, move.to),
      });
      if (taken.outcome !== "refused" && taken.outcome !== "transient") continue;
      log.warn("schedule-refused", { code: taken.code, detail: taken.detail ?? "" });
      if (AGAIN.has(taken.code)) return;
      // A person must do something about it first; until the next time nothing comes of trying again.
      await store.tx("schedule", (tx) => moveProgress(tx, move.at, move.from, { ...to, done: true }));
      return;
    }
  }

  #devicesAfter(grant: Grant, after: DeviceId | null): DeviceId[] {
    const { trust, site, local } = this.#options;
    const { inventory } = trust;
    const devices = inventory?.devicesAt(site) ?? [];
    const policy = local.read();
    return devices
      .filter(
        (device) =>
          !policy || !inventory || isAllowed(policy, { id: device.id, credentials: credentialsTo(device, inventory) }),
      )
      .filter((device) => grant.selectors.some((selector) => selects(selector, device)))
      .map((device) => device.id)
      .toSorted()
      .filter((id) => after === null || id > after);
  }

  #manifest(grant: Grant, rule: ScheduleEntry, of: { slot: number; entry: number; devices: DeviceId[] }): Manifest {
    const { trust, agent, site, randomBytes } = this.#options;
    if (!trust.inventory) throw new FarhandError("INVENTORY_MISMATCH", "no signed inventory yet");
    const name = sha256(jcs([agent, grant.id, sha256(jcs(grant)), of.entry, of.slot, of.devices[0]])).slice(0, 20);
    return readAs(Manifest, {
      type: "manifest",
      v: 1,
      org: grant.org,
      salt: toBase64url(randomBytes(16)),
      job: `own-${name}` as JobId,
      site,
      agents: [agent],
      inventory: trust.inventory.digest,
      platforms: {},
      deadlines: DEADLINES,
      outputBytesMax: OUTPUT_BYTES_MAX,
      tasks: of.devices.map((device): TaskSpec => ({ kind: rule.kind, device })),
    });
  }
}
