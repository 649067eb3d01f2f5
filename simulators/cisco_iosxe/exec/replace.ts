/** `configure replace`: the running configuration becomes a file's, in up to five passes, with or without a timer. */
import { printCommands, rollbackCommands, type Command } from "../config/diff.ts";
import { clone, parseConfig, type ConfigNode } from "../config/tree.ts";
import type { ApplyRecord } from "../../device.ts";
import { WARNING, type Device } from "../device.ts";

export interface ReplaceOptions {
  force: boolean;
  list: boolean;
  revertOnError: boolean;
  timerMinutes: number | undefined;
}

export type ReplaceWords =
  | { kind: "ok"; options: ReplaceOptions }
  | { kind: "invalid"; word: number }
  | { kind: "incomplete" };

/** `[nolock] [list] [force] [ignore case] [revert trigger [error] [timer N] | time N]` */
export function readReplaceWords(words: readonly string[]): ReplaceWords {
  const options: ReplaceOptions = { force: false, list: false, revertOnError: false, timerMinutes: undefined };
  let triggered = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]?.toLowerCase() ?? "";
    switch (word) {
      case "force":
        options.force = true;
        break;
      case "list":
        options.list = true;
        break;
      case "nolock":
      case "ignore":
      case "case":
      case "ignorecase":
        break;
      case "revert":
        triggered = true;
        if (words[at + 1] === undefined) return { kind: "incomplete" };
        if (words[at + 1] !== "trigger") return { kind: "invalid", word: at + 1 };
        at += 1;
        break;
      case "error":
        if (!triggered) return { kind: "invalid", word: at };
        options.revertOnError = true;
        break;
      case "time":
      case "timer": {
        // `timer` belongs to `revert trigger`, `time` stands alone. Mixing them up is a syntax error.
        if ((word === "timer") !== triggered) return { kind: "invalid", word: at };
        const minutes = Number(words[at + 1]);
        if (words[at + 1] === undefined) return { kind: "incomplete" };
        if (!Number.isInteger(minutes) || minutes < 1 || minutes > 120) return { kind: "invalid", word: at + 1 };
        options.timerMinutes = minutes;
        at += 1;
        break;
      }
      default:
        return { kind: "invalid", word: at };
    }
  }
  return { kind: "ok", options };
}

export const REPLACE_QUESTION = `This will apply all necessary additions and deletions
to replace the current running configuration with the
contents of the specified configuration file, which is
assumed to be a complete configuration, not a partial
configuration. Enter Y if you are sure you want to proceed. ? [no]: `;

export interface ReplaceContext {
  device: Device;
  user: string;
  sessionId: number;
}

export interface ReplaceOutcome {
  text: string;
  /** Comes after the next prompt. */
  notice?: string;
}

/** Changes the device first and speaks afterwards: the session may be dead before a word of it is heard. */
export function replaceConfig(context: ReplaceContext, url: string, options: ReplaceOptions): ReplaceOutcome {
  const { device, user, sessionId } = context;
  const source = device.readConfig(url);
  if (source === undefined) return { text: `%Error: Could not open file ${url} for reading\n` };
  const parsed = parseConfig(source);
  if (!parsed.ended) return { text: "%The input file is not a valid config file.\n" };
  const saved = clone(device.running);
  const archive = options.timerMinutes === undefined ? undefined : device.archive();
  const backing =
    archive === undefined ? "" : `Rollback Confirmed Change: Backing up current running config to ${archive}\n\n`;
  const apply = device.beginApply("replace", user);
  const run = runPasses(device, parsed.nodes, user, apply);
  if (run.failed.length > 0 && options.revertOnError) {
    device.restore(saved, user);
    device.record({ kind: "rolled-back", why: "error", by: user });
    return {
      text: `${backing}${aborted(run)}\nRollback to the original configuration initiated\nTotal number of passes: 1\nThe original configuration has been successfully restored.\n\n`,
    };
  }
  if (options.timerMinutes !== undefined && archive !== undefined) {
    device.arm({ minutes: options.timerMinutes, type: "absolute", user, sessionId, saved, archive });
  }
  device.afterEdit();
  device.afterApply();
  const notice = options.timerMinutes === 1 ? WARNING : undefined;
  const listed = options.list
    ? run.passes
        .map(
          (commands, pass) =>
            `!Pass ${pass + 1}\n!List of Rollback Commands:\n${[...printCommands(commands), "end"].join("\n")}\n\n`,
        )
        .join("")
    : "";
  const text =
    run.failed.length > 0 ? aborted(run) : `${listed}Total number of passes: ${run.passes.length}\nRollback Done\n\n`;
  return { text: backing + text, ...(notice === undefined ? {} : { notice }) };
}

interface Run {
  passes: Command[][];
  failed: Command[];
}

function runPasses(device: Device, target: readonly ConfigNode[], user: string, apply: ApplyRecord): Run {
  const run: Run = { passes: [], failed: [] };
  let number = 0;
  for (let pass = 1; pass <= 5; pass += 1) {
    const commands = rollbackCommands(device.running, target);
    if (commands.length === 0) return { ...run, failed: [] };
    run.passes.push(commands);
    run.failed = [];
    for (const command of commands) {
      number += 1;
      if (!runCommand(device, command, user, number)) run.failed.push(command);
      else if (pass === 1) apply.lines.push(command.line);
    }
    // What fails once fails five times here; the box tries, and so would a reader of its log expect.
    if (run.failed.length === commands.length && pass < 5) continue;
  }
  run.failed = rollbackCommands(device.running, target);
  return run;
}

function runCommand(device: Device, command: Command, user: string, number: number): boolean {
  if (device.faults.forLine(command.line, number)) return false;
  const body = command.body;
  // Shown text carries the picture of the banner's delimiter, a command its byte.
  const line = body || command.line.startsWith("banner ") ? command.line.replaceAll("^C", "\x03") : command.line;
  const result = device.edit(command.path, line, user, {
    confirmed: true,
    ...(body ? { body: body.map((text) => text.replaceAll("^C", "\x03")) } : {}),
  });
  return result.kind === "ok";
}

function aborted(run: Run): string {
  const last = run.passes.at(-1) ?? [];
  return `The rollback configlet from the last pass is listed below:
********
!List of Rollback Commands:
${[...printCommands(last), "end"].join("\n")}
********


Rollback aborted after 5 passes
The following commands are failed to apply to the IOS image.
********
${printCommands(run.failed).join("\n")}
********


`;
}
