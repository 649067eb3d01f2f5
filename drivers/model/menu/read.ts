import type { Language, MenuForm } from "../language.ts";
import type { Line } from "../lines.ts";
import { refusal } from "../refusal.ts";
import { printItem, readItem } from "./item.ts";
import { wordsOf } from "./words.ts";

interface Told {
  readonly text: string;
  readonly number: number;
}

/** Each line repeats its menu: a device must not make a megabyte into a gigabyte. */
const UNFOLD_MAX = 24;

/**
 * Text of a menu language as lines that each say the whole: `/ip address` with items below it, or `/ip address add …` at once, continued
 * over a backslash or not. Line numbers are those of the text. What is no line of the language stays as it is.
 */
export function scanMenu(language: Language, form: MenuForm, text: string): Line[] {
  const out: Line[] = [];
  let left = UNFOLD_MAX * text.length + 65_536;
  let menu = "";
  let header: Told | undefined;
  const push = (told: Told | undefined): void => {
    if (!told) return;
    left -= told.text.length;
    if (left < 0) throw refusal(told.number, "menus that unfold without measure");
    out.push({ ...told, indent: 0, body: undefined, block: undefined });
  };
  let open: Told | undefined;
  for (const [at, raw] of text.split("\n").entries()) {
    const line = raw.replace(/\r+$/v, "");
    const whole = open ? open.text + line.trimStart() : line.trim();
    const number = open?.number ?? at + 1;
    open = undefined;
    if (whole.endsWith("\\") && !language.isNoise(whole)) {
      open = { text: whole.slice(0, -1), number };
      continue;
    }
    const item = whole.startsWith("/") ? readItem(form, whole) : readItem(form, `${menu} ${whole}`);
    if (!item && isHeader(whole)) {
      push(header);
      menu = whole;
      header = { text: whole, number };
      continue;
    }
    // A menu in which nothing is said is no part of a configuration; it may be a command, and is told as what it is.
    if (item && !whole.startsWith("/")) header = undefined;
    else if (whole !== "" && item) {
      push(header);
      header = undefined;
    }
    push({ text: item ? printItem(item) : whole.trimEnd(), number });
  }
  push(header);
  push(open);
  return out;
}

const isHeader = (line: string): boolean =>
  line.startsWith("/") && wordsOf(line).every((word) => /^[\/a-z0-9\-]+$/v.test(word));
