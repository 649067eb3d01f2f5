import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { FarhandError } from "../../../shared/errors.ts";
import { Secret } from "../../../shared/secret.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { outputFlags, passphraseFlag, text, type OutputFlags } from "../flags.ts";
import { readText } from "../settings.ts";
import { openKeyFile, readKeyFile, sealKey, writeKeyFile } from "./key-file.ts";
import { newPassphrase, passphrase } from "./passphrase.ts";

interface Flags extends OutputFlags {
  readonly passphraseFile?: string;
  readonly newPassphraseFile?: string;
}

export const keyPassphrase = buildCommand<Flags, [string], CliContext>({
  docs: docs(
    "Put another passphrase on your key file",
    [
      "farhand key passphrase ann.key.json",
      "farhand key passphrase ann.key.json --passphrase-file old --new-passphrase-file new --no-input",
    ],
    "The first thing to do with a key file that somebody else made for you. The key stays the same: if the old passphrase is known\nto others and they had the file, ask a keyadmin for a new key.",
  ),
  parameters: {
    flags: {
      ...outputFlags,
      passphraseFile: passphraseFlag,
      newPassphraseFile: {
        kind: "parsed",
        parse: text,
        brief: "File that holds the new passphrase",
        placeholder: "FILE",
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Your key file", placeholder: "KEYFILE" }] },
  },
  func: command(change),
});

async function change(cli: Cli, flags: Flags, file: string) {
  const path = resolve(cli.cwd, file);
  const held = readKeyFile(path);
  const jwk = await openKeyFile(held, await passphrase(cli, flags, `Passphrase for ${file}`));
  writeKeyFile(path, await sealKey(held.owner, jwk, await next(cli, flags)), false);
  cli.out.data("key-passphrase", { file: path, owner: held.owner }, () => `${file} has its new passphrase`);
  return undefined;
}

async function next(cli: Cli, flags: Flags): Promise<Secret> {
  if (flags.newPassphraseFile === undefined) {
    if (!cli.stdin.isTTY || !flags.input)
      throw new FarhandError("USAGE", "give --new-passphrase-file FILE: there is no terminal to ask on");
    // The old passphrase's file must not serve as the new one's.
    return newPassphrase({ ...cli, env: {} }, { json: flags.json, input: flags.input });
  }
  const given = readText(resolve(cli.cwd, flags.newPassphraseFile)).replace(/\r?\n$/, "");
  if (given.length < 12) throw new FarhandError("KEY_FILE", "a passphrase needs 12 characters or more");
  return new Secret(given);
}
