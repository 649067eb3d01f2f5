import type { Clock } from "../shared/clock.ts";
import { errorCode, FarhandError, type ErrorCode } from "../shared/errors.ts";
import type { AgentId, CredentialName, SiteId } from "../shared/ids.ts";
import type { PrivateJwk } from "../shared/keys.ts";
import type { Store } from "../shared/store.ts";
import type { DownHeader, UpHeader } from "../shared/wire/messages.ts";
import { stoppedCredentials } from "./journal/logins.ts";
import { timeFloorMs } from "./journal/meta.ts";
import type { AgentLog } from "./log.ts";
import type { Trust } from "./trust.ts";
import { receiveCredential } from "./vault/receive.ts";
import type { Vault } from "./vault/vault.ts";
import { CLOCK_ERROR_MS } from "./verify/verifier.ts";

const ITEMS_MAX = 400;

export interface CredentialsOptions {
  readonly vault: Vault;
  readonly store: Store;
  readonly trust: Trust;
  readonly clock: Clock;
  readonly site: SiteId;
  readonly agent: AgentId;
  readonly box: PrivateJwk;
  readonly log: AgentLog;
  readonly say: (header: UpHeader<"credentials">) => void;
  /** A newer version is held: who waits for a budget looks again. */
  readonly changed: (name: CredentialName) => void;
}

/** Sealed credentials as they come, and what is told of the vault: names, versions and whether one is stopped. */
export class Credentials {
  readonly #options: CredentialsOptions;

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /** Answered once it is committed, or with why it was refused. */
  async take(header: DownHeader<"credential">, bytes: Uint8Array): Promise<void> {
    const { log } = this.#options;
    let code: ErrorCode | null = null;
    try {
      const { kind, name, version, outcome, document } = await this.receive(bytes);
      if (document !== header.document) throw new FarhandError("PROTOCOL", "another document than its header names");
      log.info("credential", { detail: `${kind} ${name} version ${version} ${outcome}` });
    } catch (error) {
      code = errorCode(error);
      const detail = error instanceof FarhandError ? error.detail : undefined;
      log.warn("credential-refused", { code, ...(detail === undefined ? {} : { detail }) });
    }
    await this.report([{ document: header.document, code }]);
  }

  /** The same from a file. Throws with a stable code. */
  async receive(bytes: Uint8Array): ReturnType<typeof receiveCredential> {
    const { vault, store, trust, clock, site, agent, box, changed } = this.#options;
    const floorMs = await store.read(timeFloorMs);
    const time = { nowMs: clock.nowMs(), errorMs: CLOCK_ERROR_MS, floorMs };
    const received = await receiveCredential(bytes, { vault, trust: trust.keys, site, agent, time, box });
    changed(received.name);
    return received;
  }

  async report(answers: UpHeader<"credentials">["answers"] = []): Promise<void> {
    for (const words of await this.words(answers)) this.#options.say(words);
  }

  /** What `report` says, for whichever carrier. */
  async words(answers: UpHeader<"credentials">["answers"]): Promise<UpHeader<"credentials">[]> {
    const { vault, store } = this.#options;
    const stops = new Map((await store.read(stoppedCredentials)).map((stop) => [stop.name, stop.version]));
    const items = (await vault.held()).map(({ kind, name, current, atMs }) => ({
      kind,
      name,
      version: current,
      stopped: kind === "credential" && (stops.get(name) ?? 0) >= current,
      atMs,
    }));
    const words: UpHeader<"credentials">[] = [];
    for (let at = 0; at === 0 || at < items.length; at += ITEMS_MAX) {
      const more = at + ITEMS_MAX < items.length;
      words.push({ items: items.slice(at, at + ITEMS_MAX), more, answers: at === 0 ? answers : [] });
    }
    return words;
  }
}
