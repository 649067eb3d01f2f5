import { z } from "zod";
import { Checks, Expectation, type PlannedCheck } from "../../../shared/documents/checks.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { readYaml } from "../inventory/yaml.ts";
import { escapeLine } from "../terminal/escape.ts";

/** State checks as people write them; an empty file is the defaults alone. */
const ChecksFile = z.strictObject({
  defaults: z.boolean().default(true),
  except: Checks.shape.except.default([]),
  expect: z.array(Expectation).max(32).default([]),
  /** A route-map acts seconds after it is set, and a session without its peer stands until its hold time is over. */
  settleSeconds: z.number().min(0).max(600).default(10),
  withinSeconds: z.number().min(0).max(600).default(60),
});

/** What `--checks default` says. */
const DEFAULT_CHECKS = checksOf(ChecksFile.parse({}));

/** The flag's word or its file; undefined without it. */
export function checksFrom(flag: string | undefined, read: (file: string) => string): Checks | undefined {
  if (flag === undefined) return undefined;
  return flag === "default" ? DEFAULT_CHECKS : readChecks(flag, read(flag));
}

/** USAGE naming the file and the first fault. */
export function readChecks(name: string, text: string): Checks {
  const { faults, value } = readYaml(text);
  const [broken] = faults;
  if (broken) throw new FarhandError("USAGE", `${name}:${broken.line}:${broken.column}: ${broken.message}`);
  const parsed = ChecksFile.safeParse(value ?? {});
  if (parsed.success) return checksOf(parsed.data);
  const issue = parsed.error.issues[0];
  throw new FarhandError("USAGE", `${name}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not understood"}`);
}

function checksOf({ settleSeconds, withinSeconds, ...rest }: z.infer<typeof ChecksFile>): Checks {
  return { ...rest, settleMs: Math.round(settleSeconds * 1000), withinMs: Math.round(withinSeconds * 1000) };
}

/** For whoever signs: what is checked, how it stands now, and what the change is meant to break. */
export function checkLines(checks: Checks | undefined, planned: readonly PlannedCheck[]): string[] {
  if (!checks) return [];
  return [
    `state checks, ${checks.settleMs / 1000} s after the change and for up to ${checks.withinMs / 1000} s more; what is worse than before undoes it`,
    ...planned.map(({ name, command, rows, already, detail }) => {
      const now =
        rows === null ? `cannot tell now: ${detail}` : already ? `does not hold now: ${detail}` : `${rows} rows now`;
      return `  ${escapeLine(name)}: ${escapeLine(command)}; ${escapeLine(now)}`;
    }),
    ...checks.except.map(
      ({ name, keys }) =>
        `  but not ${escapeLine(name)}${keys === undefined ? "" : ` of ${keys.map(escapeLine).join(", ")}`}`,
    ),
  ];
}
