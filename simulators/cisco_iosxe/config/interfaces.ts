/** Interface names: written short, shown long; physical ones cannot be made or removed by configuration. */
import type { ConfigNode } from "./tree.ts";

const TYPES = [
  "AppGigabitEthernet",
  "BDI",
  "Dialer",
  "Ethernet",
  "FastEthernet",
  "FortyGigabitEthernet",
  "GigabitEthernet",
  "HundredGigE",
  "Loopback",
  "Null",
  "Port-channel",
  "Serial",
  "TenGigabitEthernet",
  "Tunnel",
  "TwentyFiveGigE",
  "TwoGigabitEthernet",
  "Vlan",
];
const VIRTUAL = /^(?:BDI|Dialer|Loopback|Null|Port-channel|Tunnel|Vlan)\d/;

export type InterfaceName =
  | { kind: "name"; name: string }
  | { kind: "invalid"; at: number }
  | { kind: "incomplete" }
  | { kind: "ambiguous"; text: string };

/** `text` is what follows `interface`, `at` where it begins in the line. */
export function interfaceName(text: string, at: number, root: readonly ConfigNode[]): InterfaceName {
  const found = /^([A-Za-z-]+)\s*(\d[\d/.:]*)?(?:\s.*)?$/.exec(text);
  if (!found) return { kind: "invalid", at };
  const short = (found[1] ?? "").toLowerCase();
  const fitting = TYPES.filter((type) => type.toLowerCase().startsWith(short));
  const exact = fitting.find((type) => type.toLowerCase() === short);
  const type = exact ?? fitting[0];
  if (type === undefined) return { kind: "invalid", at };
  if (!exact && fitting.length > 1) return { kind: "ambiguous", text };
  if (found[2] === undefined) return { kind: "incomplete" };
  const name = `${type}${found[2]}`;
  const parent = name.replace(/\.\d+$/, "");
  const exists = root.some(
    (entry) => entry.line === `interface ${name}` || (name !== parent && entry.line === `interface ${parent}`),
  );
  if (exists || VIRTUAL.test(name)) return { kind: "name", name };
  return { kind: "invalid", at: at + (found[1] ?? "").length };
}

export function isPhysical(line: string): boolean {
  return line.startsWith("interface ") && !VIRTUAL.test(line.slice("interface ".length)) && !/\.\d+$/.test(line);
}

/** What a new interface shows before anybody configured it. */
export function initialLines(name: string): string[] {
  return /^(?:Loopback|Tunnel|Vlan|Port-channel|BDI)/.test(name) || name.includes(".") ? ["no ip address"] : [];
}
