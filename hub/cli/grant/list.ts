import { buildCommand } from "@stricli/core";
import type { Grant } from "../../../shared/documents/grant.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { table } from "../terminal/table.ts";
import { utc } from "../terminal/time.ts";

export const grantList = buildCommand<HubFlags, [], CliContext>({
  docs: docs("List grants", ["farhand grant list", "farhand grant list --json"]),
  parameters: { flags: hubFlags },
  func: command(list),
});

/** `collect every 6h`, `check daily 02:00`. */
function scheduleText(entries: NonNullable<Grant["schedule"]>): string {
  return entries
    .map(({ kind, everySeconds, offsetSeconds }) => {
      if (everySeconds === 86_400) return `${kind} daily ${new Date(offsetSeconds * 1000).toISOString().slice(11, 16)}`;
      return `${kind} every ${everySeconds % 3600 === 0 ? `${everySeconds / 3600}h` : `${everySeconds / 60}m`}`;
    })
    .join(", ");
}

async function list(cli: Cli, flags: HubFlags) {
  const client = clientOf(cli, flags);
  const [{ grants }, { inventory }] = await Promise.all([client.call("listGrants", {}), client.call("status", {})]);
  const { style } = cli.out;
  const nowSeconds = cli.clock.nowMs() / 1000;
  const standing = (grant: (typeof grants)[number]["grant"]) =>
    grant.exp <= nowSeconds ? "expired" : grant.inventory === inventory ? "valid" : "other inventory";
  cli.out.data("grants", { grants }, () =>
    table(
      [
        { title: "GRANT", value: ({ grant }) => grant.id },
        { title: "AUTHOR", value: ({ grant }) => grant.author },
        {
          title: "STATUS",
          value: ({ grant }) => standing(grant),
          paint: ({ grant }, cell) => (standing(grant) === "valid" ? cell : style.red(cell)),
        },
        { title: "UNTIL", value: ({ grant }) => utc(grant.exp * 1000) },
        { title: "KINDS", value: ({ grant }) => grant.kinds.join(",") },
        { title: "SCHEDULE", value: ({ grant }) => scheduleText(grant.schedule ?? []) },
        { title: "SITES", value: ({ grant }) => grant.sites.join(",") },
        { title: "COMMANDS", value: ({ grant }) => grant.commands.length, right: true },
      ],
      grants,
      style,
    ),
  );
  return undefined;
}
