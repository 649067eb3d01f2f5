import { buildCommand } from "@stricli/core";
import { z } from "zod";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, text, whole, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { table } from "../terminal/table.ts";
import { utc } from "../terminal/time.ts";

const Decision = z.enum(["allowed", "refused"]);
interface Flags extends HubFlags {
  readonly actor?: string;
  readonly action?: string;
  readonly decision?: z.infer<typeof Decision>;
  readonly limit: number;
}

const optional = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: text, brief, placeholder, optional: true }) as const;

export const auditList = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Show who did what, newest first",
    [
      "farhand audit list",
      "farhand audit list --decision refused --limit 500",
      "farhand audit list --action job.sign --json",
    ],
    "It needs a token with the role auditor or admin. What the hub shows here is its own word: farhand audit export and verify prove it.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      actor: optional("Only what this one did", "ACTOR"),
      action: optional("Only this action", "ACTION"),
      decision: {
        kind: "parsed",
        parse: as(Decision),
        brief: "allowed or refused",
        placeholder: "DECISION",
        optional: true,
      },
      limit: { kind: "parsed", parse: whole(1, 1000), brief: "How many", placeholder: "N", default: "50" },
    },
  },
  func: command(list),
});

async function list(cli: Cli, flags: Flags) {
  const { actor, action, decision, limit } = flags;
  const { entries, next, size } = await clientOf(cli, flags).call("listAudit", {
    query: { limit, ...(actor && { actor }), ...(action && { action }), ...(decision && { decision }) },
  });
  const { style } = cli.out;
  cli.out.data("audit", { entries, size, next }, () =>
    table(
      [
        { title: "ENTRY", value: (entry) => entry.index, right: true },
        { title: "TIME", value: (entry) => utc(entry.atMs) },
        { title: "ACTOR", value: (entry) => escapeLine(entry.actor) },
        { title: "FOR", value: (entry) => escapeLine(entry.onBehalfOf ?? "") },
        { title: "ACTION", value: (entry) => entry.action },
        { title: "OBJECT", value: (entry) => escapeLine(entry.object) },
        {
          title: "DECISION",
          value: ({ decision: said, code, count }) =>
            `${said}${code ? ` ${code}` : ""}${count > 1 ? ` ×${count}` : ""}`,
          paint: (entry, cell) => (entry.decision === "refused" ? style.red(cell) : cell),
        },
        { title: "DETAIL", value: (entry) => escapeLine((entry.detail ?? "").slice(0, 120)) },
      ],
      entries,
      style,
    ),
  );
  cli.out.next("farhand audit export audit.ndjson");
  return undefined;
}
