import type { Severity } from "../../../shared/documents/check.ts";
import type { Finding } from "../../../shared/documents/receipt.ts";
import { ERRORS, type FarhandError } from "../../../shared/errors.ts";
import { REASON, refusalOf } from "../refusal.ts";

/** One thing that is to be said of a text. It holds no secret. */
export interface TextFinding {
  readonly code: string;
  readonly severity: Severity;
  /** Of the text, from 1; null: of the whole. */
  readonly line: number | null;
  /** What is wrong, in the same words for every line of which it is true. */
  readonly reason: string;
  /** The line as it may be shown; empty where there is none. */
  readonly shown: string;
  readonly hint: string | null;
}

const HINTS: ReadonlyMap<string, string> = new Map([
  [REASON.invisible, "type the line anew; · stands where they are, which a variable may have brought along"],
  [REASON.unrendered, 'close the braces of the template, or define the value: neither braces nor "undefined" are sent'],
  [REASON.mark, 'they stand for secrets alone: write {{ secret("NAME") }}'],
  [REASON.shown, "a secret may only stand where the platform file hides it: in no description, banner or remark"],
]);

const AT_THE_PLAN = "the plan reads the device, and tells";

export function ofRefusal(error: FarhandError): TextFinding {
  const { line, reason = error.detail ?? error.what, shown = "", hangsOnDevice } = refusalOf(error) ?? {};
  const place = { line: line ?? null, shown };
  if (error.code === "SECRET_KEEP") {
    const kept = {
      ...place,
      shown: error.detail ?? "",
      reason: "keeps a secret that the device must hold at that place",
    };
    return { ...kept, code: "NEEDS_DEVICE", severity: "tells", hint: AT_THE_PLAN };
  }
  if (hangsOnDevice === true)
    return {
      ...place,
      code: "NEEDS_DEVICE",
      severity: "tells",
      reason: `without a device: ${reason}`,
      hint: AT_THE_PLAN,
    };
  return { ...place, code: error.code, severity: "blocks", reason, hint: HINTS.get(reason) ?? ERRORS[error.code].next };
}

/** What a plan warns of and a lint has something to say about: a secret that is written out, for which a plan is refused. */
export function ofWarning({ code, detail }: Finding): TextFinding | undefined {
  if (code !== "INLINE_SECRET") return undefined;
  const line = /^line (\d+)/v.exec(detail)?.[1];
  return {
    code,
    severity: "blocks",
    line: line === undefined ? null : Number(line),
    reason: "a secret is written out",
    shown: "",
    hint: 'write {{ secret("NAME") }} in its place, and send the value to the agents: farhand secret send NAME',
  };
}
