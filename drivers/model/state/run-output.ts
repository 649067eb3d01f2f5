import type { PackFile } from "./pack.ts";
import { tableOf } from "./packs.ts";
import { parseTable, saysNone } from "./parse.ts";
import { unread, type Table } from "./rows.ts";

/** What stands before each command's answer in the output of a `run`. */
export const commandMark = (command: string): string => `> ${command}`;
/** What stands in place of an answer that was a refusal, on a line of its own. */
export const refusedMark = (code: string, detail: string): string =>
  `! refused: ${code} ${detail.replaceAll(/\s+/gv, " ").slice(0, 300)}`;
const REFUSED = /^! refused: (?<code>[A-Z_]+) (?<detail>.*)$/v;

export interface ReadOutput {
  readonly table: string;
  readonly command: string;
  readonly read: Table;
}

/**
 * Pure: the tables in one device's output of these commands, in order; a command that no table of the pack shows is left out. A device that prints
 * another command's mark cuts short its own answer, and no other device's.
 */
export function readOutput(pack: PackFile, commands: readonly string[], output: string): ReadOutput[] {
  return answersOf(commands, output).flatMap(({ command, answer }) => {
    const found = tableOf(pack, command);
    if (!found) return [];
    const [table, file] = found;
    if (answer === undefined) return [{ table, command, read: unread("not asked") }];
    const { code = "", detail = "" } = REFUSED.exec(answer.trimStart().split("\n", 1)[0] ?? "")?.groups ?? {};
    if (code === "") return [{ table, command, read: parseTable(file, answer) }];
    const none: Table = { kind: "read", rows: [], strange: 0, example: null };
    return [{ table, command, read: saysNone(file, detail) ? none : unread(`${code} ${detail}`) }];
  });
}

function answersOf(commands: readonly string[], output: string): { command: string; answer: string | undefined }[] {
  const text = `\n${output}`;
  let at = 0;
  const starts = commands.map((command) => {
    const mark = `\n${commandMark(command)}\n`;
    const start = text.indexOf(mark, at);
    if (start !== -1) at = start + mark.length - 1;
    return { command, start, from: at };
  });
  return starts.map(({ command, start, from }, index) => {
    if (start === -1) return { command, answer: undefined };
    const next = starts.slice(index + 1).find((one) => one.start !== -1);
    return { command, answer: text.slice(from, next?.start) };
  });
}
