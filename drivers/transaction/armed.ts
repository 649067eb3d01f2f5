import { errorCode } from "../../shared/errors.ts";
import { substitute } from "../engines/answers.ts";
import type { CommandChannel, Variables } from "../engines/channel.ts";
import type { Lasting, PlatformFile } from "../platform.ts";
import type { Pending } from "../types.ts";

/** The timer of a change, as the device tells of it: the platform file says what is asked, and what the words mean. */

type Armed = NonNullable<NonNullable<PlatformFile["transactions"]["merge"]>["armed"]>;

/** A device that undoes is busy for as long after its timer. */
const UNDOING_MS = 120_000;

const matches = (pattern: string, text: string): boolean => new RegExp(pattern, "imv").test(text);

/** Whether `pattern`, with the token's values in it, matches what the device shows. */
function isNamed(pattern: string, data: Variables, answer: string): boolean {
  const escaped = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, RegExp.escape(String(value))]));
  return matches(substitute(pattern, escaped), answer);
}

/** COMMAND_REFUSED or AUTHORIZATION_DENIED for words that refuse: a refusal names no timer, and is no list without one. */
async function told(cli: CommandChannel, send: string, data: Variables): Promise<string> {
  const answer = await cli.instruct({ send }, data);
  cli.requireNoError(substitute(send, data), answer.split("\n"), "read");
  return answer;
}

/** As above, and null where it is refused. */
async function toldOrNull(cli: CommandChannel, send: string, data: Variables): Promise<string | null> {
  try {
    return await told(cli, send, data);
  } catch (error) {
    const code = errorCode(error);
    if (code === "COMMAND_REFUSED" || code === "AUTHORIZATION_DENIED") return null;
    throw error;
  }
}

/** Ours is armed, somebody's is, none is, or the device does not say. */
export async function readPending(cli: CommandChannel, armed: Armed, data: Variables): Promise<Pending> {
  const answer = await toldOrNull(cli, armed.send, data);
  if (answer === null) return "unknown";
  if (matches(armed.none, answer)) return "none";
  if (isNamed(armed.ours, data, answer))
    return armed.lasting && (await hasEnded(cli, armed.lasting, answer)) ? "none" : "armed";
  return matches(armed.any, answer) ? "other" : "unknown";
}

/** Whether an undo would still undo this change, and nothing else. */
export async function canRevert(cli: CommandChannel, armed: Armed, data: Variables): Promise<boolean> {
  const pending = await readPending(cli, armed, data);
  if (pending !== "none" || !armed.lasting) return pending === "armed";
  // Somebody confirmed it, and it is the newest there: no timer takes it back any more, and what goes back one step does.
  return isNamed(armed.ours, data, await cli.instruct({ send: armed.send }, data));
}

/** Somebody's timer that runs, in the device's words, as they may leave the site; null where none does. A refusal throws: it is not known then. */
export async function pendingWords(cli: CommandChannel, armed: Armed): Promise<string | null> {
  const answer = await told(cli, armed.send, {});
  if (matches(armed.none, answer) || !matches(armed.any, answer)) return null;
  const { lasting } = armed;
  if (lasting && ((await hasEnded(cli, lasting, answer)) || (await isOver(cli, lasting, answer)))) return null;
  return wordsThat(cli, armed.owner ?? armed.any, answer);
}

/** What matches, in one line: it names people and their sessions. Empty where nothing does. */
export function wordsThat(cli: CommandChannel, pattern: string, answer: string): string {
  const found = [...answer.matchAll(new RegExp(pattern, "gimv"))].map(([whole]) =>
    cli.redacted(whole).replaceAll(/\s+/g, " ").trim(),
  );
  return found.length === 0 ? "" : JSON.stringify(found.join("; ").slice(0, 300));
}

/** The words of a timer without the line that this release writes while one runs. */
async function hasEnded(cli: CommandChannel, { waits, known }: Lasting, answer: string): Promise<boolean> {
  return !matches(waits, answer) && matches(known.pattern, await cli.instruct({ send: known.send }, {}));
}

/** Whether it cannot run any more, by the device's own clock. Not asked of our own: a device may take its time to undo. */
async function isOver(cli: CommandChannel, { waits, began, now }: Lasting, answer: string): Promise<boolean> {
  if (matches(waits, answer)) return false;
  const from = new RegExp(began, "imv").exec(answer)?.groups;
  const at = new RegExp(now.pattern, "imv").exec(await cli.instruct({ send: now.send }, {}))?.groups;
  const elapsedMs = timeMs(at?.["time"]) - timeMs(from?.["time"]);
  return elapsedMs > Number(from?.["minutes"]) * 60_000 + UNDOING_MS;
}

/** A device's `YYYY-MM-DD hh:mm:ss`, to be compared with others of the same device only; not a number where it is none. */
const timeMs = (text = ""): number => Date.parse(`${text.replace(" ", "T")}Z`);
