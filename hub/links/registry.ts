import type { HubEffect } from "../effects.ts";
import type { AgentId } from "../../shared/ids.ts";
import type { AssignmentKey } from "../core/model.ts";

/** What the rest of the hub may ask of a live session, whatever carries it. */
export interface LiveSession {
  wake(): void;
  cancel(key: AssignmentKey): void;
  settled(key: AssignmentKey): void;
  /** As `wake`, even if that was said and nothing came of it. */
  wakeAgain(): void;
  /** Newer documents are in force: it may no longer be let in, and is told of them if it is. */
  trustChanged(): void;
  /** The hub has signed a newer checkpoint of its audit log. */
  checkpointMoved(): void;
  /** A sealed credential waits for the agent. */
  credentials(): void;
  /** There is a newer grant: its site may have to carry it out by its own clock. */
  grantsMoved(): void;
  /** A person keeps hands off a device, or has lifted that. */
  holdsMoved(): void;
  /** A keyadmin has signed that it may take work again. */
  readmitted(): void;
  /** A newer session of the same agent has begun. */
  displace(): void;
  /** A person wants it closed. */
  kick(): void;
}

/** Which agents are connected to this process. The newest hello wins; losing an entry loses nothing but time. */
export class Links {
  readonly #live = new Map<AgentId, LiveSession>();

  attach(agent: AgentId, session: LiveSession): void {
    const older = this.#live.get(agent);
    this.#live.set(agent, session);
    older?.displace();
  }

  /** True when the agent has no session now. */
  detach(agent: AgentId, session: LiveSession): boolean {
    if (this.#live.get(agent) !== session) return false;
    this.#live.delete(agent);
    return true;
  }

  /** True when there was a session to close. */
  kick(agent: AgentId): boolean {
    const session = this.#live.get(agent);
    session?.kick();
    return session !== undefined;
  }

  isLive(agent: AgentId): boolean {
    return this.#live.has(agent);
  }

  get agents(): AgentId[] {
    return [...this.#live.keys()];
  }

  trustChanged(): void {
    for (const session of this.#live.values()) session.trustChanged();
  }

  grantsMoved(): void {
    for (const session of this.#live.values()) session.grantsMoved();
  }

  holdsMoved(): void {
    for (const session of this.#live.values()) session.holdsMoved();
  }

  readmitted(agent: AgentId): void {
    this.#live.get(agent)?.readmitted();
  }

  checkpointMoved(): void {
    for (const session of this.#live.values()) session.checkpointMoved();
  }

  wakeAgain(agent: AgentId): void {
    this.#live.get(agent)?.wakeAgain();
  }

  perform(effect: HubEffect): void {
    switch (effect.type) {
      case "wake":
        this.#live.get(effect.agent)?.wake();
        break;
      case "sendCancel":
        this.#live.get(effect.agent)?.cancel(effect.key);
        break;
      case "sendSettled":
        this.#live.get(effect.agent)?.settled(effect.key);
        break;
      case "sendCredentials":
        this.#live.get(effect.agent)?.credentials();
        break;
      // An offer answers a pull; who handles the pull sends it.
      case "sendOffer":
      case "compose":
        break;
      default:
        effect satisfies never;
    }
  }
}
