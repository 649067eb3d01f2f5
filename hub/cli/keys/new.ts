import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { PersonId } from "../../../shared/ids.ts";
import { keyIdOf, SigningPublicKey } from "../../../shared/keys.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, outputFlags, passphraseFlag, text, type OutputFlags } from "../flags.ts";
import { makeKeyFile, SCRYPT, writeKeyFile } from "./key-file.ts";
import { newPassphrase } from "./passphrase.ts";

interface Flags extends OutputFlags {
  readonly out: string;
  readonly passphraseFile?: string;
}

export const keyNew = buildCommand<Flags, [PersonId], CliContext>({
  docs: docs(
    "Make a key of your own",
    ["farhand key new dan --out dan.key.json"],
    "The private half stays in the file, under a passphrase. Give the public key to a keyadmin, and read the fingerprint to them by voice.",
  ),
  parameters: {
    flags: {
      ...outputFlags,
      out: { kind: "parsed", parse: text, brief: "File to write; never over another", placeholder: "KEYFILE" },
      passphraseFile: passphraseFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: as(PersonId), brief: "Whose key it is", placeholder: "PERSON" }],
    },
  },
  func: command(make),
});

async function make(cli: Cli, flags: Flags, owner: PersonId) {
  const { file } = await makeKeyFile(owner, "Ed25519", await newPassphrase(cli, flags), SCRYPT);
  writeKeyFile(resolve(cli.cwd, flags.out), file);
  const publicKey = SigningPublicKey.parse(file.publicKey);
  const kid = await keyIdOf(publicKey);
  cli.out.data("key-new", { owner, publicKey, kid, file: flags.out }, () =>
    [`public key  ${publicKey}`, `fingerprint ${kid}`].join("\n"),
  );
  cli.out.next(`a keyadmin: farhand trust person add ${owner} --public-key ${publicKey} --role author --key KEYFILE`);
  return undefined;
}
