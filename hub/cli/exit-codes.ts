import { buildCommand } from "@stricli/core";
import { command, docs, type Cli } from "./command.ts";
import type { CliContext } from "./context.ts";
import { EXIT, EXIT_MEANING } from "./exit.ts";
import { outputFlags, type OutputFlags } from "./flags.ts";
import { table } from "./terminal/table.ts";

export const exitCodes = buildCommand<OutputFlags, [], CliContext>({
  docs: docs("List the exit codes", ["farhand exit-codes"]),
  parameters: { flags: outputFlags },
  func: command(async (cli: Cli) => {
    const rows = Object.entries(EXIT_MEANING).map(([name, meaning]) => ({
      code: EXIT[name as keyof typeof EXIT],
      name,
      meaning,
    }));
    cli.out.data("exit-codes", { codes: rows }, () =>
      table(
        [
          { title: "CODE", value: (row) => row.code, right: true },
          { title: "NAME", value: (row) => row.name },
          { title: "MEANING", value: (row) => row.meaning },
        ],
        rows,
        cli.out.style,
      ),
    );
    return undefined;
  }),
});
