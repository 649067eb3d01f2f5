/** The form in which EOS keeps a line: names in full, masks as lengths, secrets hashed, newer words for older ones. */
import { interfaceName } from "./interfaces.ts";
import type { Mode } from "./modes.ts";
import type { Rule } from "./rules.ts";
import { storedForm } from "./secrets.ts";

export const nameOf = interfaceName;

function lengthOf(mask: string): number | undefined {
  const bits = mask
    .split(".")
    .map((part) => Number(part).toString(2).padStart(8, "0"))
    .join("");
  return /^1*0*$/.test(bits) ? bits.replaceAll("0", "").length : undefined;
}

const ADDRESS_AND_MASK = /(\d+\.\d+\.\d+\.\d+) (\d+\.\d+\.\d+\.\d+)/;

const NEWER: readonly (readonly [Mode, RegExp, string])[] = [
  ["bgp", /^(neighbor \S+) peer-group /, "$1 peer group "],
  ["bgp-vrf", /^(neighbor \S+) peer-group /, "$1 peer group "],
  ["global", /^vrf definition /, "vrf instance "],
  ["global", /^ip domain-name /, "dns domain "],
  ["interface", /^vrf forwarding /, "vrf "],
];

export function stored(rule: Rule, mode: Mode, words: readonly string[], canonical: string, modern: boolean): string {
  let line = canonical;
  const port = rule.words.indexOf("IFACE");
  const name = port < 0 ? undefined : interfaceName(words[port] ?? "");
  if (name !== undefined) line = words.map((word, at) => (at === port ? name : word)).join(" ");
  if (/^ip (?:address|route)\b/.test(line))
    line = line.replace(ADDRESS_AND_MASK, (both, address: string, mask: string) => {
      const length = lengthOf(mask);
      return length === undefined ? both : `${address}/${length}`;
    });
  if (modern) for (const [where, from, to] of NEWER) if (where === mode) line = line.replace(from, to);
  return storedForm(line);
}

const RANGES: readonly (readonly [RegExp, number, number, number])[] = [
  [/^mtu /, 1, 68, 65_535],
  [/^vlan NUM$/, 1, 1, 4094],
  [/^switchport access vlan/, 3, 1, 4094],
  [/^vxlan vlan NUM/, 2, 1, 4094],
  [/^load-interval/, 1, 0, 600],
  [/^ip ospf cost/, 3, 1, 65_535],
  [/^route-map /, 3, 1, 65_535],
];

/** The word that is no number this box takes. */
export function outOfRange(rule: Rule, words: readonly string[]): number | undefined {
  const shape = rule.words.join(" ");
  const range = RANGES.find(([pattern]) => pattern.test(shape));
  if (!range) return undefined;
  const [, at, least, most] = range;
  const value = Number(words[at]);
  return value < least || value > most ? at : undefined;
}
