import { FarhandError } from "../../shared/errors.ts";

/** What becomes of a refusal: a plan stops at the first, a lint notes each and goes on. */
export type Refused = (error: FarhandError) => void;

export const stop: Refused = (error) => {
  throw error;
};

/** Undefined where it was refused and `refused` goes on. What is no refusal of ours is thrown on. */
export function attempt<T>(refused: Refused, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof FarhandError)) throw error;
    refused(error);
    return undefined;
  }
}

/** Why a line of an author's text may not be sent, in its parts. It holds no secret. */
export class Refusal {
  /** Of the text, from 1; undefined where it is about the whole. */
  readonly line: number | undefined;
  readonly reason: string;
  readonly shown: string;
  /** Whoever has no device cannot know whether it would come. */
  readonly hangsOnDevice: boolean;

  constructor(line: number | undefined, reason: string, shown: string, hangsOn: HangsOn) {
    this.line = line;
    this.reason = reason;
    this.shown = shown.slice(0, 120);
    this.hangsOnDevice = hangsOn === "device";
  }
}

/** Reasons that every form of text has. */
export const REASON = {
  invisible: "control or invisible characters",
  unrendered: "template text that was not rendered",
  mark: "a mark ‹ or › outside a secret",
  shown: "a secret where this platform would show it",
} as const;

/** Control and format characters: they work on terminals, or hide from the reviewer what will be sent. */
export const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/v;
/** What stands for a secret, and for nothing else. */
export const MARK = /[‹›]/v;
/** What a template leaves where it was not rendered. */
export const UNRENDERED = /\{\{|\{%|\[object Object\]|(?:^|\s)undefined(?:\s|$)/v;

export type HangsOn = "text" | "device";

/** TEXT_REFUSED, with its parts as the cause. */
export function refusal(
  line: number | undefined,
  reason: string,
  shown?: string,
  hangsOn: HangsOn = "text",
): FarhandError {
  const cause = new Refusal(line, reason, shown ?? "", hangsOn);
  const place = line === undefined ? "" : `line ${line}: `;
  return new FarhandError("TEXT_REFUSED", place + reason + (shown === undefined ? "" : `: ${cause.shown}`), { cause });
}

export const refusalOf = ({ cause }: FarhandError): Refusal | undefined =>
  cause instanceof Refusal ? cause : undefined;
