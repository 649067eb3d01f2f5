import { resolve } from "node:path";
import { FarhandError } from "../../../shared/errors.ts";
import { Secret } from "../../../shared/secret.ts";
import type { Signer } from "../../../shared/keys.ts";
import type { Cli } from "../command.ts";
import type { OutputFlags } from "../flags.ts";
import { readText } from "../settings.ts";
import { openSigner } from "./key-file.ts";

type Flags = OutputFlags & { readonly passphraseFile?: string };

/** From the file, else asked for on the terminal. Never from a flag or an environment value: both are seen by others. */
export async function passphrase(cli: Cli, flags: Flags, question: string): Promise<Secret> {
  const file = flags.passphraseFile ?? cli.env["FARHAND_PASSPHRASE_FILE"];
  if (file !== undefined && file !== "") {
    const text = readText(resolve(cli.cwd, file)).replace(/\r?\n$/, "");
    if (text === "") throw new FarhandError("KEY_FILE", `${file} holds no passphrase`);
    return new Secret(text);
  }
  if (!flags.input || !cli.stdin.isTTY)
    throw new FarhandError("USAGE", "give --passphrase-file FILE: there is no terminal to ask on");
  const text = await cli.stdin.askSecret(`${question}: `);
  if (text === "") throw new FarhandError("CANCELED", "no passphrase");
  return new Secret(text);
}

/** A passphrase for new keys: typed twice, since a typing fault would lose them. */
export async function newPassphrase(cli: Cli, flags: Flags): Promise<Secret> {
  const first = await passphrase(cli, flags, "Passphrase for the new key files");
  const typed = flags.passphraseFile === undefined && (cli.env["FARHAND_PASSPHRASE_FILE"] ?? "") === "";
  if (typed) {
    const second = await cli.stdin.askSecret("The same again: ");
    if (second !== first.reveal()) throw new FarhandError("KEY_FILE", "the two passphrases differ; no key was made");
  }
  if (first.reveal().length < 12) throw new FarhandError("KEY_FILE", "a passphrase needs 12 characters or more");
  return first;
}

export async function signerFromFile(cli: Cli, flags: Flags, path: string): Promise<Signer> {
  return openSigner(resolve(cli.cwd, path), await passphrase(cli, flags, `Passphrase for ${path}`));
}
