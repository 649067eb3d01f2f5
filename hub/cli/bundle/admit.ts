import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { openAdmission } from "../../../shared/bundle/admission.ts";
import type { Admission } from "../../../shared/documents/admission.ts";
import { envelopeBytes, signEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { writeFile } from "../files.ts";
import { hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { confirm } from "../terminal/confirm.ts";
import { utc } from "../terminal/time.ts";
import { loadAnchor } from "../trust/anchor.ts";
import { describe } from "./describe.ts";
import { verifyBundle, withBundle } from "./open.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly attestTime: boolean;
  readonly out?: string;
  readonly yes: boolean;
}

export const admit = buildCommand<Flags, [string], CliContext>({
  docs: docs(
    "Let a bundle in at a site without a line",
    ["farhand admit plant.bundle --key op.key.json", "farhand admit plant.bundle --key op.key.json --attest-time"],
    "Needs no hub. Checks the bundle from your trust file, shows it, and writes FILE.admission for farhand-agent import.\n" +
      "It says that the bundle came the way it should; what may run was signed by others. --attest-time adds: the clock of this\n" +
      "machine is right. Look at a watch before you use it.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      attestTime: { kind: "boolean", brief: "Vouch for the time of this machine", default: false, withNegated: false },
      out: {
        kind: "parsed",
        parse: text,
        brief: "Where to write it; FILE.admission",
        placeholder: "FILE",
        optional: true,
      },
      yes: { kind: "boolean", brief: "Do not ask", default: false, withNegated: false },
    },
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Bundle", placeholder: "FILE" }] },
  },
  func: command(run),
});

async function run(cli: Cli, flags: Flags, path: string) {
  return withBundle(cli, path, async (file) => {
    const { index, digest, keys } = await verifyBundle(file, await loadAnchor(cli, flags), {
      nowMs: cli.clock.nowMs(),
    });
    if (index.direction === "breakglass")
      throw new FarhandError("BUNDLE_SHAPE", "the on-call person's key on a break-glass bundle is its admission");
    if (index.direction !== "in") throw new FarhandError("BUNDLE_SHAPE", "evidence on its way home needs no admission");
    const { lines } = await describe(file, index);
    cli.out.note(lines.join("\n"));
    const nowMs = cli.clock.nowMs();
    const question = flags.attestTime ? `It is ${utc(nowMs)}, and this bundle may in?` : "Let this bundle in?";
    if (!(await confirm(cli, flags, question))) return EXIT.canceled;
    const signer = await signerFromFile(cli, flags, flags.key);
    const operator = keys.personOf(signer.kid);
    if (!operator) throw new FarhandError("BUNDLE_ADMISSION", "this key is nobody's in keys.json");
    const { org, site, agent } = index;
    const admission: Admission = {
      type: "admission",
      v: 1,
      org,
      site,
      agent,
      operator: operator.id,
      bundle: digest,
      iat: Math.floor(nowMs / 1000),
      attestsTime: flags.attestTime,
    };
    const envelope = await signEnvelope("farhand-admission+jws", admission, [signer]);
    await openAdmission(envelope, { index, digest }, keys);
    const out = resolve(cli.cwd, flags.out ?? `${path}.admission`);
    writeFile(out, envelopeBytes(envelope), { mode: 0o644 });
    cli.out.data(
      "admission",
      { file: out, bundle: digest, operator: operator.id, attestsTime: flags.attestTime },
      () => out,
    );
    cli.out.next(`farhand-agent import ${path}`);
    return undefined;
  });
}
