/** `| include …` and its kin, as many in a row as are typed. */

export type Filter = (text: string) => string;

export interface Piped {
  readonly command: string;
  readonly filters: readonly Filter[];
  /** `| json`: the model in place of the text. */
  readonly json: boolean;
  /** `| redirect flash:x`: the text goes to a file. */
  readonly file: { readonly url: string; readonly how: "redirect" | "append" | "tee" } | undefined;
}

const VERBS = [
  "append",
  "begin",
  "exclude",
  "grep",
  "include",
  "json",
  "no-more",
  "nz",
  "redirect",
  "section",
  "tee",
] as const;

function pattern(source: string): RegExp {
  try {
    return new RegExp(source, "i");
  } catch {
    return new RegExp(source.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");
  }
}

/** Undefined where a verb is none. */
export function splitPipe(line: string): Piped | undefined {
  const [command = "", ...stages] = line.split("|");
  const filters: Filter[] = [];
  let json = false;
  let file: Piped["file"];
  for (const stage of stages) {
    const [, word = "", argument = ""] = /^\s*(\S*)\s?(.*?)\s*$/.exec(stage) ?? [];
    const verb = VERBS.find((one) => word !== "" && one.startsWith(word.toLowerCase()));
    switch (verb) {
      case undefined:
        return undefined;
      case "json":
        json = true;
        break;
      case "no-more":
      case "nz":
        break;
      case "append":
      case "redirect":
      case "tee":
        file = { url: argument, how: verb };
        break;
      default:
        filters.push(filterOf(verb, argument));
    }
  }
  return { command, filters, json, file };
}

function filterOf(verb: "begin" | "exclude" | "grep" | "include" | "section", argument: string): Filter {
  const wanted = pattern(argument.replace(/^-v /, ""));
  const inverted = verb === "exclude" || (verb === "grep" && argument.startsWith("-v "));
  return (text) => {
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    let kept = lines;
    if (verb === "begin") kept = lines.slice(lines.findIndex((line) => wanted.test(line)) >>> 0);
    else if (verb === "section") kept = sections(lines, wanted);
    else kept = lines.filter((line) => wanted.test(line) !== inverted);
    return kept.map((line) => `${line}\n`).join("");
  };
}

function sections(lines: readonly string[], wanted: RegExp): string[] {
  let inside = false;
  return lines.filter((line) => {
    if (wanted.test(line)) inside = true;
    else if (!line.startsWith(" ")) inside = false;
    return inside;
  });
}
