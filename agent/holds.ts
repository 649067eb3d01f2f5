import type { Clock } from "../shared/clock.ts";
import { holdText, type Hold } from "../shared/documents/hold.ts";
import type { Envelope } from "../shared/envelope.ts";
import { FarhandError } from "../shared/errors.ts";
import type { DeviceId, SiteId } from "../shared/ids.ts";
import type { Store } from "../shared/store.ts";
import { isHeld, verifyHold } from "../shared/verify/hands.ts";
import { newestHold, putHold } from "./journal/holds.ts";
import type { AgentLog } from "./log.ts";
import type { Trust } from "./trust.ts";

export interface HoldsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly trust: Pick<Trust, "keys" | "inventory">;
  readonly site: SiteId;
  readonly log: AgentLog;
}

/** Whose devices nobody but their holders may change. A hub brings these documents and can withhold one; it can make none. */
export class Holds {
  readonly #options: HoldsOptions;

  constructor(options: HoldsOptions) {
    this.#options = options;
  }

  /** Takes a hold, or what lifts one. Durable when it resolves. Throws why it does not count. */
  async take(envelope: Envelope): Promise<void> {
    const { store, trust, site, log } = this.#options;
    const { inventory } = trust;
    if (!inventory) throw new FarhandError("INVENTORY_MISMATCH", "this agent holds no signed inventory yet");
    const hold = await verifyHold(envelope, { trust: trust.keys, inventory, site });
    if (!(await store.tx("hold", (tx) => putHold(tx, hold, envelope)))) return;
    log.info(hold.held ? "held" : "released", { detail: `${hold.device} ${holdText(hold)}` });
  }

  /** What stands on the device now. By the clock of this host: a hold ends by itself where it says when. */
  async standing(device: DeviceId): Promise<Hold | undefined> {
    const { store, clock } = this.#options;
    const hold = await store.read((tx) => newestHold(tx, device));
    return hold && isHeld(hold, clock.nowMs()) ? hold : undefined;
  }

  /** Throws HELD for the first of them that a person holds. */
  async requireFree(devices: readonly DeviceId[]): Promise<void> {
    for (const device of devices) {
      const hold = await this.standing(device);
      if (hold) throw new FarhandError("HELD", `${device} ${holdText(hold)}`);
    }
  }
}
