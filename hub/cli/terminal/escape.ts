/**
 * What a device or the hub says may hold bytes that move the cursor, rewrite earlier lines, open links or reverse the reading order.
 * Nothing reaches a terminal but through here: each such code point is shown as its escape.
 */
const RISKY =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- these are exactly the code points to catch
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]|[\ud800-\udfff]/gu;

function shown(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}

/** Text of several lines: line feeds and tabs stay, a carriage return before a line feed goes. */
export const escapeText = (text: string): string => text.replaceAll("\r\n", "\n").replaceAll(RISKY, shown);

/** Text that must stay on one line: a table cell, a message. */
export const escapeLine = (text: string): string =>
  text.replaceAll(RISKY, shown).replaceAll("\n", "\\n").replaceAll("\t", "\\t");

/** JSON for a terminal or a pipe: still the same value to every parser. */
export function escapeJson(json: string): string {
  return json.replaceAll(RISKY, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
