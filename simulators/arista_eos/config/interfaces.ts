/** Interface names: as people type them, as EOS writes them, and as its prompts and tables shorten them. */

const TYPES = [
  { name: "Ethernet", short: "Et", physical: true },
  { name: "Loopback", short: "Lo", physical: false },
  { name: "Management", short: "Ma", physical: true },
  { name: "Port-Channel", short: "Po", physical: false },
  { name: "Tunnel", short: "Tu", physical: false },
  { name: "Vlan", short: "Vl", physical: false },
  { name: "Vxlan", short: "Vx", physical: false },
] as const;

function split(text: string): { type: (typeof TYPES)[number]; number: string } | undefined {
  const found = /^([A-Za-z-]+) ?(\d+(?:\/\d+)*(?:\.\d+)?)$/.exec(text);
  const typed = found?.[1]?.toLowerCase() ?? "";
  const type = typed === "" ? undefined : TYPES.find((one) => one.name.toLowerCase().startsWith(typed));
  return type && found?.[2] !== undefined ? { type, number: found[2] } : undefined;
}

/** `et1`, `Eth1` → `Ethernet1`; undefined where it names no interface. */
export function interfaceName(text: string): string | undefined {
  const parts = split(text);
  return parts && `${parts.type.name}${parts.number}`;
}

export function shortInterface(name: string): string {
  const parts = split(name);
  return parts ? `${parts.type.short}${parts.number}` : name;
}

/** There or not, whatever is configured: a line cannot make one. */
export function isPhysical(name: string): boolean {
  const parts = split(name);
  return parts?.type.physical === true && !name.includes(".");
}
