import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { FarhandError } from "../../../shared/errors.ts";
import { recoverConfiguration } from "../../../shared/sealed.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { keyFlags, outputFlags, text, type KeyFlags, type OutputFlags } from "../flags.ts";
import { openKeyFile, readKeyFile } from "../keys/key-file.ts";
import { passphrase } from "../keys/passphrase.ts";
import { readBytes } from "../settings.ts";

interface Flags extends OutputFlags, KeyFlags {
  readonly out?: string;
}

export const recoveryOpen = buildCommand<Flags, [string], CliContext>({
  docs: docs(
    "Open a sealed configuration with the offline recovery key",
    [
      "farhand recovery open ams-r1.sealed --key recovery.key.json --out ams-r1.conf",
      "farhand recovery open ams-r1.sealed --key recovery.key.json | less",
    ],
    "For when every agent of a site is lost. Needs no hub and no network. What comes out holds every secret in clear: with --out it is\n" +
      "written to a file that only you can read. Nothing records that you did this: write down who opened what, and why.",
  ),
  parameters: {
    flags: {
      ...outputFlags,
      ...keyFlags,
      out: {
        kind: "parsed",
        parse: text,
        brief: "Write to this new file, mode 0600, instead of printing",
        placeholder: "FILE",
        optional: true,
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: text, brief: "The sealed form, from farhand recovery fetch", placeholder: "SEALED" }],
    },
  },
  func: command(open),
});

async function open(cli: Cli, flags: Flags, path: string) {
  const sealed = readBytes(resolve(cli.cwd, path));
  const file = readKeyFile(resolve(cli.cwd, flags.key));
  if (file.crv !== "X25519") throw new FarhandError("KEY_FILE", `${flags.key}: a signing key opens nothing`);
  const key = await openKeyFile(file, await passphrase(cli, flags, `Passphrase for ${flags.key}`));
  const { place, text: raw } = await recoverConfiguration(sealed, key);
  if (flags.out === undefined) {
    cli.out.data("recovered", { ...place, text: raw }, () => raw.trimEnd());
  } else {
    const out = resolve(cli.cwd, flags.out);
    writeFile(out, raw, { mode: 0o600, fresh: true });
    cli.out.data("recovered", { ...place, file: out }, () => `${place.device} at ${place.site}: ${out}`);
  }
  cli.out.note("It holds secrets in clear. Write down who opened it, and why; delete it when you are done.");
  return undefined;
}
