import { buildCommand } from "@stricli/core";
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { FarhandError } from "../../../shared/errors.ts";
import { decodeTrustFile, encodeTrustFile } from "../../../shared/tuf/file.ts";
import { readMetadata } from "../../../shared/tuf/metadata.ts";
import { openDraft } from "../../../shared/tuf/open.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { writeFile } from "../files.ts";
import { hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf, readBytes } from "../settings.ts";
import { confirm } from "../terminal/confirm.ts";
import { changesOf, rootChanges } from "./changes.ts";
import { isComplete, missingText, putWhole } from "./hand-over.ts";
import { loadTrust } from "./load.ts";
import { cosign, wanting } from "./next-set.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly yes: boolean;
}

export const trustSign = buildCommand<Flags, [string], CliContext>({
  docs: docs(
    "Sign the next trust documents after a colleague has",
    [
      "farhand trust sign trust-draft.json --key bob.key.json",
      "farhand trust sign trust-draft.json --key bob.root.key.json",
    ],
    "Shows what it changes of what is in force, and asks. With its last signature it goes to the hub; until then the file travels on.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      yes: { kind: "boolean", brief: "Do not ask", default: false, withNegated: false },
    },
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Draft", placeholder: "FILE" }] },
  },
  func: command(sign),
});

async function sign(cli: Cli, flags: Flags, file: string) {
  const path = resolve(cli.cwd, file);
  const update = decodeTrustFile(readBytes(path));
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const { view } = trusted;
  const draft = await openDraft(update);
  const version = readMetadata("targets", draft.set.targets).signed.version;
  const held = view.facts.versions.targets;
  if (version !== held + 1)
    throw new FarhandError("CONFLICT", `documents version ${held} are in force, and this draft is version ${version}`);
  const changes = [...rootChanges(view.set.root, draft.set.root), ...changesOf(view, draft)];
  cli.out.note(changes.length > 0 ? changes.join("\n") : "It changes nothing but how long the documents are valid.");
  if (!(await confirm(cli, flags, "Sign it?"))) return EXIT.canceled;
  const signed = await cosign(update, view.set.root, await signerFromFile(cli, flags, flags.key));
  if (!signed) throw new FarhandError("NO_AUTHOR", "this key is no root key and no keyadmin's");
  const missing = wanting(signed, view.set.root);
  const inForce = isComplete(missing);
  if (inForce) {
    await putWhole(client, trusted, signed);
    rmSync(path, { force: true });
  } else {
    writeFile(path, encodeTrustFile(signed), { mode: 0o644 });
    cli.out.note(missingText(missing));
  }
  cli.out.data("trust-signed", { file: path, version, inForce, missing, changes }, () =>
    inForce ? `documents version ${version}: in force` : path,
  );
  return undefined;
}
