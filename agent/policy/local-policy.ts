import { riskRank, type Risk } from "../../shared/documents/common.ts";
import type { Device } from "../../shared/documents/inventory.ts";
import type { Manifest, TaskSpec } from "../../shared/documents/manifest.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { CredentialName, DeviceId, Digest, PlatformId } from "../../shared/ids.ts";
import type { InventoryView } from "../../shared/trust.ts";
import { bucketHolds, spendBucket, type Bucket } from "../journal/admission.ts";
import type { Tx } from "../../shared/store.ts";
import type { LocalPolicy } from "./document.ts";
import { readPolicyFile, stands } from "./file.ts";
import { refusalOf } from "./refusal.ts";

const HOUR_MS = 3_600_000;
const BUCKET = "local-policy:changes";

/** What logs in on the way to a device, the device itself last. */
export const credentialsTo = (device: Device, inventory: InventoryView): CredentialName[] => [
  ...inventory.pathTo(device).map((hop) => hop.credential),
  device.credential,
];

/** What stands when it is asked, not when the agent started. */
export interface PolicyFacts {
  readonly inventory: InventoryView;
  readonly riskOf: (task: TaskSpec) => Risk;
  readonly driverDigest: (platform: PlatformId) => Digest | undefined;
  readonly beginsMs: number;
}

/**
 * The policy file of the jump host's owner. It is read each time that something wants to begin, so that a change of it counts from then on; a file
 * that cannot be read, or is not one, lets nothing begin.
 */
export class LocalRules {
  readonly #path: string | undefined;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Throws what a person must mend. Null where no file was named. */
  read(): LocalPolicy | null {
    if (this.#path === undefined) return null;
    const policy = readPolicyFile(this.#path);
    const { stopFile } = policy;
    if (policy.stop === undefined && stopFile !== undefined && stands(stopFile))
      return { ...policy, stop: `${stopFile} exists` };
    return policy;
  }

  /** For who looks: what is wrong with the file, if anything is. */
  fault(): FarhandError | null {
    try {
      this.read();
      return null;
    } catch (error) {
      return error instanceof FarhandError ? error : new FarhandError(errorCode(error));
    }
  }

  /** What a device's budget is narrowed to. A file that is not one lets nothing begin, so that it need not narrow. */
  limitsOf(device: DeviceId): {
    readonly sessions?: number | undefined;
    readonly connectsPerMinute?: number | undefined;
  } {
    try {
      return this.read()?.deviceLimits?.[device] ?? {};
    } catch {
      return {};
    }
  }

  /** Throws the refusal of a manifest, or of one task of it. */
  check(manifest: Pick<Manifest, "tasks">, facts: PolicyFacts): void {
    const policy = this.read();
    const [first] = manifest.tasks;
    if (!policy || !first) return;
    const risk = manifest.tasks
      .map(facts.riskOf)
      .reduce((worst, next) => (riskRank[next] > riskRank[worst] ? next : worst), "read");
    const devices = manifest.tasks.map((task) => {
      const device = facts.inventory.device(task.device);
      if (!device) throw new FarhandError("INVENTORY_MISMATCH", task.device);
      const { id, platform } = device;
      return {
        id,
        platform,
        credentials: credentialsTo(device, facts.inventory),
        driver: facts.driverDigest(platform),
      };
    });
    const refusal = refusalOf(policy, { kind: first.kind, risk, devices, beginsMs: facts.beginsMs });
    if (refusal) throw new FarhandError(refusal.code, refusal.detail);
  }

  /** Whether so many devices could be changed now. Nothing is counted: it has not begun. */
  async requireRoom(tx: Pick<Tx, "get">, changes: number, nowMs: number): Promise<void> {
    const bucket = this.#bucket(changes);
    if (bucket && !(await bucketHolds(tx, bucket, changes, nowMs))) throw tooMany(bucket.size);
  }

  /** Counts them, in the transaction in which they begin. */
  async spend(tx: Tx, changes: number, nowMs: number): Promise<void> {
    const bucket = this.#bucket(changes);
    if (bucket && !(await spendBucket(tx, bucket, changes, nowMs))) throw tooMany(bucket.size);
  }

  #bucket(changes: number): Bucket | undefined {
    const size = changes === 0 ? undefined : this.read()?.changesPerHourMax;
    return size === undefined ? undefined : { name: BUCKET, size, fullMs: HOUR_MS };
  }
}

const tooMany = (perHour: number): FarhandError => new FarhandError("LOCAL_LIMIT", `${perHour} devices an hour`);
