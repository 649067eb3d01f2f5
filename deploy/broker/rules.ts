/** Who may do what at the broker, made from the signed agents list: the file of Mosquitto's dynamic-security plugin. */
import { z } from "zod";
import { Agents } from "../../shared/documents/agents.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { OrgId } from "../../shared/ids.ts";
import { agentTopics, CONTROL, hubTopics, type AgentTopics } from "./topics.ts";

/** The colon is outside the alphabet of agents' ids: no agent's certificate is ever the hub's. */
export const HubName = z.string().regex(/^hub:[a-z0-9][a-z0-9-]{0,30}$/, "must be hub: and 1 to 31 of a-z, 0-9, '-'");
export const ADMIN = "broker:admin";

const Acl = z.strictObject({
  acltype: z.enum(["publishClientSend", "publishClientReceive", "subscribeLiteral"]),
  topic: z.string(),
  priority: z.int().default(0),
  allow: z.literal(true),
});
type Acl = z.infer<typeof Acl>;

const DefaultAccess = z.strictObject({
  publishClientSend: z.literal(false),
  publishClientReceive: z.literal(false),
  subscribe: z.literal(false),
  unsubscribe: z.literal(true),
});

const Client = z.strictObject({
  username: z.string(),
  roles: z.tuple([z.strictObject({ rolename: z.string(), priority: z.int().optional() })]),
  groups: z.tuple([]).optional(),
});

const Role = z.strictObject({ rolename: z.string(), acls: z.array(Acl).min(1) });

/** Members as the plugin itself writes them back; nothing that widens (groups, an anonymous group, passwords) has a place. */
export const Rules = z.strictObject({
  defaultACLAccess: DefaultAccess,
  clients: z.array(Client).min(1),
  groups: z.tuple([]).default([]),
  roles: z.array(Role).min(1),
});
export type Rules = z.infer<typeof Rules>;

/** A subscription is granted for the very string alone: `subscribeLiteral` compares and does not match. */
const aclsFor = ({ reads, writes }: AgentTopics): Acl[] => [
  ...writes.map((topic): Acl => ({ acltype: "publishClientSend", topic, priority: 0, allow: true })),
  ...reads.flatMap((topic): Acl[] => [
    { acltype: "subscribeLiteral", topic, priority: 0, allow: true },
    { acltype: "publishClientReceive", topic, priority: 0, allow: true },
  ]),
];

const rulesOf = (entries: readonly (readonly [name: string, topics: AgentTopics])[]): Rules => ({
  defaultACLAccess: { publishClientSend: false, publishClientReceive: false, subscribe: false, unsubscribe: true },
  clients: entries.map(([username]) => ({ username, roles: [{ rolename: username }] })),
  groups: [],
  roles: entries.map(([rolename, topics]) => ({ rolename, acls: aclsFor(topics) })),
});

/**
 * The rules for the agents that are not banned. `listed` comes out of the verified trust set; it is read again here, because an id
 * outside the alphabet would be a wildcard or another's topic.
 */
export function brokerRules(listed: unknown, hubs: readonly string[]): Rules {
  const agents = Agents.safeParse(listed);
  if (!agents.success) throw new FarhandError("BROKER_RULES", z.prettifyError(agents.error).slice(0, 400));
  const names = z.array(HubName).min(1).max(64).safeParse(hubs);
  if (!names.success) throw new FarhandError("BROKER_RULES", z.prettifyError(names.error).slice(0, 400));
  const { org, agents: all } = agents.data;
  const active = all.filter(({ status }) => status === "active");
  if (active.length === 0) throw new FarhandError("BROKER_RULES", "the list has no active agent");
  const entries = [
    ...active.map(({ id }) => [id as string, agentTopics(org, id)] as const),
    ...names.data.map((name) => [name, hubTopics(org)] as const),
    [ADMIN, { reads: [`${CONTROL}/response`], writes: [CONTROL] }] as const,
  ];
  // Over the whole list: a spent id that stands twice, once active, would be served again.
  const ids = [...all.map(({ id }) => id as string), ...names.data];
  if (new Set(ids).size !== ids.length) throw new FarhandError("BROKER_RULES", "an id stands in the list twice");
  return rulesOf(entries);
}

export const rulesText = (rules: Rules): string => `${JSON.stringify(rules, null, 1)}\n`;

/** In one order and with one form, to compare what the plugin wrote back with what we wrote. */
export const normalised = ({ defaultACLAccess, clients, roles }: Rules): string => {
  const sorted = (texts: string[]): string[] => texts.toSorted();
  return JSON.stringify([
    DefaultAccess.parse(defaultACLAccess),
    sorted(clients.map(({ username, roles: [role] }) => JSON.stringify([username, role.rolename]))),
    sorted(
      roles.map(({ rolename, acls }) =>
        JSON.stringify([rolename, sorted(acls.map(({ acltype, topic }) => JSON.stringify([acltype, topic])))]),
      ),
    ),
  ]);
};

/** What the file must say for those that it names: each client its own role, each role exactly the topics of its name. */
export function expectedFor(
  org: OrgId,
  rules: Rules,
  agentIdOf: (name: string) => Parameters<typeof agentTopics>[1],
): Rules {
  return rulesOf(
    rules.clients.map(({ username }) => {
      if (username === ADMIN) return [username, { reads: [`${CONTROL}/response`], writes: [CONTROL] }];
      if (HubName.safeParse(username).success) return [username, hubTopics(org)];
      return [username, agentTopics(org, agentIdOf(username))];
    }),
  );
}
