import { z } from "zod";
import type { UndoCost, Verification } from "../../../shared/documents/common.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { diffLines } from "../../../drivers/model/render-diff.ts";
import { diffText } from "../terminal/diff.ts";
import { escapeLine } from "../terminal/escape.ts";
import type { Style } from "../terminal/style.ts";
import { utc } from "../terminal/time.ts";
import type { Review, Target } from "./derive.ts";
import { groupsOf, type Group } from "./groups.ts";
import type { Signing } from "./signing.ts";

const NAMES_MAX = 24;

/** The review as a person reads it. Nothing that bears on the decision is cut off but the names of many equal devices. */
export function reviewText(review: Review, style: Style): string {
  const { warrant } = review;
  const groups = groupsOf(review.targets);
  return [
    style.bold(escapeLine(warrant.title)),
    ...(warrant.reason === "" ? [] : warrant.reason.split("\n").map((line) => `  ${escapeLine(line)}`)),
    "",
    `job       ${warrant.job} (${warrant.kind}, risk ${warrant.risk}) by ${who(review.signing.author)}`,
    `policy    ${warrant.policy.id} v${warrant.policy.version}: ${needs(review.signing)}`,
    `valid     ${utc(warrant.nbf * 1000)} to ${utc(warrant.exp * 1000)}, made ${utc(warrant.iat * 1000)}, at most ${warrant.attemptsMax} attempt${warrant.attemptsMax === 1 ? "" : "s"}`,
    `targets   ${review.targets.length} devices at ${warrant.sites.join(", ")}`,
    `keys      version ${warrant.keysVersion}; inventory ${warrant.inventory.slice(0, 16)}…`,
    ...waveLines(review),
    ...deadlineLines(review),
    ...acceptLines(review, style),
    ...review.refusals.map((line) => style.red(`refusal   ${escapeLine(line)}`)),
    ...(review.comparedWithRecord || warrant.kind !== "change"
      ? []
      : [style.yellow("texts     not compared with the author's own record of the plan (it is not on this machine)")]),
    "",
    ...groups.flatMap((group, index) => [...groupLines(group, index + 1, groups.length, style), ""]),
    ...signingLines(review.signing, style),
    `warrant   ${review.digest}`,
  ].join("\n");
}

const who = (author: Signing["author"]): string =>
  author.name === author.id ? author.id : `${author.id} (${escapeLine(author.name)})`;

const needs = ({ approversNeeded }: Signing): string =>
  approversNeeded === 0
    ? "the author alone"
    : `the author and ${approversNeeded} other ${approversNeeded === 1 ? "person" : "persons"}`;

function waveLines({ warrant, targets }: Review): string[] {
  return warrant.waves.map((wave, index) => {
    const devices = targets.filter((target) => target.wave === index + 1);
    return `wave ${index + 1}    ${devices.length} devices, not before ${utc(wave.notBefore * 1000)}: ${names(devices.map((target) => target.device))}`;
  });
}

function deadlineLines({ manifests }: Review): string[] {
  const lines = manifests.map(({ deadlines, outputBytesMax }) => {
    const s = (ms: number) => `${ms / 1000} s`;
    return `deadlines connect ${s(deadlines.connectMs)}, command ${s(deadlines.commandMs)}, device ${s(deadlines.taskMs)}, assignment ${s(deadlines.jobMs)}, undo timer ${s(deadlines.confirmMs)}, output ${outputBytesMax} bytes`;
  });
  return [...new Set(lines)];
}

function acceptLines({ warrant: { accepts } }: Review, style: Style): string[] {
  return [
    ...(accepts.levelE.length > 0 ? [style.red(`accepts   no way to undo on ${names(accepts.levelE)}`)] : []),
    ...(accepts.simulatedEvidence.length > 0
      ? [style.red(`accepts   drivers proved on simulators only: ${accepts.simulatedEvidence.join(", ")}`)]
      : []),
  ];
}

function names(ids: readonly string[]): string {
  if (ids.length <= NAMES_MAX) return ids.join(", ");
  return `${ids.slice(0, NAMES_MAX).join(", ")} and ${ids.length - NAMES_MAX} more (--json has all)`;
}

export function undoText(cost: UndoCost): string {
  if (cost.kind === "reboot") return `a reboot of about ${cost.minutes} min`;
  return cost.kind === "in-place" ? "in place" : "sessions lost";
}

function groupLines({ targets, odd }: Group, number: number, of: number, style: Style): string[] {
  const [first] = targets;
  const head = `${style.bold(`${number}/${of}`)}  ${targets.length} device${targets.length === 1 ? "" : "s"}: ${names(targets.map((target) => target.device))}`;
  const look = odd.length > 0 ? [style.yellow(`     look: ${odd.join("; ")}`)] : [];
  return [head, ...look, ...(first.change ? changeLines(first, targets, style) : taskLines(first))];
}

function changeLines({ change, platform }: Target, targets: Group["targets"], style: Style): string[] {
  if (!change) return [];
  const { task, planned } = change;
  const oldest = Math.min(...targets.map((target) => target.change?.receipt.at ?? Number.POSITIVE_INFINITY));
  const finding = (label: string, paint: (text: string) => string) => (entry: { code: string; detail: string }) =>
    paint(`     ${label} ${entry.code}: ${escapeLine(entry.detail)}`);
  return [
    `     ${platform}; ${task.mode}, drift ${task.drift}; level ${task.level}, undo ${undoText(task.undoCost)}, evidence ${task.evidence}; planned ${utc(oldest * 1000)}`,
    ...(task.source.kind === "sealed"
      ? [style.bold(`     restores the sealed configuration ${task.source.public}`)]
      : []),
    ...planned.warnings.map(finding("warning", style.yellow)),
    ...planned.hints.map(finding("hint", style.dim)),
    "     diff",
    diffText(diffLines(change.diff), style, 7) || "       (no difference)",
    "     commands, in order",
    ...commandsOf(change.commands).map((line) => `       ${line.split("\n").map(escapeLine).join("\n       ")}`),
    ...verifyLines(task.verify),
  ];
}

function verifyLines(checks: readonly Verification[]): string[] {
  if (checks.length === 0) return ["     verification: none"];
  return [
    "     verification",
    ...checks.map(({ command, contains, absent, withinMs }) => {
      const quoted = (texts: readonly string[]) => texts.map((text) => JSON.stringify(escapeLine(text))).join(", ");
      return `       ${escapeLine(command)}${contains ? ` shows ${quoted(contains)}` : ""}${absent ? ` shows no ${quoted(absent)}` : ""} within ${withinMs / 1000} s`;
    }),
  ];
}

function taskLines({ task, platform }: Target): string[] {
  switch (task.kind) {
    case "run":
      return [`     ${platform}; commands`, ...task.commands.map((line) => `       ${escapeLine(line)}`)];
    case "collect":
      return [`     ${platform}; reads the configuration`];
    case "check":
      return [`     ${platform}; checks reach, login, privilege and readiness`];
    case "rotate":
      return [
        `     ${platform}; gives the account of credential ${task.credential} a new password: ${task.password.kind === "made" ? `made by the agent, ${task.password.length} characters` : `sent as ${task.password.secret}`}`,
        "     proved by a second login before it is kept; put back by the device's own timer or the open session where it fails",
      ];
    case "reveal":
      return [
        `     opens the sealed configuration ${task.public.slice(0, 16)}… for ${task.person}, secrets in clear`,
        `     because: ${escapeLine(task.reason)}`,
        `     to the key ${task.to}`,
      ];
    case "plan":
    case "change":
      return [`     ${platform}; ${task.kind}`];
    default:
      return task satisfies never;
  }
}

/** Ordered commands as canonical JSON of strings. */
export function commandsOf(json: string): string[] {
  const parsed = z.array(z.string()).safeParse(JSON.parse(json));
  if (!parsed.success) throw new FarhandError("SCHEMA", "ordered commands are not a list of texts");
  return parsed.data;
}

function signingLines(signing: Signing, style: Style): string[] {
  const mark = (done: boolean, text: string) => (done ? style.green(`  signed    ${text}`) : `  missing   ${text}`);
  const missing = Math.max(0, signing.approversNeeded - signing.approvers.length);
  return [
    "signatures",
    mark(signing.author.signed, `${who(signing.author)}, author`),
    ...signing.approvers.map((id) => mark(true, id)),
    ...(missing > 0 ? [mark(false, `${missing} more with the approver role`)] : []),
    ...signing.idle.map((id) => `  no effect ${id}: no approver at all of these sites`),
    ...(signing.unknownKeys > 0
      ? [style.yellow(`  unknown   ${signing.unknownKeys} signatures by keys that keys.json does not list`)]
      : []),
  ];
}
