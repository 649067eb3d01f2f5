import { createHash } from "node:crypto";
import type { ChangeMode } from "../../shared/documents/manifest.ts";
import type { Finding } from "../../shared/documents/receipt.ts";
import { FarhandError } from "../../shared/errors.ts";
import { substitute } from "../engines/answers.ts";
import type { CommandChannel, Variables } from "../engines/channel.ts";
import { requireTypable } from "../engines/cli/reads.ts";
import { refuseUpload } from "../model/whole-text.ts";
import type { Instruction, PlatformFile } from "../platform.ts";
import type { Pending, TransactionToken } from "../types.ts";
import { canRevert, pendingWords, readPending, wordsThat } from "./armed.ts";
import { UNDO_MS } from "./context.ts";
import type { CandidateText, ChangeStart, StagedText, Undo } from "./undo.ts";

type Transaction = NonNullable<PlatformFile["transactions"]["merge"]>;
type CandidateRecipe = NonNullable<Transaction["candidate"]>;

const UNIT_MS = { seconds: 1000, minutes: 60_000 } as const;
/** Of what a device shows of a candidate, or of its own diff. */
const NATIVE_BYTES_MAX = 256 * 1024;

/** Names on the device and in its logs: from the change's id, in hex, so that nothing in them can mean anything to a CLI. */
export function deviceName(changeId: string): string {
  return createHash("sha256").update(changeId).digest("hex").slice(0, 16);
}

/** EOS takes its timer as `hh:mm:ss`. */
function hoursMinutesSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** Who and what, for the device's own log; nothing in it can end a quoted word or mean anything to a CLI. */
const forComment = (comment: string): string =>
  comment
    .replaceAll(/[^\w .,:@\/\-]+/gv, "_")
    .slice(0, 80)
    .trim();

/** A native transaction whose every step is an instruction list in the platform file. */
export class RecipeUndo implements Undo {
  readonly #file: PlatformFile;
  readonly #cli: CommandChannel;
  readonly #username: string;
  /** The change whose lines are all in the candidate. */
  #staged: string | undefined;

  constructor(file: PlatformFile, cli: CommandChannel, username: string) {
    this.#file = file;
    this.#cli = cli;
    this.#username = username;
  }

  readonly timer = (confirmMs: number): number =>
    this.#units(this.#of("merge"), confirmMs) * UNIT_MS[this.#of("merge").timer.unit];

  #of(mode: ChangeMode): Transaction {
    const transaction = this.#file.transactions[mode];
    if (!transaction) throw new FarhandError("LEVEL_TOO_LOW", `${this.#file.id} has no ${mode}`);
    return transaction;
  }

  #units(transaction: Transaction, confirmMs: number): number {
    const { unit, min, max } = transaction.timer;
    const units = Math.max(min, Math.ceil(confirmMs / UNIT_MS[unit]));
    if (units > max) throw new FarhandError("ARM_FAILED", `the device's timer runs for ${max} ${unit} at most`);
    return units;
  }

  async blockers(mode: ChangeMode): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    for (const { send, holds, code, hint } of this.#of(mode).requires) {
      const answer = await this.#cli.instruct({ send }, {});
      if (!new RegExp(holds, "imv").test(answer)) findings.push({ code, detail: hint });
    }
    return findings;
  }

  async pendingByOther(mode: ChangeMode): Promise<string | null> {
    const { armed } = this.#of(mode);
    return armed ? await pendingWords(this.#cli, armed) : null;
  }

  async unfinished(mode: ChangeMode): Promise<readonly Finding[]> {
    const rule = this.#of(mode).unfinished;
    if (!rule) return [];
    const words = wordsThat(this.#cli, rule.pattern, await this.#cli.instruct({ send: rule.send }, {}));
    return words === "" ? [] : [{ code: "UNFINISHED_BY_OTHERS", detail: `${rule.hint}: ${words}` }];
  }

  async unsaved(mode: ChangeMode): Promise<boolean | null> {
    const rule = this.#of(mode).unsaved;
    if (!rule) return null;
    const answer = await this.#asked(rule.send);
    if (answer === null) return null;
    if (new RegExp(rule.no, "imv").test(answer)) return false;
    return new RegExp(rule.yes, "imv").test(answer) ? true : null;
  }

  /** Null where this release does not know the question: over an API that is an error, on a terminal words that no rule matches. */
  async #asked(send: string): Promise<string | null> {
    try {
      return await this.#cli.instruct({ send }, {});
    } catch (error) {
      if (error instanceof FarhandError && error.code === "COMMAND_REFUSED") return null;
      throw error;
    }
  }

  async begin(change: ChangeStart): Promise<TransactionToken["data"]> {
    const transaction = this.#of(change.mode);
    refuseUpload(transaction, change.text);
    const timer = this.#units(transaction, change.confirmMs);
    const learned: Record<string, string> = {};
    for (const { name, send, holds, yes, no } of transaction.learn ?? [])
      learned[name] = new RegExp(holds, "imv").test(await this.#cli.instruct({ send }, {})) ? yes : no;
    const { undoCost } = transaction;
    return {
      ...learned,
      ...(undoCost.kind === "reboot" ? { [UNDO_MS]: undoCost.minutes * UNIT_MS.minutes } : {}),
      name: deviceName(change.id),
      timer,
      clock: hoursMinutesSeconds(timer * UNIT_MS[transaction.timer.unit]),
      comment: forComment(change.comment),
      username: this.#username,
      // An undo may give the device its old name back.
      host: this.#cli.hostname,
    };
  }

  async arm(token: TransactionToken): Promise<void> {
    const transaction = this.#of(token.mode);
    if (transaction.candidate) {
      // The commit arms the timer. What is taken now is the candidate, so that the pre-image is read under our lock.
      await this.#cli.enter(this.#file.base);
      for (const step of transaction.candidate.open) await this.#cli.instruct(step, token.data);
      return;
    }
    // A replace is armed by the command that applies it: `apply` reads the timer back then.
    if (transaction.upload) return;
    try {
      await this.#recipe(transaction.arm, token.data);
    } catch (error) {
      if (error instanceof FarhandError && error.code === "COMMAND_REFUSED")
        throw new FarhandError("ARM_FAILED", error.detail, { cause: error });
      throw error;
    }
    await this.#requireArmed(token);
  }

  async #requireArmed(token: TransactionToken): Promise<void> {
    const pending = await this.pending(token);
    if (pending !== "armed") throw new FarhandError("ARM_FAILED", `read back: ${pending}`);
  }

  candidate(token: TransactionToken): CandidateText | null {
    const { candidate } = this.#of(token.mode);
    if (!candidate) return null;
    return {
      stage: (commands) => this.#stage(candidate, token, commands),
      abort: async () => {
        if (this.#cli.mode !== candidate.mode) return;
        for (const step of candidate.abort) await this.#cli.instruct(step, token.data);
      },
    };
  }

  async #stage(candidate: CandidateRecipe, token: TransactionToken, commands: readonly string[]): Promise<StagedText> {
    if (this.#cli.mode !== candidate.mode) throw new FarhandError("INTERNAL", `the candidate is not open`);
    for (const step of (token.mode === "replace" ? candidate.clear : undefined) ?? [])
      await this.#cli.instruct(step, token.data);
    for (const command of this.#withoutEnd(token, commands)) await this.#cli.configure(command);
    if (this.#cli.mode !== candidate.mode) await this.#cli.enter(candidate.mode, token.data);
    const diff = candidate.diff === undefined ? null : await this.#shown(candidate.diff, token.data);
    const configuration =
      candidate.show === undefined ? null : await this.#shown(candidate.show, token.data, this.#file.get.bytesMax);
    // After the reads: on some devices a validation is what makes the staged text final.
    for (const step of candidate.validate ?? []) await this.#cli.instruct(step, token.data);
    this.#staged = token.id;
    return { configuration: configuration?.raw ?? null, diff: diff?.redacted ?? null };
  }

  /** The line that ends a file and is none of the configuration's: typed into a candidate, `end` would leave it. */
  #withoutEnd(token: TransactionToken, commands: readonly string[]): readonly string[] {
    const { get, language } = this.#file;
    const last = commands.at(-1) ?? "";
    const ends = [`^(?:${get.endMarker})$`, ...language.noise].filter((pattern) => new RegExp(pattern, "v").test(last));
    return token.mode === "replace" && ends.length > 1 ? commands.slice(0, -1) : commands;
  }

  async #shown(
    command: string,
    data: Variables,
    outputBytesMax = NATIVE_BYTES_MAX,
  ): Promise<{ raw: string; redacted: string }> {
    const raw: string[] = [];
    const redacted: string[] = [];
    await this.#cli.command(substitute(command, data), {
      outputBytesMax,
      onLines: (lines, hidden) => {
        for (const line of lines) raw.push(line);
        for (const line of hidden) redacted.push(line);
      },
    });
    return { raw: `${raw.join("\n")}\n`, redacted: redacted.join("\n") };
  }

  async apply(token: TransactionToken, commands: readonly string[]): Promise<void> {
    const transaction = this.#of(token.mode);
    if (transaction.candidate) {
      if (this.#staged !== token.id) await this.#stage(transaction.candidate, token, commands);
      for (const line of commands) this.#cli.mayRename(line);
      for (const step of transaction.candidate.commit) await this.#cli.instruct(step, token.data);
      await this.#requireArmed(token);
      return;
    }
    if (transaction.upload) {
      // Once more with the secrets in: one with a brace would end the here-document, and the rest would be run.
      refuseUpload(transaction, commands.join("\n"));
      await this.#uploadFile(transaction.upload, token.data, commands);
      for (const line of commands) this.#cli.mayRename(line);
      await this.#recipe(transaction.arm, token.data);
      await this.#requireArmed(token);
      return;
    }
    await this.#recipe(transaction.before, token.data);
    await this.#cli.enter(this.#file.config);
    for (const command of commands) await this.#cli.configure(command);
    await this.#cli.enter(this.#file.base);
    await this.#recipe(transaction.after, token.data);
  }

  /** Into a here-document of the device's own shell, line by line. */
  async #uploadFile(
    upload: NonNullable<Transaction["upload"]>,
    data: Variables,
    lines: readonly string[],
  ): Promise<void> {
    const bounded = { outputBytesMax: 64 * 1024 };
    const more = new RegExp(upload.more, "v");
    // A tab asks a CLI to complete a word, and IOS shows one before the `quit` of a certificate, where a blank does as well.
    const typed = lines.flatMap((block) => block.split("\n")).map((line) => line.replaceAll("\t", " "));
    // Before the document is open: what is refused in its middle would leave the CLI there.
    for (const line of typed) requireTypable(line, this.#cli.redacted(line));
    await this.#cli.instruct(upload.enter, data);
    await this.#cli.command(substitute(upload.open, data), { ...bounded, until: more });
    for (const line of typed) await this.#cli.command(line, { ...bounded, until: more });
    await this.#cli.command(upload.close, bounded);
    await this.#cli.instruct(upload.leave, data);
  }

  async pending(token: TransactionToken): Promise<Pending> {
    const { armed } = this.#of(token.mode);
    if (!armed) return "none";
    await this.#cli.enter(this.#file.base);
    return await readPending(this.#cli, armed, token.data);
  }

  /** Only what still waits: where to confirm is to commit, a late one is taken and confirms nothing, or what somebody else has pending. */
  async confirm(token: TransactionToken): Promise<void> {
    const { armed, confirm } = this.#of(token.mode);
    const pending = armed ? await this.pending(token) : "armed";
    if (pending !== "armed") throw new FarhandError("UNKNOWN_OUTCOME", `before the confirmation: ${pending}`);
    await this.#recipe(confirm, token.data);
  }

  async revert(token: TransactionToken): Promise<void> {
    // Nothing of ours is nothing to revert: the caller reads the configuration again and sees.
    const { armed } = this.#of(token.mode);
    if (!armed) return;
    await this.#cli.enter(this.#file.base);
    if (!(await canRevert(this.#cli, armed, token.data))) return;
    if (typeof token.data["host"] === "string") this.#cli.mayBeCalled(token.data["host"]);
    await this.#recipe(this.#of(token.mode).revert, token.data);
  }

  async save(token: TransactionToken): Promise<void> {
    await this.#recipe(this.#of(token.mode).save, token.data);
  }

  async cleanup(token: TransactionToken): Promise<void> {
    await this.#recipe(this.#of(token.mode).cleanup, token.data);
  }

  async #recipe(steps: readonly Instruction[] | undefined, data: Variables): Promise<void> {
    if (!steps) return;
    await this.#cli.enter(this.#file.base);
    for (const step of steps) await this.#cli.instruct(step, data);
    if (this.#cli.mode !== this.#file.base) await this.#cli.enter(this.#file.base);
  }
}
