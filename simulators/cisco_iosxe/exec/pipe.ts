/** `| include …` and its kin. */

export interface Piped {
  command: string;
  filter: ((text: string) => string) | undefined;
  /** `| redirect flash:x`: the text goes to a file instead. */
  redirect: string | undefined;
}

const VERBS = ["append", "begin", "count", "exclude", "include", "redirect", "section", "tee"] as const;
type Verb = (typeof VERBS)[number];

export type PipeResult = { kind: "ok"; piped: Piped } | { kind: "invalid"; at: number };

function pattern(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch {
    return new RegExp(source.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  }
}

export function splitPipe(line: string): PipeResult {
  const bar = line.indexOf("|");
  if (bar < 0) return { kind: "ok", piped: { command: line, filter: undefined, redirect: undefined } };
  const command = line.slice(0, bar);
  const found = /^\|\s*(\S+)\s?(.*)$/.exec(line.slice(bar));
  const word = found?.[1]?.toLowerCase() ?? "";
  const verb = word === "" ? undefined : VERBS.find((candidate) => candidate.startsWith(word));
  if (!verb) return { kind: "invalid", at: bar + 2 };
  const argument = (found?.[2] ?? "").trimEnd();
  const redirect = verb === "redirect" || verb === "append" || verb === "tee" ? argument : undefined;
  return {
    kind: "ok",
    piped: {
      command,
      redirect,
      filter: redirect === undefined ? (text) => applyFilter(verb, pattern(argument), text) : undefined,
    },
  };
}

function applyFilter(verb: Verb, wanted: RegExp, text: string): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const join = (kept: readonly string[]) => kept.map((line) => `${line}\n`).join("");
  switch (verb) {
    case "include":
      return join(lines.filter((line) => wanted.test(line)));
    case "exclude":
      return join(lines.filter((line) => !wanted.test(line)));
    case "begin": {
      const at = lines.findIndex((line) => wanted.test(line));
      return at < 0 ? "" : join(lines.slice(at));
    }
    case "count":
      return `Number of lines which match regexp = ${lines.filter((line) => wanted.test(line)).length}\n`;
    case "section":
      return join(sections(lines, wanted));
    case "append":
    case "redirect":
    case "tee":
      return text;
    default:
      return verb satisfies never;
  }
}

function sections(lines: readonly string[], wanted: RegExp): string[] {
  let inside = false;
  return lines.filter((line) => {
    if (wanted.test(line)) inside = true;
    else if (!line.startsWith(" ")) inside = false;
    return inside;
  });
}
