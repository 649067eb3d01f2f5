/** `neighbor … remote-as|peer-group`: who there is, and what becomes of neighbours and peer-groups together. */
import type { Block } from "../config/config.ts";
import { groupOf, peerKey, takesPart } from "../config/print.ts";
import { ownFamily } from "./bgp.ts";
import {
  BGP,
  NO_GROUP,
  PEER,
  UNKNOWN,
  asOf,
  exists,
  isAddress,
  isGroup,
  isInternal,
  line,
  membersOf,
  nameOf,
  participate,
  removePeer,
} from "./peers.ts";
import { Refusal, statement, type Args, type Effect, type Place, type Statement } from "./statement.ts";

/** Whether a neighbour takes part in IPv4 unicast is settled when it is made; shown is what the default does not say. */
function made(router: Block, peer: string): void {
  if (router.lines.has("bgp default ipv4-unicast")) participate(ownFamily({ block: router }), peer, false);
}

function remoteAs({ block: router }: Place, args: Args): Effect {
  const peer = nameOf(args);
  const { as = "" } = args;
  if (!isAddress(peer) && !isGroup(router, peer)) return new Refusal("% Create the peer-group or interface first");
  const group = groupOf(router, peer);
  if (group !== undefined && asOf(router, group) !== undefined)
    return new Refusal("% Peer-group member cannot override remote-as of peer-group.");
  if (!exists(router, peer)) made(router, peer);
  line(router, peer, "remote-as", `neighbor ${peer} remote-as ${as}`, 1, { value: as });
  sorted(router, peer);
  if (isGroup(router, peer))
    for (const member of membersOf(router, peer)) router.lines.delete(peerKey(member, "remote-as"));
  return undefined;
}

/** What means nothing for a neighbour of one's own AS, or of another, goes when it becomes one. */
function sorted(router: Block, name: string): void {
  for (const peer of [name, ...(isGroup(router, name) ? membersOf(router, name) : [])])
    if (isInternal(router, peer))
      for (const slot of ["local-as", "ebgp-multihop"]) router.lines.delete(peerKey(peer, slot));
    else for (const family of router.blocks.values()) family.lines.delete(peerKey(peer, "route-reflector-client"));
}

/** Without its AS a neighbour is nothing; the members of a peer-group lose theirs with it. */
function noRemoteAs({ block: router }: Place, args: Args): Effect {
  const peer = nameOf(args);
  if (!isAddress(peer) && !isGroup(router, peer)) return new Refusal("% Create the peer-group or interface first");
  if (!isGroup(router, peer)) {
    removePeer(router, peer);
    return undefined;
  }
  router.lines.delete(peerKey(peer, "remote-as"));
  for (const member of membersOf(router, peer)) if (asOf(router, member) === undefined) removePeer(router, member);
  return undefined;
}

function noNeighbor({ block: router }: Place, args: Args): Effect {
  const peer = nameOf(args);
  if (isGroup(router, peer)) return noGroup({ router, group: peer });
  if (!isAddress(peer)) return new Refusal(NO_GROUP);
  removePeer(router, peer);
  return undefined;
}

function noGroup({ router, group }: { readonly router: Block; readonly group: string }): Effect {
  if (!isGroup(router, group)) return new Refusal(NO_GROUP);
  for (const member of membersOf(router, group)) removePeer(router, member);
  removePeer(router, group);
  return undefined;
}

function join({ block: router }: Place, args: Args): Effect {
  const peer = nameOf(args);
  const { group = "" } = args;
  if (!isGroup(router, group)) return new Refusal("% Configure the peer-group first");
  const there = groupOf(router, peer);
  if (there !== undefined && there !== group) return new Refusal("% Cannot change the peer-group. Deconfigure first");
  if (!exists(router, peer)) made(router, peer);
  if (asOf(router, group) !== undefined) router.lines.delete(peerKey(peer, "remote-as"));
  for (const family of router.blocks.values()) participate(family, peer, takesPart(family, group));
  line(router, peer, "peer-group", `neighbor ${peer} peer-group ${group}`, 2, { value: group });
  sorted(router, peer);
  return undefined;
}

/** Out of a peer-group a neighbour is nobody: measured, neither an AS of its own nor that it was in no group saves it. */
function leave({ block: router }: Place, args: Args): Effect {
  const { group = "" } = args;
  const peer = nameOf(args);
  if (!exists(router, peer)) return new Refusal(UNKNOWN);
  if (!isGroup(router, group)) return new Refusal("% Configure the peer-group first");
  removePeer(router, peer);
  return undefined;
}

export const sessions: readonly Statement[] = [
  statement(`neighbor ${PEER} remote-as <(1-4294967295)$as|internal$as|external$as>`, BGP, remoteAs),
  statement(`no neighbor ${PEER} remote-as <(1-4294967295)|internal|external>`, BGP, noRemoteAs),
  statement("neighbor WORD$peer peer-group", BGP, ({ block }, { peer = "" }) => {
    if (!isGroup(block, peer)) {
      line(block, peer, "group", `neighbor ${peer} peer-group`, 0);
      made(block, peer);
    }
    return undefined;
  }),
  statement("no neighbor WORD$peer peer-group", BGP, ({ block }, { peer = "" }) =>
    noGroup({ router: block, group: peer }),
  ),
  statement(`neighbor ${PEER} peer-group PGNAME$group`, BGP, join),
  statement(`no neighbor ${PEER} peer-group PGNAME$group`, BGP, leave),
  statement(`no neighbor ${PEER}`, BGP, noNeighbor),
];
