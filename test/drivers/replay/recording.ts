import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** One thing that somebody typed at a real device, and everything that came until the next. */
export interface Exchange {
  /** Without its newline; null for a secret, which the recording left out. */
  readonly typed: string | null;
  /** The last line when it was typed: the prompt, or a question. */
  readonly at: string;
  /** Echo, answer and next prompt, in the chunks in which they came. */
  readonly came: readonly string[];
}

export interface Recording {
  readonly name: string;
  /** Before anything was typed. */
  readonly greeting: string;
  readonly exchanges: readonly Exchange[];
}

export const lastLine = (text: string): string => text.slice(text.lastIndexOf("\n") + 1).trimEnd();

/** What came, without echo and prompt, and without what Junos shows above its prompt. */
export function answerIn({ came }: Exchange): string {
  const lines = came.join("").split("\n").slice(1, -1);
  return `${lines.join("\n").replace(/\n\n(?:\[edit\])?$/, "")}\n`;
}

const Scrapli = z.record(
  z.string(),
  z.looseObject({
    interactions: z.array(
      z.looseObject({
        channel_output: z.string(),
        expected_channel_input: z.string(),
        expected_channel_input_redacted: z.boolean(),
      }),
    ),
  }),
);

/** A session of scrapli_cfg. Its client types a line and its end apart, so that echo and answer are chunks of their own. */
export function scrapliRecording(folder: string, file: string): Recording {
  const sessions = Object.values(Scrapli.parse(parse(readFileSync(join(folder, "scrapli_cfg", file), "utf8"))));
  let greeting = "";
  let screen = "";
  const exchanges: { typed: string | null; at: string; came: string[] }[] = [];
  let entered = true;
  for (const one of sessions.flatMap(({ interactions }) => interactions)) {
    const { channel_output: came, expected_channel_input: typed } = one;
    const last = exchanges.at(-1);
    if (last) last.came.push(came);
    else greeting += came;
    screen += came;
    const isEnd = typed === "\n" || typed === "\r";
    if (isEnd && !entered) entered = true;
    // Typed before the device had said anything: what answers it is the greeting.
    else if (!isEnd || last) {
      entered = isEnd;
      const what = one.expected_channel_input_redacted ? null : isEnd ? "" : typed;
      exchanges.push({ typed: what, at: lastLine(screen), came: [] });
    }
  }
  return { name: file.replace(/\.yaml$/, ""), greeting, exchanges };
}

const Commands = z.record(z.string(), z.string());
const Oxidized = z.looseObject({
  init_prompt: z.string().nullish(),
  commands: z.union([Commands, z.array(Commands)]),
});

const ESCAPES: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", e: "\u001b" };

/** oxidized writes what YAML could lose as in a Ruby string. */
const unescape = (text: string): string =>
  text.replaceAll(/\\(?:x([\dA-Fa-f]{2})|(.))/g, (_whole, hex: string | undefined, letter: string | undefined) =>
    hex === undefined ? (ESCAPES[letter ?? ""] ?? letter ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );

/** A device of oxidized's. Some recordings leave echoes and prompts out; `prompt` is then what the device would show. */
export function oxidizedRecording(folder: string, file: string, prompt?: string): Recording {
  const { init_prompt: first, commands } = Oxidized.parse(parse(readFileSync(join(folder, "oxidized", file), "utf8")));
  const all = (Array.isArray(commands) ? commands : [commands]).flatMap((some) => Object.entries(some));
  const isBare = prompt !== undefined;
  const greeting = `${unescape(first ?? "")}${isBare ? `\n${prompt}` : ""}`;
  const exchanges = all.map(([command, answer]) => {
    const typed = command.replace(/\n$/, "");
    const came = unescape(answer);
    return { typed, at: lastLine(greeting), came: [isBare ? `${typed}\n${came}\n${prompt}` : came] };
  });
  return { name: file.replace(/__simulation\.yaml$/, ""), greeting, exchanges };
}

/** The same recording under other words: scrapli put one in the place of the session's name. */
export function renamed(recording: Recording, names: readonly (readonly [string, string])[]): Recording {
  const text = (of: string): string => names.reduce((so, [from, to]) => so.replaceAll(from, to), of);
  return {
    name: recording.name,
    greeting: text(recording.greeting),
    exchanges: recording.exchanges.map(({ typed, at, came }) => ({
      typed: typed === null ? null : text(typed),
      at: text(at),
      came: came.map(text),
    })),
  };
}
