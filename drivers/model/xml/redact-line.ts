import type { DeviceId } from "../../../shared/ids.ts";
import type { Tagger } from "../../types.ts";
import { plainLanguage } from "../language.ts";
import { type Hide, hider } from "../public-form.ts";
import { replaceRanges } from "../redact.ts";
import { redactStream } from "../redact-stream.ts";
import type { XmlLanguage } from "./language.ts";

/**
 * Hides secrets in a transcript that comes line by line, laid out in whatever way: the text of an element whose name a rule knows,
 * wherever its tags stand, and in any text what a rule's `value` matches. Where the tags do not fit together, and so nobody knows
 * where a text stands, names alone decide: hiding too much costs nothing there. Known values are hidden everywhere, tags and attributes included.
 */
export function xmlLineRedactor(
  language: XmlLanguage,
  device: DeviceId,
  tagger: Tagger,
  known: readonly string[],
): (line: string) => string {
  const hide = hider(device, tagger);
  const stream = redactStream(NO_PATTERNS, device, tagger, known);
  const scanner = new Scanner(language, hide);
  return (line) => (stream.push(scanner.line(line)) + stream.flush()).replace(/\n$/v, "");
}

/** A language of lines that hides nothing by itself. */
const NO_PATTERNS = plainLanguage({ comment: "^!$", redact: ["^(?!)(?<secret>.)"] });

/** Where one line ends and the next goes on: in a tag or in the text of an element. */
class Scanner {
  readonly #language: XmlLanguage;
  readonly #hide: Hide;
  #state: "text" | "tag" | "cdata" = "text";
  /** Of the tag that is open; cut where no name is that long. */
  #name = "";
  #nameEnded = false;
  #isSecret = false;
  /** The elements that are open. */
  #path: string[] = [];
  #isLost = false;

  constructor(language: XmlLanguage, hide: Hide) {
    this.#language = language;
    this.#hide = hide;
  }

  line(text: string): string {
    let out = "";
    let at = 0;
    while (at < text.length) {
      const from = at;
      switch (this.#state) {
        case "text": {
          const open = text.indexOf("<", at);
          at = open < 0 ? text.length : open;
          out += this.#text(text.slice(from, at), true);
          if (open < 0) break;
          // A comment counts as a tag: nothing that a device never closes may keep the rest of a transcript from being looked at.
          const isCdata = text.startsWith(CDATA, open);
          this.#state = isCdata ? "cdata" : "tag";
          [this.#name, this.#nameEnded] = ["", false];
          at += isCdata ? CDATA.length : 1;
          out += text.slice(open, at);
          break;
        }
        case "tag": {
          const close = text.indexOf(">", at);
          const end = close < 0 ? text.length : close;
          this.#readName(text.slice(at, end));
          at = close < 0 ? end : end + 1;
          out += text.slice(from, at);
          if (close >= 0) this.#tagEnded(text.charAt(close - 1) === "/");
          break;
        }
        case "cdata": {
          const close = text.indexOf("]]>", at);
          at = close < 0 ? text.length : close;
          out += this.#text(text.slice(from, at), false);
          if (close >= 0) {
            out += "]]>";
            at += 3;
            this.#state = "text";
          }
          break;
        }
        default:
          this.#state satisfies never;
      }
    }
    if (this.#state === "tag" && this.#name !== "") this.#nameEnded = true;
    return out;
  }

  #readName(part: string): void {
    if (this.#nameEnded) return;
    const end = part.search(/[\s\/]/v);
    // A closing tag begins with the slash: the text behind it belongs to no element that is known here.
    this.#name += part.slice(0, end <= 0 ? part.length : end).slice(0, 256);
    if (end > 0) this.#nameEnded = true;
  }

  #tagEnded(isEmpty: boolean): void {
    this.#state = "text";
    this.#isSecret = false;
    const isClosing = this.#name.startsWith("/");
    const local = this.#name.slice(Math.max(this.#name.lastIndexOf(":"), isClosing ? 0 : -1) + 1);
    if (!/^[A-Za-z_]/v.test(local)) return;
    if (!isClosing && MESSAGES.has(local)) [this.#path, this.#isLost] = [[], false];
    if (isClosing) {
      this.#isLost ||= this.#path.pop() !== local;
      return;
    }
    if (isEmpty) return;
    if (this.#path.length >= PATH_MAX) this.#isLost = true;
    else this.#path.push(local);
    const path = this.#path.join("/");
    this.#isSecret = this.#language.secrets.some(
      ({ name, under, value }) =>
        value === undefined && name.test(local) && (this.#isLost || (under?.test(path) ?? true)),
    );
  }

  #text(text: string, isEscaped: boolean): string {
    if (text === "") return "";
    const tag: Hide = (value) => this.#hide(isEscaped ? unescaped(value) : value);
    if (this.#isSecret) return replaceRanges(text, [{ start: 0, end: text.length, from: 0 }], tag);
    let out = text;
    for (const { value } of this.#language.secrets) {
      if (!value) continue;
      const ranges = [...out.matchAll(value)].flatMap((found) => {
        const place = found.indices?.groups?.["secret"];
        return place && place[1] > place[0] ? [{ start: place[0], end: place[1], from: found.index }] : [];
      });
      out = replaceRanges(out, ranges, tag);
    }
    return out;
  }
}

/** A message begins: what was open before it was cut off. */
const MESSAGES = new Set(["hello", "rpc", "rpc-reply", "notification"]);
const PATH_MAX = 64;
const CDATA = "<![CDATA[";

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** One tag for a value, however it was escaped. */
const unescaped = (text: string): string =>
  text.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|(amp|lt|gt|quot|apos));/gv,
    (whole, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
      if (name !== undefined) return NAMED[name] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
      return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
    },
  );
