import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { Breakglass } from "../../../shared/documents/breakglass.ts";
import { checkEnvelope, envelopeBytes, peekPayload, readAs } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { BreakglassId } from "../../../shared/ids.ts";
import { verifyBreakglass } from "../../../shared/verify/breakglass.ts";
import type { BreakglassView } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { table } from "../terminal/table.ts";
import { utc } from "../terminal/time.ts";
import { loadTrust } from "../trust/load.ts";
import { describe } from "./describe.ts";

interface Row {
  readonly breakglass: Breakglass;
  readonly view: BreakglassView;
}

export const rowOf = (view: BreakglassView): Row => ({
  breakglass: readAs(Breakglass, peekPayload(checkEnvelope(view.envelope))),
  view,
});

/** It may still be used where the hub knows of no use: each agent's journal says so for good. */
export const usesOf = ({ jobs }: BreakglassView) => jobs.filter((job) => job.signed);

export const breakglassList = buildCommand<HubFlags, [], CliContext>({
  docs: docs("List break-glasses and what they were used for", ["farhand breakglass list"]),
  parameters: { flags: hubFlags },
  func: command(list),
});

async function list(cli: Cli, flags: HubFlags) {
  const { breakglass } = await clientOf(cli, flags).call("listBreakglass", {});
  const rows = breakglass.map(rowOf);
  const nowSeconds = cli.clock.nowMs() / 1000;
  const { style } = cli.out;
  const standing = (row: Row): string => {
    if (row.breakglass.exp <= nowSeconds) return "expired";
    return usesOf(row.view).length > 0 ? "USED" : "ready";
  };
  cli.out.data(
    "breakglasses",
    {
      breakglasses: rows.map((row) => ({
        standing: standing(row),
        sha256: row.view.sha256,
        signers: row.view.signers,
        jobs: row.view.jobs,
        breakglass: row.breakglass,
      })),
    },
    () =>
      table(
        [
          { title: "BREAK-GLASS", value: (row) => row.breakglass.id },
          { title: "SITE", value: (row) => row.breakglass.site },
          {
            title: "STATUS",
            value: standing,
            paint: (row, cell) => (standing(row) === "ready" ? cell : style.red(cell)),
          },
          { title: "ON CALL", value: (row) => row.breakglass.oncall.join(",") },
          { title: "SIGNED BY", value: (row) => row.view.signers.join(",") },
          { title: "UNTIL", value: (row) => utc(row.breakglass.exp * 1000) },
          { title: "USES", value: (row) => usesOf(row.view).map(useText).join("; ") },
        ],
        rows,
        style,
      ),
  );
  return undefined;
}

const useText = (use: BreakglassView["jobs"][number]): string =>
  `${use.job} ${use.state} by ${use.person ?? "?"}: ${escapeLine(use.reason)}`;

interface ShowFlags extends HubFlags {
  readonly out?: string;
}

export const breakglassShow = buildCommand<ShowFlags, [BreakglassId], CliContext>({
  docs: docs(
    "Show a break-glass, its signatures and its uses",
    ["farhand breakglass show ams-night", "farhand breakglass show ams-night --out ams-night.json"],
    "Checked from the keys.json that you trust. --out writes it as it was signed.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      out: { kind: "parsed", parse: text, brief: "Also write it into this file", placeholder: "FILE", optional: true },
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: as(BreakglassId), brief: "The newest of that id", placeholder: "ID" }],
    },
  },
  func: command(show),
});

async function show(cli: Cli, flags: ShowFlags, id: BreakglassId) {
  const client = clientOf(cli, flags);
  const { store } = await loadTrust(cli, flags, client);
  const { breakglass: views } = await client.call("listBreakglass", {});
  const row = views.map(rowOf).find((candidate) => candidate.breakglass.id === id);
  if (!row) throw new FarhandError("NOT_FOUND", `no break-glass ${id}`);
  const envelope = checkEnvelope(row.view.envelope);
  const time = { nowMs: cli.clock.nowMs(), errorMs: 0, floorMs: 0 };
  const { breakglass, digest, signers } = await verifyBreakglass(envelope, { trust: store, time });
  const file = flags.out === undefined ? null : resolve(cli.cwd, flags.out);
  if (file !== null) writeFile(file, envelopeBytes(envelope), { mode: 0o644 });
  cli.out.data("breakglass", { breakglass, sha256: digest, signers, jobs: row.view.jobs, file }, () =>
    [
      ...describe(breakglass),
      `  signed by ${signers.join(", ")}`,
      ...usesOf(row.view).map((use) => cli.out.style.red(`  USED ${utc(use.atMs)}: ${useText(use)}`)),
    ].join("\n"),
  );
  return undefined;
}
