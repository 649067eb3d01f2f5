import { resolve } from "node:path";
import { FarhandError } from "../../../shared/errors.ts";
import type { SealedValue } from "../../../shared/sealed-credential.ts";
import { snmpForm } from "../../../shared/snmp-form.ts";
import type { Cli } from "../command.ts";
import type { OutputFlags } from "../flags.ts";
import { readText } from "../settings.ts";

export interface ValueFlags extends OutputFlags {
  readonly username?: string;
  readonly valueFile?: string;
  readonly enable: boolean;
  readonly privateKey: boolean;
  readonly snmp?: string;
}

/** From a file or typed without echo; never from a flag or an environment value, which others see. */
export async function readValue(cli: Cli, flags: ValueFlags): Promise<SealedValue> {
  const { username, enable, privateKey } = flags;
  if (username === undefined && (enable || privateKey))
    throw new FarhandError("USAGE", "--enable and --private-key go with --username");
  if (privateKey && flags.snmp !== undefined) throw new FarhandError("USAGE", "SNMP has no private key");
  if (privateKey && enable) throw new FarhandError("USAGE", "an enable secret goes with a password");
  if (privateKey) {
    if (flags.valueFile === undefined) throw new FarhandError("USAGE", "give the private key with --value-file");
    return {
      kind: "credential",
      value: { username: username ?? "", privateKey: readText(resolve(cli.cwd, flags.valueFile)) },
    };
  }
  if (flags.snmp !== undefined) return readSnmp(cli, flags, flags.snmp);
  const questions = [username === undefined ? "Value" : "Password", ...(enable ? ["Enable secret"] : [])];
  const [value = "", second] =
    flags.valueFile === undefined ? await ask(cli, flags, questions) : fromFile(cli, flags.valueFile, questions);
  if (username === undefined) return { kind: "secret", value };
  return {
    kind: "credential",
    value: { username, password: value, ...(second === undefined ? {} : { enable: second }) },
  };
}

async function readSnmp(cli: Cli, flags: ValueFlags, text: string): Promise<SealedValue> {
  const { username, enable, valueFile } = flags;
  if (username === undefined || enable) throw new FarhandError("USAGE", "--snmp goes with --username alone");
  const { questions, valueOf } = snmpForm(text);
  const answers = valueFile === undefined ? await ask(cli, flags, questions) : fromFile(cli, valueFile, questions);
  return { kind: "credential", value: { username, snmp: valueOf(answers) } };
}

function fromFile(cli: Cli, file: string, questions: readonly string[]): string[] {
  const lines = readText(resolve(cli.cwd, file))
    .replace(/\r?\n$/, "")
    .split(/\r?\n/);
  const wrong = lines.length !== questions.length || lines.includes("");
  if (wrong)
    throw new FarhandError(
      "USAGE",
      `${file} must hold ${questions.length === 1 ? "one line" : "two lines"}: ${questions.join(", ")}`,
    );
  return lines;
}

async function ask(cli: Cli, flags: OutputFlags, questions: readonly string[]): Promise<string[]> {
  if (!flags.input || !cli.stdin.isTTY)
    throw new FarhandError("USAGE", "give --value-file FILE: there is no terminal to ask on");
  const answers: string[] = [];
  for (const question of questions) {
    const first = await cli.stdin.askSecret(`${question}: `);
    if (first === "") throw new FarhandError("CANCELED", "nothing was typed");
    if ((await cli.stdin.askSecret("The same again: ")) !== first)
      throw new FarhandError("USAGE", "the two are not the same; nothing was sent");
    answers.push(first);
  }
  return answers;
}
