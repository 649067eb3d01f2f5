import { FarhandError } from "../../../shared/errors.ts";
import type { Cli } from "../command.ts";

/** `--yes`, or a person who types yes. Without a terminal and without `--yes` nothing dangerous happens. */
export async function confirm(
  cli: Cli,
  flags: { readonly input: boolean; readonly yes: boolean },
  question: string,
): Promise<boolean> {
  if (flags.yes) return true;
  if (!flags.input || !cli.stdin.isTTY) throw new FarhandError("USAGE", "nobody to ask: add --yes");
  const answer = await cli.stdin.ask(`${question} [yes/no] `);
  if (answer.trim().toLowerCase() === "yes") return true;
  cli.out.note("Not done.");
  return false;
}
