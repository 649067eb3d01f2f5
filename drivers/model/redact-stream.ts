import type { DeviceId } from "../../shared/ids.ts";
import type { Tagger } from "../types.ts";
import type { Language } from "./language.ts";
import { hider } from "./public-form.ts";
import { findSecrets, type Range, replaceRanges, union, WINDOW } from "./redact.ts";

/**
 * Hides secrets in a stream of device output, whatever the edges of its chunks are. Holds back at most one line, or `HELD_MAX`
 * characters of an endless one: then all but the last `TAIL` go out, and a secret that begins before the edge stays whole.
 */
export interface RedactStream {
  /** What may go out now. */
  push(chunk: string): string;
  /** The rest: after the last chunk, or where the device waits for input and the line will not grow. */
  flush(): string;
}

const HELD_MAX = 32_768;
const TAIL = WINDOW;
/** Shorter values are hidden by the platform's patterns only: they would tear holes into every text. */
export const KNOWN_MIN = 4;

export function redactStream(
  language: Language,
  device: DeviceId,
  tagger: Tagger,
  secretsKnown: readonly string[],
): RedactStream {
  const hide = hider(device, tagger);
  const known = knownForms(secretsKnown);
  const longest = Math.max(0, ...known.forms.keys().map((form) => form.length));
  const tail = Math.max(TAIL, longest);
  let held = "";
  /** Inside a value that was hidden already and that has not ended. */
  let swallowing = false;

  const hideKnown = (value: string): string => hide(known.forms.get(value) ?? value);
  const redact = (text: string): string => replaceRanges(text, ranges(text), hideKnown);
  const ranges = (text: string): readonly Range[] => {
    const mine = knownRanges(known, text);
    const found = findSecrets(language, text);
    return mine.length === 0 ? found : union([...found, ...mine]);
  };

  const cut = (): string => {
    const found = ranges(held);
    let edge = held.length - tail;
    for (const range of found) if (range.from < edge && range.end > edge) edge = range.end;
    if (edge < held.length) {
      const whole = found.filter((range) => range.end <= edge);
      const out = replaceRanges(held.slice(0, edge), whole, hideKnown);
      held = held.slice(edge);
      return out;
    }
    // One value fills everything that may be held: it is hidden now, and its end is dropped when it comes.
    const out = redact(held);
    held = "";
    swallowing = true;
    return out;
  };

  const line = (text: string): string => {
    if (!swallowing) return redact(text);
    swallowing = false;
    const end = /\s/v.exec(text)?.index ?? text.length;
    return redact(text.slice(end));
  };

  return {
    push(chunk) {
      let out = "";
      let from = 0;
      for (const found of chunk.matchAll(/[\r\n]+/gv)) {
        out += line(held + chunk.slice(from, found.index)) + found[0];
        held = "";
        from = found.index + found[0].length;
      }
      // A chunk may be larger than what may be held.
      for (let at = from; at < chunk.length; at += HELD_MAX) {
        const part = chunk.slice(at, at + HELD_MAX);
        held += swallowing ? (/\s.*$/sv.exec(part)?.[0] ?? "") : part;
        if (held !== "") swallowing = false;
        while (held.length > HELD_MAX + tail) out += cut();
      }
      return out;
    },
    flush() {
      const out = line(held);
      held = "";
      return out;
    },
  };
}

interface Known {
  readonly pattern: RegExp | undefined;
  /** Each form to the value that it stands for, so that every form of one secret has one tag. */
  readonly forms: ReadonlyMap<string, string>;
}

/** A known value as it may appear: raw, in base64 at any alignment, url-encoded, quoted, and in hex. */
function knownForms(secrets: readonly string[]): Known {
  const forms = new Map<string, string>();
  for (const secret of secrets) {
    for (const value of secret.split(/[\r\n]+/v)) {
      if (value.length < KNOWN_MIN) continue;
      for (const form of [value, ...base64Forms(value), ...urlForms(value), ...quotedForms(value)])
        if (!forms.has(form)) forms.set(form, value);
    }
  }
  if (forms.size === 0) return { pattern: undefined, forms };
  const sources = [...forms.keys()].toSorted((a, b) => b.length - a.length).map((form) => RegExp.escape(form));
  return { pattern: new RegExp(sources.join("|"), "gv"), forms };
}

/** What of the base64 does not depend on the bytes around, when the value stands at offset 0, 1 or 2 of a longer text (`user:password`). */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  const forms: string[] = [];
  for (const offset of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/v, "");
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    const inner = text.slice(first, last);
    if (inner.length >= 6) forms.push(inner, inner.replaceAll("+", "-").replaceAll("/", "_"));
  }
  const whole = bytes.toString("base64");
  return [whole, whole.replaceAll("+", "-").replaceAll("/", "_"), ...forms];
}

/** As a quoted string, a shell word, markup or a dump in hex shows it. */
function quotedForms(value: string): string[] {
  const hex = Buffer.from(value, "utf8").toString("hex");
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  return [
    value.replaceAll(/[\\"]/gv, (c) => `\\${c}`),
    value.replaceAll(/[\\"$`]/gv, (c) => `\\${c}`),
    value.replaceAll("'", String.raw`'\''`),
    value.replaceAll(/[&<>]/gv, (c) => entities[c] ?? c),
    value.replaceAll(/[&<>"']/gv, (c) => entities[c] ?? c),
    hex,
    hex.toUpperCase(),
  ];
}

function urlForms(value: string): string[] {
  // A lone surrogate has no url-encoded form.
  if (!value.isWellFormed()) return [];
  const encoded = encodeURIComponent(value);
  const strict = encoded.replaceAll(/[!'\(\)*]/gv, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const forms = [encoded, strict, encoded.replaceAll("%20", "+")];
  return [...forms, ...forms.map((form) => form.replaceAll(/%[0-9A-F]{2}/gv, (code) => code.toLowerCase()))];
}

function knownRanges({ pattern }: Known, text: string): Range[] {
  if (!pattern) return [];
  const ranges: Range[] = [];
  for (const found of text.matchAll(pattern)) {
    ranges.push({ start: found.index, end: found.index + found[0].length, from: found.index });
  }
  return ranges;
}
