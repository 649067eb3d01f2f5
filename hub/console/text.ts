/**
 * Text of a device, an agent or the hub. It is only ever a text node; beyond that, what a terminal would obey and what would
 * reorder a line is shown as a name, so that two texts that look alike are alike.
 */
export interface Piece {
  readonly text: string;
  /** The name of an invisible character; `text` is then what stands for it. */
  readonly name?: string;
}

// Control characters but line feed and tab, bidirectional and zero-width marks, line separators, interlinear and tag characters, BOM.
const INVISIBLE =
  // oxlint-disable-next-line no-control-regex -- these are what is made visible
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

export function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(INVISIBLE)) {
    if (match.index > from) out.push({ text: text.slice(from, match.index) });
    out.push(nameOf(match[0]));
    from = match.index + match[0].length;
  }
  if (from < text.length) out.push({ text: text.slice(from) });
  return out;
}

/** The same for places that take a string: a title, an accessible name. */
export const plain = (text: string): string =>
  pieces(text)
    .map((piece) => piece.text)
    .join("");

const CONTROLS =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(
    " ",
  );

function nameOf(character: string): Piece {
  const code = character.codePointAt(0) ?? 0;
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return { text: `<${CONTROLS[code] ?? hex}>`, name: `invisible character ${hex}` };
}
