/** The topics of the MQTT carrier: literal for each agent, so that no rule of an agent holds a wildcard. */
import type { AgentId, OrgId } from "../../shared/ids.ts";

export const DOWN = ["dispatch", "trust"] as const;
/** `lwt` is the will's. MQTT cannot tell a will from a message, so that it may be published to as well: a hint, never a fact. */
export const UP = ["ack", "result", "log", "state", "lwt"] as const;

const base = (org: OrgId, agent: string): string => `farhand/v1/${org}/a/${agent}`;

export interface AgentTopics {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export const agentTopics = (org: OrgId, agent: AgentId): AgentTopics => ({
  reads: DOWN.map((last) => `${base(org, agent)}/in/${last}`),
  writes: UP.map((last) => `${base(org, agent)}/out/${last}`),
});

/** The hub talks to every agent; literal topics would be walked through for each message of twenty thousand of them. */
export const hubTopics = (org: OrgId): AgentTopics => ({
  reads: UP.map((last) => `${base(org, "+")}/out/${last}`),
  writes: DOWN.map((last) => `${base(org, "+")}/in/${last}`),
});

/** Where Mosquitto's dynamic-security plugin takes its commands. */
export const CONTROL = "$CONTROL/dynamic-security/v1";
