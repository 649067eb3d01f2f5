import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import type { Vouched } from "../../../shared/audit/log-check.ts";
import { verifyExport, type Verdict } from "../../../shared/audit/verify-export.ts";
import { readQuote } from "../../../shared/documents/checkpoint.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { outputFlags, text, type OutputFlags } from "../flags.ts";
import { escapeLine } from "../terminal/escape.ts";
import { anchorOf } from "../trust/anchor.ts";
import { linesOf } from "./lines.ts";

interface Flags extends OutputFlags {
  readonly trust?: string;
  readonly witness?: readonly Vouched[];
}

export const auditVerify = buildCommand<Flags, [string], CliContext>({
  docs: docs(
    "Check an export of the audit log, offline, and name the first bad entry",
    [
      "farhand audit verify audit.ndjson --trust trust/trust.json",
      "farhand audit verify audit.ndjson --trust trust/trust.json --witness 812:3f…c9",
      "farhand audit verify audit.ndjson --trust trust/trust.json --json",
    ],
    "It finds entries that were changed, removed, inserted or moved; a log that was cut off, rewritten or forked after the hub signed it or an\n" +
      "agent witnessed it; receipts that are forged or missing. --trust is the oldest trust file that you have of your own; without it the\n" +
      "export is only checked against itself. --witness is what `farhand-agent witness show` prints at a site.\n" +
      "Exit status: 0 it holds, 1 it does not, 64 the command line is not understood.",
  ),
  parameters: {
    flags: {
      ...outputFlags,
      trust: {
        kind: "parsed",
        parse: text,
        brief: "The keys.json that you trust [FARHAND_TRUST]",
        placeholder: "FILE",
        optional: true,
      },
      witness: {
        kind: "parsed",
        parse: witnessOf,
        brief: "SIZE:ROOT as an agent's host shows it; may be given more than once",
        placeholder: "SIZE:ROOT",
        optional: true,
        variadic: true,
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: text, brief: "Export", placeholder: "FILE" }] },
  },
  func: command(verify),
});

function witnessOf(input: string): Vouched {
  const quote = readQuote(input);
  if (!quote) throw new FarhandError("USAGE", "not SIZE:ROOT, such as 812:3f… with 64 hexadecimal digits");
  return { ...quote, by: "the witness that you named" };
}

async function verify(cli: Cli, flags: Flags, file: string) {
  const path = resolve(cli.cwd, file);
  const anchor = await anchorOf(cli, flags.trust);
  const verdict = await verifyExport(() => linesOf(path), {
    anchor: anchor && { keys: anchor.keys, root: anchor.set.root },
    witnessed: flags.witness ?? [],
  });
  const holds = verdict.fault === null && verdict.others.length === 0;
  cli.out.data("audit-verify", { holds, ...verdict }, () => escapeAll(sentences(verdict)));
  if (!verdict.anchored)
    cli.out.note("not anchored: without --trust this shows that the file agrees with itself, and not who made it");
  if (holds) return EXIT.ok;
  if (!cli.out.json) {
    const first = verdict.fault ? `first bad entry: ${verdict.fault.entry}` : verdict.others[0];
    cli.out.error(new FarhandError("AUDIT_CHAIN", first));
  }
  return EXIT.failure;
}

const escapeAll = (lines: readonly string[]): string => lines.map(escapeLine).join("\n");

function sentences(verdict: Verdict): string[] {
  const { entries, root, checkpoints, receipts, witnesses, fault, others } = verdict;
  const counted = `${entries} entries, ${checkpoints} signed checkpoints, ${receipts} receipts`;
  if (fault) {
    const place = fault.line === null ? "" : ` (line ${fault.line})`;
    return [
      `${fault.kind.toUpperCase()} at entry ${fault.entry}${place}: ${fault.detail}`,
      ...others.map((other) => `also: ${other}`),
    ];
  }
  return [
    others.length === 0 ? `holds: ${counted}` : `the log holds (${counted}), but:`,
    ...others,
    `root ${root}`,
    ...witnesses.map(({ agent, size }) => `witnessed by ${agent} up to entry ${size - 1}`),
    ...(witnesses.length === 0 ? ["no receipt quotes a checkpoint: only the hub vouches for this log"] : []),
  ];
}
