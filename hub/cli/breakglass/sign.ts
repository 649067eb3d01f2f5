import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { Breakglass } from "../../../shared/documents/breakglass.ts";
import { cosignEnvelope, envelopeBytes, openEnvelope, parseEnvelope, readAs } from "../../../shared/envelope.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { writeFile } from "../files.ts";
import { hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { clientOf, readBytes } from "../settings.ts";
import { confirm } from "../terminal/confirm.ts";
import { loadAnchor } from "../trust/anchor.ts";
import { describe } from "./describe.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly publish: boolean;
  readonly yes: boolean;
}

export const breakglassSign = buildCommand<Flags, [string], CliContext>({
  docs: docs("Add a signature to a break-glass in a file", [
    "farhand breakglass sign ams-night.json --key bob.key.json",
    "farhand breakglass sign ams-night.json --key bob.key.json --publish",
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
      parameters: [{ parse: text, brief: "Break-glass, as breakglass create --out wrote it", placeholder: "FILE" }],
    },
  },
  func: command(sign),
});

async function sign(cli: Cli, flags: Flags, file: string) {
  const path = resolve(cli.cwd, file);
  const envelope = parseEnvelope(readBytes(path));
  const trust = await loadAnchor(cli, flags);
  const opened = await openEnvelope("farhand-breakglass+jws", envelope, trust.keys.personKey);
  const breakglass = readAs(Breakglass, opened.value);
  cli.out.note(describe(breakglass).join("\n"));
  if (!(await confirm(cli, flags, "Sign it?"))) return EXIT.canceled;
  const signer = await signerFromFile(cli, flags, flags.key);
  const signed = await cosignEnvelope("farhand-breakglass+jws", envelope, signer);
  writeFile(path, envelopeBytes(signed), { mode: 0o644 });
  if (flags.publish) await clientOf(cli, flags).call("putBreakglass", { body: signed });
  cli.out.data(
    "breakglass-signed",
    { id: breakglass.id, kid: signer.kid, signatures: signed.signatures.length, published: flags.publish },
    () => `${signed.signatures.length} signatures${flags.publish ? "; the hub has it" : ""}`,
  );
  return undefined;
}
