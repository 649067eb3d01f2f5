import type { CheckResult, Checks } from "../../../shared/documents/checks.ts";
import type { DeviceId } from "../../../shared/ids.ts";
import { compareTables, type RowChange, type TableChange } from "../../../drivers/model/state/compare.ts";
import { blamed, expectedOf, judge } from "../../../drivers/model/state/expect.ts";
import type { PackFile } from "../../../drivers/model/state/pack.ts";
import type { Cells, Tables } from "../../../drivers/model/state/rows.ts";
import type { Cli } from "../command.ts";
import { escapeLine } from "../terminal/escape.ts";

/** Shows what differs, and what was expected of it. Whether it is worse than before. */
export function compare(
  cli: Cli,
  device: DeviceId,
  pack: PackFile,
  before: Tables | undefined,
  after: Tables,
  checks: Checks | undefined,
): boolean {
  const earlier = before ?? new Map<string, never>();
  // What was not asked now is no difference, and says nothing of the platform's own expectations.
  const asked = Object.fromEntries(Object.entries(pack.tables).filter(([name]) => after.has(name)));
  const changes = compareTables(asked, earlier, after);
  const expected = checks ? expectedOf(pack, checks) : [];
  const own = new Set(checks?.expect);
  const results = judge(
    expected.filter(({ expectation }) => own.has(expectation) || after.has(expectation.table)),
    earlier,
    after,
  );
  const worse = results.some(blamed);
  cli.out.data("run-compare", { device, worse, tables: changes, checks: results }, () =>
    [
      ...changes.flatMap((change) => changeLines(cli, device, change)),
      ...results.map((result) => checkLine(cli, device, result)),
    ].join("\n"),
  );
  return worse;
}

function changeLines(cli: Cli, device: DeviceId, { table: name, unknown, changes, same }: TableChange): string[] {
  const { style } = cli.out;
  const head = `${device} ${name}:`;
  if (unknown !== null) return [`${head} ${style.yellow(escapeLine(unknown))}`];
  if (changes.length === 0) return [`${head} ${style.dim(`the same ${same} rows`)}`];
  return [
    `${head} ${changes.length} of ${same + changes.length} rows differ`,
    ...changes.map((change) => `  ${rowLine(cli, change)}`),
  ];
}

function rowLine(cli: Cli, { key, how, before, after, columns }: RowChange): string {
  const { style } = cli.out;
  const cellsOf = (cells: Cells | null): string =>
    Object.entries(cells ?? {})
      .filter(([, value]) => value !== null)
      .map(([column, value]) => `${column} ${escapeLine(String(value))}`)
      .join(", ");
  switch (how) {
    case "added":
      return style.green(`+ ${escapeLine(key)}: ${cellsOf(after)}`);
    case "removed":
      return style.red(`- ${escapeLine(key)}: ${cellsOf(before)}`);
    case "changed": {
      const shown = columns.map((column) => {
        const [was, is] = [before, after].map((cells) => escapeLine(String(cells?.[column] ?? "nothing")));
        return `${column} ${was ?? ""} → ${is ?? ""}`;
      });
      return style.yellow(`~ ${escapeLine(key)}: ${shown.join(", ")}`);
    }
    default:
      return how satisfies never;
  }
}

function checkLine(cli: Cli, device: DeviceId, result: CheckResult): string {
  const { style } = cli.out;
  const { name, verdict, already, detail } = result;
  const said = `${verdict}${already && verdict === "broken" ? " already before" : ""}`;
  const painted = verdict === "ok" ? style.green(said) : blamed(result) ? style.red(said) : style.yellow(said);
  return `${device} ${escapeLine(name)}: ${painted}${detail === "" ? "" : `: ${escapeLine(detail)}`}`;
}
