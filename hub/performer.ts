import { errorCode } from "../shared/errors.ts";
import type { JobId } from "../shared/ids.ts";
import type { EffectSink, HubEffect } from "./effects.ts";
import type { Links } from "./links/registry.ts";
import type { Log } from "./log.ts";

/** Given once everything stands: the pump, the composer and the links each need the sink before. */
export interface Performers {
  readonly links: Links;
  readonly compose: (job: JobId) => Promise<void>;
  readonly kick: () => void;
  readonly watchers: { moved(): void };
}

/**
 * Does what the cores asked for. Everything here may be lost: the ticker, the next hello and `resume` ask again. A job is
 * composed once at a time, because two compositions of one job would be two warrants.
 */
export class Performer implements EffectSink {
  readonly #log: Log;
  readonly #composing = new Set<JobId>();
  #performers: Performers | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  attach(performers: Performers): void {
    this.#performers = performers;
  }

  perform(effects: readonly HubEffect[]): void {
    const to = this.#performers;
    if (!to) return;
    for (const effect of effects) {
      if (effect.type === "compose") this.#compose(to, effect.job);
      else to.links.perform(effect);
    }
    if (effects.length > 0) to.kick();
  }

  moved(): void {
    this.#performers?.watchers.moved();
  }

  #compose(to: Performers, job: JobId): void {
    if (this.#composing.has(job)) return;
    this.#composing.add(job);
    to.compose(job)
      .catch((error: unknown) => {
        this.#log.error("compose", { job, code: errorCode(error), detail: String(error).slice(0, 500) });
      })
      .finally(() => {
        this.#composing.delete(job);
        to.kick();
        this.moved();
      });
  }
}
