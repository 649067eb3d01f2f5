import { jcs } from "../../../shared/bytes.ts";
import type { Finding } from "../../../shared/documents/receipt.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { Prediction } from "../../types.ts";
import { substitute } from "../author.ts";
import { type DiffEntry, diffJson } from "../diff.ts";
import { bounded, type Change } from "../predict.ts";
import { hider, type Hide } from "../public-form.ts";
import { replaceRanges } from "../redact.ts";
import { refusal } from "../refusal.ts";
import { tokensIn } from "../token.ts";
import { type AuthoredFile, contentOf, foreignKey, type HostAuthor, readHostAuthor, refuseLine } from "./author.ts";
import { diffHosts } from "./diff.ts";
import { byPath, type Host, type HostFile, headerOf, parseHost, printFile, serviceLine } from "./host.ts";
import { type HostLanguage, type Rule, ruleFor, secretsIn } from "./language.ts";

/**
 * What an author's text would do to a host: the diff that people sign, and the ordered commands: the tests in a copy of /etc, the
 * files whole, what goes, and then what puts them in force. A file that the text names is replaced whole; the others stay, or go
 * where the text is to be all there is.
 */
export function predictHost(language: HostLanguage, change: Change): Prediction {
  const hide = hider(change.device, change.tagger);
  const before = parseHost(change.before.publicText);
  const author = readHostAuthor(language, change.mode, change.text, before, hide, change.source, change.refused);
  const after = planned(language, change, before, author);
  const diff = diffHosts(before, after);
  const steps = stepsOf(language, before, after, author);
  const commands = steps.map(({ text }) => text);
  const typed = [...change.text.split("\n"), ...commands.flatMap((command) => command.split("\n"))];
  const render = renderer(language, steps, change.before.raw, hide);
  return {
    diff: diffJson(diff),
    commands: new TextDecoder().decode(jcs(commands)),
    touchesManagement: touchesManagement(language, diff, change.managementAddress),
    // As the agent asks when it accepts the change (agent/verify/risk.ts): the two must not differ.
    destructive:
      typed.some((line) => isDestructiveHost(language, line.trim())) ||
      diff.some(({ op, line }) => op === "remove" && isDestructiveHost(language, line.trim(), "removed")),
    warnings: bounded([...author.warnings, ...restarts(commands)]),
    render,
  };
}

export function isDestructiveHost(language: HostLanguage, line: string, how: "typed" | "removed" = "typed"): boolean {
  const asked = how === "typed" ? line : `no ${line}`;
  return language.destructive.some((pattern) => pattern.test(asked));
}

function planned(language: HostLanguage, { mode }: Change, before: Host, author: HostAuthor): Host {
  const written = [...author.files].map(([path, { shown, kind, mode: bits, owner, ended }]) => {
    const file: HostFile = { kind, path, mode: bits, owner, lines: shown, ended };
    if (contentOf(file).length > language.fileBytesMax)
      throw new FarhandError("TEXT_REFUSED", `${path} is larger than ${language.fileBytesMax} bytes`);
    return [path, file] as const;
  });
  const services = new Map([...before.services, ...author.services]);
  switch (mode) {
    case "merge": {
      const files = new Map([...before.files, ...written]);
      for (const path of author.gone)
        if (!files.delete(path)) throw refusal(undefined, `no file ${path}`, "there is none", "device");
      if (files.size > language.filesMax)
        throw new FarhandError("TEXT_REFUSED", `more than ${language.filesMax} files`);
      return { files, foreign: before.foreign, services };
    }
    case "replace":
      for (const { line } of before.foreign.values())
        if (!author.foreign.has(foreignKey(line)))
          throw new FarhandError(
            "TEXT_REFUSED",
            `it is here and not in the text, and cannot be taken away: ${line.slice(0, 200)}`,
          );
      if (written.length === 0) throw new FarhandError("TEXT_REFUSED", "a whole host without a file");
      return { files: new Map(written), foreign: before.foreign, services };
    default:
      return mode satisfies never;
  }
}

/** One command, and the file whose lines hold what is put in when it is sent. */
interface Step {
  readonly text: string;
  readonly file?: AuthoredFile | undefined;
}

function stepsOf(language: HostLanguage, before: Host, after: Host, author: HostAuthor): Step[] {
  const changed = [...after.files.values()].toSorted(byPath).filter((file) => {
    const was = before.files.get(file.path);
    return !was || printFile(was) !== printFile(file);
  });
  const gone = [...before.files.values()].toSorted(byPath).filter(({ path }) => !after.files.has(path));
  const services = [...after.services.values()].filter((service) => {
    const was = before.services.get(service.name);
    return !was || serviceLine(was) !== serviceLine(service);
  });
  const rules = [...changed, ...gone].flatMap(({ path }) => ruleFor(language, path) ?? []);
  const of = (each: (rule: Rule) => readonly string[]): string[] => [...new Set(rules.flatMap((rule) => each(rule)))];
  const there = (name: string): boolean => before.services.has(name);
  const restart = of((rule) => rule.restart).filter(there);
  const texts = (lines: readonly string[]): Step[] => lines.map((text) => ({ text }));
  return [
    ...texts(
      of((rule) => rule.tests.map(({ run, folder }) => `test ${run}${folder === undefined ? "" : ` with ${folder}`}`)),
    ),
    ...changed.map((file) => ({ text: printFile(file), file: author.files.get(file.path) })),
    ...texts(gone.map(({ path }) => `no file ${path}`)),
    ...texts(rules.some(({ sysctl }) => sysctl) ? ["sysctl --system"] : []),
    ...texts(of((rule) => rule.run).map((words) => `run ${words}`)),
    ...texts(restart.map((name) => `restart ${name}`)),
    ...texts(
      of((rule) => rule.reload)
        .filter((name) => there(name) && !restart.includes(name))
        .map((name) => `reload ${name}`),
    ),
    ...texts(services.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(serviceLine)),
  ];
}

const restarts = (commands: readonly string[]): Finding[] =>
  commands.flatMap((command) =>
    command.startsWith("restart ") ? [{ code: "SESSION_RESET", detail: `${command}: the service starts anew` }] : [],
  );

function touchesManagement(language: HostLanguage, diff: readonly DiffEntry[], address: string | undefined): boolean {
  return diff.some(({ path: [file], line }) => {
    const [kind, name = ""] = (file ?? line).split(" ");
    if (kind === "service") return language.services.get(name)?.management ?? true;
    return (ruleFor(language, name)?.management ?? true) || (address !== undefined && line.includes(address));
  });
}

/** Fails at once where a kept secret is not there: the plan must not promise what the run cannot do. */
function renderer(language: HostLanguage, steps: readonly Step[], raw: string, hide: Hide): Prediction["render"] {
  const keep = keeper(language, raw, hide);
  for (const { file } of steps)
    for (const line of file?.lines ?? [])
      substitute(line, (token) => (token.kind === "tag" ? keep(file?.path ?? "", line, token.start, token.value) : ""));
  return (secret) =>
    steps.map(({ text, file }) => {
      if (!file) return text;
      return [
        headerOf(file),
        ...printFile({ ...file, lines: filled(language, file, keep, secret) })
          .split("\n")
          .slice(1),
      ].join("\n");
    });
}

// oxlint-disable-next-line no-control-regex -- control bytes are exactly what is refused here
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/v;

function filled(
  language: HostLanguage,
  file: AuthoredFile,
  keep: Keep,
  secret: (name: string) => string | undefined,
): string[] {
  const lines = file.lines.map((line, at) =>
    substitute(line, ({ kind, value: name, start }) => {
      if (kind === "tag") return keep(file.path, line, start, name);
      const value = secret(name);
      if (value === undefined) throw new FarhandError("SECRET_UNKNOWN", name);
      if (value === "" || CONTROL.test(value) || /[‹›]/v.test(value))
        refuseLine(
          file.row + 1 + at,
          "",
          `the secret ${name} is empty or holds characters that cannot stand in a line`,
        );
      return value;
    }),
  );
  const texts = lines.map(({ line }) => line);
  // The value decides too: one with a blank may end half-way where the pattern takes one word, and the rest would show.
  const secrets = secretsIn(language, file.path, texts);
  for (const [at, { values }] of lines.entries())
    if (
      !values.every(({ start, end }) => secrets[at]?.some((range) => range.start <= start && range.end >= end) === true)
    )
      refuseLine(file.row + 1 + at, "", "the value of a secret does not fit this line");
  return texts;
}

type Keep = (path: string, line: string, start: number, tag: string) => string;

/** What `‹secret:tag›` keeps: the value that the same file holds in a line that begins with the same word. */
function keeper(language: HostLanguage, raw: string, hide: Hide): Keep {
  let values: Map<string, string> | undefined;
  const key = (path: string, head: string, token: string): string =>
    `${path}\n${head.trimStart().split(/\s/v, 1)[0] ?? ""}\n${token}`;
  const all = (): Map<string, string> => {
    const found = new Map<string, string>();
    for (const { path, lines } of parseHost(raw).files.values()) {
      const secrets = secretsIn(language, path, lines);
      for (const [at, line] of lines.entries())
        for (const range of secrets[at] ?? []) {
          const value = line.slice(range.start, range.end).trim();
          const token = replaceRanges(value, [{ start: 0, end: value.length, from: 0 }], hide);
          if (tokensIn(value).length === 0) found.set(key(path, line.slice(0, range.start), token), value);
        }
    }
    return found;
  };
  return (path, line, start, tag) => {
    values ??= all();
    const value = values.get(key(path, line.slice(0, start), `‹secret:${tag}›`));
    if (value === undefined) throw new FarhandError("SECRET_KEEP", path);
    return value;
  };
}
