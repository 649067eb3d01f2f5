/**
 * A running configuration as FRR's daemons hold it together: lines and blocks with the place at which `show running-config` prints
 * them. What a line means is in `statements/`.
 */
export const DAEMONS = ["zebra", "bgpd", "staticd"] as const;
export type Daemon = (typeof DAEMONS)[number];

export type BlockMode = "config" | "interface" | "route-map" | "router-bgp" | "bgp-af";

export type Rank = readonly (number | string)[];

export interface Line {
  readonly text: string;
  /** Where it is printed among its neighbours. */
  readonly rank: Rank;
  /** Those that hold it: the line is shown while one of them lives. */
  readonly owners: readonly Daemon[];
  /** The BGP neighbour or peer-group that it belongs to. */
  readonly peer?: string;
  /** What it says, where other lines ask for it. */
  readonly value?: string;
}

export interface Block {
  readonly mode: BlockMode;
  readonly header: string;
  readonly rank: Rank;
  readonly owners: readonly Daemon[];
  readonly lines: Map<string, Line>;
  readonly blocks: Map<string, Block>;
}

export type Config = Block;

export const block = (mode: BlockMode, header: string, rank: Rank, owners: readonly Daemon[]): Block => ({
  mode,
  header,
  rank,
  owners,
  lines: new Map(),
  blocks: new Map(),
});

export const emptyConfig = (): Config => block("config", "", [], DAEMONS);

export function cloneBlock(one: Block): Block {
  return {
    ...one,
    lines: new Map(one.lines),
    blocks: new Map([...one.blocks].map(([key, child]) => [key, cloneBlock(child)])),
  };
}

/** A daemon that begins anew knows what was saved: of what it alone holds nothing else is left. */
export function restarted(now: Block, saved: Block | undefined, daemon: Daemon): Block {
  const isOwn = ({ owners }: Line | Block): boolean => owners.length === 1 && owners[0] === daemon;
  const lines = new Map([
    ...[...now.lines].filter(([, line]) => !isOwn(line)),
    ...[...(saved?.lines ?? [])].filter(([, line]) => isOwn(line)),
  ]);
  const blocks = new Map([
    ...[...now.blocks]
      .filter(([, child]) => !isOwn(child))
      .map(([key, child]) => [key, restarted(child, saved?.blocks.get(key), daemon)] as const),
    ...[...(saved?.blocks ?? [])].filter(([, child]) => isOwn(child)),
  ]);
  return { ...now, lines, blocks };
}

/** The order of what is printed: numbers as numbers, words byte by byte, and nothing before something. */
export function compareRanks(a: Rank, b: Rank): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [left, right] = [a[at], b[at]];
    if (left === right) continue;
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (typeof left === "number" && typeof right === "number") return left - right;
    return String(left) < String(right) ? -1 : 1;
  }
  return 0;
}

/** Digits within a name count as a number: eth2, eth2.100, eth10. */
export const naturalRank = (name: string): Rank =>
  (name.match(/\d+|\D+/g) ?? []).map((part) => (/^\d/.test(part) ? Number(part) : part));
