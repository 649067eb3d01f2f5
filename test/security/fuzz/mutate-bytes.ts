/** Hostile bytes that know nothing of what they spoil: flips, cuts, repeats, splices, lengths that lie, text that is not UTF-8. */
import type { SeededRandom } from "../../simulation/random.ts";
import type { Input, Mutator } from "./target.ts";

/** Larger ones take their time by their size alone; work that grows with the square shows long before. */
const INPUT_BYTES_MAX = 256 * 1024;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const PIECES: readonly Uint8Array[] = [
  ..."{ } [ ] \" ' , : ; # & * | > % @ ` $ \\ / .. -".split(" ").map(encode),
  ...[
    "\\u0000",
    "\\ud800",
    "1e999",
    "-0",
    "null",
    "__proto__",
    "constructor",
    "&a ",
    "*a",
    "!!js/function ",
    "<<: ",
  ].map(encode),
  ...[
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\u0000",
    "\u001b[999999999C",
    "\u001b[K",
    "\u001b]0;",
    "\u0008\u0008",
    "\u202e",
    "\u2028",
  ].map(encode),
  ...[[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]].map((bytes) =>
    Uint8Array.from(bytes),
  ),
];
const LENGTHS = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** One or a few changes to one text. `others` lend their parts. */
export function mutateBytes(valid: Uint8Array, others: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  if (random.chance(0.02)) return Uint8Array.from({ length: random.integer(0, 300) }, () => random.integer(0, 255));
  let bytes: Uint8Array = new Uint8Array(valid);
  for (let left = random.integer(1, 4); left > 0; left -= 1) bytes = once(bytes, others, random);
  return bytes.length > INPUT_BYTES_MAX ? bytes.subarray(0, INPUT_BYTES_MAX) : bytes;
}

function once(bytes: Uint8Array, others: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  const at = random.integer(0, Math.max(0, bytes.length - 1));
  const end = Math.min(bytes.length, at + random.integer(1, random.chance(0.2) ? 400 : 16));
  const head = bytes.subarray(0, at);
  const tail = bytes.subarray(at);
  switch (random.integer(0, 9)) {
    case 0:
      return joined(head, Uint8Array.of((bytes[at] ?? 0) ^ (1 << random.integer(0, 7))), bytes.subarray(at + 1));
    case 1:
      return joined(head, Uint8Array.of(random.integer(0, 255)), bytes.subarray(at + 1));
    case 2:
      return head;
    case 3:
      return joined(head, bytes.subarray(end));
    case 4:
      return joined(bytes.subarray(0, end), tail);
    case 5:
      return joined(head, random.pick(PIECES), tail);
    case 6: {
      const piece = random.pick(PIECES);
      const times = random.chance(0.05) ? random.integer(1000, 100_000) : random.integer(2, 60);
      return joined(head, ...Array.from({ length: times }, () => piece), tail);
    }
    case 7:
      return lie(bytes, at, random);
    case 8: {
      if (others.length === 0) return head;
      const other = random.pick(others);
      return joined(head, other.subarray(random.integer(0, Math.max(0, other.length - 1))));
    }
    default:
      return joined(head, bytes.subarray(at, end).toReversed(), bytes.subarray(end));
  }
}

/** A big-endian length of 32 or 16 bits, written over what stands there. */
function lie(bytes: Uint8Array, at: number, random: SeededRandom): Uint8Array {
  const out = new Uint8Array(bytes);
  const place = random.chance(0.5) ? Math.min(at, 24) : at;
  const view = new DataView(out.buffer);
  if (place + 4 > out.length) return out;
  const near = view.getUint32(place) + random.integer(-2, 2);
  view.setUint32(place, (random.chance(0.3) ? near : random.pick(LENGTHS)) >>> 0);
  return out;
}

/** Any input at all: one part of it is spoilt, missing, or another sample's. */
export const anyBytes: Mutator = (samples, random) => spoilPart(samples, random, mutateBytes);

export function spoilPart(samples: readonly Input[], random: SeededRandom, spoil: typeof mutateBytes): Input {
  const parts = [...random.pick(samples)];
  const place = random.integer(0, parts.length - 1);
  const others = samples.flatMap((sample) => sample[place] ?? []);
  if (parts.length > 1 && random.chance(0.15)) parts[place] = random.pick(others);
  else if (parts.length > 1 && random.chance(0.05)) parts[place] = new Uint8Array();
  else parts[place] = spoil(parts[place] ?? new Uint8Array(), others, random);
  return parts;
}
