import type { Clock } from "../../shared/clock.ts";
import type { CheckFinding } from "../../shared/documents/check.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import { deviceTime, offsetMs } from "./device-clock.ts";
import type { LimitsFile, PreflightFile, Rule } from "../model/preflight-file.ts";

export interface PreflightContext {
  /** Says one command and returns its answer. COMMAND_REFUSED, AUTHORIZATION_DENIED and COMMAND_TIMEOUT are findings; all else is thrown. */
  ask(command: string, host: boolean): Promise<string>;
  readonly clock: Clock;
  readonly limits: LimitsFile | undefined;
  /** Whether a session as ours is one that the device lists: a terminal is, a request to an API is not. */
  readonly isListed: boolean;
  /** What may be told of a device's words. */
  redacted(text: string): string;
}

interface Answer {
  readonly text: string;
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** Every rule of a platform file against the device's own words. Reads only. */
export async function preflight(file: PreflightFile, context: PreflightContext): Promise<CheckFinding[]> {
  const findings: CheckFinding[] = [];
  for (const { send, host = false, rules } of file) {
    const answer = await answerTo(context, send, host);
    if (!("text" in answer)) {
      findings.push(answer);
      continue;
    }
    for (const rule of rules) findings.push(...(await judge(rule, answer, context)));
  }
  return findings;
}

async function answerTo(context: PreflightContext, send: string, host: boolean): Promise<Answer | CheckFinding> {
  const askedMs = context.clock.nowMs();
  try {
    const text = await context.ask(send, host);
    return { text, askedMs, answeredMs: context.clock.nowMs() };
  } catch (error) {
    const code = errorCode(error);
    const detail = error instanceof FarhandError ? (error.detail ?? "") : "";
    if (code === "AUTHORIZATION_DENIED")
      return {
        code: "COMMAND_DENIED",
        severity: "blocks",
        detail: `${send}: ${detail}`.slice(0, 500),
        hint: "let this login run it: what a change needs to know of the device stands there",
      };
    if (code === "COMMAND_REFUSED")
      return {
        code: "COMMAND_UNKNOWN",
        severity: "tells",
        detail: `${send}: ${detail}`.slice(0, 500),
        hint: "this release does not know it; what it would have told is not checked",
      };
    throw error;
  }
}

async function judge(rule: Rule, answer: Answer, context: PreflightContext): Promise<CheckFinding[]> {
  const finding = (detail: string): CheckFinding => ({
    code: rule.code,
    // What cannot be told stops nobody: somebody should look.
    severity: rule.severity === "blocks" && detail.startsWith(UNTOLD) ? "warns" : rule.severity,
    detail: context.redacted(detail.trim()).slice(0, 500),
    hint: rule.hint,
  });
  if ("holds" in rule)
    return new RegExp(rule.holds, "imv").test(answer.text) ? [] : [finding(firstLine(answer.text) || "no answer")];
  if ("absent" in rule)
    return [...answer.text.matchAll(new RegExp(rule.absent, "gimv"))]
      .slice(0, MATCHES_MAX)
      .map(([match]) => finding(match));
  if ("number" in rule) return judgeNumber(rule, answer).map(finding);
  if ("sessions" in rule) return (await judgeSessions(rule, answer, context)).map(finding);
  if ("clock" in rule) return judgeClock(rule, answer).map(finding);
  return rule satisfies never;
}

const UNTOLD = "cannot be told: ";
const MATCHES_MAX = 8;
const firstLine = (text: string): string => text.split("\n").find((line) => line.trim() !== "") ?? "";

const UNITS = ["", "K", "M", "G", "T"];

function numbers(source: string, text: string): { value: number; line: string }[] {
  return [...text.matchAll(new RegExp(source, "gmv"))].flatMap((match) => {
    const { n, unit = "" } = match.groups ?? {};
    const value = Number(n) * 1024 ** Math.max(0, UNITS.indexOf(unit.toUpperCase()));
    return Number.isFinite(value) ? [{ value, line: match[0].trim() }] : [];
  });
}

function judgeNumber(rule: Extract<Rule, { number: string }>, { text }: Answer): string[] {
  const found = numbers(rule.number, text);
  if (found.length === 0) return [`${UNTOLD}${firstLine(text)}`];
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = rule;
  return found
    .filter(({ value }) => value < atLeast || value > atMost)
    .slice(0, MATCHES_MAX)
    .map(({ line }) => line);
}

async function judgeSessions(
  rule: Extract<Rule, { sessions: string }>,
  { text }: Answer,
  context: PreflightContext,
): Promise<string[]> {
  const used = [...text.matchAll(new RegExp(rule.sessions, "gmv"))].length;
  const total = (await totalOf(rule, context)) ?? context.limits?.sessions;
  // Where ours is among them, none at all means that the answer was not understood.
  if ((used === 0 && context.isListed) || total === undefined) return [`${UNTOLD}${firstLine(text)}`];
  const free = Math.max(0, total - used);
  return free >= rule.leave ? [] : [`${used} of ${total} sessions are in use, ${free} free`];
}

async function totalOf(
  { total }: Extract<Rule, { sessions: string }>,
  context: PreflightContext,
): Promise<number | undefined> {
  if (!total) return undefined;
  const answer = await answerTo(context, total.send, false);
  if (!("text" in answer)) return undefined;
  const found = numbers(total.number, answer.text).map(({ value }) => value);
  return found.length === 0 ? undefined : Math.max(...found) + (total.fromNought ? 1 : 0);
}

function judgeClock(rule: Extract<Rule, { clock: string }>, { text, askedMs, answeredMs }: Answer): string[] {
  const found = new RegExp(rule.clock, "mv").exec(text)?.groups;
  const time = found && deviceTime(found);
  if (!time) return [`${UNTOLD}${firstLine(text)}`];
  // It was read somewhere between the question and the answer, and shows no parts of a second.
  const middleMs = (askedMs + answeredMs) / 2;
  const apartMs = offsetMs(time, middleMs);
  if (Math.abs(apartMs) <= rule.seconds * 1000 + (answeredMs - askedMs) / 2 + 1000) return [];
  const seconds = Math.round(Math.abs(apartMs) / 1000);
  const least = time.isZoneKnown
    ? ""
    : ` at least, its zone ${found["zone"] ?? ""} taken for whole quarters of an hour`;
  return [`${seconds} seconds ${apartMs > 0 ? "ahead of" : "behind"} the agent's${least}`];
}
