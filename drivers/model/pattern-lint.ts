/**
 * Finds what makes a regular expression slow: a repetition inside a repetition (`(a+)+`), and two unbounded repetitions of the same
 * thing side by side (`\s*\s*`). A pattern of a platform file meets text that a device chose.
 */
export type PatternFault =
  | "does not compile"
  | "nested repetition"
  | "adjacent repetitions"
  | "back reference"
  | "too many unbounded repetitions";

/** Each one multiplies the work on a line that almost matches. */
const UNBOUNDED_ANY_MAX = 2;

export function lintPattern(source: string): PatternFault | undefined {
  try {
    new RegExp(source, "v");
  } catch {
    return "does not compile";
  }
  if (/\\(?:[1-9]|k<)/v.test(source.replaceAll("\\\\", ""))) return "back reference";
  const reader = new Reader(source);
  const { any } = reader.alternatives();
  return reader.fault ?? (any > UNBOUNDED_ANY_MAX ? "too many unbounded repetitions" : undefined);
}

interface Cost {
  /** Holds, or is, a repetition without a bound. */
  readonly repeats: boolean;
  /** Unbounded repetitions of any character that one way through it meets. */
  readonly any: number;
}

interface Term extends Cost {
  readonly text: string;
  readonly unbounded: boolean;
}

class Reader {
  fault: PatternFault | undefined;
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** Reads to the end of the group or text: the worst of its alternatives. */
  alternatives(): Cost {
    let repeats = false;
    let worst = 0;
    let any = 0;
    let before: Term | undefined;
    while (this.#at < this.#source.length && this.#source[this.#at] !== ")") {
      if (this.#source[this.#at] === "|") {
        this.#at++;
        before = undefined;
        worst = Math.max(worst, any);
        any = 0;
        continue;
      }
      const term = this.#term();
      if (term.unbounded && before?.unbounded && term.text === before.text) this.fault ??= "adjacent repetitions";
      repeats ||= term.repeats;
      any += term.any;
      before = term;
    }
    return { repeats, any: Math.max(worst, any) };
  }

  #term(): Term {
    const start = this.#at;
    const inner = this.#atom();
    const text = this.#source.slice(start, this.#at);
    const unbounded = this.#quantifier();
    if (unbounded && inner.repeats) this.fault ??= "nested repetition";
    return {
      text,
      repeats: inner.repeats || unbounded,
      any: inner.any + (unbounded && text === "." ? 1 : 0),
      unbounded,
    };
  }

  #atom(): Cost {
    const c = this.#source[this.#at];
    if (c === "(") {
      this.#at++;
      const head = /^\?(?:[:=!]|<[=!]|<\w+>)/v.exec(this.#source.slice(this.#at, this.#at + 80));
      this.#at += head?.[0].length ?? 0;
      const cost = this.alternatives();
      this.#at++;
      return cost;
    }
    if (c === "[") this.#class();
    else if (c === "\\")
      this.#at +=
        /^\\(?:[pP]\{[^\}]*\}|u\{[^\}]*\}|u.{4}|x.{2}|.)/v.exec(this.#source.slice(this.#at))?.[0].length ?? 2;
    else this.#at++;
    return { repeats: false, any: 0 };
  }

  #class(): void {
    let depth = 0;
    do {
      const c = this.#source[this.#at];
      if (c === "\\") this.#at++;
      else if (c === "[") depth++;
      else if (c === "]") depth--;
      this.#at++;
    } while (depth > 0 && this.#at < this.#source.length);
  }

  #quantifier(): boolean {
    const found = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/v.exec(this.#source.slice(this.#at, this.#at + 16))?.[0];
    if (found === undefined) return false;
    this.#at += found.length;
    return /^(?:[*+]|\{\d+,\})/v.test(found);
  }
}
