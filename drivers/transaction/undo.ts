import type { ChangeMode } from "../../shared/documents/manifest.ts";
import type { Finding } from "../../shared/documents/receipt.ts";
import type { Configuration, Pending, TransactionToken } from "../types.ts";

/** What a change is made of when its token is made. */
export interface ChangeStart {
  readonly id: string;
  readonly mode: ChangeMode;
  readonly confirmMs: number;
  readonly preImage: Configuration;
  readonly text: string;
  readonly comment: string;
}

/** What a candidate holds before it is committed, as the device shows it; null where it cannot. */
export interface StagedText {
  /** In the form of the running configuration; holds secrets. */
  readonly configuration: string | null;
  /** The device's own diff, redacted. */
  readonly diff: string | null;
}

export interface CandidateText {
  stage(commands: readonly string[]): Promise<StagedText>;
  abort(): Promise<void>;
}

/** How one platform arms, applies, confirms and undoes. From recipes in its file, or a hook in code. */
export interface Undo {
  /** Milliseconds that the device will really wait, for a wish in milliseconds. */
  readonly timer: (confirmMs: number) => number;
  /** What keeps a change of this mode from its level, worst first. */
  blockers(mode: ChangeMode): Promise<readonly Finding[]>;
  /** Somebody's change that waits for its confirmation, in the device's words, which name the owner; null where none does. */
  pendingByOther(mode: ChangeMode): Promise<string | null>;
  /** What others began and have not put in force, where the device tells. */
  unfinished?(mode: ChangeMode): Promise<readonly Finding[]>;
  unsaved(mode: ChangeMode): Promise<boolean | null>;
  /** Data for the token; nothing is changed on the device. TEXT_REFUSED for text that could not be undone. */
  begin(change: ChangeStart): Promise<TransactionToken["data"]>;
  arm(token: TransactionToken): Promise<void>;
  /** The candidate that `arm` opened; null where the platform has none for this change. */
  candidate?(token: TransactionToken): CandidateText | null;
  apply(token: TransactionToken, commands: readonly string[]): Promise<void>;
  pending(token: TransactionToken): Promise<Pending>;
  confirm(token: TransactionToken): Promise<void>;
  revert(token: TransactionToken): Promise<void>;
  save(token: TransactionToken): Promise<void>;
  cleanup(token: TransactionToken): Promise<void>;
}
