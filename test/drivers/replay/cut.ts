/** The ways in which the same bytes can arrive. */
export type Way =
  | { readonly kind: "as recorded" }
  | { readonly kind: "byte by byte" }
  /** With a carriage return before each line feed, as a terminal sends them; the recordings have lost it. */
  | { readonly kind: "random chunks"; readonly seed: number; readonly carriageReturns: boolean };

/** With `FARHAND_MATRIX=full`, more seeds. */
const SEEDS = process.env["FARHAND_MATRIX"] === "full" ? 20 : 2;

export const WAYS: readonly Way[] = [
  { kind: "as recorded" },
  { kind: "byte by byte" },
  ...Array.from({ length: SEEDS }, (_, at): Way => ({
    kind: "random chunks",
    seed: at + 1,
    carriageReturns: at % 2 === 1,
  })),
];

export const named = (way: Way): string =>
  way.kind === "random chunks" ? `${way.kind} (seed ${way.seed}${way.carriageReturns ? ", CR LF" : ""})` : way.kind;

/** Mulberry32: small, seeded, the same everywhere. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const CHUNK_MAX = 700;

/** Cuts what a device says into what one read gives. Each call goes on where the last has left the seed. */
export function cutter(way: Way): (chunks: readonly string[]) => Uint8Array[] {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  switch (way.kind) {
    case "as recorded":
      return (chunks) => chunks.map(encode);
    case "byte by byte":
      return (chunks) => Array.from(encode(chunks.join("")), (byte) => Uint8Array.of(byte));
    case "random chunks": {
      const next = random(way.seed);
      return (chunks) => {
        const text = chunks.join("");
        const bytes = encode(way.carriageReturns ? text.replaceAll(/\r?\n/g, "\r\n") : text);
        const cut: Uint8Array[] = [];
        for (let at = 0; at < bytes.length;) {
          const size = 1 + Math.floor(next() ** 3 * CHUNK_MAX);
          cut.push(bytes.subarray(at, at + size));
          at += size;
        }
        return cut;
      };
    }
    default:
      return way satisfies never;
  }
}
