import type { ChangeOutcome, ChangeSpec } from "../../drivers/types.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { Bench } from "./bench.ts";
import type { ItemResult } from "./certificate.ts";

export type Verdict = Pick<ItemResult, "status" | "evidence">;

/** One point of the list. What it throws is a failure, with the error as its evidence. */
export interface Item {
  readonly id: string;
  readonly title: string;
  /** Afterwards the device must be as it was; the list sees to it before it goes on. */
  readonly changes: boolean;
  run(bench: Bench): Promise<Verdict>;
}

export const ok = (evidence: string): Verdict => ({ status: "ok", evidence });
export const failed = (evidence: string): Verdict => ({ status: "failed", evidence });
export const notApplicable = (evidence: string): Verdict => ({ status: "not-applicable", evidence });

export const said = ({ state, code, detail }: Pick<ChangeOutcome, "state" | "code" | "detail">): string =>
  [state, code, detail].filter((word) => word !== null).join(" ");

export const errorWords = (error: unknown): string =>
  error instanceof FarhandError
    ? `${error.code}: ${error.detail ?? error.what}`
    : `${errorCode(error)}: ${error instanceof Error ? error.message : String(error)}`;

/** The code with which it failed, or what it gave instead. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "nothing was refused";
  } catch (error) {
    return errorCode(error);
  }
}

/**
 * Whether what a change ended in is so on the device: DONE and in force with the signed diff, or not in force and the configuration that
 * was there. Anything else is told in words.
 */
export async function untruth(bench: Bench, result: ChangeOutcome, spec: ChangeSpec): Promise<string | null> {
  switch (result.state) {
    case "DONE":
      if (!(await bench.isInForce())) return "DONE, and what shows the change is not seen";
      return result.diff === null || bench.driver.sameDiff(spec.diff, result.diff)
        ? null
        : "DONE, and the measured diff is not the signed one";
    case "ROLLED_BACK":
    case "DRIFTED":
    case "CANCELED":
    case "FAILED":
      if (result.state === "FAILED" && !result.notApplied) return `it may be half applied: ${said(result)}`;
      if (await bench.isInForce()) return `${result.state}, and the change is seen on the device`;
      return (await bench.isAsBefore()) ? null : `${result.state}, and the configuration is not the one before`;
    case "UNKNOWN":
      return `not known: ${said(result)}`;
    default:
      return result.state satisfies never;
  }
}
