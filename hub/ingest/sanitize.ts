/**
 * What a device or an agent says is data. It is kept, and made harmless to look at: control bytes other than tab and line
 * ends are written out, so that no terminal obeys them.
 */
// oxlint-disable-next-line no-control-regex -- control bytes are exactly what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
const decoder = new TextDecoder("utf-8", { fatal: false });

export function harmless(value: string): string {
  return value.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

export const harmlessText = (bytes: Uint8Array): string => harmless(decoder.decode(bytes));
