import type { Bytes } from "../../../shared/bytes.ts";
import { readMetadata } from "../../../shared/tuf/metadata.ts";
import type { OpenedDocuments } from "../../../shared/tuf/open.ts";
import { escapeLine } from "../terminal/escape.ts";

/** What a set changes of the one before it, a line for each change, for the person who is about to sign it. */
export function changesOf(before: OpenedDocuments, after: OpenedDocuments): string[] {
  return [
    ...peopleOf(before, after),
    ...restOfKeys(before, after),
    ...agentsOf(before, after),
    ...inventoryOf(before, after),
  ];
}

function peopleOf({ keys: before }: OpenedDocuments, { keys: after }: OpenedDocuments): string[] {
  const [was, is] = [before.keys.document, after.keys.document];
  const lines: string[] = [];
  for (const person of is.people) {
    const held = was.people.find((one) => one.id === person.id);
    const roles = rolesText(person.roles);
    if (!held) lines.push(`+ person ${person.id} (${escapeLine(person.name)}): ${roles}`);
    else if (rolesText(held.roles) !== roles) lines.push(`~ person ${person.id}: ${rolesText(held.roles)} -> ${roles}`);
    const kids = new Set<string>(held?.keys.map(({ kid }) => kid));
    for (const { kid } of person.keys) if (!kids.has(kid)) lines.push(`+ key of ${person.id}: ${kid}`);
    const next = new Set<string>(person.keys.map(({ kid }) => kid));
    for (const kid of kids) if (!next.has(kid)) lines.push(`- key of ${person.id}: ${kid}`);
    if (held && held.name !== person.name)
      lines.push(`~ person ${person.id} is called ${escapeLine(person.name)} now, not ${escapeLine(held.name)}`);
  }
  for (const person of was.people)
    if (!is.people.some((one) => one.id === person.id)) lines.push(`- person ${person.id}`);
  for (const { kid, reason } of is.revoked) {
    if (was.revoked.some((one) => one.kid === kid && one.reason === reason)) continue;
    lines.push(`! key of ${after.ownerOf(kid)?.id ?? "nobody"} revoked (${reason}): ${kid}`);
  }
  for (const { kid } of was.revoked)
    if (!is.revoked.some((one) => one.kid === kid)) lines.push(`! revocation taken back: ${kid}`);
  return lines;
}

const rolesText = (roles: readonly { role: string; sites: readonly string[] }[]): string =>
  roles.length === 0 ? "no role" : roles.map(({ role, sites }) => `${role} at ${sites.join(",")}`).join("; ");

function restOfKeys({ keys: before }: OpenedDocuments, { keys: after }: OpenedDocuments): string[] {
  const [was, is] = [before.keys.document, after.keys.document];
  const lines: string[] = [];
  const moved = (what: string, a: unknown, b: unknown): void => {
    if (JSON.stringify(a) !== JSON.stringify(b)) lines.push(`~ ${what}: ${JSON.stringify(a)} -> ${JSON.stringify(b)}`);
  };
  for (const policy of is.policies) {
    const held = was.policies.find(({ id, version }) => id === policy.id && version === policy.version);
    if (JSON.stringify(held) !== JSON.stringify(policy))
      lines.push(`! policy ${policy.id} v${policy.version}: ${escapeLine(JSON.stringify(policy))}`);
  }
  for (const { id, version } of was.policies)
    if (!is.policies.some((policy) => policy.id === id && policy.version === version))
      lines.push(`! - policy ${id} v${version}`);
  moved("policy of sites", was.sitePolicies, is.sitePolicies);
  moved("hub", was.hub, is.hub);
  moved("recovery key", was.recovery, is.recovery);
  moved("keys.json ends", was.exp, is.exp);
  return lines;
}

function agentsOf({ agents: before }: OpenedDocuments, { agents: after }: OpenedDocuments): string[] {
  const was = before?.document.agents ?? [];
  const is = after?.document.agents ?? [];
  const lines: string[] = [];
  for (const agent of is) {
    const held = was.find(({ id }) => id === agent.id);
    if (!held) lines.push(`+ agent ${agent.id} at ${agent.site}: ${agent.kid}`);
    else if (JSON.stringify(held) !== JSON.stringify(agent))
      lines.push(`~ agent ${agent.id}: ${held.kid} ${held.status} -> ${agent.kid} ${agent.status}`);
  }
  for (const { id } of was) if (!is.some((agent) => agent.id === id)) lines.push(`- agent ${id}`);
  return lines;
}

function inventoryOf({ inventory: before }: OpenedDocuments, { inventory: after }: OpenedDocuments): string[] {
  if (before?.digest === after?.digest) return [];
  const was = new Map(before?.inventory.document.devices.map((device) => [device.id, JSON.stringify(device)]));
  const is = new Map(after?.inventory.document.devices.map((device) => [device.id, JSON.stringify(device)]));
  const lines = [...is].flatMap(([id, text]) => {
    const held = was.get(id);
    if (held === undefined) return [`+ device ${id}`];
    return held === text ? [] : [`~ device ${id}: ${escapeLine(membersMoved(held, text))}`];
  });
  for (const id of was.keys()) if (!is.has(id)) lines.push(`- device ${id}`);
  const sitesOf = (view: OpenedDocuments["inventory"]): string => JSON.stringify(view?.inventory.document.sites ?? []);
  if (sitesOf(before) !== sitesOf(after))
    lines.push(`~ sites of the inventory: ${escapeLine(sitesOf(after)).slice(0, 500)}`);
  const hopsOf = (view: OpenedDocuments["inventory"]): string => JSON.stringify(view?.inventory.document.hops ?? []);
  if (hopsOf(before) !== hopsOf(after))
    lines.push(`~ hops of the inventory: ${escapeLine(hopsOf(after)).slice(0, 500)}`);
  return lines;
}

/** Who keeps the keys from now on; the most that a person can be asked to sign. */
export function rootChanges(before: Bytes, after: Bytes): string[] {
  const [was, is] = [readMetadata("root", before).signed, readMetadata("root", after).signed];
  if (was.version === is.version) return [];
  const lines = [`! root.json version ${was.version} -> ${is.version}, valid until ${is.expires}`];
  for (const [name, role] of [
    ["root key", "root"],
    ["keyadmin", "targets"],
    ["hub key", "timestamp"],
  ] as const) {
    const [held, next] = [was.roles[role], is.roles[role]];
    for (const kid of next.keyids) if (!held.keyids.includes(kid)) lines.push(`! + ${name} ${kid}`);
    for (const kid of held.keyids) if (!next.keyids.includes(kid)) lines.push(`! - ${name} ${kid}`);
    if (held.threshold !== next.threshold)
      lines.push(`! ${name}s that must sign: ${held.threshold} -> ${next.threshold}`);
  }
  return lines;
}

/** Which of its members differ, each as it is from now on: where it is reached, what it shows and what logs in are what matter. */
function membersMoved(before: string, after: string): string {
  const [was, is] = [JSON.parse(before), JSON.parse(after)] as [Record<string, unknown>, Record<string, unknown>];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return names
    .filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
    .map((name) => `${name} ${JSON.stringify(was[name])} -> ${JSON.stringify(is[name])}`)
    .join("; ");
}
