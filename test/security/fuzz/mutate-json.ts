/** Hostile JSON that keeps its form where that leads further in: members gone, doubled, of another type, too deep, too large. */
import canonicalize from "canonicalize";
import type { SeededRandom } from "../../simulation/random.ts";
import { mutateBytes, spoilPart } from "./mutate-bytes.ts";
import type { Mutator } from "./target.ts";

/** Text that stands in the JSON as it is. */
class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Place = { readonly holder: unknown[]; readonly key: number } | { readonly holder: Members; readonly key: string };
/** An object as its members, so that one may stand twice. */
class Members {
  entries: [string, unknown][];

  constructor(entries: [string, unknown][]) {
    this.entries = entries;
  }
}

function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (value !== null && typeof value === "object")
    return new Members(Object.entries(value).map(([key, item]) => [key, opened(item)]));
  return value;
}

function placesIn(value: unknown, places: Place[] = []): Place[] {
  if (Array.isArray(value)) {
    for (const [key, item] of value.entries()) {
      places.push({ holder: value, key });
      placesIn(item, places);
    }
  } else if (value instanceof Members) {
    for (const [key, item] of value.entries) {
      places.push({ holder: value, key });
      placesIn(item, places);
    }
  }
  return places;
}

/** A value of its own: one that stood in two places would hold itself before long. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (value instanceof Members) return new Members(value.entries.map(([key, item]) => [key, copied(item)]));
  return value;
}

function written(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
  if (value instanceof Members)
    return `{${value.entries.map(([key, item]) => `${JSON.stringify(key)}:${written(item)}`).join(",")}}`;
  return JSON.stringify(value) ?? "null";
}

const ODD: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => "",
  () => [],
  () => new Members([]),
  () => 0,
  () => -1,
  () => new Raw("-0"),
  () => new Raw("1e999"),
  () => new Raw("1.5"),
  () => Number.MAX_SAFE_INTEGER,
  () => new Raw("9007199254740993"),
  () => new Raw("1".repeat(400)),
  () => new Raw('"\\ud800"'),
  () => new Raw('"\\u0000\\u202e"'),
  () => new Raw("[".repeat(40) + "]".repeat(40)),
  () => new Raw("[".repeat(20_000) + "]".repeat(20_000)),
  () => new Raw('{"a":'.repeat(5000) + "1" + "}".repeat(5000)),
  () => "A".repeat(70_000),
  () => Array.from({ length: 3000 }, (_, index) => index),
  () => "../../etc/passwd",
  () => "0".repeat(64),
  () => "__proto__",
  () => "*",
];
const NAMES = ["__proto__", "constructor", "toString", "extra", "alg", "crit", "v", "", "0", "length"];

/** Changes the value in place, once, somewhere. */
function once(root: unknown, lent: readonly unknown[], random: SeededRandom): void {
  const places = placesIn(root);
  if (places.length === 0) return;
  const place = random.pick(places);
  const get = ({ holder, key }: Place): unknown =>
    copied(holder instanceof Members ? holder.entries.find(([name]) => name === key)?.[1] : holder[Number(key)]);
  const set = (at: Place, value: unknown): void => {
    if (!(at.holder instanceof Members)) at.holder[Number(at.key)] = value;
    else at.holder.entries = at.holder.entries.map(([key, item]) => (key === at.key ? [key, value] : [key, item]));
  };
  switch (random.integer(0, 9)) {
    case 0:
      if (place.holder instanceof Members)
        place.holder.entries = place.holder.entries.filter(([key]) => key !== place.key);
      else place.holder.splice(Number(place.key), 1);
      break;
    case 1:
      if (place.holder instanceof Members)
        place.holder.entries.push([String(place.key), random.chance(0.5) ? get(place) : 1]);
      else place.holder.push(get(place));
      break;
    case 2:
      if (place.holder instanceof Members) place.holder.entries.push([random.pick(NAMES), random.pick(ODD)()]);
      else place.holder.push(random.pick(ODD)());
      break;
    case 3:
    case 4:
      set(place, random.pick(ODD)());
      break;
    case 5: {
      const other = random.pick(places);
      const [mine, theirs] = [get(place), get(other)];
      set(place, theirs);
      set(other, mine);
      break;
    }
    case 6: {
      const value = get(place);
      if (typeof value === "string") set(place, spoiltText(value, random));
      else if (typeof value === "number") set(place, value + random.pick([-1, 1, 2 ** 31, -(2 ** 31), 0.5]));
      else if (typeof value === "boolean") set(place, !value);
      else set(place, [value]);
      break;
    }
    case 7:
      if (lent.length > 0) {
        const from = placesIn(random.pick(lent));
        const same = from.filter((at) => at.key === place.key);
        if (from.length > 0) set(place, get(random.pick(same.length > 0 ? same : from)));
      }
      break;
    case 8:
      if (place.holder instanceof Members) place.holder.entries = place.holder.entries.toReversed();
      else place.holder.reverse();
      break;
    default:
      if (place.holder instanceof Members)
        place.holder.entries = place.holder.entries.map(([key, item]) => [
          key === place.key ? `${key}\u0000` : key,
          item,
        ]);
      else place.holder.length = 0;
  }
}

function spoiltText(value: string, random: SeededRandom): string {
  const at = random.integer(0, value.length);
  switch (random.integer(0, 5)) {
    case 0:
      return value.slice(0, at);
    case 1:
      return value.slice(0, at) + random.pick(["=", "\n", "\u0000", "é", " ", "A", "_"]) + value.slice(at);
    case 2:
      return value.slice(0, at) + String.fromCharCode(random.integer(33, 126)) + value.slice(at + 1);
    case 3:
      return value + value;
    case 4:
      return value.toUpperCase();
    default:
      return value.slice(at) + value.slice(0, at);
  }
}

/** The JSON value of a text, spoilt; as canonical bytes where it still has a canonical form, so that it is read further in. */
export function mutateJson(valid: Uint8Array, others: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  if (random.chance(0.25)) return mutateBytes(valid, others, random);
  const root = parsed(valid);
  if (root === undefined) return mutateBytes(valid, others, random);
  const holder = [root];
  const other = others.length > 0 && random.chance(0.3) ? parsed(random.pick(others)) : undefined;
  const lent = other === undefined ? [] : [other];
  for (let left = random.integer(1, 3); left > 0; left -= 1) once(holder, lent, random);
  const text = written(holder[0]);
  return new TextEncoder().encode(random.chance(0.7) ? canonicalOf(text) : text);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return opened(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

function canonicalOf(text: string): string {
  if (text.length > 50_000) return text;
  try {
    return canonicalize(JSON.parse(text)) ?? text;
  } catch {
    return text;
  }
}

export const anyJson: Mutator = (samples, random) => spoilPart(samples, random, mutateJson);
