import { buildCommand } from "@stricli/core";
import { join, resolve } from "node:path";
import { sha256 } from "../../../shared/bytes.ts";
import { Receipt } from "../../../shared/documents/receipt.ts";
import { envelopeBytes, openEnvelope, readAs, type Envelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { JobId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { table } from "../terminal/table.ts";
import { utc } from "../terminal/time.ts";
import { loadTrust, type Trusted } from "../trust/load.ts";

interface Flags extends HubFlags {
  readonly out?: string;
}

export const jobReceipts = buildCommand<Flags, [JobId], CliContext>({
  docs: docs(
    "Fetch and verify the agents' signed outcomes",
    ["farhand job receipts job-1234 --out receipts/", "farhand job receipts job-1234 --json"],
    "Each receipt is verified with the agent's key in agents.json before it is shown or written.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      out: {
        kind: "parsed",
        parse: text,
        brief: "Write each receipt into this folder",
        placeholder: "DIR",
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(JobId), brief: "Job", placeholder: "JOB" }] },
  },
  func: command(receipts),
});

async function receipts(cli: Cli, flags: Flags, job: JobId) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const { receipts: envelopes } = await client.call("listReceipts", { params: { id: job } });
  const opened = await Promise.all(envelopes.map((envelope) => open(envelope, job, trusted)));
  const rows = opened.map(({ receipt, digest, envelope }) => {
    const file =
      flags.out === undefined
        ? null
        : join(
            resolve(cli.cwd, flags.out),
            `${receipt.agent}-${receipt.epoch.slice(0, 8)}-${receipt.index}.receipt.json`,
          );
    if (file !== null) writeFile(file, envelopeBytes(envelope), { mode: 0o644 });
    return { digest, file, receipt };
  });
  cli.out.data("receipts", { job, receipts: rows }, () =>
    table(
      [
        { title: "AGENT", value: ({ receipt }) => receipt.agent },
        { title: "OUTCOME", value: ({ receipt }) => receipt.outcome },
        { title: "ENDED", value: ({ receipt }) => utc(receipt.endedAt * 1000) },
        {
          title: "SIGNED BY",
          value: ({ receipt }) =>
            `${receipt.persons} ${receipt.persons === 1 ? "person" : "persons"}${receipt.signers.length > 0 ? `: ${receipt.signers.join(", ")}` : ""}${receipt.breakglass ? `, BREAK-GLASS ${receipt.breakglass.id}: ${receipt.breakglass.reason}` : ""}`,
        },
        {
          title: "DEVICES",
          value: ({ receipt }) => receipt.tasks.map((task) => `${task.device} ${task.state}`).join(", "),
        },
        { title: "SHA-256", value: ({ digest }) => digest.slice(0, 16) },
      ],
      rows,
      cli.out.style,
    ),
  );
  return undefined;
}

async function open(
  envelope: Envelope,
  job: JobId,
  trusted: Trusted,
): Promise<{ receipt: Receipt; digest: string; envelope: Envelope }> {
  const agents = trusted.agents?.document.agents ?? [];
  const opened = await openEnvelope(
    "farhand-receipt+jws",
    envelope,
    (kid) => agents.find((agent) => agent.kid === kid)?.signKey,
  );
  const receipt = readAs(Receipt, opened.value);
  const own = agents.find((agent) => agent.id === receipt.agent && opened.kids.includes(agent.kid));
  if (!own || receipt.job !== job)
    throw new FarhandError("RECEIPT_MISMATCH", `a receipt of ${receipt.agent} for ${receipt.job}`);
  return { receipt, digest: sha256(opened.bytes), envelope };
}
