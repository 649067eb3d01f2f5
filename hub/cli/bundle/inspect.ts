import { buildCommand } from "@stricli/core";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { outputFlags, text, type OutputFlags } from "../flags.ts";
import { describe } from "./describe.ts";
import { withBundle } from "./open.ts";

export const bundleInspect = buildCommand<OutputFlags, [string], CliContext>({
  docs: docs(
    "Show what a bundle says of itself",
    ["farhand bundle inspect plant.bundle"],
    "Needs no hub and no keys, and so believes nothing: farhand bundle verify checks who signed it.",
  ),
  parameters: {
    flags: outputFlags,
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Bundle", placeholder: "FILE" }] },
  },
  func: command(inspect),
});

async function inspect(cli: Cli, _flags: OutputFlags, path: string) {
  const { lines, value } = await withBundle(cli, path, (file) => describe(file, file.claimed));
  cli.out.data("bundle", { verified: false, ...value }, () => lines.join("\n"));
  cli.out.note("This is what it says; nobody's signature was checked.");
  return undefined;
}
