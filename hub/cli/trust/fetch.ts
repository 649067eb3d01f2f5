import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { encodeTrustFile } from "../../../shared/tuf/file.ts";
import { rootFingerprint } from "../../../shared/tuf/set.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { loadAnchor } from "./anchor.ts";
import { loadTrust, shownRoots } from "./load.ts";

interface Flags extends HubFlags {
  readonly out: string;
}

export const trustFetch = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Keep the newest trust documents as a file of your own",
    ["farhand trust fetch --out trust.json"],
    "What the hub shows is verified from the file that you trust now. Offline work (receipt verify, audit verify, admit) needs a recent one.",
  ),
  parameters: {
    flags: { ...hubFlags, out: { kind: "parsed", parse: text, brief: "File to write", placeholder: "FILE" } },
  },
  func: command(fetchTrust),
});

async function fetchTrust(cli: Cli, flags: Flags) {
  const anchor = await loadAnchor(cli, flags);
  const trusted = await loadTrust(cli, flags, clientOf(cli, flags));
  const { set } = trusted.view;
  // From the root that this person compared, not from one that came before it.
  const first = anchor.roots[0];
  const shown = shownRoots(trusted);
  const at = first ? shown.findIndex((root) => rootFingerprint(root) === rootFingerprint(first)) : 0;
  const roots = shown.slice(Math.max(0, at));
  const path = resolve(cli.cwd, flags.out);
  const { snapshot, targets, documents } = set;
  writeFile(path, encodeTrustFile({ roots, snapshot, targets, documents }), { mode: 0o644 });
  const { root, targets: version } = trusted.view.facts.versions;
  cli.out.data(
    "trust-fetched",
    { file: path, root, targets: version },
    () => `${path}: root ${root}, documents ${version}`,
  );
  return undefined;
}
