import type { Accepted } from "../../../shared/documents/accepted.ts";
import type { CheckFinding } from "../../../shared/documents/check.ts";
import { z } from "zod";
import { checkLines } from "../plan/checks.ts";
import type { UndoCost, Verification } from "../../../shared/documents/common.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { parseDiff } from "../../../drivers/model/diff.ts";
import { diffLines } from "../../../drivers/model/render-diff.ts";
import { diffText } from "../terminal/diff.ts";
import { escapeLine } from "../terminal/escape.ts";
import type { Style } from "../terminal/style.ts";
import { utc } from "../terminal/time.ts";
import type { Review, Target } from "./derive.ts";
import { groupsOf, type Group } from "./groups.ts";
import type { Signing } from "./signing.ts";
import type { Since } from "./since.ts";

const NAMES_MAX = 12;

/**
 * The review as a person reads it: what it is, what stands out and what is new on the first screen, then everything. Nothing that bears on
 * the decision is cut off but the names of many equal devices.
 */
export function reviewText(review: Review, style: Style, since: Since | null = null): string {
  const { warrant } = review;
  const groups = groupsOf(review.targets);
  const sites = warrant.sites.length === 1 ? "1 site" : `${warrant.sites.length} sites`;
  return [
    style.bold(escapeLine(warrant.title)),
    ...(warrant.reason === "" ? [] : warrant.reason.split("\n").map((line) => `  ${escapeLine(line)}`)),
    "",
    `job       ${warrant.job} (${warrant.kind}, risk ${warrant.risk}) by ${who(review.signing.author)}`,
    `policy    ${warrant.policy.id} v${warrant.policy.version}: ${needs(review.signing)}`,
    `valid     ${utc(warrant.nbf * 1000)} to ${utc(warrant.exp * 1000)}, made ${utc(warrant.iat * 1000)}, at most ${warrant.attemptsMax} attempt${warrant.attemptsMax === 1 ? "" : "s"}`,
    `targets   ${review.targets.length} devices at ${sites}: ${names(warrant.sites)}`,
    ...review.refusals.map((line) => style.red(`refusal   ${escapeLine(line)}`)),
    ...acceptLines(review, style),
    ...breakglassLines(review, style),
    ...sinceLines(since, style),
    ...overviewLines(groups, style),
    "",
    `keys      version ${warrant.keysVersion}; inventory ${warrant.inventory.slice(0, 16)}…`,
    ...waveLines(review),
    ...deadlineLines(review),
    ...(review.comparedWithRecord || warrant.kind !== "change"
      ? []
      : [style.yellow("texts     not compared with the author's own record of the plan (it is not on this machine)")]),
    "",
    ...groups.flatMap((group, index) => [...groupLines(group, index + 1, groups.length, style), ""]),
    ...signingLines(review.signing, style),
    `warrant   ${review.digest}`,
  ].join("\n");
}

const OVERVIEW_MAX = 12;

/** One line for each group, the odd ones first: an approver finds the one device among four hundred without scrolling. */
function overviewLines(groups: readonly Group[], style: Style): string[] {
  if (groups.length < 2) return [];
  const shown = groups.slice(0, OVERVIEW_MAX);
  const rest = groups.slice(OVERVIEW_MAX);
  const odd = groups.filter((group) => group.odd.length > 0).length;
  return [
    `groups    ${groups.length}${odd > 0 ? `, ${odd} to look at first` : ""}`,
    ...shown.map(({ targets, odd: reasons }, index) => {
      const counts = targets[0].change ? countsOf(targets[0].change.diff) : targets[0].task.kind;
      const line = `${String(index + 1).padStart(4)}  ${fewNames(targets.map((target) => target.device))}  ${counts}`;
      return reasons.length > 0 ? style.yellow(`${line}  look: ${reasons.join("; ")}`) : line;
    }),
    ...(rest.length > 0
      ? [
          `      and ${rest.length} groups more of ${rest.reduce((sum, group) => sum + group.targets.length, 0)} devices, below`,
        ]
      : []),
  ];
}

function countsOf(diff: string): string {
  const entries = parseDiff(diff);
  const added = entries.filter((entry) => entry.op === "add").length;
  return `+${added} -${entries.length - added}`;
}

const FEW = 3;

function fewNames(ids: readonly string[]): string {
  if (ids.length <= FEW) return ids.join(", ");
  return `${ids.length} devices alike: ${ids[0] ?? ""}, …`;
}

function sinceLines(since: Since | null, style: Style): string[] {
  if (!since) return [];
  const when = `since     your review of ${since.job}, ${utc(since.atMs)}:`;
  const parts = [
    ...(since.signedSince.length > 0 ? [`signed by ${since.signedSince.join(", ")}`] : []),
    ...(since.changed.length > 0 ? [`${since.changed.length} changed: ${names(since.changed)}`] : []),
    ...(since.replanned.length > 0
      ? [`${since.replanned.length} as then, on another configuration: ${names(since.replanned)}`]
      : []),
    ...(since.added.length > 0 ? [`${since.added.length} new: ${names(since.added)}`] : []),
    ...(since.gone.length > 0 ? [`${since.gone.length} gone: ${names(since.gone)}`] : []),
  ];
  if (parts.length === 0)
    return [`${when} ${since.sameBytes ? "the same bytes" : "other bytes, and the same for every device"}`];
  return since.sameBytes
    ? [`${when} ${parts.join("; ")}`]
    : [style.yellow(when), ...parts.map((part) => style.yellow(`            ${part}`))];
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

function breakglassLines({ breakglass, warrant }: Review, style: Style): string[] {
  if (!breakglass) return [];
  const { id, reason, site } = breakglass.breakglass;
  return [
    style.red(`BREAK-GLASS ${id}: ${warrant.author}, on call at ${site}, signs alone; once for each agent`),
    `  signed in calm by ${breakglass.signers.join(", ")}: ${escapeLine(reason)}`,
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
  const ways = [...new Set(targets.filter(({ via }) => via.length > 0).map(({ via }) => via.join(" > ")))];
  const stand = [...new Set(targets.flatMap(({ agents }) => agents.slice(1)))];
  const standby =
    stand.length > 0 ? [`     standby ${names(stand)}: may go on with what a device proves not applied`] : [];
  const way = ways.length > 0 ? [`     reached via ${names(ways)}`] : [];
  return [head, ...look, ...way, ...standby, ...(first.change ? changeLines(first, targets, style) : taskLines(first))];
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
    ...preflightLines(planned.preflight ?? [], task.accepted ?? [], style),
    "     diff",
    diffText(diffLines(change.diff), style, 7) || "       (no difference)",
    "     commands, in order",
    ...commandsOf(change.commands).map((line) => `       ${line.split("\n").map(escapeLine).join("\n       ")}`),
    ...verifyLines(task.verify),
    ...checkLines(task.checks, planned.checks ?? []).map((line) => `     ${line}`),
  ];
}

/** What blocks is red, accepted or not: whoever signs takes it upon themselves too. */
function preflightLines(found: readonly CheckFinding[], accepted: readonly Accepted[], style: Style): string[] {
  const shown = found
    .filter(({ severity }) => severity !== "tells")
    .map(({ code, severity, detail }) =>
      (severity === "blocks" ? style.red : style.yellow)(`     preflight ${severity} ${code}: ${escapeLine(detail)}`),
    );
  return [...shown, ...accepted.map(({ code, reason }) => style.red(`     accepts   ${code}: ${escapeLine(reason)}`))];
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
      return [
        `     ${platform}; commands${task.goOn ? ", each one though another is refused" : ""}`,
        ...task.commands.map((line) => `       ${escapeLine(line)}`),
      ];
    case "collect":
      return [`     ${platform}; reads the configuration`];
    case "check":
      if (task.hostKeys) return [`     ${platform}; reads the host keys that it shows, without logging in`];
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
