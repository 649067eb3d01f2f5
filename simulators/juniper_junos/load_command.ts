/** `load`: from what is typed until ^D, from a file that the shell has put there, or from an API's request. */
import { loadBraces, type LoadProblem } from "./config/load.ts";
import type { Refusal } from "./config/resolve.ts";
import { loadSet } from "./config/set_lines.ts";
import { emptyConfig, type Path } from "./config/tree.ts";
import type { Word } from "./config/words.ts";
import type { Editor } from "./editor.ts";
import type { JunosDevice } from "./device.ts";
import type { JunosSession } from "./session.ts";

const KINDS = ["merge", "override", "replace", "set", "update"] as const;
export type LoadKind = (typeof KINDS)[number];
const LOAD_MAX_BYTES = 16 * 1024 * 1024;

export interface LoadRequest {
  readonly kind: LoadKind;
  readonly text: string;
  /** As Junos names it in its errors: `terminal`, a file. */
  readonly source: string;
  readonly base: Path;
  readonly meets: (line: string) => string | undefined;
}

/** Into the candidate of the editor. What did not parse is left out; the rest is in. */
export function loadText(device: JunosDevice, editor: Editor, request: LoadRequest): LoadProblem[] {
  const { kind, text, source, base, meets } = request;
  const whole = kind === "override" || kind === "update";
  const tree = whole ? emptyConfig() : device.candidate(editor);
  const options = { source, meets, replace: kind === "replace" };
  const problems = kind === "set" ? loadSet(tree, base, text, options) : loadBraces(tree, base, text, options);
  if (whole) device.setCandidate(editor, tree);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  editor.typed.push(`load ${kind}`, ...lines);
  return problems;
}

export interface LoadCallbacks {
  refuse(refusal: Refusal): Promise<void>;
  met(line: string): string | undefined;
}

export async function load(
  session: JunosSession,
  editor: Editor,
  words: readonly Word[],
  callbacks: LoadCallbacks,
): Promise<void> {
  const { device, shell } = session;
  const [kindWord, from, relative] = words;
  const kind = kindWord && KINDS.find((name) => name.startsWith(kindWord.text));
  if (!kindWord || !from) return callbacks.refuse({ word: undefined, message: "missing argument" });
  if (kind === undefined) return callbacks.refuse({ word: kindWord, message: "syntax error" });
  const locked = device.lockedText(editor.sessionId);
  if (locked !== undefined) return shell.print(locked);
  const terminal = "terminal".startsWith(from.text);
  const text = terminal ? await typedLines(session) : device.files.get(from.text);
  if (text === undefined)
    return terminal ? undefined : shell.print(`error: open failed: ${from.text}: No such file or directory\n`);
  const { log, sessionId, user } = shell.options;
  for (const line of text.split("\n").filter((one) => one.trim() !== ""))
    log.push({ atMs: device.clock.nowMs(), sessionId, user, mode: "config", line: line.trim() });
  const problems = loadText(device, editor, {
    kind,
    text,
    source: terminal ? "terminal" : from.text,
    base: relative?.text === "relative" ? editor.path : [],
    meets: (line) => callbacks.met(line),
  });
  const errors = problems.filter((problem) => !problem.text.startsWith("warning")).length;
  // `load set` ends without a count (seen on vJunos 25.4).
  const count = errors === 0 || kind === "set" ? "" : ` (${errors} errors)`;
  // A spinner turns once while a file is read (recorded on vSRX 17.3).
  const spinner = terminal ? "" : "|\b";
  return shell.print(`${spinner}${problems.map((problem) => problem.text).join("")}load complete${count}\n`);
}

async function typedLines(session: JunosSession): Promise<string | undefined> {
  const { term } = session.shell;
  await term.write("[Type ^D at a new line to end input]\n");
  const echo = term.enterEcho;
  term.enterEcho = "";
  const lines: string[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const input = await term.readLine({ prompt: "", endOfFile: true });
      if (input.kind === "cancel") return undefined;
      lines.push(input.text);
      bytes += input.text.length + 1;
      if (bytes > LOAD_MAX_BYTES) {
        await term.write("error: configuration file too large\n");
        return undefined;
      }
      if (input.kind === "end") return lines.join("\n");
    }
  } finally {
    term.enterEcho = echo;
  }
}
