import type { CredentialName, DeviceId, HopId, SiteId } from "./ids.ts";

/** More than these in a row are no way that anybody meant. */
export const HOPS_MAX = 3;

interface Step {
  readonly site: SiteId;
  readonly via?: HopId | undefined;
}
interface Login {
  readonly address: string;
  readonly port: number;
  readonly credential: CredentialName;
}
type HopStep = Step & { readonly id: HopId };
type DeviceStep = Step & { readonly id: DeviceId };

export interface PathFault {
  readonly path: [list: "hops" | "devices", index: number, member: "id" | "site" | "via" | "credential"];
  readonly message: string;
}

/** The hops in the order in which they are dialled. Stops at a circle, at a name that is unknown, and after one too many. */
export function pathOf<H extends HopStep>(step: Step, hops: ReadonlyMap<HopId, H>): readonly H[] {
  const path: H[] = [];
  for (let via = step.via; via !== undefined && path.length <= HOPS_MAX; via = path[0]?.via) {
    const hop = hops.get(via);
    if (!hop || path.includes(hop)) break;
    path.unshift(hop);
  }
  return path;
}

/** Whatever is wrong with the ways: unknown hops, circles, ways that are too long or lead through another site. */
export function pathFaults(
  hops: readonly (HopStep & Login)[],
  devices: readonly (DeviceStep & Login)[],
  sites: ReadonlySet<SiteId>,
): PathFault[] {
  const faults: PathFault[] = [];
  const known = new Map(hops.map((hop) => [hop.id, hop]));
  const ids = new Set<string>(devices.map((device) => device.id));
  const loginOf = ({ site, address, port, credential }: Step & Login) => `${site} ${address} ${port} ${credential}`;
  const logins = new Map(devices.map((device) => [loginOf(device), device.id]));
  hops.forEach((hop, index) => {
    // One namespace: what is refused or stopped is told by this name.
    if (ids.has(hop.id)) faults.push({ path: ["hops", index, "id"], message: `${hop.id} stands twice` });
    ids.add(hop.id);
    if (!sites.has(hop.site)) faults.push({ path: ["hops", index, "site"], message: `no site ${hop.site}` });
    const shared = logins.get(loginOf(hop));
    if (shared !== undefined) {
      const message = `${hop.id} logs in as ${shared} does: rotated, its password would close the way; give the hop an account of its own`;
      faults.push({ path: ["hops", index, "credential"], message });
    }
  });
  const check = (list: "hops" | "devices", step: HopStep | DeviceStep, index: number): void => {
    const message = stepFault(step, known, list === "hops" ? HOPS_MAX - 1 : HOPS_MAX);
    if (message !== null) faults.push({ path: [list, index, "via"], message });
  };
  hops.forEach((hop, index) => check("hops", hop, index));
  devices.forEach((device, index) => check("devices", device, index));
  return faults;
}

function stepFault(step: HopStep | DeviceStep, hops: ReadonlyMap<HopId, HopStep>, hopsMax: number): string | null {
  if (step.via === undefined) return null;
  const next = hops.get(step.via);
  if (!next) return `no hop ${step.via}`;
  // A credential of one site is never used for another's.
  if (next.site !== step.site) return `hop ${next.id} is at ${next.site}, ${step.id} at ${step.site}`;
  const path = pathOf(step, hops);
  const [first] = path;
  const isCircle = path.length <= HOPS_MAX && first?.via !== undefined && path.some((hop) => hop.id === first.via);
  if (isCircle || path.some((hop) => hop.id === (step.id as string))) return `the way of ${step.id} is a circle`;
  return path.length > hopsMax ? `the way of ${step.id} has more than ${HOPS_MAX} hops` : null;
}
