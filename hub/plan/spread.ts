import type { InventoryView } from "../../shared/trust.ts";
import type { Agents } from "../../shared/documents/agents.ts";
import type { TaskSpec } from "../../shared/documents/manifest.ts";
import { jcs } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, DeviceId, SiteId } from "../../shared/ids.ts";
import { MANIFEST_TASK_BYTES_MAX } from "./defaults.ts";

export interface Place {
  readonly agent: AgentId;
  readonly site: SiteId;
}

/** Which agent works on a device: of the site's countersigned ones the first by id, so that the same request gives the same plan. */
export class Places {
  readonly #inventory: InventoryView;
  readonly #only: AgentId | undefined;
  readonly #bySite = new Map<SiteId, AgentId>();

  /** `only`: this agent and no other. */
  constructor(inventory: InventoryView, agents: Agents | undefined, only?: AgentId) {
    this.#inventory = inventory;
    this.#only = only;
    for (const entry of (agents?.agents ?? []).toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      if (only !== undefined && entry.id !== only) continue;
      if (entry.status === "active" && !this.#bySite.has(entry.site)) this.#bySite.set(entry.site, entry.id);
    }
  }

  of(device: DeviceId): Place {
    const found = this.#inventory.device(device);
    if (!found) throw new FarhandError("NOT_FOUND", `no device ${device} in the signed inventory`);
    const agent = this.#bySite.get(found.site);
    const asked = this.#only === undefined ? "agent" : `agent ${this.#only}`;
    if (!agent) throw new FarhandError("CONFLICT", `site ${found.site} has no approved ${asked}`);
    return { agent, site: found.site };
  }
}

export interface Share<T extends TaskSpec> extends Place {
  readonly tasks: readonly T[];
}

/** One share per agent, or more where a manifest would grow too large; agents and tasks in the order of the request. */
export function sharesOf<T extends TaskSpec>(
  tasks: readonly T[],
  placeOf: (task: T) => Place,
  tasksMax: number,
): Share<T>[] {
  const byAgent = new Map<AgentId, { place: Place; tasks: T[] }>();
  for (const task of tasks) {
    const place = placeOf(task);
    const held = byAgent.get(place.agent);
    if (held) held.tasks.push(task);
    else byAgent.set(place.agent, { place, tasks: [task] });
  }
  return [...byAgent.values()].flatMap(({ place, tasks: own }) =>
    chunks(own, tasksMax).map((part) => ({ ...place, tasks: part })),
  );
}

function chunks<T extends TaskSpec>(tasks: readonly T[], tasksMax: number): T[][] {
  const parts: T[][] = [];
  let part: T[] = [];
  let bytes = 0;
  for (const task of tasks) {
    const size = jcs(task).length + 1;
    if (part.length > 0 && (part.length >= tasksMax || bytes + size > MANIFEST_TASK_BYTES_MAX)) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(task);
    bytes += size;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** Throws SCHEMA when a device stands twice. */
export function refuseDoubles(devices: readonly DeviceId[], where: string): void {
  const seen = new Set<DeviceId>();
  for (const device of devices) {
    if (seen.has(device)) throw new FarhandError("SCHEMA", `${where}: ${device} stands twice`);
    seen.add(device);
  }
}
