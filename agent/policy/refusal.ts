import type { JobKind, Risk } from "../../shared/documents/common.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { CredentialName, DeviceId, Digest, PlatformId } from "../../shared/ids.ts";
import type { LocalPolicy } from "./document.ts";
import { isWithin } from "./windows.ts";

/** What a policy is asked about: a manifest that wants to begin, or one task of it. Derived here, never as a document claims it. */
export interface PolicyQuestion {
  readonly kind: JobKind;
  readonly risk: Risk;
  readonly devices: readonly {
    readonly id: DeviceId;
    /** Its own, and those of the hops on the way to it. */
    readonly credentials: readonly CredentialName[];
    readonly platform: PlatformId;
    readonly driver: Digest | undefined;
  }[];
  /** When it would begin. */
  readonly beginsMs: number;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
}

/**
 * The first reason why this policy does not let it begin; null where there is none. It only ever refuses: what else holds is asked elsewhere, and
 * no answer of this one stands in for another.
 */
export function refusalOf(policy: LocalPolicy, question: PolicyQuestion): Refusal | null {
  const { kind, risk, devices, beginsMs } = question;
  const no = (detail: string): Refusal => ({ code: "LOCAL_POLICY", detail });
  if (policy.stop !== undefined) return { code: "LOCAL_STOP", detail: policy.stop };
  if (policy.kinds && !policy.kinds.includes(kind)) return no(`no ${kind}`);
  if (policy.risks && !policy.risks.includes(risk)) return no(`nothing that is a ${risk}`);
  for (const device of devices) {
    if (!isAllowed(policy, device)) return no(`not ${device.id} with ${device.credentials.join(", ")}`);
    const drivers = policy.platforms?.[device.platform];
    if (drivers && (device.driver === undefined || !drivers.includes(device.driver)))
      return no(`not this platform file of ${device.platform}`);
  }
  if (policy.devicesPerManifestMax !== undefined && devices.length > policy.devicesPerManifestMax)
    return {
      code: "LOCAL_LIMIT",
      detail: `${devices.length} devices, at most ${policy.devicesPerManifestMax} at once`,
    };
  if (risk === "read") return null;
  if (policy.changesPerHourMax !== undefined && devices.length > policy.changesPerHourMax)
    return { code: "LOCAL_LIMIT", detail: `${devices.length} devices, at most ${policy.changesPerHourMax} an hour` };
  if (policy.windows && !isWithin(policy.windows, beginsMs))
    return {
      code: "LOCAL_WINDOW",
      detail: `closed at ${new Date(beginsMs).toISOString()} (${policy.windows.timeZone})`,
    };
  return null;
}

/** Whether it is on the lists of devices and credentials. */
export const isAllowed = (
  policy: LocalPolicy,
  device: Pick<PolicyQuestion["devices"][number], "id" | "credentials">,
): boolean =>
  (policy.devices?.includes(device.id) ?? true) &&
  device.credentials.every((credential) => policy.credentials?.includes(credential) ?? true);
