import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { JobView, WarrantBundle } from "../../api/client/index.ts";
import type { UndoCost } from "../../../shared/documents/common.ts";
import { PlanReceipt, type PlannedDevice } from "../../../shared/documents/receipt.ts";
import { warrantQuery } from "../queries.ts";

/** What the agents' plan receipts add to the job's own view. Shown for reading; `farhand review` is what verifies them. */
export type Plans = ReadonlyMap<string, PlannedDevice>;

const DEVICES_MAX = 1_000;

function payloadOf(base64url: string): unknown {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

export function readPlans(bundle: WarrantBundle): Plans {
  const plans = new Map<string, PlannedDevice>();
  for (const envelope of bundle.plans) {
    let payload: unknown;
    try {
      payload = payloadOf(envelope.payload);
    } catch {
      continue;
    }
    const receipt = PlanReceipt.safeParse(payload);
    if (!receipt.success) continue;
    for (const device of receipt.data.devices) if (device.ok) plans.set(device.device, device);
  }
  return plans;
}

/** Empty while unknown, and for jobs so large that the command line is the better place to read them. */
export function usePlans(job: JobView): Plans {
  const bundle = useQuery({
    ...warrantQuery(job.id, job.warrant),
    enabled: job.kind === "change" && job.warrant !== null && job.devices <= DEVICES_MAX,
  });
  return useMemo(() => (bundle.data ? readPlans(bundle.data) : new Map<string, PlannedDevice>()), [bundle.data]);
}

export function undoText(cost: UndoCost): string {
  switch (cost.kind) {
    case "in-place":
      return "in place";
    case "sessions-lost":
      return "sessions are lost";
    case "reboot":
      return `reboot of about ${cost.minutes} min`;
  }
}

/** What the plans of a group of devices say in common, or that they do not agree. */
export interface PlanSummary {
  readonly undo: string;
  readonly how: string;
  readonly management: number;
}

export function summarise(devices: readonly string[], plans: Plans): PlanSummary | undefined {
  const found = devices.flatMap((device) => plans.get(device) ?? []);
  if (found.length === 0) return undefined;
  const all = (textOf: (plan: PlannedDevice) => string): string =>
    [...new Set(found.map(textOf))].toSorted().join(" or ");
  return {
    undo: all((plan) => undoText(plan.undoCost)),
    how: `${all((plan) => plan.mode)} · driver evidence: ${all((plan) => plan.evidence)} · platform: ${all((plan) => plan.platform)}`,
    management: found.filter((plan) => plan.touchesManagement).length,
  };
}

export const levelMeans = {
  A: "candidate, all-or-nothing commit and device timer",
  B: "native replace or merge and device timer",
  C: "no candidate; a device-side scheduler or safe mode undoes it",
  D: "the agent's timer with a computed inverse or a restored snapshot",
  E: "no undo: reads only, unless the warrant accepts it by name",
} as const;
