import type { Bytes } from "../shared/bytes.ts";
import { FarhandError } from "../shared/errors.ts";
import type { AgentId } from "../shared/ids.ts";
import type { DownHeader } from "../shared/wire/messages.ts";
import type { Link } from "./link/link.ts";
import { TrustParts } from "./link/trust-parts.ts";
import type { AgentLog } from "./log.ts";
import type { Runner } from "./run/runner.ts";
import type { Trust } from "./trust.ts";
import type { Witness } from "./witness.ts";

export interface TrustNewsOptions {
  readonly agent: AgentId;
  readonly trust: Pick<Trust, "take" | "facts" | "ban">;
  readonly witness: Pick<Witness, "tell">;
  readonly link: Pick<Link, "say">;
  readonly runner: Pick<Runner, "bar">;
  readonly log: AgentLog;
}

/** The signed set as the line brings it, in parts: taken whole or refused, and answered either way. */
export class TrustNews {
  readonly #o: TrustNewsOptions;
  readonly #parts = new TrustParts();
  #barred = false;

  constructor(options: TrustNewsOptions) {
    this.#o = options;
  }

  async take(header: DownHeader<"trust">, part: Bytes): Promise<void> {
    const { trust, witness, link, log } = this.#o;
    try {
      const update = this.#parts.take(header, part);
      if (!update) return;
      const moved = await trust.take(update);
      const { versions } = trust.facts;
      if (moved) log.info("trust", { detail: `root ${versions.root}, targets ${versions.targets}` });
      if (moved) await witness.tell();
      link.say("trusted", { held: versions, code: null, detail: "" });
    } catch (error) {
      if (!(error instanceof FarhandError)) throw error;
      const detail = error.detail ?? "";
      log.warn("trust-refused", { code: error.code, detail });
      link.say("trusted", { held: trust.facts.versions, code: error.code, detail: detail.slice(0, 500) });
    }
    this.stopIfBanned();
  }

  /** On the word of a keyadmin, never of the hub: a hub that says so may close the link, which is all. */
  stopIfBanned(): void {
    const ban = this.#o.trust.ban(this.#o.agent);
    if (!ban || this.#barred) return;
    this.#barred = true;
    this.#o.log.error("banned", { code: "AGENT_BANNED", detail: ban.reason });
    this.#o.runner.bar(new FarhandError("AGENT_BANNED", ban.reason));
  }
}
