const KEPT_CHARACTERS_MAX = 16 * 1024 * 1024;
/** Shorter ones stand in a transcript by chance. */
const SECRET_CHARACTERS_MIN = 4;
const SECRETS_MAX = 10_000;
const TAG = /‹secret:[a-z2-7]+›/v;

/** What was said on all connections, kept to be searched for secrets; the oldest goes when there is too much. */
export class Transcripts {
  readonly #parts: string[] = [];
  readonly #secrets = new Set<string>();
  #characters = 0;
  #all = 0;
  /** How often a secret stood in what had to be let go of. */
  #leaked = 0;

  get characters(): number {
    return this.#all;
  }

  write(text: string): void {
    this.#parts.push(text);
    this.#characters += text.length;
    this.#all += text.length;
    while (this.#characters > KEPT_CHARACTERS_MAX && this.#parts.length > 1) {
      const gone = this.#parts.shift() ?? "";
      this.#characters -= gone.length;
      if (this.#holds(gone)) this.#leaked++;
    }
  }

  secret(value: string): void {
    if (value.length >= SECRET_CHARACTERS_MIN && this.#secrets.size < SECRETS_MAX) this.#secrets.add(value);
  }

  get secrets(): number {
    return this.#secrets.size;
  }

  /** How many pieces hold a secret that was told, in whatever order both came. */
  leaks(): number {
    return this.#leaked + this.#parts.filter((part) => this.#holds(part)).length;
  }

  #holds(part: string): boolean {
    for (const secret of this.#secrets) if (part.includes(secret)) return true;
    return false;
  }
}

/** What stands in the raw lines where the public ones have a tag: the values that the driver itself calls secret. */
export function hiddenValues(raw: string, publicText: string): string[] {
  const rawLines = new Map<string, string>();
  for (const line of raw.split("\n")) rawLines.set(line.trim(), line);
  const values: string[] = [];
  const heads = new Map<string, string[]>();
  for (const line of publicText.split("\n")) {
    const pieces = line.trim().split(TAG);
    const [head, tail = ""] = pieces;
    // With two in one line it is not told which is which: the first and the last piece still bound them.
    if (pieces.length < 2 || head === undefined || head.length < 3) continue;
    heads.set(head, [...(heads.get(head) ?? []), pieces.at(-1) ?? tail]);
  }
  for (const line of rawLines.keys()) {
    for (const [head, tails] of heads) {
      if (!line.startsWith(head)) continue;
      const tail = tails.find((one) => line.endsWith(one) && line.length > head.length + one.length);
      if (tail === undefined || values.length >= SECRETS_MAX) continue;
      const value = line.slice(head.length, line.length - tail.length);
      if (!value.includes("‹")) values.push(value);
    }
  }
  return values;
}
