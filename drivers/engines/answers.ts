import { FarhandError } from "../../shared/errors.ts";
import type { Instruction, PlatformFile } from "../platform.ts";
import type { Variables } from "./channel.ts";

/** What a device's answer to a command means, by the rules of its platform file; the same for every carrier of commands. */

type Redact = (text: string) => string;

export const complaint = (redact: Redact, command: string, line: string): string =>
  `${JSON.stringify(redact(command))}: ${JSON.stringify(redact(line.trim()))}`.slice(0, 400);

/** The answer as one text. Throws COMMAND_REFUSED, or CANDIDATE_BUSY with the line that names the owner. */
export function checkAnswer(step: Instruction, command: string, lines: readonly string[], redact: Redact): string {
  const answer = lines.join("\n");
  for (const source of step.busy ?? []) {
    const found = new RegExp(source, "imv").exec(answer);
    if (found) throw new FarhandError("CANDIDATE_BUSY", ownerIn(answer, found.index, redact));
  }
  for (const source of step.refuse ?? []) {
    const found = new RegExp(source, "imv").exec(answer);
    if (found) throw new FarhandError("COMMAND_REFUSED", complaint(redact, command, found[0]));
  }
  const missing = (step.expect ?? []).find((source) => !new RegExp(source, "imv").test(answer));
  if (missing !== undefined)
    throw new FarhandError("COMMAND_REFUSED", complaint(redact, command, lines.at(-1) ?? "an unexpected answer"));
  return answer;
}

/** Devices name the owner in the line that refuses or in those right after it. */
function ownerIn(answer: string, at: number, redact: Redact): string {
  const words = answer
    .slice(at)
    .split("\n", 4)
    .map((line) => redact(line.trim()));
  return JSON.stringify(words.filter((line) => line !== "").join(" ")).slice(0, 400);
}

/** COMMAND_REFUSED or AUTHORIZATION_DENIED when a line of the answer is one of the platform's errors. */
export function refuseErrors(
  rules: PlatformFile["errors"],
  { command, lines, kind }: { command: string; lines: readonly string[]; kind: "config" | "read" },
  redact: Redact,
): void {
  for (const line of lines) {
    for (const rule of rules) {
      if (rule.in !== undefined && rule.in !== kind) continue;
      if (!new RegExp(rule.pattern, "iv").test(line)) continue;
      if (rule.unless !== undefined && new RegExp(rule.unless, "iv").test(line)) continue;
      throw new FarhandError(rule.code, complaint(redact, command, line));
    }
  }
}

export function substitute(template: string, variables: Variables): string {
  return template.replace(/\$\{(\w+)\}/g, (_whole, name: string) => {
    const value = variables[name];
    if (value === undefined)
      throw new FarhandError("INTERNAL", `a platform file names \${${name}}, which has no value`);
    return String(value);
  });
}
