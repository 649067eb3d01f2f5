import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { Grant } from "../../../shared/documents/grant.ts";
import { cosignEnvelope, envelopeBytes, openEnvelope, parseEnvelope, readAs } from "../../../shared/envelope.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { writeFile } from "../files.ts";
import { hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf, readBytes } from "../settings.ts";
import { confirm } from "../terminal/confirm.ts";
import { utc } from "../terminal/time.ts";
import { escapeLine } from "../terminal/escape.ts";
import { loadAnchor } from "../trust/anchor.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly publish: boolean;
  readonly yes: boolean;
}

export const grantSign = buildCommand<Flags, [string], CliContext>({
  docs: docs("Add a signature to a grant in a file", [
    "farhand grant sign ask.grant.json --key bob.key.json",
    "farhand grant sign ask.grant.json --key bob.key.json --publish",
  ]),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      publish: { kind: "boolean", brief: "Hand it to the hub when signed", default: false, withNegated: false },
      yes: { kind: "boolean", brief: "Do not ask", default: false, withNegated: false },
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: text, brief: "Grant, as grant create --out wrote it", placeholder: "FILE" }],
    },
  },
  func: command(sign),
});

async function sign(cli: Cli, flags: Flags, file: string) {
  const path = resolve(cli.cwd, file);
  const envelope = parseEnvelope(readBytes(path));
  const opened = await openEnvelope("farhand-grant+jws", envelope, (await loadAnchor(cli, flags)).keys.personKey);
  const grant = readAs(Grant, opened.value);
  cli.out.note(
    [
      `grant ${grant.id} by ${grant.author}: ${grant.kinds.join(", ")} at ${grant.sites.join(", ")}, until ${utc(grant.exp * 1000)}, ${grant.rate.devicesPerMinute} devices a minute`,
      ...grant.commands.map((line) => `  ${escapeLine(line)}`),
    ].join("\n"),
  );
  if (!(await confirm(cli, flags, "Sign it?"))) return EXIT.canceled;
  const signed = await cosignEnvelope("farhand-grant+jws", envelope, await signerFromFile(cli, flags, flags.key));
  writeFile(path, envelopeBytes(signed), { mode: 0o644 });
  if (flags.publish) await clientOf(cli, flags).call("putGrant", { body: signed });
  cli.out.data(
    "grant",
    { grant, file: path, signatures: signed.signatures.length, published: flags.publish },
    () => `grant ${grant.id} has ${signed.signatures.length} signatures`,
  );
  if (!flags.publish) cli.out.next(`farhand grant sign ${file} --key KEYFILE --publish`);
  return undefined;
}
