/** What may stand behind `commit`. */
import type { Refusal } from "./config/resolve.ts";
import type { Word } from "./config/words.ts";
import type { CommitRequest } from "./device.ts";

export interface ParsedCommit extends CommitRequest {
  readonly andQuit: boolean;
}

const WORDS = ["and-quit", "check", "comment", "confirmed", "synchronize"];
/** Minutes (CLI reference, `commit confirmed`): 1 to 65535, 10 where none are given. */
const CONFIRMED_DEFAULT_MINUTES = 10;
const CONFIRMED_MAX_MINUTES = 65_535;

export function parseCommit(words: readonly Word[]): ParsedCommit | Refusal {
  let check = false;
  let andQuit = false;
  let comment: string | undefined;
  let minutes: number | undefined;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (!word) break;
    const hits = WORDS.filter((name) => name.startsWith(word.text));
    const exact = WORDS.includes(word.text) ? word.text : hits.length === 1 ? hits[0] : undefined;
    if (exact === undefined) return { word, message: "syntax error" };
    const next = words[at + 1];
    switch (exact) {
      case "check":
        check = true;
        break;
      case "and-quit":
        andQuit = true;
        break;
      case "comment":
        if (!next) return { word: undefined, message: "missing argument" };
        comment = next.text;
        at += 1;
        break;
      case "confirmed":
        minutes = CONFIRMED_DEFAULT_MINUTES;
        if (next && /^\d+$/.test(next.text)) {
          minutes = Number(next.text);
          if (minutes < 1 || minutes > CONFIRMED_MAX_MINUTES)
            return { word: next, message: `Value ${next.text} is not within range (1..${CONFIRMED_MAX_MINUTES})` };
          at += 1;
        }
        break;
      case "synchronize":
        break;
      default:
        return { word, message: "syntax error" };
    }
  }
  return { check, andQuit, comment, confirmedMs: minutes === undefined ? undefined : minutes * 60_000 };
}
