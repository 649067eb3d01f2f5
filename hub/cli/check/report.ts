import { CheckReport, type CheckFinding, type Severity } from "../../../shared/documents/check.ts";
import { Finding } from "../../../shared/documents/receipt.ts";
import { ERRORS, type ErrorCode } from "../../../shared/errors.ts";
import type { DeviceId, Digest } from "../../../shared/ids.ts";
import { z } from "zod";
import type { DeviceOutcome } from "../job/outcome.ts";
import { escapeLine } from "../terminal/escape.ts";
import type { Style } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";

/** What `farhand check` says of one device. */
export interface Checked {
  readonly device: DeviceId;
  readonly site: string;
  readonly state: string;
  readonly level: string | null;
  readonly facts: Readonly<Record<string, unknown>> | null;
  readonly findings: readonly CheckFinding[];
}

/** Agents of an older release tell findings without severity and hint. */
const Older = z.object({ facts: z.record(z.string(), z.unknown()), level: z.string(), findings: z.array(Finding) });

const nextOf = (code: string): string | null => (Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].next : null);

/** From a task's end and, where it came to one, its report. A device that did not let us in has its one finding in the task. */
export function checkedOf(outcome: DeviceOutcome, text: string | undefined): Checked {
  const { device, site, state } = outcome;
  const common = { device, site, state };
  if (state !== "DONE" || text === undefined) {
    const code = outcome.code ?? "INTERNAL";
    const detail = outcome.detail ?? (text === undefined && state === "DONE" ? "the report is not here yet" : state);
    const finding: CheckFinding = { code, severity: "blocks", detail: detail.slice(0, 500), hint: nextOf(code) };
    return { ...common, level: null, facts: null, findings: [finding] };
  }
  const value: unknown = JSON.parse(text);
  const parsed = CheckReport.safeParse(value);
  if (parsed.success) {
    const { level, facts, findings } = parsed.data;
    return { ...common, level, facts, findings };
  }
  const { level, facts, findings } = Older.parse(value);
  const severity: Severity = "tells";
  return { ...common, level, facts, findings: findings.map((one) => ({ ...one, severity, hint: null })) };
}

export const outputOf = (outcome: DeviceOutcome): Digest | undefined => outcome.task.output ?? undefined;

/** The worst first. */
export const RANK: Readonly<Record<Severity, number>> = { blocks: 0, warns: 1, tells: 2 };

export function paintSeverity(style: Style, severity: Severity, cell: string): string {
  switch (severity) {
    case "blocks":
      return style.red(cell);
    case "warns":
      return style.yellow(cell);
    case "tells":
      return cell;
    default:
      return severity satisfies never;
  }
}

/** The worst first, each with what to do about it. */
export function checkText(all: readonly Checked[], style: Style): string {
  const rows = all.flatMap((checked) =>
    [...checked.findings].sort((a, b) => RANK[a.severity] - RANK[b.severity]).map((finding) => ({ checked, finding })),
  );
  const shown = table(
    [
      { title: "DEVICE", value: ({ checked }) => checked.device },
      { title: "LEVEL", value: ({ checked }) => checked.level ?? "-" },
      {
        title: "SEVERITY",
        value: ({ finding }) => finding.severity,
        paint: ({ finding }, cell) => paintSeverity(style, finding.severity, cell),
      },
      { title: "CODE", value: ({ finding }) => finding.code },
      { title: "DETAIL", value: ({ finding }) => finding.detail },
    ],
    rows,
    style,
  );
  return shown + hintText(rows.map(({ finding }) => finding));
}

/** What to do about it, once for each code and hint. Empty where nothing is to be done. */
export function hintText(findings: readonly Pick<CheckFinding, "code" | "severity" | "detail" | "hint">[]): string {
  const hints = new Set<string>();
  for (const { code, severity, detail, hint } of findings)
    if (hint !== null && hint !== detail && severity !== "tells") hints.add(`${code}: ${escapeLine(hint)}`);
  return hints.size === 0 ? "" : `\n\n${[...hints].join("\n")}`;
}

export const isBlocked = ({ findings }: Checked): boolean => findings.some(({ severity }) => severity === "blocks");
