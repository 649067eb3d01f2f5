import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import {
  chainFaults,
  linkOf,
  openReceipt,
  type AgentKeys,
  type OpenedReceipt,
} from "../../../shared/audit/receipts.ts";
import { parseEnvelope, peekPayload, type Envelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { outputFlags, text, type OutputFlags } from "../flags.ts";
import { readBytes } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { utc } from "../terminal/time.ts";
import { anchorOf } from "../trust/anchor.ts";

interface Flags extends OutputFlags {
  readonly trust?: string;
}

export const receiptVerify = buildCommand<Flags, [string, ...string[]], CliContext>({
  docs: docs(
    "Check agents' signed receipts, offline and without a hub",
    [
      "farhand receipt verify receipts/agent-ams-1f2e3d4c-7.receipt.json --trust trust.json",
      "farhand receipt verify receipts/*.json --trust trust.json --json",
    ],
    "Each must be signed by the key that a keyadmin countersigned for that agent in agents.json. Of several of one agent, each must follow\n" +
      "from the one before. A receipt says what the agent did and who had signed it; it does not say that the agent's host was honest.",
  ),
  parameters: {
    flags: {
      ...outputFlags,
      trust: {
        kind: "parsed",
        parse: text,
        brief: "The trust file that you trust [FARHAND_TRUST]",
        placeholder: "FILE",
        optional: true,
      },
    },
    positional: {
      kind: "array",
      parameter: { parse: text, brief: "Receipts", placeholder: "FILE" },
      minimum: 1,
    },
  },
  func: command(verify),
});

async function verify(cli: Cli, flags: Flags, ...files: string[]) {
  const keys = await keysOf(cli, flags);
  const opened: { file: string; receipt: OpenedReceipt }[] = [];
  for (const file of files) opened.push({ file, receipt: await open(resolve(cli.cwd, file), file, keys) });
  const faults = chainFaults(
    opened.map(({ receipt }) => linkOf(receipt)),
    { whole: false },
  );
  const receipts = opened.map(({ file, receipt }) => ({ file, digest: receipt.digest, receipt: receipt.document }));
  cli.out.data("receipt-verify", { holds: faults.length === 0, receipts, faults }, () =>
    opened.flatMap(({ file, receipt }) => sentences(file, receipt).map(escapeLine)).join("\n"),
  );
  if (faults.length === 0) return EXIT.ok;
  if (!cli.out.json) cli.out.error(new FarhandError("RECEIPT_CHAIN", faults.join("\n")));
  return EXIT.failure;
}

async function keysOf(cli: Cli, flags: Flags): Promise<AgentKeys> {
  const anchor = await anchorOf(cli, flags.trust);
  if (!anchor) throw new FarhandError("USAGE", "which trust file do you trust? Give --trust FILE or set FARHAND_TRUST");
  const { agents } = anchor;
  if (!agents) throw new FarhandError("USAGE", "your trust file names no agents yet: farhand trust fetch --out FILE");
  return new Map(agents.document.agents.map(({ id, site, kid, signKey }) => [kid, { id, site, signKey }]));
}

async function open(path: string, file: string, keys: AgentKeys): Promise<OpenedReceipt> {
  const envelope = parseEnvelope(readBytes(path));
  try {
    return await openReceipt(kindOf(envelope), envelope, keys);
  } catch (error) {
    if (!(error instanceof FarhandError)) throw error;
    throw new FarhandError(error.code, `${file}${error.detail === undefined ? "" : `: ${error.detail}`}`, {
      cause: error,
    });
  }
}

/** As it claims; the signature covers the type, so a plan that calls itself a receipt is refused. */
function kindOf(envelope: Envelope): "receipt" | "plan" {
  const claimed = peekPayload(envelope);
  return typeof claimed === "object" && claimed !== null && "type" in claimed && claimed.type === "plan"
    ? "plan"
    : "receipt";
}

function sentences(file: string, { document, digest }: OpenedReceipt): string[] {
  const where = `${file}: signed by agent ${document.agent} at ${document.site}, number ${document.index} of its journal ${document.epoch.slice(0, 8)}`;
  const witness =
    document.checkpoint === null ? "it witnessed no audit log" : `it witnessed the audit log ${document.checkpoint}`;
  if (document.type === "plan") {
    const planned = document.devices.filter((device) => device.ok).length;
    return [
      where,
      `  plan of ${document.job} at ${utc(document.at * 1000)}: ${planned} of ${document.devices.length} devices`,
      `  ${witness}`,
    ];
  }
  const { signers, persons, outcome, code, authority } = document;
  const who =
    signers.length === 0
      ? `under ${authority.kind} ${authority.sha256.slice(0, 16)}`
      : `signed by ${people(persons)}: ${signers.join(", ")}`;
  return [
    where,
    ...(document.breakglass ? [`  BREAK-GLASS ${document.breakglass.id}: ${document.breakglass.reason}`] : []),
    `  ${document.job} ${outcome}${code ? ` (${code})` : ""}, ended ${utc(document.endedAt * 1000)}, ${who}`,
    ...document.tasks.map((task) => `  ${task.device}: ${task.state}${task.code ? ` (${task.code})` : ""}`),
    `  ${witness}`,
    `  sha256 ${digest}`,
  ];
}

const people = (count: number): string => (count === 1 ? "1 person" : `${count} persons`);
