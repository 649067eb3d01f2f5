/** Neighbours and peer-groups as the lines that name them: who there is, and whose. */
import { shownAddress } from "../config/addresses.ts";
import type { Block, Daemon } from "../config/config.ts";
import { groupOf, isOnByItself, peerKey } from "../config/print.ts";
import { isIpv4, isIpv6 } from "../syntax.ts";
import { put, type Args } from "./statement.ts";

export const BGP: readonly Daemon[] = ["bgpd"];
export const NEIGHBORS = 100;
export const PEER = "<A.B.C.D$peer|X:X::X:X$peer|WORD$peer>";
export const UNKNOWN = "% Specify remote-as or peer-group commands first";
export const NO_GROUP = "% Create the peer-group first";

export const nameOf = ({ peer = "" }: Args): string => (isIpv6(peer) ? shownAddress(peer) : peer);
export const isAddress = (name: string): boolean => isIpv4(name) || isIpv6(name);
export const isGroup = (router: Block, name: string): boolean => router.lines.has(peerKey(name, "group"));
export const asOf = (router: Block, name: string): string | undefined =>
  router.lines.get(peerKey(name, "remote-as"))?.value;

export const asNumber = (router: Block): string => router.header.split(" ")[2] ?? "";
export const asKnown = (router: Block, peer: string): string | undefined => {
  const group = groupOf(router, peer);
  return asOf(router, peer) ?? (group === undefined ? undefined : asOf(router, group));
};

export const isInternal = (router: Block, peer: string): boolean => {
  const as = asKnown(router, peer);
  return as === "internal" || as === asNumber(router);
};

export function exists(router: Block, name: string): boolean {
  return [...router.lines.values()].some(({ peer }) => peer === name);
}

export function peersOf(router: Block): string[] {
  return [...new Set([...router.lines.values()].flatMap(({ peer }) => peer ?? []))].filter(
    (name) => !isGroup(router, name),
  );
}

export const membersOf = (router: Block, group: string): string[] =>
  peersOf(router).filter((name) => groupOf(router, name) === group);

export function removePeer(router: Block, name: string): void {
  for (const block of [router, ...router.blocks.values()])
    for (const [key, line] of block.lines) if (line.peer === name) block.lines.delete(key);
}

export function line(
  block: Block,
  peer: string,
  slot: string,
  text: string,
  rank: number,
  more: { value?: string } = {},
): void {
  put(block, peerKey(peer, slot), { text, peer, rank: [NEIGHBORS, rank], owners: BGP, ...more });
}

export function participate(family: Block, peer: string, isIn: boolean): void {
  family.lines.delete(peerKey(peer, isIn ? "out" : "in"));
  const slot = isOnByItself(family) ? "out" : "in";
  if (isIn === (slot === "in")) put(family, peerKey(peer, slot), { text: "", peer, rank: [], owners: BGP });
}
