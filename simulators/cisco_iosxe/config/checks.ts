/** What IOS refuses although it parses. Each text is what the box prints. */
import type { ConfigNode } from "./tree.ts";
import type { Mode } from "./modes.ts";

export interface CheckContext {
  mode: Mode;
  root: readonly ConfigNode[];
  /** The section in which the line stands. */
  section: ConfigNode | undefined;
  parents: readonly string[];
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toDotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

function isMask(mask: number): boolean {
  const inverted = 2 ** 32 - 1 - mask;
  return Number.isInteger(Math.log2(inverted + 1));
}

function network(address: number, mask: number): number {
  const size = 2 ** 32 - mask;
  return Math.floor(address / size) * size;
}

const ADDRESS_LINE = /^ip address (\d\S+) (\d\S+)/;

function checkAddress(line: string, { root, section }: CheckContext): string | undefined {
  const found = ADDRESS_LINE.exec(line);
  if (!found) return undefined;
  const [address, mask] = [toNumber(found[1] ?? ""), toNumber(found[2] ?? "")];
  if (!isMask(mask)) return `Bad mask 0x${mask.toString(16).toUpperCase()} for address ${found[1]}`;
  const own = network(address, mask);
  for (const other of root) {
    if (other === section || !other.line.startsWith("interface ")) continue;
    const forwarding = (entry: ConfigNode | undefined) =>
      entry?.children.find((child) => /^(?:ip )?vrf forwarding /.test(child.line))?.line;
    if (forwarding(other) !== forwarding(section)) continue;
    for (const child of other.children) {
      const theirs = ADDRESS_LINE.exec(child.line);
      if (!theirs) continue;
      const widest = Math.min(mask, toNumber(theirs[2] ?? ""));
      if (network(address, widest) === network(toNumber(theirs[1] ?? ""), widest))
        return `% ${toDotted(own)} overlaps with ${other.line.slice("interface ".length)}`;
    }
  }
  return undefined;
}

const NEIGHBOR = /^neighbor (\S+) (\S+)(?: (\S+))?/;

function checkNeighbor(line: string, { root, section, parents }: CheckContext): string | undefined {
  const found = NEIGHBOR.exec(line);
  if (!found) return undefined;
  const [, peer, what, value] = found;
  const bgp = root.find((entry) => entry.line === parents[0]) ?? section;
  const has = (wanted: string) =>
    bgp?.children.some((child) => child.line === wanted || child.line.startsWith(`${wanted} `)) ?? false;
  if (what === "remote-as" || (what === "peer-group" && value === undefined)) return undefined;
  if (what === "peer-group")
    return has(`neighbor ${value} peer-group`) ? undefined : `% Configure the peer-group ${value} first`;
  if (has(`neighbor ${peer} remote-as`) || has(`neighbor ${peer} peer-group`)) return undefined;
  return "% Specify remote-as or peer-group commands first";
}

function checkPrefixList(line: string, { root }: CheckContext): string | undefined {
  const found = /^ip prefix-list (\S+) seq (\d+) (?:permit|deny) (\S+)\/(\d+)(?: ge (\d+))?(?: le (\d+))?/.exec(line);
  if (!found) return undefined;
  const [, name, sequence, prefix, lengthText, ge, le] = found;
  const length = Number(lengthText);
  const badRange =
    (ge !== undefined && Number(ge) <= length) ||
    (le !== undefined && Number(le) < Math.max(length, Number(ge ?? 0))) ||
    Number(le ?? ge ?? 0) > 32;
  if (badRange) return `% Invalid prefix range for ${prefix}/${length}, make sure: len < ge-value <= le-value`;
  const taken = root.find((entry) => entry.line.startsWith(`ip prefix-list ${name} seq ${sequence} `));
  return taken && taken.line !== line
    ? `%Insertion failed - seq # exists: ${taken.line.slice(`ip prefix-list ${name} `.length)}`
    : undefined;
}

export function refusal(line: string, context: CheckContext): string | undefined {
  const { mode, root } = context;
  switch (mode) {
    case "interface":
    case "subinterface":
      return checkAddress(line, context);
    case "bgp":
    case "bgp-af":
      return checkNeighbor(line, context);
    case "global": {
      if (line.startsWith("ip prefix-list ")) return checkPrefixList(line, context);
      if (line.startsWith("license udi ")) {
        return root.some((entry) => entry.line === line) ? undefined : "% The UDI of this device cannot be changed";
      }
      const running = line.startsWith("router bgp ")
        ? root.find((entry) => entry.line.startsWith("router bgp "))
        : undefined;
      return running && running.line !== line
        ? `BGP is already running; AS is ${running.line.slice("router bgp ".length)}`
        : undefined;
    }
    default:
      return undefined;
  }
}
