import { FarhandError } from "../../../shared/errors.ts";
import { LINE_CHARACTERS_MAX } from "../../model/lines.ts";
import type { PlatformFile } from "../../platform.ts";

/**
 * Whether a command only reads: its head is on the platform's list, whole, and every pipe behind it is on the list of filters.
 * `>`, `| redirect`, `| tee`, `| append` write to a file or a server, so what is not listed is not a read.
 */
export function readChecker(file: PlatformFile): (command: string) => boolean {
  const anchored = (sources: readonly string[]): RegExp[] =>
    sources.map((source) => new RegExp(`^(?:${source})$`, "iv"));
  const allow = anchored(file.reads.allow);
  const pipes = anchored(file.reads.pipes);
  return (command) => {
    if (!isTypable(command)) return false;
    const [head = "", ...filters] = command.split("|").map((part) => part.trim().replace(/ +/g, " "));
    if (/[;<>&`$\\]/.test(head)) return false;
    return (
      allow.some((pattern) => pattern.test(head)) &&
      filters.every((filter) => pipes.some((pattern) => pattern.test(filter)))
    );
  };
}

/** One printable line. `?` and tab act at once on a network CLI; other control bytes would end or alter the line. */
export function isTypable(line: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control bytes are what is refused
  return !/[\u0000-\u001f\u007f-\u009f\u2028\u2029?]/.test(line) && line.length <= LINE_CHARACTERS_MAX;
}

export function requireTypable(line: string, shown = line): void {
  if (!isTypable(line))
    throw new FarhandError("TEXT_REFUSED", `a control byte or "?" in: ${JSON.stringify(shown).slice(0, 200)}`);
}
