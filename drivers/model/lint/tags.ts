import type { Tagger } from "../../types.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Tags for a text that no device and no site key stands behind: numbered, so that they tell values apart and tell nothing of them. */
export function numberedTags(): Tagger {
  const known = new Map<string, string>();
  return {
    keyGeneration: 0,
    tag: (_device, shown) => {
      const tag = known.get(shown) ?? numbered(known.size);
      known.set(shown, tag);
      return tag;
    },
  };
}

function numbered(index: number): string {
  let tag = "";
  for (let left = index; tag.length < 16; left = Math.floor(left / 32)) tag = LETTERS.charAt(left % 32) + tag;
  return tag;
}
