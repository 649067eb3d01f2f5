import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { keyIdOf, SigningPublicKey } from "../../../shared/keys.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { outputFlags, text, type OutputFlags } from "../flags.ts";
import { readKeyFile } from "./key-file.ts";

export const keyShow = buildCommand<OutputFlags, [string], CliContext>({
  docs: docs(
    "Show whose key a file holds, and its fingerprint",
    ["farhand key show ann.key.json"],
    "Needs no passphrase: it reads the public half.",
  ),
  parameters: {
    flags: outputFlags,
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Key file", placeholder: "KEYFILE" }] },
  },
  func: command(show),
});

async function show(cli: Cli, _flags: OutputFlags, file: string) {
  const { owner, crv, publicKey } = readKeyFile(resolve(cli.cwd, file));
  const kid = crv === "Ed25519" ? await keyIdOf(SigningPublicKey.parse(publicKey)) : null;
  cli.out.data("key", { owner, crv, publicKey, kid }, () => `${owner}  ${crv}  ${kid ?? publicKey}`);
  return undefined;
}
