import { buildCommand } from "@stricli/core";
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { writeFresh } from "../../../shared/bundle/write.ts";
import { AgentId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, text, whole, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { loadAnchor } from "../trust/anchor.ts";
import { describe } from "./describe.ts";
import { verifyBundle, withBundle } from "./open.ts";

interface Flags extends HubFlags {
  readonly agent: AgentId;
  readonly out: string;
  readonly days: number;
}

export const bundleExport = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Write what an agent without a line is to get into a file",
    ["farhand bundle export --agent agent-plant --out plant.bundle"],
    "Everything that the agent has not acknowledged: trust documents, signed work, texts, cancels, and how far its evidence has\n" +
      "arrived. The work counts as delivered from now on. A bundle that was lost costs nothing: the next one holds it all again.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      agent: { kind: "parsed", parse: as(AgentId), brief: "For which agent", placeholder: "AGENT" },
      out: { kind: "parsed", parse: text, brief: "File to write; never over another", placeholder: "FILE" },
      days: {
        kind: "parsed",
        parse: whole(1, 180),
        brief: "How long it may be taken in",
        default: "30",
        placeholder: "N",
      },
    },
  },
  func: command(exportBundle),
});

async function exportBundle(cli: Cli, flags: Flags) {
  const anchor = await loadAnchor(cli, flags);
  const path = resolve(cli.cwd, flags.out);
  let more = false;
  const client = clientOf(cli, flags);
  // The name is taken before the hub is asked: a number is used up by each bundle that it makes.
  const bytes = await writeFresh(
    path,
    (async function* () {
      const made = await client.exportBundle(flags.agent, flags.days);
      more = made.more;
      yield* made.chunks;
    })(),
  );
  try {
    await withBundle(cli, path, async (file) => {
      const { index, digest } = await verifyBundle(file, anchor, { nowMs: cli.clock.nowMs() });
      const { lines, value } = await describe(file, index);
      cli.out.data("bundle", { verified: true, file: path, bytes, sha256: digest, more, ...value }, () =>
        lines.join("\n"),
      );
    });
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
  if (more) cli.out.note("Not all of it fitted: export once more for the rest.");
  cli.out.next(`farhand admit ${flags.out} --key KEYFILE; farhand-agent import ${flags.out}`);
  return undefined;
}
