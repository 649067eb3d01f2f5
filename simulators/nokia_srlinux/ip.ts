/** As much of IPv4 as a routing table needs. */

export function v4Number(address: string): number | undefined {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export function v4Text(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

export interface V4Prefix {
  readonly address: string;
  readonly network: number;
  readonly length: number;
}

export function v4Prefix(text: string): V4Prefix | undefined {
  const [address = "", length = ""] = text.split("/");
  const number = v4Number(address);
  if (number === undefined || !/^\d{1,2}$/.test(length)) return undefined;
  const size = 2 ** (32 - Number(length));
  return { address, network: Math.floor(number / size) * size, length: Number(length) };
}

export function covers(prefix: V4Prefix, address: string): boolean {
  const number = v4Number(address);
  return number !== undefined && number >= prefix.network && number < prefix.network + 2 ** (32 - prefix.length);
}

/** FNV-1a: the same text gives the same neighbour, MAC and route everywhere. */
export function hash(text: string): number {
  let state = 0x811c9dc5;
  for (const char of Buffer.from(text)) state = Math.imul(state ^ char, 0x01000193) >>> 0;
  return state;
}

export function macOf(text: string): string {
  const number = hash(text);
  return [
    "1A",
    ...[24, 16, 8, 0].map((shift) =>
      (Math.floor(number / 2 ** shift) % 256).toString(16).toUpperCase().padStart(2, "0"),
    ),
    "01",
  ].join(":");
}
