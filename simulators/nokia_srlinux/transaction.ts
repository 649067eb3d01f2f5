/** `commit`, `discard`, `baseline`, `diff`, `load`, `save` and the tools that settle a confirmed commit. */
import { NOTHING, refuse, say, type Answer } from "./answer.ts";
import type { Box } from "./box.ts";
import type { Candidate } from "./candidates.ts";
import type { Cli } from "./cli.ts";
import { deltaLines, diffText } from "./diff.ts";
import type { Token } from "./lexer.ts";
import { ROOT } from "./model/root.ts";
import { unknownToken } from "./parse.ts";
import { branchesAt, cloneBranch, emptyBranch, schemaAt, type Branch } from "./tree.ts";

const words = (tokens: readonly Token[]): string[] => tokens.map(({ text }) => text);

/** "If no timeout is given, 600 seconds" (Configuration Basics Guide, "Confirming a commit operation"). */
const CONFIRM_TIMEOUT_S = 600;
const CONFIRM_MAX_S = 86_400;
const SAVED =
  "/system:\n    Saved current running configuration as initial (startup) configuration '/etc/opt/srlinux/config.json'\n\n";

export function spell(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const left = seconds % 60;
  const part = (count: number, unit: string): string[] =>
    count === 0 ? [] : [`${count} ${unit}${count === 1 ? "" : "s"}`];
  return [...part(minutes, "minute"), ...part(left, "second")].join(" ") || "0 seconds";
}

export function commit(cli: Cli, candidate: Candidate, tokens: readonly Token[]): Answer {
  const [how = "", ...rest] = words(tokens);
  switch (how) {
    case "validate": {
      const outcome = cli.box.candidates.validate(candidate);
      return outcome.kind === "done" ? NOTHING : refuse(outcome.message);
    }
    case "now":
    case "stay":
    case "save":
      if (rest.length > 0 && (rest[0] !== "comment" || rest.length !== 2))
        return refuse(unknownToken(rest[0] ?? "", ["#", ">", ">>", "comment", "|"]));
      return done(cli, candidate, how, undefined);
    case "confirmed": {
      const seconds = timeout(rest);
      return typeof seconds === "string" ? refuse(seconds) : done(cli, candidate, how, seconds);
    }
    default:
      return refuse(unknownToken(how, ["confirmed", "now", "save", "stay", "validate"]));
  }
}

function timeout(rest: readonly string[]): number | string {
  if (rest.length === 0) return CONFIRM_TIMEOUT_S;
  const [name, value = ""] = rest;
  if (name !== "timeout" || rest.length > 2) return unknownToken(name ?? "", ["#", ">", ">>", "timeout", "|"]);
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (seconds < 1 || seconds > CONFIRM_MAX_S)
    return `Error: Failed to parse value '${value}' for 'timeout' - Invalid value "${value}": Must be in the range 1..${CONFIRM_MAX_S}`;
  return seconds;
}

function done(
  cli: Cli,
  candidate: Candidate,
  how: "now" | "stay" | "save" | "confirmed",
  seconds: number | undefined,
): Answer {
  const { box, holder } = cli;
  // Before, so that what waits for the commit finds it written down.
  const outcome = box.candidates.commit(candidate, holder, cli.via, seconds === undefined ? undefined : seconds * 1000);
  if (outcome.kind === "refused") return refuse(outcome.message);
  box.noteCommit(holder.user, candidate, seconds);
  const saved = how === "save" ? SAVED : "";
  if (how === "save") box.store.save(holder.user);
  if (how === "stay") return say("All changes have been committed. Starting new transaction.\n");
  cli.toRunning();
  const armed = seconds === undefined ? "" : `Commit confirmed (automatic rollback in ${spell(seconds)})\n`;
  return say(`${saved}${armed}All changes have been committed. Leaving candidate mode.\n`);
}

export function discard(cli: Cli, candidate: Candidate, tokens: readonly Token[]): Answer {
  const [how = "", ...rest] = words(tokens);
  if ((how !== "now" && how !== "stay") || rest.length > 0) return refuse(unknownToken(how, ["now", "stay"]));
  cli.box.candidates.discard(candidate);
  if (how === "stay") return say("All changes have been discarded. Starting new transaction.\n");
  cli.toRunning();
  return say("All changes have been discarded. Leaving candidate mode.\n");
}

export function baseline(cli: Cli, candidate: Candidate, tokens: readonly Token[]): Answer {
  const [what = ""] = words(tokens);
  const { box } = cli;
  switch (what) {
    case "diff":
      return say(diffText(candidate.baseline, box.store.running, ROOT));
    case "check":
    case "update": {
      const before = { tree: candidate.tree, baseline: candidate.baseline };
      const outcome = box.candidates.update(candidate);
      if (what === "check") Object.assign(candidate, before);
      return outcome.kind === "done" ? NOTHING : refuse(outcome.message);
    }
    default:
      return refuse(unknownToken(what, ["check", "diff", "update"]));
  }
}

/** Without arguments from the baseline to the candidate; with one from that datastore to the candidate, or to what runs. */
export function diff(cli: Cli, tokens: readonly Token[]): Answer {
  const all = words(tokens);
  const isFlat = all.includes("flat");
  const asked = all.filter((word) => word !== "flat" && word !== "/");
  const { candidate, box } = cli;
  const stores = new Map<string, Branch>([
    ["running", box.store.running],
    ["startup", box.store.startup],
    ...(candidate ? [["candidate", candidate.tree] as const, ["baseline", candidate.baseline] as const] : []),
  ]);
  const unknown = asked.find((word) => !stores.has(word));
  if (unknown !== undefined) return refuse(unknownToken(unknown, [...stores.keys(), "flat"]));
  if (asked.length === 0 && candidate === undefined)
    return refuse("Error: Command 'diff' needs a datastore outside candidate mode");
  const from = stores.get(asked[0] ?? "baseline") ?? emptyBranch();
  const to = stores.get(asked[1] ?? (candidate ? "candidate" : "running")) ?? emptyBranch();
  if (isFlat)
    return say(
      deltaLines(from, to, ROOT)
        .map((line) => `${line}\n`)
        .join(""),
    );
  // From a context on: only what is under it, by its own names.
  const schema = all.includes("/") ? ROOT : schemaAt(ROOT, cli.reader.path);
  if (schema?.kind !== "container" && schema?.kind !== "list") return NOTHING;
  const under = (tree: Branch): Branch =>
    all.includes("/") ? tree : (branchesAt(tree, cli.reader.path)[0]?.branch ?? emptyBranch());
  return say(diffText(under(from), under(to), schema));
}

export function load(cli: Cli, candidate: Candidate, tokens: readonly Token[]): Answer {
  const all = words(tokens);
  const { box } = cli;
  const [what = "", name = ""] =
    all[0] === "checkpoint" && (all[1] === "name" || all[1] === "id") ? ["checkpoint", all[2]] : all;
  const tree = what === "checkpoint" ? checkpointOf(box, name) : what === "startup" ? box.store.startup : undefined;
  if (what !== "checkpoint" && what !== "startup") return refuse(unknownToken(what, ["checkpoint", "startup"]));
  if (tree === undefined) return refuse(`Error: Checkpoint '${name}' does not exist`);
  candidate.tree = cloneBranch(tree);
  return say(
    what === "checkpoint" ? `/system/configuration/checkpoint[id=${name}]:\n    Checkpoint '${name}' loaded\n\n` : "",
  );
}

function checkpointOf({ checkpoints }: Box, name: string): Branch | undefined {
  return (
    checkpoints.find((one) => one.name === name) ?? (/^\d{1,3}$/.test(name) ? checkpoints[Number(name)] : undefined)
  )?.tree;
}

export function save(cli: Cli, tokens: readonly Token[]): Answer {
  const [what = "", ...rest] = words(tokens);
  if (what !== "startup" || rest.length > 0) return refuse(unknownToken(rest[0] ?? what, ["startup"]));
  cli.box.store.save(cli.holder.user);
  return say(SAVED);
}

/** `tools system configuration …`; `words` from behind `configuration`. */
export function configurationTool(box: Box, user: string, all: readonly string[]): Answer {
  const [what = "", ...rest] = all;
  const by = { sessionId: 0, user };
  switch (what) {
    case "confirmed-accept":
      return box.store.confirm(by)
        ? say("/system/configuration:\n    Confirmed commit has been accepted\n\n")
        : refuse(NONE_WAITS);
    case "confirmed-reject":
      return box.store.revert("asked", by)
        ? say("/system/configuration:\n    Confirmed commit has been rejected\n\n")
        : refuse(NONE_WAITS);
    case "generate-checkpoint": {
      const option = (name: string): string | undefined =>
        rest.includes(name) ? rest[rest.indexOf(name) + 1] : undefined;
      const made = box.checkpoint(option("name") ?? "", option("comment") ?? "", user);
      return say(
        `/system:\n    Generated checkpoint '/etc/opt/srlinux/checkpoint/checkpoint-0.json' with name '${made.name}' and comment '${made.comment}'\n\n`,
      );
    }
    case "save":
      box.store.save(user);
      return say(SAVED);
    case "candidate":
      if (rest[1] !== "clear") return refuse(unknownToken(rest[1] ?? "", ["clear"]));
      return box.candidates.clear(rest[0] ?? "") ? NOTHING : refuse(`Error: Candidate '${rest[0]}' does not exist`);
    default:
      return refuse(
        unknownToken(what, ["candidate", "confirmed-accept", "confirmed-reject", "generate-checkpoint", "save"]),
      );
  }
}

const NONE_WAITS = "Error: No confirmed commit is in progress";
