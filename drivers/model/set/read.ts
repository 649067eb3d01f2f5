import type { Language, SetForm } from "../language.ts";
import type { Line } from "../lines.ts";
import { refusal } from "../refusal.ts";
import { expanded, isBlank, wordEnd, WORDS_MAX, wordsOf, canonicalWord } from "./words.ts";

/**
 * Text of a set language as lines, one path each: set commands as they stand, and text in braces turned into them. Line numbers are
 * those of the text. Linear in the text whatever it holds.
 */
export function scanSet(language: Language, form: SetForm, text: string): Line[] {
  const reader = new Reader(language, form, text);
  return reader.lines();
}

/** Ends as a statement does, but for a comment. Not itself a comment. */
const IN_BRACES = /^[^#].*[\{\};](?:\s*#.*|\s*\/\*.*)?$|^[\{\}]/v;

const UNFOLD_MAX = 24;

interface Statement {
  readonly words: readonly string[];
  readonly tags: readonly string[];
  readonly number: number;
}

const isPunctuation = (c: string): boolean => c === ";" || c === "{" || c === "}";

class Reader {
  readonly #out: Line[] = [];
  readonly #scopes: { path: readonly string[]; from: number; statement: Statement }[] = [];
  /** Where the lines of the last statement begin: a comment behind it may mark them as secret. */
  #last = { from: 0, number: 0 };
  #number = 1;
  #at = 0;
  /** Characters that may still come out: each line repeats the words above it, and a device must not make a megabyte into a gigabyte. */
  #left: number;
  readonly #language: Language;
  readonly #form: SetForm;
  readonly #text: string;
  readonly #verbs: readonly string[];
  /** After the last quote of the text none is closed. */
  readonly #quoteLast: number;

  constructor(language: Language, form: SetForm, text: string) {
    this.#language = language;
    this.#form = form;
    this.#text = text;
    this.#left = UNFOLD_MAX * text.length + 65_536;
    const { assert, negate, insert, marks } = form;
    const verbs = [assert, negate, ...(insert === undefined ? [] : [insert])];
    this.#verbs = [...verbs, ...marks.flatMap(({ put, take }) => [put, take])].map((verb) => `${verb} `);
    this.#quoteLast = text.lastIndexOf('"');
  }

  lines(): Line[] {
    while (this.#at < this.#text.length) {
      if (this.#scopes.length === 0 && this.#setLine()) continue;
      this.#braces();
    }
    // As where lines are split: a text that ends its last line has an empty one behind it.
    if (this.#text.endsWith("\n") && this.#out.at(-1)?.text !== "") this.#push("", this.#number, false);
    return this.#out;
  }

  /** At the start of a line outside of braces. */
  #setLine(): boolean {
    const end = this.#lineEnd(this.#at);
    const text = this.#text.slice(this.#at, end).trim();
    const isVerb = this.#verbs.some((verb) => text.startsWith(verb));
    // A line that neither begins a statement in braces nor is a command stays what it is: nothing is made of it.
    if (this.#form.braces && !isVerb && (IN_BRACES.test(text) || text.startsWith("/*"))) return false;
    this.#at = end + 1;
    this.#emitText(text, this.#number++);
    return true;
  }

  #emitText(text: string, number: number): void {
    const mark = this.#form.secretMark;
    const marked = mark !== undefined && text.endsWith(` ${mark}`);
    const bare = marked ? text.slice(0, -mark.length - 1).trimEnd() : text;
    const verb = this.#verbs.find((prefix) => bare.startsWith(prefix));
    if (verb === undefined || this.#language.isNoise(text)) this.#push(text, number, false);
    else
      for (const words of expanded(wordsOf(bare.slice(verb.length))))
        this.#push(`${verb}${words.join(" ")}`.trimEnd(), number, marked);
  }

  #push(text: string, number: number, secret: boolean): void {
    this.#left -= text.length;
    if (this.#left < 0) throw refusal(number, "braces or lists that unfold without measure");
    this.#out.push({ number, indent: 0, text, body: undefined, block: undefined, ...(secret ? { secret } : {}) });
  }

  #lineEnd(from: number): number {
    const end = this.#text.indexOf("\n", from);
    return end < 0 ? this.#text.length : end;
  }

  /** One statement of text in braces, up to its `;`, `{` or a closing `}`. */
  #braces(): void {
    const words: string[] = [];
    const tags: string[] = [];
    let number = this.#number;
    for (;;) {
      this.#skipBlanks();
      if (this.#at >= this.#text.length) {
        if (words.length > 0) this.#statement({ words, tags, number });
        return;
      }
      const c = this.#text.charAt(this.#at);
      if (this.#comment()) {
        if (words.length === 0 && this.#scopes.length === 0) return;
        continue;
      }
      if (isPunctuation(c)) {
        this.#at++;
        if (c === "{") this.#open({ words, tags, number });
        else {
          if (words.length > 0) this.#statement({ words, tags, number });
          if (c === "}") this.#close();
        }
        this.#restOfLine();
        return;
      }
      if (words.length === 0) number = this.#number;
      const word = this.#word();
      const tag = words.length === 0 && /^[a-z]+:$/v.test(word) && this.#isTag(word.slice(0, -1));
      if (tag) tags.push(word.slice(0, -1));
      else if (words.length < WORDS_MAX) words.push(word);
    }
  }

  #isTag(word: string): boolean {
    return word === "replace" || word === "delete" || this.#form.marks.some((mark) => mark.tag === word);
  }

  #word(): string {
    const from = this.#at;
    const opens = this.#text.charAt(from);
    if (opens === "[" || opens === "]") {
      this.#at++;
      return opens;
    }
    // Without a closing quote anywhere the word ends with its line, or everything behind it would be searched again and again.
    const open = opens === '"' && this.#quoteLast <= from;
    const end = open ? this.#lineEnd(from) : wordEnd(this.#text, from, (c) => isPunctuation(c) || c === "]");
    this.#at = end;
    const word = this.#text.slice(from, end);
    for (const c of word) if (c === "\n") this.#number++;
    return canonicalWord(word.replaceAll(/\r?\n/gv, "\\n"));
  }

  #skipBlanks(): void {
    while (this.#at < this.#text.length) {
      const c = this.#text.charAt(this.#at);
      if (!isBlank(c)) return;
      if (c === "\n") this.#number++;
      this.#at++;
    }
  }

  /** What stands behind a statement on its line belongs to it. Then a line outside of braces may begin. */
  #restOfLine(): void {
    while (this.#at < this.#text.length) {
      const c = this.#text.charAt(this.#at);
      if (c === "\n") {
        this.#number++;
        this.#at++;
        return;
      }
      if (isBlank(c)) this.#at++;
      else if (!this.#comment()) return;
    }
  }

  #comment(): boolean {
    const mark = this.#form.secretMark;
    if (this.#text.startsWith("/*", this.#at)) {
      const found = this.#text.indexOf("*/", this.#at + 2);
      const end = found < 0 ? this.#text.length : found + 2;
      for (let at = this.#at; at < end; at++) if (this.#text.charAt(at) === "\n") this.#number++;
      this.#at = end;
      return true;
    }
    if (this.#text.charAt(this.#at) !== "#") return false;
    const end = this.#lineEnd(this.#at);
    const text = this.#text.slice(this.#at, end);
    if (mark !== undefined && text.startsWith(mark) && this.#last.number === this.#number) this.#markLast();
    this.#at = end;
    return true;
  }

  #markLast(): void {
    for (let at = this.#last.from; at < this.#out.length; at++) {
      const line = this.#out[at];
      if (line) this.#out[at] = { ...line, secret: true };
    }
  }

  #path(): readonly string[] {
    return this.#scopes.at(-1)?.path ?? [];
  }

  #statement(statement: Statement): void {
    const from = this.#out.length;
    this.#tagsBefore(statement);
    if (!statement.tags.includes("delete")) {
      for (const words of expanded([...this.#path(), ...statement.words])) this.#put(words, statement.number);
      this.#tagsAfter(statement);
    }
    this.#last = { from, number: this.#number };
  }

  #put(words: readonly string[], number: number): void {
    this.#push(`${this.#form.assert} ${capped(words).join(" ")}`, number, false);
  }

  #open(statement: Statement): void {
    this.#tagsBefore(statement);
    const path = capped([...this.#path(), ...statement.words]);
    this.#scopes.push({ path, from: this.#out.length, statement });
  }

  #close(): void {
    const scope = this.#scopes.pop();
    if (!scope) return;
    if (scope.from === this.#out.length) this.#put(scope.path, scope.statement.number);
    this.#tagsAfter(scope.statement);
  }

  /** `replace:` takes away what was there first. */
  #tagsBefore({ words, tags, number }: Statement): void {
    if (tags.some((tag) => tag === "replace" || tag === "delete"))
      this.#push(`${this.#form.negate} ${capped([...this.#path(), ...words]).join(" ")}`, number, false);
  }

  #tagsAfter({ words, tags, number }: Statement): void {
    for (const { put, tag } of this.#form.marks)
      if (tag !== undefined && tags.includes(tag))
        for (const path of expanded([...this.#path(), ...words]))
          this.#push(`${put} ${capped(path).join(" ")}`, number, false);
  }
}

/** Nothing real nests deeper; what does keeps its last word only. */
const capped = (words: readonly string[]): string[] =>
  words.length <= WORDS_MAX ? [...words] : [...words.slice(0, WORDS_MAX - 1), words.at(-1) ?? ""];
