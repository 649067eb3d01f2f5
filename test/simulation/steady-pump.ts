import { applyBacklog } from "../../hub/ingest/apply.ts";
import { Pump, pumpOnce, type PumpDeps } from "../../hub/ingest/pump.ts";
import { streamsBehind } from "../../hub/store/streams.ts";

/**
 * The hub's pump, but one stream after the other: signatures are checked on other threads, and which one is ready first must
 * not decide what a seed does.
 */
export class SteadyPump extends Pump {
  readonly #deps: PumpDeps;

  constructor(deps: PumpDeps) {
    super(deps);
    this.#deps = deps;
  }

  override kick(): void {
    // Who kicks also waits.
  }

  override async idle(): Promise<void> {
    const { clock, random } = this.#deps;
    do {
      for (const stream of await streamsBehind(this.#deps.store)) {
        await applyBacklog(this.#deps, stream.id, { nowMs: clock.nowMs(), random });
      }
    } while (await pumpOnce(this.#deps));
  }
}
