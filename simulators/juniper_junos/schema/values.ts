/** What may stand where a statement takes a value, and what the CLI says when it may not. */
import { isIP } from "node:net";

const NAMED = [
  "any",
  "word",
  "host",
  "ip",
  "prefix",
  "address",
  "if",
  "ifl",
  "ifpattern",
  "unit",
  "area",
  "time",
  "rate",
] as const;
type Named = (typeof NAMED)[number];
/** `0..4094` is a number in a range; `(a|b)` one of some words. */
export type ValueType = Named | `${number}..${number}` | `(${string})`;

export function isType(text: string): text is ValueType {
  return (NAMED as readonly string[]).includes(text) || /^\d+\.\.\d+$/.test(text) || /^\([\w|.-]+\)$/.test(text);
}

export function describeType(): string {
  return [...NAMED, "N..M", "(a|b)"].join(", ");
}

const MEDIA =
  "ge|xe|et|fe|so|ae|lo|irb|vlan|fxp|em|me|vme|st|gr|ip|lt|mt|reth|fab|vt|sxe|dsc|gre|ipip|lsi|tap|pp|wl|cl|dl";
const PHYSICAL = new RegExp(`^(?:${MEDIA})(?:-\\d{1,2}\\/\\d{1,2}\\/\\d{1,3}(?::\\d)?|\\d{0,4})$`);

function isPrefix(text: string): boolean {
  const [address = "", length, more] = text.split("/");
  const family = isIP(address);
  if (family === 0 || length === undefined || more !== undefined || !/^\d{1,3}$/.test(length)) return false;
  return Number(length) <= (family === 4 ? 32 : 128);
}

function isLogical(text: string): boolean {
  const dot = text.lastIndexOf(".");
  return dot > 0 && PHYSICAL.test(text.slice(0, dot)) && /^\d{1,8}$/.test(text.slice(dot + 1));
}

/** Undefined where the value is good, else the CLI's words about it. */
export function refuseValue(type: ValueType, text: string): string | undefined {
  switch (type) {
    case "any":
      return undefined;
    case "word":
      return /^\S+$/.test(text) ? undefined : `invalid value '${text}'`;
    case "host":
      return /^[A-Za-z0-9][\w.:-]{0,254}$/.test(text)
        ? undefined
        : `statement does not match patterns: '${text}'\n  Must be a string of alphanumericals, dashes, dots or underscores`;
    case "ip":
      return isIP(text) ? undefined : `invalid ip address or hostname: ${text}`;
    case "prefix":
    case "address":
      if (isPrefix(text) || (type === "address" && isIP(text))) return undefined;
      return `invalid ip address or prefix: '${text}'`;
    case "if":
      return PHYSICAL.test(text) ? undefined : `invalid interface type in '${text}'`;
    case "ifl":
      return isLogical(text) || text === "all" ? undefined : `invalid interface name in '${text}'`;
    case "ifpattern":
      return /^[\w./:*<>[\]-]+$/.test(text) ? undefined : `invalid interface name in '${text}'`;
    case "unit":
      return range(text, 0, 1_073_741_823);
    case "area":
      return isIP(text) === 4 || /^\d{1,10}$/.test(text) ? undefined : `invalid area id: '${text}'`;
    case "time":
    case "rate":
      return /^\d+[kmgsh]?$/i.test(text) ? undefined : `invalid numeric value: '${text}'`;
    default:
      if (type.startsWith("(")) {
        const words = type.slice(1, -1).split("|");
        return words.includes(text) ? undefined : "syntax error";
      }
      return range(text, ...bounds(type));
  }
}

function bounds(type: string): [number, number] {
  const [low = "0", high = "0"] = type.split("..");
  return [Number(low), Number(high)];
}

function range(text: string, low: number, high: number): string | undefined {
  if (!/^\d+$/.test(text)) return `invalid numeric value: '${text}'`;
  const value = Number(text);
  return value >= low && value <= high ? undefined : `Value ${text} is not within range (${low}..${high})`;
}

/** `area 0` is the same as `area 0.0.0.0`, and prints so. */
export function canonical(type: ValueType, text: string): string {
  if (type === "area" && /^\d+$/.test(text)) {
    const number = Number(text);
    return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
  }
  if (type === "address" && isIP(text)) return `${text}/${isIP(text) === 4 ? 32 : 128}`;
  return text;
}
