/** How the configuration lines of a mode are written down: words, what a newer line replaces, what `no` leaves behind, what a line opens. */
import type { Pattern } from "../../kit/match.ts";
import type { Mode } from "./modes.ts";

export interface Rule {
  readonly words: readonly string[];
  /** How many leading words name the setting; the rest is its value. Lines with the same name replace each other. */
  readonly nameWords: number;
  /**
   * Which forms the running configuration shows: `set` only what is set, `negated` only the `no` of what is on by itself,
   * `either` always one of both.
   */
  readonly shows: "set" | "negated" | "either";
  readonly opens: Mode | undefined;
  readonly refused: string | undefined;
}

export interface Grammar {
  readonly patterns: readonly Pattern<string>[];
  readonly rules: ReadonlyMap<string, Rule>;
}

const SHOWS = { "-": "negated", "~": "either" } as const;

/**
 * One rule a line: the pattern language of `kit/match.ts`, and in it
 * `=` before the value that a newer line replaces; at the start `- ` for what is on by itself and `~ ` for what always shows;
 * at the end `> mode` for a line that opens a mode, `! text` for one that this box refuses.
 */
export function grammar(...lines: readonly string[]): Grammar {
  const entries = lines.map((line) => {
    const [, sign, body = "", opens, refused] = /^(?:([-~]) )?(.*?)(?: > (\S+))?(?: ! (.+))?$/.exec(line) ?? [];
    const all = body.split(" ");
    const words = all.filter((word) => word !== "=");
    const rule: Rule = {
      words,
      nameWords: all.includes("=") ? all.indexOf("=") : words.length,
      shows: sign === "-" || sign === "~" ? SHOWS[sign] : "set",
      opens: opens as Mode | undefined,
      refused,
    };
    return [line, rule] as const;
  });
  return {
    patterns: entries.map(([id, rule]) => ({ id, words: rule.words })),
    rules: new Map(entries),
  };
}
