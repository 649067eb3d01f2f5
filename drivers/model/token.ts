/**
 * The tokens that stand for secrets: `‹secret:TAG›` for one that a device holds (the tag is a keyed hash), `‹secret("name")›` for
 * one that the agent's vault holds.
 */
const TAG = /[A-Za-z2-7]{16}/v.source;
const NAME = /[A-Za-z0-9][A-Za-z0-9._\-\/]{0,62}/v.source;

export const TOKEN = new RegExp(`‹secret(?::(?<tag>${TAG})|\\("(?<name>${NAME})"\\))›`, "gv");
const WHOLE_TAG = new RegExp(`^‹secret:${TAG}›$`, "v");
export const TAG_PATTERN = `‹secret:${TAG}›`;

export const tagToken = (tag: string): string => `‹secret:${tag}›`;
export const nameToken = (name: string): string => `‹secret("${name}")›`;
export const isTagToken = (text: string): boolean => WHOLE_TAG.test(text);

/** The text without well-formed tokens still holds one of their marks: somebody mistyped or forged one. */
export const hasStrayMark = (text: string): boolean => /[‹›]/v.test(text.replace(TOKEN, ""));

export interface Token {
  readonly start: number;
  readonly end: number;
  readonly kind: "tag" | "name";
  readonly value: string;
}

export function tokensIn(text: string): Token[] {
  const tokens: Token[] = [];
  for (const found of text.matchAll(TOKEN)) {
    const { tag, name } = found.groups ?? {};
    const place = { start: found.index, end: found.index + found[0].length };
    if (tag !== undefined) tokens.push({ ...place, kind: "tag", value: tag });
    else if (name !== undefined) tokens.push({ ...place, kind: "name", value: name });
  }
  return tokens;
}
