/** Addresses as FRR shows them: prefixes without host bits, IPv6 in its short form (RFC 5952). */
import { isIpv4 } from "../syntax.ts";

const octets = (address: string): number[] => address.split(".").map(Number);

function groupsOf(address: string): number[] {
  const last = /(?<v4>\d+\.\d+\.\d+\.\d+)$/.exec(address)?.groups?.["v4"];
  const [a = 0, b = 0, c = 0, d = 0] = last === undefined ? [] : octets(last);
  const plain =
    last === undefined
      ? address
      : address.replace(last, `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  const [head = "", tail] = plain.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...gap, ...right].map((group) => Number.parseInt(group, 16));
}

/** The bytes of an address of either family. */
export function bytesOf(address: string): number[] {
  return isIpv4(address) ? octets(address) : groupsOf(address).flatMap((group) => [group >> 8, group & 255]);
}

function shown(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  let best = { at: 0, length: 0 };
  for (let at = 0; at < 8; at += 1) {
    const length = groups.slice(at).findIndex((group) => group !== 0);
    const run = length < 0 ? 8 - at : length;
    if (run > best.length) best = { at, length: run };
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  if (best.length < 2) return text(groups);
  return `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.length))}`;
}

export const shownAddress = (address: string): string => shown(bytesOf(address));

/** As typed on an interface: host bits are kept. */
export function shownInterfacePrefix(prefix: string): string {
  const [address = "", length = ""] = prefix.split("/");
  return `${shownAddress(address)}/${Number(length)}`;
}

/** A network: host bits are dropped, and no word is said. */
export function shownNetwork(prefix: string): string {
  const [address = "", length = ""] = prefix.split("/");
  const bits = Number(length);
  const masked = bytesOf(address).map((byte, at) => {
    const keep = Math.min(8, Math.max(0, bits - at * 8));
    return byte & ((0xff << (8 - keep)) & 0xff);
  });
  return `${shown(masked)}/${bits}`;
}

export const lengthOf = (prefix: string): number => Number(prefix.split("/")[1]);

/** `A.B.C.D` of a class, as `network` without a mask has it. */
export function classful(address: string): string {
  const first = octets(address)[0] ?? 0;
  return shownNetwork(`${address}/${first < 128 ? 8 : first < 192 ? 16 : 24}`);
}

/** Ones at its beginning: what comes behind a hole in it is not looked at. */
export const maskLength = (mask: string): number =>
  /^1*/.exec(
    octets(mask)
      .map((octet) => octet.toString(2).padStart(8, "0"))
      .join(""),
  )?.[0].length ?? 0;

/** Whether two prefixes of one family overlap, as two interfaces' subnets do. */
export function holds(prefix: string, address: string): boolean {
  const bits = lengthOf(prefix);
  const kind = isIpv4(address) === isIpv4(prefix.split("/")[0] ?? "");
  return kind && shownNetwork(`${address}/${bits}`) === shownNetwork(prefix);
}
